/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private keys of tests: their signatures, their packets, whole certificates of them. */
#include <gcrypt.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/file.h"
#include "openpgp/cert_write.h"
#include "tests/unit/softkey.h"

enum { NUMBER_MAX = 600, SECRET_KEY = 5, SECRET_SUBKEY = 7 };

/* A number of a list, without leading zeros, right aligned into `width` bytes. */
static bool number(gcry_sexp_t from, const char *name, uint8_t *out, size_t width)
{
	gcry_sexp_t token = gcry_sexp_find_token(from, name, 0);
	size_t n = 0;
	const char *data = token == NULL ? NULL : gcry_sexp_nth_data(token, 1, &n);
	const struct bytes v = without_zeros((struct bytes){(const uint8_t *)data, n});
	const bool ok = data != NULL && v.n <= width;

	if (ok) {
		memset(out, 0, width - v.n);
		if (v.n > 0)
			memcpy(out + width - v.n, v.p, v.n);
	}
	gcry_sexp_release(token);
	return ok;
}

static const char *hash_name(enum hash_alg alg)
{
	return alg == HASH_SHA512 ? "sha512" : alg == HASH_SHA384 ? "sha384" : "sha256";
}

static gcry_error_t build_data(const struct softkey *k, enum hash_alg alg,
                               struct bytes digest, gcry_sexp_t *ret)
{
	const int n = (int)digest.n;

	if (k->pub.curve == NULL)
		return gcry_sexp_build(ret, NULL, "(data (flags pkcs1)(hash %s %b))",
		                       hash_name(alg), n, digest.p);
	if (k->pub.curve->id == CURVE_ED25519)
		return gcry_sexp_build(ret, NULL,
		                       "(data (flags eddsa)(hash-algo sha512)(value %b))",
		                       n, digest.p);
	return gcry_sexp_build(ret, NULL, "(data (flags raw)(value %b))", n, digest.p);
}

bool softkey_sign(const struct softkey *k, enum hash_alg alg, struct bytes digest,
                  uint8_t raw[static SOFT_SIGNATURE_MAX], size_t *ret_n)
{
	gcry_sexp_t data = NULL, sig = NULL;
	bool ok = build_data(k, alg, digest, &data) == 0 &&
	          gcry_pk_sign(&sig, data, k->sexp) == 0;

	if (ok && k->pub.curve == NULL) {
		*ret_n = k->pub.n.n;
		ok = number(sig, "s", raw, *ret_n);
	} else if (ok) {
		const size_t half = k->pub.curve->field_len;

		*ret_n = 2 * half;
		ok = number(sig, "r", raw, half) && number(sig, "s", raw + half, half);
	}
	gcry_sexp_release(data);
	gcry_sexp_release(sig);
	return ok;
}

static bool put_number(struct writer *w, const struct softkey *k, const char *name)
{
	uint8_t v[NUMBER_MAX];

	if (!number(k->sexp, name, v, sizeof(v)))
		return false;
	put_mpi(w, (struct bytes){v, sizeof(v)});
	return true;
}

bool softkey_put_secret(struct writer *w, enum packet_tag tag, const struct softkey *k)
{
	static const char *const rsa[] = {"d", "p", "q", "u"};
	uint8_t body[PGP_KEY_MAX + 5 * NUMBER_MAX] = {0};
	struct writer b = {.p = body, .cap = sizeof(body)};
	uint32_t sum = 0;
	bool ok = true;

	put_bytes(&b, k->pub.body, k->pub.body_len);
	put_be(&b, 1, 0); /* not protected */
	const size_t from = b.n;
	for (size_t i = 0; ok && i < (k->pub.curve == NULL ? 4 : 1); i++)
		ok = put_number(&b, k, rsa[i]);
	for (size_t i = from; i < b.n; i++)
		sum += body[i];
	put_be(&b, 2, sum & 0xffff);
	put_packet(w, tag, writer_bytes(&b));
	return ok && writer_ok(&b) && writer_ok(w);
}

