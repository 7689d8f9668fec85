/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures made on cards: what is sent, for how long the PIN holds, what comes back. */
#include "card/card.h"
#include "core/hex.h"
#include "tests/unit/card_lines.h"
#include "tests/unit/check.h"
#include "tests/unit/double_vcard.h"

#define TEN(s)  s s s s s s s s s s
#define DIGEST  "DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD"
#define FPRS    "C53C" TEN("010203040506") "CD0C000000010000000100000001"
#define C1_P256 "C109132A8648CE3D030107"
#define C1_RSA  "C106010800002000"
#define INFO_(once, c1, uif)                                                             \
	"4F10D276000124010302000F1234567800005F520A00730000800500900000C00A7C0000000800" \
	"00000000" c1 "C2060108000020"                                                   \
	"00C407" once "7F7F7F030003" FPRS uif "9000"
#define RS "1111111111111111111111111111111111111111111111111111111111111111"

static enum err verify(struct card *c, const char *text)
{
	AUTO_SECRET *pin = pin_of(text);

	return card_verify_sign(c, pin, false);
}

static const uint8_t dd[64] = {
        0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd,
        0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd,
        0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd,
        0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd,
        0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd};

static enum err sign(struct card *c, struct bytes *ret)
{
	return card_sign(c, HASH_SHA256, (struct bytes){dd, 32}, ret);
}

#define CDS_EC   "002A9E9A20" DIGEST "00"
#define CDS_RSA  "002A9E9A333031300D060960864801650304020105000420" DIGEST "00"
#define VERIFY81 "0020008106313233343536"

static void each_kind_of_key_gets_what_it_wants(void)
{
	static const struct {
		const char *info, *cmd, *resp;
		size_t n;
		enum err want;
	} rows[] = {
	        {INFO_("01", C1_P256, ""),         CDS_EC,  RS RS "9000",             64,  OK            },
	        {INFO_("01", C1_RSA,  ""),         CDS_RSA, TEN(TEN("AB")) "9000",    100, OK            },
	        {INFO_("01", C1_P256, ""),         CDS_EC,  RS "9000",                0,   ERR_FORMAT    },
	        {INFO_("01", C1_P256, ""),         CDS_EC,  RS RS "119000",           0,   ERR_FORMAT    },
	        {INFO_("01", C1_P256, ""),         CDS_EC,  "00" RS "00" RS "9000",   64,  OK            },
	        {INFO_("01", C1_P256, ""),         CDS_EC,  "00" RS "11" RS "9000",   0,   ERR_FORMAT    },
	        {INFO_("01", C1_P256, ""),         CDS_EC,  "00" RS "00" RS "009000", 0,
	         ERR_FORMAT	                                                                      },
	        {INFO_("01", C1_P256, ""),         CDS_EC,  "9000",                   0,   ERR_FORMAT    },
	        {INFO_("01", C1_RSA,  ""),         CDS_RSA, "9000",                   0,   ERR_FORMAT    },
	        {INFO_("01", C1_P256, ""),         CDS_EC,  "6600",                   0,   ERR_TOUCH     },
	        {INFO_("01", C1_P256, "D6020120"), CDS_EC,  "6982",                   0,   ERR_TOUCH     },
	        {INFO_("01", C1_P256, "D6020020"), CDS_EC,  "6982",                   0,   ERR_CARD_STATE},
	        {INFO_("01", C1_P256, "D6020020"), CDS_EC,  "6A88",                   0,   ERR_CARD_STATE},
	        {INFO_("01", C1_P256, "D6020020"), CDS_EC,  "6A80",                   0,   ERR_CRYPTO    },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {
		        {SELECT,       "9000",       OK},
		        {"00CA006E00", rows[i].info, OK},
		        {VERIFY81,     "9000",       OK},
		        {rows[i].cmd,  rows[i].resp, OK},
		};
		struct bytes sig = {0};
		struct script_log log;
		struct card *c = NULL;

		CHECK_ROW(card_open(double_script(steps, 4, &log), &c) == OK,
		          rows[i].resp);
		CHECK_ROW(verify(c, "123456") == OK, rows[i].resp);
		CHECK_ROW(sign(c, &sig) == rows[i].want, rows[i].resp);
		CHECK_ROW(sig.n == rows[i].n && !log.wrong && log.used == 4,
		          rows[i].resp);
		/* The numbers themselves, whatever stood around them. */
		for (size_t k = 0; sig.n == 64 && k < sig.n; k++)
			CHECK_ROW(sig.p[k] == 0x11, rows[i].resp);
		card_close(c);
	}
}

