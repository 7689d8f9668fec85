/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The OpenPGP layer at a shell's hands, for openpgp.sh to set against other programs. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/file.h"
#include "core/hex.h"
#include "openpgp/armor.h"
#include "openpgp/detached.h"
#include "openpgp/sign.h"
#include "tests/unit/softkey.h"

static const char usage_text[] =
        "Usage: pgptool [-a] COMMAND   (-a: what is written is armored)\n"
        "  keygen ALGORITHM USER SECRET CERT   make a key pair of pairs, written to "
        "files\n"
        "  keys CERT, signers CERT             list what the certificate allows\n"
        "  encrypt FILE CERT...                to every encryption key of each\n"
        "  decrypt FILE SECRET, session FILE ALGORITHM:HEX\n"
        "  sign SECRET FILE, verify CERT SIGNATURE FILE\n";

enum { KEYS = 16, SECRET_KEY = 5, SECRET_SUBKEY = 7, DOCUMENT_MAX = 1024 * 1024 };

struct options {
	bool armored;
};

typedef enum err lookup(struct bytes cert, uint32_t now, struct pubkey *ret, size_t cap,
                        size_t *ret_n, const char **ret_why);

static enum err load_keys(lookup *find, const char *path, struct pubkey *keys, size_t cap,
                          size_t *n)
{
	const char *why = "";
	uint8_t *cert = NULL;
	size_t len;

	enum err e = file_read_path(path, MESSAGE_MAX, &cert, &len);
	if (e != OK)
		return e;
	e = find((struct bytes){cert, len}, (uint32_t)time(NULL), keys, cap, n, &why);
	free(cert);
	if (e == ERR_NOT_FOUND)
		fprintf(stderr, "%s\n", why);
	return e;
}

static enum err list_keys(lookup *find, const char *cert)
{
	struct pubkey keys[KEYS];
	char hex[2 * PGP_FPR_LEN + 1];
	size_t n;

	enum err e = load_keys(find, cert, keys, KEYS, &n);
	if (e != OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		hex_encode_up((struct bytes){keys[i].fpr, PGP_FPR_LEN}, hex);
		printf("%s %d\n", hex, (int)keys[i].alg);
	}
	return OK;
}

static enum err emit(FILE *to, bool armored, enum armor_kind kind, struct bytes b)
{
	char *text = NULL;
	size_t n = 0;

	if (!armored)
		return fwrite(b.p, 1, b.n, to) == b.n ? OK : ERR_IO;
	enum err e = armor_write(kind, b, &text, &n);
	if (e == OK && fwrite(text, 1, n, to) != n)
		e = ERR_IO;
	free(text);
	return e;
}

static enum err encrypt_to(const struct options *o, const char *file, char **certs,
                           size_t n_certs)
{
	struct pubkey keys[KEYS];
	const struct pubkey *to[KEYS];
	AUTO_SECRET *body = NULL;
	uint8_t *out = NULL;
	size_t n = 0, len;

	enum err e = file_read_secret(file, MESSAGE_BODY_MAX, &body);
	for (size_t i = 0; e == OK && i < n_certs; i++) {
		size_t more = 0;

		e = load_keys(cert_encryption_keys, certs[i], keys + n, KEYS - n, &more);
		n += more;
	}
	for (size_t i = 0; i < n; i++)
		to[i] = &keys[i];
	if (e == OK)
		e = message_encrypt(to, n, body, &out, &len);
	if (e == OK)
		e = emit(stdout, o->armored, ARMOR_MESSAGE, (struct bytes){out, len});
	free(out);
	return e;
}

static enum err show(const struct message *m, const struct secret *session)
{
	AUTO_SECRET *body = NULL;

	enum err e = message_decrypt(m, session, &body);
	if (e == OK)
		e = emit(stdout, false, ARMOR_MESSAGE, secret_view(body));
	return e;
}

static enum err load_message(const char *file, struct message *ret)
{
	uint8_t *in = NULL;
	size_t len;

	enum err e = file_read_path(file, MESSAGE_MAX, &in, &len);
	if (e == OK)
		e = message_parse((struct bytes){in, len}, ret);
	free(in);
	if (e == OK)
		fprintf(stderr, "recipients: %zu\n", ret->n_pkesk);
	return e;
}

/* session as gpg --show-session-key prints it: "9:ABCD..." */
static enum err decrypt_with(const char *file, const char *session)
{
	AUTO_SECRET *key = NULL;
	struct message m;
	uint8_t raw[33] = {0};

