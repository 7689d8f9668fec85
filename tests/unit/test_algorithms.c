/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every algorithm on every kind of virtual card, with gpg's keys brought to it: gpg's
 * message is opened, and a signature made that verifies (tests/unit/vectors). */
#include <gcrypt.h>
#include <stdio.h>
#include <stdlib.h>

#include "card/card.h"
#include "core/file.h"
#include "openpgp/detached.h"
#include "openpgp/sign.h"
#include "tests/unit/check.h"
#include "tests/unit/double_vcard.h"
#include "tests/unit/softkey.h"
#include "unlock/card_key.h"

enum { SECRET_SUBKEY = 7, NOW = 1780000000, COMMAND_MAX = 4096 };
enum {
	RSA2048 = 1,
	RSA3072 = 2,
	RSA4096 = 4,
	RSA = 7,
	CV = 8,
	P256 = 16,
	NIST = 0x70,
	BP = 0x380
};
enum { ALL = 0x3ff };

static const struct algorithm {
	const char *name;
	enum curve_id sign, enc; /* NONE: RSA */
	uint16_t bits;
} algorithms[] = {
        {"rsa2048",         CURVE_NONE,    CURVE_NONE,  2048},
        {"rsa3072",         CURVE_NONE,    CURVE_NONE,  3072},
        {"rsa4096",         CURVE_NONE,    CURVE_NONE,  4096},
        {"cv25519",         CURVE_ED25519, CURVE_25519, 0   },
        {"nistp256",        CURVE_P256,    CURVE_P256,  0   },
        {"nistp384",        CURVE_P384,    CURVE_P384,  0   },
        {"nistp521",        CURVE_P521,    CURVE_P521,  0   },
        {"brainpoolP256r1", CURVE_BP256,   CURVE_BP256, 0   },
        {"brainpoolP384r1", CURVE_BP384,   CURVE_BP384, 0   },
        {"brainpoolP512r1", CURVE_BP512,   CURVE_BP512, 0   },
};
enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

/* What each card can do; "short" has no way to bring 257 bytes to the card. */
static const struct {
	const char *name;
	unsigned can; /* bits: indexes of the above */
} profiles[] = {
        {"default",         ALL                          },
        {"outer-tags",      ALL                          },
        {"gnuk-like",       ALL                          },
        {"smartpgp-like",   ALL                          },
        {"pico-like",       ALL                          },
        {"canokey-like",    ALL                          },
        {"kdf",             ALL                          },
        {"short",           ALL & ~RSA                   },
        {"le-6c",           ALL                          },
        {"v2",              ALL                          },
        {"yubikey5",        ALL                          },
        {"yubikey5-2",      ALL                          },
        {"yubikey4",        RSA                          },
        {"yubikey-neo",     RSA2048                      },
        {"nitrokey3",       ALL                          },
        {"nitrokey-start",  RSA2048 | RSA4096 | P256 | CV},
        {"zeitcontrol-2.1", RSA                          },
        {"zeitcontrol-3.4", RSA | NIST | BP              },
        {"v2.0",            RSA                          },
};

struct pair {
	struct softkey sign, enc;
};

struct vector {
	uint8_t *p; /* to be freed */
	size_t n;
};

static struct vector read_vector(const char *name, const char *dot)
{
	char path[128];
	struct vector v = {0};

	(void)snprintf(path, sizeof(path), "tests/unit/vectors/%s%s", name, dot);
	CHECK_ROW(file_read_path(path, MESSAGE_MAX, &v.p, &v.n) == OK, path);
	return v;
}

/* The first subkey signs, the second deciphers. */
static void load(const char *name, struct pair *ret)
{
	const struct vector file = read_vector(name, ".secret");
	struct softkey *next = &ret->sign;
	struct packets in = {file.p, file.n};
	struct packet p;

	*ret = (struct pair){0};
	while (in.n > 0 && packet_next(&in, &p) == OK) {
		if (p.tag != SECRET_SUBKEY)
			continue;
		CHECK_ROW(softkey_take_secret(p.body, next), name);
		next = &ret->enc;
	}
	CHECK_ROW(ret->enc.sexp != NULL, name);
	free(file.p);
}

static void drop(struct pair *p)
{
	softkey_free(&p->sign);
	softkey_free(&p->enc);
}

/* --- bringing the keys to the card --- */

static unsigned once(struct vcard *v, const uint8_t *cmd, size_t n)
{
	uint8_t resp[4096];
	const size_t len = vcard_apdu(v, cmd, n, resp, sizeof(resp));

	return len < 2 ? 0 : (unsigned)resp[len - 2] << 8 | resp[len - 1];
}

