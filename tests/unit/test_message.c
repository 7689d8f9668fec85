/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "openpgp/packet.h"
#include "openpgp/pkesk.h"
#include "tests/unit/check.h"
#include "tests/unit/softkey.h"

static const char text[] = "the secret of this volume";

struct made {
	uint8_t *data;
	size_t n;
};

static struct made encrypt_to(const struct pubkey *const *keys, size_t n)
{
	struct made m = {0};
	AUTO_SECRET *body = NULL;

	CHECK(secret_copy((struct bytes){(const uint8_t *)text, sizeof(text)}, &body) ==
	      OK);
	CHECK(message_encrypt(keys, n, body, &m.data, &m.n) == OK);
	return m;
}

static bool reads(const struct made *in, const struct softkey *k, size_t i, bool by_fpr)
{
	AUTO_SECRET *session = NULL, *body = NULL;
	struct message m;

	if (message_parse((struct bytes){in->data, in->n}, &m) != OK)
		return false;
	bool ok = i < m.n_pkesk && pkesk_may_be_for(&m.pkesk[i], &k->pub) &&
	          pkesk_names(&m.pkesk[i], k->pub.fpr) &&
	          softkey_session(k, &m.pkesk[i], by_fpr, &session) == OK &&
	          message_decrypt(&m, session, &body) == OK;
	ok = ok && secret_len(body) == sizeof(text) &&
	     memcmp(secret_view(body).p, text, sizeof(text)) == 0;
	message_free(&m);
	return ok;
}

static void round_trips(void)
{
	static const struct {
		enum curve_id id;
		uint8_t hash, cipher;
	} rows[] = {
	        {CURVE_P256,  8,  7},
                {CURVE_P384,  9,  8},
                {CURVE_P521,  10, 9},
	        {CURVE_BP256, 8,  7},
                {CURVE_BP512, 10, 9},
                {CURVE_25519, 8,  7},
	};
	struct softkey k[7];
	const struct pubkey *to[7];

	for (size_t i = 0; i < 6; i++)
		CHECK(softkey_ecdh(rows[i].id, rows[i].hash, rows[i].cipher, &k[i]));
	CHECK(softkey_rsa(&k[6]));
	for (size_t i = 0; i < 7; i++)
		to[i] = &k[i].pub;

	struct made m = encrypt_to(to, 7);

	for (size_t i = 0; i < 7; i++) {
		CHECK(reads(&m, &k[i], i, false));
		CHECK(reads(&m, &k[i], i, true));
		CHECK(!reads(&m, &k[i], (i + 1) % 7, true));
	}
	free(m.data);
	for (size_t i = 0; i < 7; i++)
		softkey_free(&k[i]);
}

static struct softkey key;

static void every_bit_counts(void)
{
	const struct pubkey *to[] = {&key.pub};
	struct made in = encrypt_to(to, 1);

	for (size_t i = 0; i < in.n; i++) {
		/* slack: the bit count of the point, and what the card ignores */
		in.data[i] ^= 0x40;
		if (i >= 2 + 1 + 8 + 1 + 2 + 33)
			CHECK(!reads(&in, &key, 0, false));
		else
			(void)reads(&in, &key, 0, false);
		in.data[i] ^= 0x40;
	}
	for (const size_t whole = in.n; in.n > 0;) {
		in.n--;
		CHECK(!reads(&in, &key, 0, false));
		if (whole - in.n > 300)
			break;
	}
	free(in.data);
}

static enum err parse_with(const uint8_t *front, size_t front_n, const uint8_t *back,
                           size_t back_n, size_t *ret_pkesk)
{
	const struct pubkey *to[] = {&key.pub};
	struct made in = encrypt_to(to, 1);
	uint8_t all[4096];
	struct writer w = {.p = all, .cap = sizeof(all)};
	struct message m;

	put_bytes(&w, front, front_n);
	put_bytes(&w, in.data, in.n);
	put_bytes(&w, back, back_n);
	enum err e = message_parse(writer_bytes(&w), &m);
	if (e == OK) {
		*ret_pkesk = m.n_pkesk;
		message_free(&m);
	}
	free(in.data);
	return e;
}