static void the_digest_must_be_one(void)
{
	static const struct script_step steps[] = {
	        {SELECT,       "9000",     OK    },
	        {"00CA006E00", INFO_("01", C1_RSA, ""), OK},
	        {VERIFY81,          "9000",                    OK                  },
	};
	struct script_log log;
	struct card *c = NULL;
	struct bytes sig;

	CHECK(card_open(double_script(steps, 3, &log), &c) == OK);
	CHECK(sign(c, &sig) == ERR_USAGE); /* no PIN */
	CHECK(verify(c, "123456") == OK);
	CHECK(card_sign(c, HASH_SHA256, (struct bytes){dd, 31}, &sig) == ERR_USAGE);
	CHECK(card_sign(c, HASH_SHA1, (struct bytes){dd, 20}, &sig) == ERR_USAGE);
	CHECK(card_sign(c, HASH_SHA512, (struct bytes){dd, 32}, &sig) == ERR_USAGE);
	CHECK(!log.wrong && log.used == 3);
	card_close(c);
}

static void attributes_that_6e_lacks_are_asked_for(void)
{
	static const struct script_step steps[] = {
	        {SELECT,       "9000",     OK         },
	        {"00CA006E00", INFO_("01", "",          ""), OK},
	        {VERIFY81,          "9000",                    OK                       },
	        {"00CA00C100",          C1_P256 "9000", OK}, /* with its own tag */
	        {CDS_EC,          RS RS "9000",                    OK	                                        },
	};
	struct script_log log;
	struct card *c = NULL;
	struct bytes sig;

	CHECK(card_open(double_script(steps, 5, &log), &c) == OK);
	CHECK(verify(c, "123456") == OK && sign(c, &sig) == OK && sig.n == 64);
	CHECK(!log.wrong && log.used == 5);
	card_close(c);
}

/* D6 is asked for where only that tells of a touch: before the PIN, so that it can be
 * said in time. */