/* How many bytes of a secret key are its public part. */
static size_t public_len(struct bytes body)
{
	struct bytes in = body, skipped;
	uint32_t alg = 0, n = 0;
	enum err e = bytes_take(&in, 5, &skipped);

	if (e == OK)
		e = bytes_take_be(&in, 1, &alg);
	if (alg == PGP_RSA) {
		if (e == OK)
			e = take_mpi(&in, &skipped);
	} else {
		if (e == OK)
			e = bytes_take_be(&in, 1, &n);
		if (e == OK)
			e = bytes_take(&in, n, &skipped);
	}
	if (e == OK)
		e = take_mpi(&in, &skipped);
	if (e == OK && alg == PGP_ECDH)
		e = bytes_take(&in, 4, &skipped);
	return e == OK ? body.n - in.n : 0;
}

static bool rsa_sexp(struct softkey *k, const struct bytes v[static 4])
{
	gcry_mpi_t m[6] = {0};
	const struct bytes all[6] = {k->pub.n, k->pub.e, v[0], v[1], v[2], v[3]};
	gcry_sexp_t made = NULL;
	bool ok = true;

	for (size_t i = 0; i < 6; i++)
		ok = ok &&
		     gcry_mpi_scan(&m[i], GCRYMPI_FMT_USG, all[i].p, all[i].n, NULL) == 0;
	ok = ok &&
	     gcry_sexp_build(&made, NULL,
	                     "(private-key (rsa (n %m)(e %m)(d %m)(p %m)(q %m)(u %m)))",
	                     m[0], m[1], m[2], m[3], m[4], m[5]) == 0;
	for (size_t i = 0; i < 6; i++)
		gcry_mpi_release(m[i]);
	k->sexp = made;
	return ok;
}

static bool ec_sexp(struct softkey *k, struct bytes v)
{
	const struct curve *c = k->pub.curve;
	uint8_t d[66] = {0}, q[160] = {0x40};
	const char *flags = "";
	size_t skip = 0;
	gcry_sexp_t made = NULL;
	char text[128];

	if (v.n > c->field_len || v.n == 0)
		return false;
	memcpy(d + c->field_len - v.n, v.p, v.n);
	if (c->id == CURVE_25519)
		flags = "(flags djb-tweak)", skip = 1;
	if (c->id == CURVE_ED25519)
		flags = "(flags eddsa)";
	memcpy(q + skip, k->pub.point.p, k->pub.point.n);
	(void)snprintf(text, sizeof(text),
	               "(private-key (ecc (curve \"%s\")%s(q %%b)(d %%b)))", c->name,
	               flags);
	if (gcry_sexp_build(&made, NULL, text, (int)(k->pub.point.n + skip), q,
	                    (int)c->field_len, d) != 0)
		return false;
	k->sexp = made;
	return true;
}

bool softkey_take_secret(struct bytes body, struct softkey *k)
{
	const size_t n = public_len(body);
	struct bytes in = body, pub, v[4] = {0};
	uint32_t usage = 1;

	if (n == 0 || bytes_take(&in, n, &pub) != OK ||
	    pubkey_parse(pub, &k->pub) != OK || bytes_take_be(&in, 1, &usage) != OK ||
	    usage != 0)
		return false;
	for (size_t i = 0; i < (k->pub.curve == NULL ? 4 : 1); i++)
		if (take_mpi(&in, &v[i]) != OK)
			return false;
	return k->pub.curve == NULL ? rsa_sexp(k, v) : ec_sexp(k, v[0]);
}