static void foreign_packets(void)
{
	static const uint8_t front[] = {
	        0xc1, 0x03, 6,   1,   2,                                  /* PKESK v6 */
	        0xc1, 0x0b, 3,   1,   2,   3,    4,    5, 6, 7, 8, 25, 0, /* X25519 */
	        0xc1, 0x0c, 3,   1,   2,   3,    4,    5, 6, 7, 8, 1,  0x08,
	        0x00,                                        /* damaged RSA */
	        0xc3, 0x01, 4,                               /* SKESK */
	        0xca, 0x03, 'P', 'G', 'P', 0xd5, 0x02, 1, 2, /* marker, padding */
	};
	static const uint8_t back[] = {0xca, 0x03, 'P', 'G', 'P'};
	static const uint8_t uid[] = {0xcd, 0x01, 'x'};
	size_t n = 0;

	CHECK(parse_with(front, sizeof(front), NULL, 0, &n) == OK && n == 1);
	CHECK(parse_with(NULL, 0, back, sizeof(back), &n) == ERR_FORMAT);
	CHECK(parse_with(uid, sizeof(uid), NULL, 0, &n) == ERR_FORMAT);
}

static void refused_kinds(void)
{
	static const struct {
		const char *what;
		uint8_t data[4];
		enum err want;
	} rows[] = {
	        {"SEIPD v2",       {0xd2, 2, 2, 0},    ERR_UNSUPPORTED},
	        {"tag 9",          {0xc9, 2, 0, 0},    ERR_UNSUPPORTED},
	        {"tag 20",         {0xd4, 2, 0, 0},    ERR_UNSUPPORTED},
	        {"no data",        {0xc3, 2, 0, 0},    ERR_FORMAT     },
	        {"an empty SEIPD", {0xd2, 0, 0xd2, 0}, ERR_FORMAT     },
	};
	struct message m;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(message_parse((struct bytes){rows[i].data, 4}, &m) ==
		                  rows[i].want,
		          rows[i].what);
}

static enum err session_from(const uint8_t *data, size_t n, struct secret **ret)
{
	const struct pkesk p = {.alg = PGP_RSA};
	AUTO_SECRET *d = NULL;

	enum err e = secret_copy((struct bytes){data, n}, &d);
	return e == OK ? pkesk_session_rsa(&p, d, ret) : e;
}

static void checksums(void)
{
	static const uint8_t algs[] = {7, 8, 9};

	for (size_t i = 0; i < 3; i++) {
		uint8_t m[40] = {algs[i]};
		const size_t key_len = 16 + 8 * i;
		AUTO_SECRET *s = NULL;

		memset(m + 1, 0xff, key_len);
		m[1 + key_len] = (uint8_t)(0xff * key_len >> 8);
		m[2 + key_len] = (uint8_t)(0xff * key_len);
		for (size_t n = 0; n <= sizeof(m); n++) {
			AUTO_SECRET *t = NULL;
			CHECK((session_from(m, n, &t) == OK) == (n == key_len + 3));
		}
		CHECK(session_from(m, key_len + 3, &s) == OK &&
		      secret_len(s) == 1 + key_len);
		for (size_t at = 0; at < key_len + 3; at++) {
			AUTO_SECRET *t = NULL;
			m[at] ^= 4;
			CHECK(session_from(m, key_len + 3, &t) == ERR_CRYPTO);
			m[at] ^= 4;
		}
	}
}

/* A SEIPD around packets of our own, under a key of zeros. */
static enum err inner(const uint8_t *packets, size_t n, struct secret **ret)
{
	static const uint8_t zeros[33] = {CIPHER_AES256};
	uint8_t plain[2048] = {0}, seipd[2048];
	AUTO_SECRET *key_only = NULL, *session = NULL;
	struct message m = {0};

	memcpy(plain + 18, packets, n);
	plain[18 + n] = 0xd3;
	plain[19 + n] = 0x14;
	CHECK(hash_all(HASH_SHA1, (struct bytes){plain, 20 + n}, plain + 20 + n, 20) ==
	      OK);
	CHECK(secret_copy((struct bytes){zeros, 33}, &session) == OK);
	CHECK(secret_copy((struct bytes){zeros + 1, 32}, &key_only) == OK);
	CHECK(cfb_encrypt(CIPHER_AES256, key_only, (struct bytes){plain, 40 + n},
	                  seipd) == OK);
	m.seipd = (struct bytes){seipd, 40 + n};
	return message_decrypt(&m, session, ret);
}

#define LITERAL 0xcb, 0x07, 'b', 0, 0, 0, 0, 0, 'x'