static void a_touch_is_known_before_the_signature(void)
{
	static const struct {
		const char *what, *d6;
		bool want;
	} rows[] = {
	        {"on",             "01209000", true },
	        {"off",            "00209000", false},
	        {"no such object", "6B00",     false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {
		        {SELECT,       "9000", OK		                                                             },
		        {"00CA006E00",
		         AID_("0201",          "0006")
		                 HIST C0 C1_P256 C4_("03") "C206010800002000" FPRS "9000",
		         OK},
		        {"00CA00D700",            "00209000",       OK		                                                },
		        {"00CA00D600",            rows[i].d6,       OK},
		        {VERIFY81,            "9000",           OK		                                                        },
		};
		struct script_log log;
		struct card *c = NULL;

		CHECK_ROW(card_open(double_script(steps, 5, &log), &c) == OK,
		          rows[i].what);
		CHECK_ROW(verify(c, "123456") == OK, rows[i].what);
		CHECK_ROW(card_info(c)->key[CARD_KEY_SIG].touch == rows[i].want,
		          rows[i].what);
		CHECK_ROW(!card_info(c)->key[CARD_KEY_DEC].touch, rows[i].what);
		CHECK_ROW(!log.wrong && log.used == 5, rows[i].what);
		card_close(c);
	}
}

static void a_reset_takes_the_pin_away(void)
{
	static const struct script_step steps[] = {
	        {SELECT,       "9000",     OK     },
	        {"00CA006E00", INFO_("01", C1_P256, ""), OK},
	        {VERIFY81,          "9000",                    OK                   },
	        {CDS_EC,          NULL, ERR_CARD_RESET},
	};
	struct script_log log;
	struct card *c = NULL;
	struct bytes sig;

	CHECK(card_open(double_script(steps, 4, &log), &c) == OK);
	CHECK(verify(c, "123456") == OK && card_signs(c));
	CHECK(sign(c, &sig) == ERR_CARD_RESET && !card_signs(c));
	CHECK(sign(c, &sig) == ERR_CARD_RESET); /* nothing more is sent */
	CHECK(!log.wrong && log.used == 4 && log.verifies == 1);
	card_close(c);
}

/* --- on virtual cards --- */

static void raw(struct vcard *v, const uint8_t *cmd, size_t n)
{
	uint8_t resp[4096];

	const size_t len = vcard_apdu(v, cmd, n, resp, sizeof(resp));
	CHECK(len >= 2 && (resp[len - 2] == 0x90 || resp[len - 2] == 0x61));
}

/* A signing key with these attributes, made on the card. */
static void make_key(struct vcard *v, const uint8_t *attr, size_t n)
{
	static const uint8_t sel[] = {0, 0xa4, 4, 0, 6, 0xd2, 0x76, 0, 1, 0x24, 1};
	static const uint8_t adm[] = {0,   0x20, 0,   0x83, 8,   '1', '2',
	                              '3', '4',  '5', '6',  '7', '8'};
	static const uint8_t gen[] = {0, 0x47, 0x80, 0, 2, 0xb6, 0, 0};
	uint8_t put[32] = {0, 0xda, 0, 0xc1, (uint8_t)n};

	memcpy(put + 5, attr, n);
	raw(v, sel, sizeof(sel));
	raw(v, adm, sizeof(adm));
	raw(v, put, 5 + n);
	raw(v, gen, sizeof(gen));
	vcard_reset(v);
}

static enum err check_signature(const struct card_pubkey *k, enum hash_alg alg,
                                struct bytes digest, struct bytes sig)
{
	if (k->type == CARD_KEY_RSA)
		return rsa_verify(k->rsa_n, k->rsa_e, alg, digest, sig);
	const size_t half = sig.n / 2;
	return ec_verify(curve_by_oid(k->oid), k->point, digest,
	                 (struct bytes){sig.p, half}, (struct bytes){sig.p + half, half});
}

static void sign_with(const char *profile, const struct curve *curve, enum hash_alg alg)
{
	static const uint8_t rsa[] = {1, 8, 0, 0, 32, 0};
	struct vcard *v = vcard_new(profile, NULL);
	const char *what = curve ? curve->name : "RSA";
	const struct bytes digest = {dd, hash_len(alg)};
	uint8_t attr[24] = {0x13}, kept[512];
	struct card_pubkey k = {0};
	struct card *c = NULL;
	struct bytes sig = {0};

	if (curve) {
		if (curve->id == CURVE_ED25519)
			attr[0] = 0x16;
		memcpy(attr + 1, curve->oid.p, curve->oid.n);
	}
	make_key(v, curve ? attr : rsa, curve ? 1 + curve->oid.n : sizeof(rsa));
	CHECK_ROW(card_open(double_vcard_transport(v, "R"), &c) == OK, what);
	CHECK_ROW(verify(c, "654321") == ERR_PIN_WRONG && !card_signs(c), what);
	CHECK_ROW(verify(c, "123456") == OK, what);
	CHECK_ROW(card_sign(c, alg, digest, &sig) == OK, what);
	CHECK_ROW(card_signs(c) != card_info(c)->signs_once, what);
	CHECK_ROW(sig.n <= sizeof(kept), what);
	memcpy(kept, sig.p, sig.n);
	sig.p = kept;
	CHECK_ROW(card_read_pubkey(c, CARD_KEY_SIG, &k) == OK, what);
	CHECK_ROW(check_signature(&k, alg, digest, sig) == OK, what);
	kept[0] ^= 1;
	CHECK_ROW(check_signature(&k, alg, digest, sig) == ERR_SIGNATURE, what);
	card_close(c);
	vcard_free(v);
}

static void every_algorithm_signs(void)
{
	static const enum curve_id ids[] = {CURVE_P256,   CURVE_P384,  CURVE_P521,
	                                    CURVE_BP256,  CURVE_BP384, CURVE_BP512,
	                                    CURVE_ED25519};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct curve *curve = curve_by_id(ids[i]);

		sign_with("default", curve, curve->sign_hash);
	}
	sign_with("default", NULL, HASH_SHA256);
	sign_with("zeitcontrol-2.1", NULL, HASH_SHA512);
	sign_with("pico-like", curve_by_id(CURVE_P256), HASH_SHA256);
	sign_with("yubikey5-2", curve_by_id(CURVE_ED25519), HASH_SHA512);
	sign_with("nitrokey-start", curve_by_id(CURVE_ED25519), HASH_SHA512);
}