	if (strlen(session) < 3)
		return ERR_USAGE;
	const size_t digits = strlen(session) - 2;
	raw[0] = (uint8_t)(session[0] - '0');
	if (digits / 2 > sizeof(raw) - 1)
		return ERR_USAGE;
	enum err e = hex_decode(session + 2, digits, raw + 1, digits / 2);
	if (e == OK)
		e = secret_copy((struct bytes){raw, 1 + digits / 2}, &key);
	if (e == OK)
		e = load_message(file, &m);
	if (e != OK)
		return e;
	e = show(&m, key);
	message_free(&m);
	return e;
}

/* Secret keys of a file, the primary one first. */
static enum err load_secrets(const char *path, struct softkey *keys, size_t *ret_n)
{
	struct packets in = {0};
	struct packet p;
	uint8_t *file = NULL, *own = NULL;
	size_t len, n = 0;

	enum err e = file_read_path(path, MESSAGE_MAX, &file, &len);
	if (e == OK)
		e = armor_own((struct bytes){file, len}, &own, &in.n);
	in.p = own;
	while (e == OK && in.n > 0 && n < KEYS) {
		e = packet_next(&in, &p);
		if (e == OK && (p.tag == SECRET_KEY || p.tag == SECRET_SUBKEY) &&
		    softkey_take_secret(p.body, &keys[n]))
			n++;
	}
	free(file);
	free(own);
	*ret_n = n;
	return e == OK && n == 0 ? ERR_NOT_FOUND : e;
}

/* As at boot, where only the fingerprint is known, and as with the key at hand. */
static enum err session_of(const struct pkesk *p, const struct softkey *k,
                           struct secret **ret)
{
	AUTO_SECRET *other = NULL;

	enum err e = softkey_session(k, p, false, &other);
	return e == OK ? softkey_session(k, p, true, ret) : e;
}

static enum err decrypt_by(const char *file, const char *secret)
{
	static struct softkey keys[KEYS];
	struct message m = {0};
	size_t n = 0;

	enum err e = load_secrets(secret, keys, &n);
	if (e == OK)
		e = load_message(file, &m);
	if (e == OK)
		e = ERR_CRYPTO;
	for (size_t i = 0; e == ERR_CRYPTO && i < m.n_pkesk * n; i++) {
		AUTO_SECRET *session = NULL;

		e = session_of(&m.pkesk[i / n], &keys[i % n], &session);
		if (e == OK)
			e = show(&m, session);
	}
	message_free(&m);
	for (size_t i = 0; i < n; i++)
		softkey_free(&keys[i]);
	return e;
}

static enum err make_signature(const struct softkey *k, struct bytes document,
                               struct writer *w)
{
	const struct sig_subject about = {.document = document};
	const struct sig_claims now = {.created = (uint32_t)time(NULL)};
	uint8_t raw[SOFT_SIGNATURE_MAX];
	struct sig_draft d;
	size_t n = 0;

	enum err e = sig_draft(&k->pub, SIG_BINARY, &now, &about, &d);
	if (e != OK)
		return e;
	if (!softkey_sign(k, d.hash, (struct bytes){d.digest, hash_len(d.hash)}, raw, &n))
		return ERR_CRYPTO;
	return sig_finish(&d, &k->pub, (struct bytes){raw, n}, w);
}

static enum err sign(const struct options *o, const char *secret, const char *file)
{
	static struct softkey keys[KEYS];
	uint8_t out[SIG_PACKET_MAX], *document = NULL;
	struct writer w = {.p = out, .cap = sizeof(out)};
	size_t n = 0, len = 0;

	enum err e = load_secrets(secret, keys, &n);
	if (e == OK)
		e = file_read_path(file, DOCUMENT_MAX, &document, &len);
	if (e == OK)
		e = make_signature(&keys[0], (struct bytes){document, len}, &w);
	if (e == OK)
		e = emit(stdout, o->armored, ARMOR_SIGNATURE, writer_bytes(&w));
	free(document);
	for (size_t i = 0; i < n; i++)
		softkey_free(&keys[i]);
	return e;
}

static enum err verify(const char *cert, const char *sig, const char *file)
{
	struct pubkey keys[KEYS];
	uint8_t *document = NULL, *s = NULL;
	struct detached d = {0};
	size_t n = 0, len = 0, s_len = 0;

	enum err e = load_keys(cert_signing_keys, cert, keys, KEYS, &n);
	if (e == OK)
		e = file_read_path(file, DOCUMENT_MAX, &document, &len);
	if (e == OK)
		e = file_read_path(sig, DETACHED_MAX, &s, &s_len);
	if (e == OK)
		e = detached_verify((struct bytes){s, s_len},
		                    (struct bytes){document, len}, keys, n,
		                    (uint32_t)time(NULL), &d);
	if (e == OK)
		printf("good, by key %zu\n", d.key);
	free(document);
	free(s);
	return e;
}