static void inner_packets(void)
{
	static const struct {
		const char *what;
		size_t n;
		uint8_t data[128];
		enum err want;
	} rows[] = {
	        {"a literal cut short",     6,  {0xcb, 4, 'b', 0, 0, 0},                                            ERR_FORMAT     },
	        {"compressed nothing",      2,  {0xc8, 0},	                                                  ERR_FORMAT     },
	        {"a literal, then pressed",
	         21,	                    {LITERAL, 0xc8, 10, 0, LITERAL},
	         ERR_FORMAT	                                                                                                },
	        {"literal",                 9,  {LITERAL},	                                                  OK             },
	        {"old literal",             9,  {0xac, 0x07, 't', 0, 0, 0, 0, 0, 'x'},                              OK             },
	        {"marker and literal",      14, {0xca, 3, 'P', 'G', 'P', LITERAL},                                  OK             },
	        {"signed",                  15, {0xc4, 1, 3, LITERAL, 0xc2, 1, 4},                                  OK             },
	        {"signed in the old way",   12, {0xc2, 1, 4, LITERAL},                                              OK             },
	        {"uncompressed",            12, {0xc8, 10, 0, LITERAL},                                             OK             },
	        {"zlib",
	         17,	                    {0xc8, 0x0f, 0x02, 0x78, 0x9c, 0x3b, 0xcd, 0x9e, 0xc4, 0x00, 0x02, 0x15,
	          0x00, 0x0a, 0x8a, 0x01, 0xad},
	         OK	                                                                                                        },
	        {"zip",
	         11,	                    {0xc8, 0x09, 0x01, 0x3b, 0xcd, 0x9e, 0xc4, 0x00, 0x02, 0x15, 0x00},
	         OK	                                                                                                        },
	        {"zlib with a wrong sum",
	         17,	                    {0xc8, 0x0f, 0x02, 0x78, 0x9c, 0x3b, 0xcd, 0x9e, 0xc4, 0x00, 0x02, 0x15,
	          0x00, 0x0a, 0x8a, 0x01, 0xac},
	         ERR_FORMAT	                                                                                                },
	        {"zlib cut short",
	         16,	                    {0xc8, 0x0e, 0x02, 0x78, 0x9c, 0x3b, 0xcd, 0x9e, 0xc4, 0x00, 0x02, 0x15,
	          0x00, 0x0a, 0x8a, 0x01},
	         ERR_FORMAT	                                                                                                },
	        {"zlib and more",
	         18,	                    {0xc8, 0x10, 0x02, 0x78, 0x9c, 0x3b, 0xcd, 0x9e, 0xc4, 0x00, 0x02, 0x15,
	          0x00, 0x0a, 0x8a, 0x01, 0xad, 0x78},
	         ERR_FORMAT	                                                                                                },
	        {"a bomb",
	         55,	                    {0xc8, 0x35, 0x02, 0x78, 0xda, 0xed, 0xc1, 0x31, 0x01, 0x00, 0x00,
	          0x00, 0xc2, 0xa0, 0xf5, 0x4f, 0x6d, 0x09, 0x4f, 0xa0, 0x00, 0x00,
	          0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	          0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	          0x00, 0x00, 0x00, 0x00, 0x00, 0x3e, 0x06, 0x75, 0x30, 0x00, 0x01},
	         ERR_FORMAT	                                                                                                },
	        {"compressed twice",        15, {0xc8, 13, 0, 0xc8, 10, 0, LITERAL},                                ERR_FORMAT     },
	        {"bzip2",                   12, {0xc8, 10, 3, LITERAL},                                             ERR_UNSUPPORTED},
	        {"two literals",            18, {LITERAL, LITERAL},                                                 ERR_FORMAT     },
	        {"no literal",              5,  {0xca, 3, 'P', 'G', 'P'},                                           ERR_FORMAT     },
	        {"nothing",                 0,  {0},	                                                        ERR_FORMAT     },
	        {"a signature missing",     12, {0xc4, 1, 3, LITERAL},                                              ERR_FORMAT     },
	        {"a key",                   3,  {0xc6, 1, 4},	                                               ERR_FORMAT     },
	        {"a literal in a row",      21, {0xc8, 10, 0, LITERAL, LITERAL},                                    ERR_FORMAT     },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_SECRET *body = NULL;
		CHECK_ROW(inner(rows[i].data, rows[i].n, &body) == rows[i].want,
		          rows[i].what);
		if (rows[i].want == OK)
			CHECK_ROW(secret_len(body) == 1, rows[i].what);
	}
}