static unsigned chained(struct vcard *v, const uint8_t head[static 4], struct bytes data)
{
	struct bytes part;

	for (;;) {
		uint8_t cmd[5 + 255];
		struct writer w = {cmd, sizeof(cmd), 0, false};
		const size_t n = data.n > 254 ? 254 : data.n;
		const bool last = n == data.n;

		put_be(&w, 1, head[0] | (last ? 0U : 0x10U));
		put_bytes(&w, head + 1, 3);
		put_be(&w, 1, (uint32_t)n);
		if (bytes_take(&data, n, &part) != OK)
			return 0;
		put_bytes(&w, part.p, part.n);
		const unsigned sw = once(v, cmd, w.n);
		if (last || sw != 0x9000)
			return sw;
	}
}

static unsigned extended(struct vcard *v, const uint8_t head[static 4], struct bytes data)
{
	uint8_t cmd[COMMAND_MAX];
	struct writer w = {cmd, sizeof(cmd), 0, false};

	put_bytes(&w, head, 4);
	put_be(&w, 3, (uint32_t)data.n);
	put_bytes(&w, data.p, data.n);
	return once(v, cmd, w.n);
}

static unsigned put(struct vcard *v, unsigned tag, const void *p, size_t n)
{
	const uint8_t head[4] = {0, tag == 0x3fff ? 0xdb : 0xda, (uint8_t)(tag >> 8),
	                         (uint8_t)tag};
	const struct bytes data = {p, n};

	const unsigned sw = chained(v, head, data);
	return sw == 0x9000 || n < 255 ? sw : extended(v, head, data);
}

static void put_tlv(struct writer *w, size_t width, uint32_t tag, struct bytes v)
{
	put_be(w, width, tag);
	put_be(w, 3, 0x820000 | (uint32_t)v.n);
	put_bytes(w, v.p, v.n);
}

/* 4.4.3.12: all that any of the cards wants; 95 and 96 are looked at by none. */
static unsigned import(struct vcard *v, uint8_t crt, const struct softkey *k)
{
	static const struct {
		uint32_t tag;
		const char *name;
	} rsa[] =
	        {
	                {0x91, "e"},
                        {0x92, "p"},
                        {0x93, "q"},
                        {0x94, "u"},
	                {0x95, "u"},
                        {0x96, "u"},
                        {0x97, "n"}
        },
	  ec[] = {{0x92, "d"}};
	uint8_t lens[64], vals[2048], in[COMMAND_MAX], all[COMMAND_MAX];
	struct writer l = {lens, sizeof(lens), 0, false},
	              d = {vals, sizeof(vals), 0, false};
	struct writer i = {in, sizeof(in), 0, false}, a = {all, sizeof(all), 0, false};
	const bool is_rsa = k->pub.curve == NULL;

	for (size_t x = 0; x < (is_rsa ? sizeof(rsa) / sizeof(rsa[0]) : 1); x++) {
		gcry_sexp_t t = gcry_sexp_find_token(
		        k->sexp, is_rsa ? rsa[x].name : ec[x].name, 0);
		size_t n = 0;
		const char *p = t ? gcry_sexp_nth_data(t, 1, &n) : NULL;
		const struct bytes b =
		        without_zeros((struct bytes){(const uint8_t *)p, n});

		put_be(&l, 1, is_rsa ? rsa[x].tag : ec[x].tag);
		put_be(&l, 3, 0x820000 | (uint32_t)b.n);
		put_bytes(&d, b.p, b.n);
		gcry_sexp_release(t);
	}
	put_be(&i, 2, (uint32_t)crt << 8);
	put_tlv(&i, 2, 0x7f48, writer_bytes(&l));
	put_tlv(&i, 2, 0x5f48, writer_bytes(&d));
	put_tlv(&a, 1, 0x4d, writer_bytes(&i));
	CHECK(writer_ok(&l) && writer_ok(&d) && writer_ok(&i) && writer_ok(&a));
	return put(v, 0x3fff, a.p, a.n);
}

static size_t attributes(uint8_t out[static 24], const struct algorithm *a, bool sign)
{
	const struct curve *c = curve_by_id(sign ? a->sign : a->enc);
	struct writer w = {out, 24, 0, false};

	if (!c) {
		put_be(&w, 1, 1);
		put_be(&w, 2, a->bits);
		put_be(&w, 3, 0x002000);
		return w.n;
	}
	put_be(&w, 1, c->id == CURVE_ED25519 ? 0x16 : sign ? 0x13 : 0x12);
	put_bytes(&w, c->oid.p, c->oid.n);
	return w.n;
}

static bool bring(struct vcard *v, const struct algorithm *a, const struct pair *p)
{
	static const uint8_t sel[] = {0, 0xa4, 4, 0, 6, 0xd2, 0x76, 0, 1, 0x24, 1};
	static const uint8_t adm[] = {0,   0x20, 0,   0x83, 8,   '1', '2',
	                              '3', '4',  '5', '6',  '7', '8'};
	const struct softkey *k[] = {&p->sign, &p->enc};
	uint8_t attr[24];
	bool ok = once(v, sel, sizeof(sel)) != 0 && once(v, adm, sizeof(adm)) == 0x9000;

	for (unsigned i = 0; ok && i < 2; i++) {
		const uint32_t t = k[i]->pub.created;
		const uint8_t made[] = {(uint8_t)(t >> 24), (uint8_t)(t >> 16),
		                        (uint8_t)(t >> 8), (uint8_t)t};

		ok = put(v, 0xc1 + i, attr, attributes(attr, a, i == 0)) == 0x9000 &&
		     import(v, i == 0 ? 0xb6 : 0xb8, k[i]) == 0x9000 &&
		     put(v, 0xc7 + i, k[i]->pub.fpr, PGP_FPR_LEN) == 0x9000 &&
		     put(v, 0xce + i, made, sizeof(made)) == 0x9000;
	}
	vcard_reset(v);
	return ok;
}

