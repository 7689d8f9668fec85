/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The OpenPGP layer at a shell's hands, for openpgp.sh to set against gpg. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/file.h"
#include "core/hex.h"
#include "openpgp/message.h"

enum { KEYS = 8 };

static enum err load_keys(const char *path, struct pubkey *keys, size_t *n)
{
	const char *why = "";
	uint8_t *cert = NULL;
	size_t len;

	enum err e = file_read_path(path, MESSAGE_MAX, &cert, &len);
	if (e != OK)
		return e;
	e = cert_encryption_keys((struct bytes){cert, len}, (uint32_t)time(NULL), keys,
	                         KEYS, n, &why);
	free(cert);
	if (e == ERR_NOT_FOUND)
		fprintf(stderr, "%s\n", why);
	return e;
}

static enum err list_keys(const char *cert)
{
	struct pubkey keys[KEYS];
	char hex[2 * PGP_FPR_LEN + 1];
	size_t n;

	enum err e = load_keys(cert, keys, &n);
	if (e != OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		hex_encode_up((struct bytes){keys[i].fpr, PGP_FPR_LEN}, hex);
		printf("%s %d\n", hex, (int)keys[i].alg);
	}
	return OK;
}

static enum err encrypt_to(const char *cert, const char *file)
{
	struct pubkey keys[KEYS];
	const struct pubkey *to[KEYS];
	AUTO_SECRET *body = NULL;
	uint8_t *out = NULL;
	size_t n, len;

	enum err e = load_keys(cert, keys, &n);
	if (e == OK)
		e = file_read_secret(file, MESSAGE_BODY_MAX, &body);
	if (e != OK)
		return e;
	for (size_t i = 0; i < n; i++)
		to[i] = &keys[i];
	e = message_encrypt(to, n, body, &out, &len);
	if (e != OK)
		return e;
	fwrite(out, 1, len, stdout);
	free(out);
	return OK;
}

/* session as gpg --show-session-key prints it: "9:ABCD..." */
static enum err decrypt_with(const char *file, const char *session)
{
	AUTO_SECRET *key = NULL, *body = NULL;
	struct message m;
	uint8_t *in = NULL, raw[33] = {0};
	const size_t digits = strlen(session) - 2;
	size_t len;

	raw[0] = (uint8_t)(session[0] - '0');
	if (digits / 2 > sizeof(raw) - 1)
		return ERR_USAGE;
	enum err e = hex_decode(session + 2, digits, raw + 1, digits / 2);
	if (e == OK)
		e = secret_copy((struct bytes){raw, 1 + digits / 2}, &key);
	if (e == OK)
		e = file_read_path(file, MESSAGE_MAX, &in, &len);
	if (e == OK) {
		e = message_parse((struct bytes){in, len}, &m);
		free(in);
	}
	if (e != OK)
		return e;
	fprintf(stderr, "recipients: %zu\n", m.n_pkesk);
	e = message_decrypt(&m, key, &body);
	message_free(&m);
	if (e == OK)
		fwrite(secret_view(body).p, 1, secret_len(body), stdout);
	return e;
}

int main(int argc, char **argv)
{
	enum err e = crypto_init();

	if (e == OK && argc == 3 && strcmp(argv[1], "keys") == 0)
		e = list_keys(argv[2]);
	else if (e == OK && argc == 4 && strcmp(argv[1], "encrypt") == 0)
		e = encrypt_to(argv[2], argv[3]);
	else if (e == OK && argc == 4 && strcmp(argv[1], "decrypt") == 0 &&
	         strlen(argv[3]) > 2)
		e = decrypt_with(argv[2], argv[3]);
	else if (e == OK)
		e = ERR_USAGE;
	if (e != OK)
		fprintf(stderr, "pgptool: %s\n", err_text(e));
	return e == OK ? 0 : 1;
}