bool softkey_load(const char *path, struct softkey *k)
{
	struct packets in = {0};
	uint8_t *file = NULL;
	struct packet p;
	bool ok = file_read_path(path, MESSAGE_MAX, &file, &in.n) == OK;

	*k = (struct softkey){0};
	in.p = file;
	while (ok && in.n > 0 && packet_next(&in, &p) == OK)
		if (p.tag == SECRET_KEY || p.tag == SECRET_SUBKEY) {
			softkey_free(k);
			ok = softkey_take_secret(p.body, k);
		}
	free(file);
	return ok && k->sexp != NULL;
}

bool softkey_put_signature(struct writer *w, const struct softkey *by, uint8_t type,
                           const struct sig_subject *about, struct bytes hashed)
{
	const enum hash_alg alg = signature_hash(&by->pub);
	uint8_t body[1024], digest[HASH_MAX_LEN], raw[SOFT_SIGNATURE_MAX];
	struct writer b = {.p = body, .cap = sizeof(body)};
	size_t n = 0;

	put_be(&b, 1, 4);
	put_be(&b, 1, type);
	put_be(&b, 1, (uint32_t)by->pub.alg);
	put_be(&b, 1, (uint32_t)alg);
	put_be(&b, 2, (uint32_t)hashed.n);
	put_bytes(&b, hashed.p, hashed.n);
	if (signature_digest(about, writer_bytes(&b), alg, digest) != OK ||
	    !softkey_sign(by, alg, (struct bytes){digest, hash_len(alg)}, raw, &n))
		return false;
	put_be(&b, 2, 0); /* nothing unhashed */
	put_bytes(&b, digest, 2);
	put_mpi(&b, (struct bytes){raw, by->pub.curve == NULL ? n : n / 2});
	if (by->pub.curve != NULL)
		put_mpi(&b, (struct bytes){raw + n / 2, n / 2});
	put_packet(w, PACKET_SIGNATURE, writer_bytes(&b));
	return writer_ok(&b) && writer_ok(w);
}

struct pen {
	const struct softkey *key;
	uint8_t raw[SOFT_SIGNATURE_MAX];
};

static enum err sign_with(void *ctx, enum hash_alg alg, struct bytes digest,
                          struct bytes *ret)
{
	struct pen *pen = ctx;
	size_t n = 0;

	if (!softkey_sign(pen->key, alg, digest, pen->raw, &n))
		return ERR_CRYPTO;
	*ret = (struct bytes){pen->raw, n};
	return OK;
}

/* The same certificate with its keys' private halves. */
static bool put_private(struct writer *w, struct packets in,
                        const struct softkey *primary, const struct softkey *sub)
{
	struct packet p;
	bool ok = true;

	while (in.n > 0 && ok) {
		ok = packet_next(&in, &p) == OK;
		if (ok && p.tag == PACKET_PUBLIC_KEY)
			ok = softkey_put_secret(w, (enum packet_tag)SECRET_KEY, primary);
		else if (ok && p.tag == PACKET_PUBLIC_SUBKEY)
			ok = softkey_put_secret(w, (enum packet_tag)SECRET_SUBKEY, sub);
		else if (ok)
			put_packet(w, (enum packet_tag)p.tag, p.body);
	}
	return ok && writer_ok(w);
}

bool softkey_put_cert(struct writer *w, const struct softkey *primary,
                      const struct softkey *sub, const char *uid, uint32_t created,
                      bool secret)
{
	static uint8_t public_half[CERT_MAX];
	struct writer half = {.p = public_half, .cap = sizeof(public_half)};
	struct pen pen = {.key = primary};
	const struct cert_plan plan = {
	        .primary = &primary->pub,
	        .flags = FLAG_CERTIFY | FLAG_SIGN,
	        .uid = uid,
	        .sub = {{&sub->pub, FLAG_ENCRYPT}},
	        .n_sub = 1,
	        .created = created,
	        .sign = sign_with,
	        .ctx = &pen,
	};

	if (!secret)
		return cert_write(&plan, w) == OK;
	return cert_write(&plan, &half) == OK &&
	       put_private(w, (struct packets){public_half, half.n}, primary, sub);
}