static const struct algorithm {
	const char *name;
	enum curve_id sign, encrypt; /* CURVE_NONE: RSA */
	unsigned int bits;
	uint8_t kdf_hash, kdf_cipher;
} algorithms[] = {
        {"rsa2048",         CURVE_NONE,    CURVE_NONE,  2048, 0,           0            },
        {"rsa3072",         CURVE_NONE,    CURVE_NONE,  3072, 0,           0            },
        {"rsa4096",         CURVE_NONE,    CURVE_NONE,  4096, 0,           0            },
        {"cv25519",         CURVE_ED25519, CURVE_25519, 0,    HASH_SHA256, CIPHER_AES128},
        {"nistp256",        CURVE_P256,    CURVE_P256,  0,    HASH_SHA256, CIPHER_AES128},
        {"nistp384",        CURVE_P384,    CURVE_P384,  0,    HASH_SHA384, CIPHER_AES256},
        {"nistp521",        CURVE_P521,    CURVE_P521,  0,    HASH_SHA512, CIPHER_AES256},
        {"brainpoolP256r1", CURVE_BP256,   CURVE_BP256, 0,    HASH_SHA256, CIPHER_AES128},
        {"brainpoolP384r1", CURVE_BP384,   CURVE_BP384, 0,    HASH_SHA384, CIPHER_AES256},
        {"brainpoolP512r1", CURVE_BP512,   CURVE_BP512, 0,    HASH_SHA512, CIPHER_AES256},
};

static bool make_pair(const char *name, struct softkey *sign_key, struct softkey *enc)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		const struct algorithm *a = &algorithms[i];

		if (strcmp(a->name, name) != 0)
			continue;
		if (a->sign == CURVE_NONE)
			return softkey_rsa_bits(a->bits, sign_key) &&
			       softkey_rsa_bits(a->bits, enc);
		return softkey_signer(a->sign, sign_key) &&
		       softkey_ecdh(a->encrypt, a->kdf_hash, a->kdf_cipher, enc);
	}
	return false;
}

static enum err write_cert(const char *path, const struct softkey *k, const char *user,
                           bool secret, bool armored)
{
	static uint8_t buf[MESSAGE_MAX];
	struct writer w = {.p = buf, .cap = sizeof(buf)};
	FILE *f;

	if (!softkey_put_cert(&w, &k[0], &k[1], user, SOFTKEY_CREATED + 1, secret))
		return ERR_CRYPTO;
	f = fopen(path, "we");
	if (f == NULL)
		return ERR_IO;
	enum err e = emit(f, armored, ARMOR_PUBLIC_KEY, writer_bytes(&w));
	return fclose(f) == 0 ? e : ERR_IO;
}

static enum err keygen(const struct options *o, const char *name, const char *user,
                       const char *secret, const char *cert)
{
	struct softkey k[2] = {0};

	if (!make_pair(name, &k[0], &k[1]))
		return ERR_CRYPTO;
	enum err e = write_cert(secret, k, user, true, false);
	if (e == OK)
		e = write_cert(cert, k, user, false, o->armored);
	softkey_free(&k[0]);
	softkey_free(&k[1]);
	return e;
}

static enum err run(const struct options *o, int n, char **a)
{
	const char *verb = n > 0 ? a[0] : "";

	if (n == 5 && strcmp(verb, "keygen") == 0)
		return keygen(o, a[1], a[2], a[3], a[4]);
	if (n == 2 && strcmp(verb, "keys") == 0)
		return list_keys(cert_encryption_keys, a[1]);
	if (n == 2 && strcmp(verb, "signers") == 0)
		return list_keys(cert_signing_keys, a[1]);
	if (n >= 3 && strcmp(verb, "encrypt") == 0)
		return encrypt_to(o, a[1], a + 2, (size_t)n - 2);
	if (n == 3 && strcmp(verb, "decrypt") == 0)
		return decrypt_by(a[1], a[2]);
	if (n == 3 && strcmp(verb, "session") == 0)
		return decrypt_with(a[1], a[2]);
	if (n == 3 && strcmp(verb, "sign") == 0)
		return sign(o, a[1], a[2]);
	if (n == 4 && strcmp(verb, "verify") == 0)
		return verify(a[1], a[2], a[3]);
	fputs(usage_text, stderr);
	return ERR_USAGE;
}

int main(int argc, char **argv)
{
	const struct options o = {.armored = argc > 1 && strcmp(argv[1], "-a") == 0};
	const int skip = o.armored ? 2 : 1;

	enum err e = crypto_init();
	if (e == OK)
		e = run(&o, argc - skip, argv + skip);
	if (e != OK)
		fprintf(stderr, "pgptool: %s\n", err_text(e));
	return e == OK ? 0 : 1;
}