/* C4 says how long the PIN holds; the card may not keep to it. */
static void a_pin_for_one_signature_is_asked_for_again(void)
{
	static const uint8_t attr[] = {0x13, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	struct vcard *v = vcard_new("default", NULL);
	struct card *c = NULL;
	struct bytes sig;

	make_key(v, attr, sizeof(attr));
	const unsigned before = vcard_verify_count(v);
	CHECK(card_open(double_vcard_transport(v, "R"), &c) == OK);
	CHECK(card_info(c)->signs_once && verify(c, "123456") == OK);
	CHECK(sign(c, &sig) == OK);
	CHECK(sign(c, &sig) == ERR_USAGE);
	CHECK(verify(c, "123456") == OK && sign(c, &sig) == OK);
	CHECK(vcard_verify_count(v) == before + 2);
	card_close(c);
	vcard_free(v);
}

static void a_pin_that_is_used_up_unannounced_is_noticed(void)
{
	static const struct script_step steps[] = {
	        {SELECT,       "9000",     OK     },
	        {"00CA006E00", INFO_("01", C1_P256, "D6020020"), OK},
	        {VERIFY81,          "9000",                    OK                   },
	        {CDS_EC,          RS RS "9000", OK},
	        {CDS_EC,          "6982",                    OK	                              },
	};
	struct script_log log;
	struct card *c = NULL;
	struct bytes sig;

	CHECK(card_open(double_script(steps, 5, &log), &c) == OK);
	CHECK(verify(c, "123456") == OK);
	CHECK(sign(c, &sig) == OK && card_signs(c));
	CHECK(sign(c, &sig) == ERR_CARD_STATE && !card_signs(c));
	CHECK(!log.wrong && log.used == 5);
	card_close(c);
}

static void the_two_modes_of_the_pin_are_kept_apart(void)
{
	static const uint8_t attr[] = {0x13, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	struct vcard *v = vcard_new("default", NULL);
	AUTO_SECRET *pin = pin_of("123456"), *wrong = pin_of("654321");
	struct card *c = NULL;
	struct bytes sig;

	make_key(v, attr, sizeof(attr));
	CHECK(card_open(double_vcard_transport(v, "R"), &c) == OK);
	CHECK(card_verify_user(c, pin, false) == OK && !card_signs(c));
	CHECK(sign(c, &sig) == ERR_USAGE);
	CHECK(verify(c, "123456") == OK && card_signs(c) && sign(c, &sig) == OK);
	/* A wrong PIN takes both away, as on most cards. */
	CHECK(verify(c, "123456") == OK && card_signs(c));
	CHECK(card_verify_user(c, wrong, false) == ERR_PIN_WRONG && !card_signs(c));
	card_close(c);
	vcard_free(v);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"each kind of key gets what it wants",
	         each_kind_of_key_gets_what_it_wants                                       },
	        {"the digest must be one",                       the_digest_must_be_one    },
	        {"attributes that 6E lacks are asked for",
	         attributes_that_6e_lacks_are_asked_for                                    },
	        {"a touch is known before the signature",
	         a_touch_is_known_before_the_signature                                     },
	        {"a reset takes the PIN away",                   a_reset_takes_the_pin_away},
	        {"every algorithm signs",                        every_algorithm_signs     },
	        {"a PIN for one signature is asked for again",
	         a_pin_for_one_signature_is_asked_for_again                                },
	        {"a PIN that is used up unannounced is noticed",
	         a_pin_that_is_used_up_unannounced_is_noticed                              },
	        {"the two modes of the PIN are kept apart",
	         the_two_modes_of_the_pin_are_kept_apart                                   },
	};
	/* The virtual card starts libgcrypt with quick random numbers. */
	vcard_free(vcard_new("default", NULL));
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