/* --- what the program does with it --- */

/* As enrolling does: public key, time and fingerprint of the card belong together. */
static bool is_the_key(struct card *c, const struct pubkey *want)
{
	const struct card_key_info *info = &card_info(c)->key[CARD_KEY_DEC];
	struct card_pubkey pub;
	struct pubkey got;

	if (card_read_pubkey(c, CARD_KEY_DEC, &pub) != OK)
		return false;
	const enum err e = card_key_openpgp(info, &pub, &got);
	return e == OK && memcmp(got.fpr, want->fpr, PGP_FPR_LEN) == 0;
}

static enum err decipher(struct card *c, const struct pkesk *p, const struct pubkey *key,
                         struct secret **ret)
{
	AUTO_SECRET *plain = NULL;

	if (p->alg != PGP_ECDH) {
		const enum err e = card_decipher_rsa(c, p->rsa, &plain);
		return e == OK ? pkesk_session_rsa(p, plain, ret) : e;
	}
	const enum err e = card_decipher_ecdh(c, p->point, key->curve->field_len, &plain);
	return e == OK ? pkesk_session_ecdh_fpr(p, key->curve, key->fpr, plain, ret) : e;
}

static bool opens(struct card *c, const char *name, const struct pubkey *key)
{
	const struct vector file = read_vector(name, ".message");
	const struct vector body = read_vector("body", "");
	AUTO_SECRET *session = NULL, *text = NULL;
	struct message m = {0};

	const bool ok = message_parse((struct bytes){file.p, file.n}, &m) == OK &&
	                m.n_pkesk == 1 && decipher(c, &m.pkesk[0], key, &session) == OK &&
	                message_decrypt(&m, session, &text) == OK &&
	                bytes_equal(secret_view(text), (struct bytes){body.p, body.n});
	message_free(&m);
	free(file.p);
	free(body.p);
	return ok;
}

static bool signs(struct card *c, const struct pubkey *key)
{
	static const uint8_t text[] = "every file of /boot\n";
	const struct sig_subject about = {
	        .document = {text, sizeof(text) - 1}
        };
	uint8_t packet[SIG_PACKET_MAX];
	struct writer w = {.p = packet, .cap = sizeof(packet)};
	struct detached by;
	struct sig_draft d;
	struct bytes raw;

	return sig_draft(key, SIG_BINARY,
	                 &(struct sig_claims){.created = key->created + 1}, &about,
	                 &d) == OK &&
	       card_sign(c, d.hash, (struct bytes){d.digest, hash_len(d.hash)}, &raw) ==
	               OK &&
	       sig_finish(&d, key, raw, &w) == OK &&
	       detached_verify(writer_bytes(&w), about.document, key, 1, NOW, &by) == OK;
}

static void one(const char *profile, const struct algorithm *a, const struct pair *p,
                bool can)
{
	struct vcard *v = vcard_new(profile, NULL);
	AUTO_SECRET *pin = NULL;
	struct card *c = NULL;
	char what[64];

	(void)snprintf(what, sizeof(what), "%s, %s", profile, a->name);
	CHECK_ROW(v != NULL && secret_copy((struct bytes){(const uint8_t *)"123456", 6},
	                                   &pin) == OK,
	          what);
	const bool brought = bring(v, a, p);
	CHECK_ROW(brought == can, what);
	if (brought) {
		CHECK_ROW(card_open(double_vcard_transport(v, "R"), &c) == OK, what);
		CHECK_ROW(is_the_key(c, &p->enc.pub), what);
		CHECK_ROW(card_verify_user(c, pin, false) == OK, what);
		CHECK_ROW(opens(c, a->name, &p->enc.pub), what);
		CHECK_ROW(card_verify_sign(c, pin, false) == OK, what);
		CHECK_ROW(signs(c, &p->sign.pub), what);
		CHECK_ROW(card_info(c)->tries_user == 3, what);
	}
	card_close(c);
	vcard_free(v);
}

static void every_algorithm_on_every_card(void)
{
	for (size_t a = 0; a < ALGORITHMS; a++) {
		struct pair p;

		load(algorithms[a].name, &p);
		for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
			one(profiles[i].name, &algorithms[a], &p,
			    (profiles[i].can >> a & 1) != 0);
		drop(&p);
	}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"every algorithm on every card", every_algorithm_on_every_card},
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