static void broken_packets(void)
{
	static const struct {
		const char *what;
		size_t n;
		uint8_t body[64];
		enum err want;
	} rows[] = {
	        {"nothing",          0,  {0},	                                         ERR_FORMAT},
	        {"no algorithm",     9,  {3},	                                         ERR_FORMAT},
	        {"RSA",              13, {3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1},             OK        },
	        {"RSA and more",     14, {3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1},             ERR_FORMAT},
	        {"RSA, zero",        12, {3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0},                ERR_FORMAT},
	        {"ECDH, short",      13, {3, 0, 0, 0, 0, 0, 0, 0, 0, 18, 0, 3, 4},            ERR_FORMAT},
	        {"ECDH, bad point",
	         40,	             {3, 0, 0, 0, 0, 0, 0, 0, 0, 18, 0, 16, 5, 1, 24},
	         ERR_FORMAT	                                                                     },
	        {"ECDH, short wrap",
	         32,	             {3, 0, 0, 0, 0, 0, 0, 0, 0, 18, 0, 19, 4, 1, 1, 16},
	         ERR_FORMAT	                                                                     },
	        {"ElGamal",
	         13,	             {3, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 1, 1},
	         ERR_UNSUPPORTED	                                                                },
	};
	struct pkesk p;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(pkesk_parse((struct bytes){rows[i].body, rows[i].n}, &p) ==
		                  rows[i].want,
		          rows[i].what);
}

static void wrong_keys(void)
{
	static const uint8_t zeros[64];
	const struct pkesk rsa = {.alg = PGP_RSA}, ecdh = {.alg = PGP_ECDH};
	struct softkey sign = {0};
	AUTO_SECRET *s = NULL, *out = NULL;
	uint8_t packet[PKESK_PACKET_MAX];
	struct writer w = {.p = packet, .cap = sizeof(packet)};
	struct message m = {
	        .seipd = {zeros, 41}
        };

	CHECK(softkey_signer(CURVE_P256, &sign));
	CHECK(secret_copy((struct bytes){zeros, 33}, &s) == OK);
	CHECK(pkesk_session_rsa(&ecdh, s, &out) == ERR_CRYPTO);
	CHECK(pkesk_session_ecdh(&rsa, &key.pub, s, &out) == ERR_CRYPTO);
	CHECK(pkesk_session_ecdh_fpr(&rsa, key.pub.curve, key.pub.fpr, s, &out) ==
	      ERR_CRYPTO);
	CHECK(pkesk_session_ecdh_fpr(&ecdh, NULL, key.pub.fpr, s, &out) == ERR_CRYPTO);
	CHECK(pkesk_put(&w, &sign.pub, s) == ERR_UNSUPPORTED && w.n == 0);
	w.cap = 50;
	CHECK(pkesk_put(&w, &key.pub, s) == ERR_BUG);
	CHECK(message_decrypt(&m, s, &out) == ERR_CRYPTO); /* no algorithm 0 */
	m.seipd.n = 39;
	CHECK(message_decrypt(&m, s, &out) == ERR_CRYPTO);
	CHECK(secret_set_len(s, 1) == OK && pkesk_put(&w, &key.pub, s) == ERR_BUG);
	CHECK(out == NULL);
	softkey_free(&sign);
}

static void limits(void)
{
	const struct pubkey *to[] = {&key.pub};
	AUTO_SECRET *body = NULL;
	uint8_t *out = NULL;
	struct message m;
	size_t n = 7;
	static const uint8_t much[MESSAGE_MAX + 1] = {0xd2};

	CHECK(secret_new(MESSAGE_BODY_MAX + 1, &body) == OK);
	CHECK(secret_set_len(body, MESSAGE_BODY_MAX + 1) == OK);
	CHECK(message_encrypt(to, 1, body, &out, &n) == ERR_USAGE && out == NULL &&
	      n == 7);
	CHECK(message_encrypt(to, 0, body, &out, &n) == ERR_USAGE);
	CHECK(message_parse((struct bytes){much, sizeof(much)}, &m) == ERR_FORMAT);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"every recipient reads a message, and only his packet",  round_trips    },
	        {"no bit of the wrapped key and the text can be changed",
	         every_bit_counts	                                                },
	        {"packets for others are skipped, nothing may follow",    foreign_packets},
	        {"kinds without integrity and newer kinds are refused",   refused_kinds  },
	        {"the checksum and length of a session key are checked",  checksums      },
	        {"of what is inside exactly one literal comes out",       inner_packets  },
	        {"damaged packets and foreign algorithms are told apart", broken_packets },
	        {"keys and packets that do not fit are refused",          wrong_keys     },
	        {"what is too large is refused",                          limits         },
	};

	if (crypto_init() != OK || !softkey_ecdh(CURVE_25519, 8, 7, &key))
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&key);
	return rc;
}
