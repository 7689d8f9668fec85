/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The card layer at a shell's hands, for cards.sh: what unlocking and signing do, without
 * volumes. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "card/card.h"
#include "core/file.h"
#include "openpgp/armor.h"
#include "openpgp/message.h"
#include "openpgp/sign.h"

static const char usage_text[] =
        "Usage: cardtool sign READER CERT FILE       a detached signature, armored\n"
        "       cardtool decrypt READER CERT FILE    the text of an OpenPGP message\n"
        "The PIN is the first line of the standard input.\n";

enum { KEYS = 16, DOCUMENT_MAX = 1024 * 1024, PIN_MAX = 64 };

/* The readers outlive the card. */
static enum err open_card(const char *name, struct readers **ret_readers,
                          struct card **ret)
{
	struct transport *t = NULL;

	enum err e = readers_open_pcsc(ret_readers);
	if (e == OK)
		e = (*ret_readers)->ops->connect(*ret_readers, name, &t);
	return e == OK ? card_open(t, ret) : e;
}

static enum err read_pin(struct secret **ret)
{
	char line[PIN_MAX];

	if (fgets(line, sizeof(line), stdin) == NULL)
		return ERR_IO;
	return secret_copy((struct bytes){(uint8_t *)line, strcspn(line, "\n")}, ret);
}

typedef enum err lookup(struct bytes cert, uint32_t now, struct pubkey *ret, size_t cap,
                        size_t *ret_n, const char **ret_why);

/* Of the certificate, the key that the card holds: by fingerprint, and by its parts. */
static enum err key_of(struct card *c, enum card_key which, const char *cert_path,
                       struct pubkey *ret)
{
	lookup *find = which == CARD_KEY_SIG ? cert_signing_keys : cert_encryption_keys;
	struct pubkey keys[KEYS];
	struct card_pubkey pub;
	uint8_t *cert = NULL;
	size_t len = 0, n = 0;

	enum err e = file_read_path(cert_path, MESSAGE_MAX, &cert, &len);
	if (e == OK)
		e = find((struct bytes){cert, len}, (uint32_t)time(NULL), keys, KEYS, &n,
		         NULL);
	free(cert);
	if (e == OK)
		e = card_read_pubkey(c, which, &pub);
	if (e != OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		const struct pubkey *k = &keys[i];

		if (memcmp(k->fpr, card_info(c)->key[which].fpr, FPR_LEN) != 0)
			continue;
		pubkey_copy(ret, k);
		return bytes_equal(k->n, pub.rsa_n) && bytes_equal(k->e, pub.rsa_e) &&
		                       bytes_equal(k->point, pub.point)
		               ? OK
		               : ERR_CRYPTO;
	}
	return ERR_WRONG_CARD;
}

static enum err sign(struct card *c, const char *cert, const struct secret *pin,
                     struct bytes document)
{
	const struct sig_subject about = {.document = document};
	uint8_t packet[SIG_PACKET_MAX];
	struct writer w = {.p = packet, .cap = sizeof(packet)};
	const struct sig_claims now = {.created = (uint32_t)time(NULL)};
	struct pubkey key;
	struct sig_draft d = {0};
	struct bytes raw = {0};
	char *text = NULL;
	size_t n = 0;

	enum err e = key_of(c, CARD_KEY_SIG, cert, &key);
	if (e == OK)
		e = sig_draft(&key, SIG_BINARY, &now, &about, &d);
	if (e == OK)
		e = card_verify_sign(c, pin, false);
	if (e == OK)
		e = card_sign(c, d.hash, (struct bytes){d.digest, hash_len(d.hash)},
		              &raw);
	if (e == OK)
		e = sig_finish(&d, &key, raw, &w);
	if (e == OK)
		e = armor_write(ARMOR_SIGNATURE, writer_bytes(&w), &text, &n);
	if (e == OK && fwrite(text, 1, n, stdout) != n)
		e = ERR_IO;
	free(text);
	return e;
}

static enum err session_key(struct card *c, const struct pubkey *key,
                            const struct pkesk *p, struct secret **ret)
{
	AUTO_SECRET *plain = NULL;

	if (p->alg != PGP_ECDH) {
		const enum err e = card_decipher_rsa(c, p->rsa, &plain);
		return e == OK ? pkesk_session_rsa(p, plain, ret) : e;
	}
	const enum err e = card_decipher_ecdh(c, p->point, key->curve->field_len, &plain);
	return e == OK ? pkesk_session_ecdh(p, key, plain, ret) : e;
}

static enum err decrypt(struct card *c, const char *cert, const struct secret *pin,
                        struct bytes in)
{
	AUTO_SECRET *session = NULL, *body = NULL;
	struct message m = {0};
	struct pubkey key;

	enum err e = key_of(c, CARD_KEY_DEC, cert, &key);
	if (e == OK)
		e = card_verify_user(c, pin, false);
	if (e == OK)
		e = message_parse(in, &m);
	if (e != OK)
		return e;
	e = ERR_NOT_FOUND;
	for (size_t i = 0; e != OK && i < m.n_pkesk; i++)
		if (pkesk_may_be_for(&m.pkesk[i], &key))
			e = session_key(c, &key, &m.pkesk[i], &session);
	if (e == OK)
		e = message_decrypt(&m, session, &body);
	if (e == OK &&
	    fwrite(secret_view(body).p, 1, secret_len(body), stdout) != secret_len(body))
		e = ERR_IO;
	message_free(&m);
	return e;
}

static enum err run(char **a)
{
	AUTO_SECRET *pin = NULL;
	struct readers *readers = NULL;
	struct card *c = NULL;
	uint8_t *file = NULL;
	size_t n = 0;

	enum err e = read_pin(&pin);
	if (e == OK)
		e = file_read_path(a[4], DOCUMENT_MAX, &file, &n);
	if (e == OK)
		e = open_card(a[2], &readers, &c);
	if (e == OK)
		e = strcmp(a[1], "sign") == 0
		            ? sign(c, a[3], pin, (struct bytes){file, n})
		            : decrypt(c, a[3], pin, (struct bytes){file, n});
	card_close(c);
	readers_close(readers);
	free(file);
	return e;
}

int main(int argc, char **argv)
{
	if (argc != 5 ||
	    (strcmp(argv[1], "sign") != 0 && strcmp(argv[1], "decrypt") != 0)) {
		fputs(usage_text, stderr);
		return 2;
	}
	enum err e = crypto_init();
	if (e == OK)
		e = run(argv);
	if (e != OK)
		fprintf(stderr, "cardtool: %s\n", err_text(e));
	return e == OK ? 0 : 1;
}
