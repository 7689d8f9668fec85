/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which key of a certificate is the card's: by what the card holds, by the fingerprint
 * that it tells, and when the two do not agree. */
#include "openpgp/packet.h"
#include "tests/unit/check.h"
#include "tests/unit/double_vcard.h"
#include "tests/unit/softkey.h"
#include "tests/unit/vcard_talk.h"
#include "unlock/card_key.h"

enum { KEYS = 4, NOW = SOFTKEY_CREATED + 1000 };

/* What a card that holds k tells of it. */
static struct card_pubkey public_of(const struct softkey *k)
{
	static const enum card_key_type types[] = {
	        [PGP_RSA] = CARD_KEY_RSA,
	        [PGP_ECDH] = CARD_KEY_ECDH,
	        [PGP_ECDSA] = CARD_KEY_ECDSA,
	        [PGP_EDDSA] = CARD_KEY_EDDSA,
	};

	return (struct card_pubkey){
	        .type = types[k->pub.alg],
	        .rsa_n = k->pub.n,
	        .rsa_e = k->pub.e,
	        .oid = k->pub.curve ? k->pub.curve->oid : (struct bytes){0},
	        .point = k->pub.point,
	};
}

static struct card_key_info info_of(const struct softkey *k)
{
	struct card_key_info info = {.present = true, .created = k->pub.created};

	memcpy(info.fpr, k->pub.fpr, FPR_LEN);
	return info;
}

static bool make(enum curve_id id, struct softkey *k)
{
	if (id == CURVE_NONE)
		return softkey_rsa(k);
	return id == CURVE_25519 ? softkey_ecdh(id, 8, 7, k) : softkey_signer(id, k);
}

static void every_kind_of_key_is_made_again(void)
{
	static const enum curve_id ids[] = {CURVE_NONE,  CURVE_P256,    CURVE_P384,
	                                    CURVE_P521,  CURVE_BP256,   CURVE_BP384,
	                                    CURVE_BP512, CURVE_ED25519, CURVE_25519};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct pubkey made;
		struct softkey k;

		CHECK(make(ids[i], &k));
		const struct card_pubkey pub = public_of(&k);
		struct card_key_info info = info_of(&k);
		CHECK(card_key_openpgp(&info, &pub, &made) == OK);
		CHECK(memcmp(made.fpr, k.pub.fpr, FPR_LEN) == 0);
		info.created++;
		CHECK(card_key_openpgp(&info, &pub, &made) == ERR_CRYPTO);
		softkey_free(&k);
	}
}

static void what_is_no_key_of_ours_is_refused(void)
{
	static const uint8_t oid[] = {1, 2, 3}, point[65] = {4};
	const struct card_key_info info = {.present = true};
	const struct card_pubkey none = {0};
	const struct card_pubkey strange = {
	        .type = CARD_KEY_ECDSA,
	        .oid = {oid,   sizeof(oid)  },
	        .point = {point, sizeof(point)}
        };
	struct pubkey made;
	size_t at = 99;
	bool told;

	CHECK(card_key_openpgp(&info, &none, &made) == ERR_UNSUPPORTED);
	CHECK(card_key_openpgp(&info, &strange, &made) == ERR_UNSUPPORTED);
	CHECK(card_key_among(&info, &strange, &made, 0, &at, &told) == ERR_UNSUPPORTED);
	CHECK(at == 99);
}

/* --- among several --- */

static struct softkey k[KEYS];
static struct pubkey keys[KEYS];

static void begin(void)
{
	CHECK(softkey_signer(CURVE_P256, &k[0]) && softkey_signer(CURVE_ED25519, &k[1]) &&
	      softkey_rsa(&k[2]) && softkey_signer(CURVE_P256, &k[3]));
	for (size_t i = 0; i < KEYS; i++)
		pubkey_copy(&keys[i], &k[i].pub);
}

static void end(void)
{
	for (size_t i = 0; i < KEYS; i++)
		softkey_free(&k[i]);
}

static void each_key_is_found_among_the_others(void)
{
	begin();
	for (size_t i = 0; i < KEYS; i++) {
		const struct card_key_info info = info_of(&k[i]);
		const struct card_pubkey pub = public_of(&k[i]);
		size_t at = 99;
		bool told = false;

		CHECK(card_key_among(&info, &pub, keys, KEYS, &at, &told) == OK);
		CHECK(at == i && told);
	}
	end();
}

static void a_fingerprint_that_is_not_set_is_no_obstacle(void)
{
	struct card_key_info info = {0};
	size_t at = 99;
	bool told = true;

	begin();
	const struct card_pubkey pub = public_of(&k[3]);
	CHECK(card_key_among(&info, &pub, keys, KEYS, &at, &told) == OK);
	CHECK(at == 3 && !told);
	/* of another time: an honest card whose fingerprint is of another certificate */
	info.present = true;
	info.fpr[0] = 1;
	at = 99;
	CHECK(card_key_among(&info, &pub, keys, KEYS, &at, &told) == OK);
	CHECK(at == 3 && !told);
	end();
}

static void a_fingerprint_without_its_key_is_a_contradiction(void)
{
	size_t at = 99;
	bool told = true;

	begin();
	const struct card_key_info info = info_of(&k[0]);
	const struct card_pubkey pub = public_of(&k[3]);
	CHECK(card_key_among(&info, &pub, keys, 3, &at, &told) == ERR_CRYPTO);
	/* also when what the card holds is there under another fingerprint */
	CHECK(card_key_among(&info, &pub, keys, KEYS, &at, &told) == ERR_CRYPTO);
	CHECK(at == 99 && told);
	end();
}

static void a_key_of_nobody_is_not_found(void)
{
	size_t at = 99;
	bool told;

	begin();
	const struct card_key_info info = info_of(&k[3]);
	const struct card_pubkey pub = public_of(&k[3]);
	CHECK(card_key_among(&info, &pub, keys, 3, &at, &told) == ERR_NOT_FOUND);
	CHECK(card_key_among(&info, &pub, keys, 0, &at, &told) == ERR_NOT_FOUND);
	CHECK(at == 99);
	end();
}

static void of_two_with_the_same_parts_the_fingerprint_chooses(void)
{
	struct pubkey later;
	size_t at = 99;
	bool told = false;

	begin();
	const struct card_pubkey pub = public_of(&k[0]);
	CHECK(pubkey_make_signer(NOW, PGP_ECDSA, k[0].pub.curve, k[0].pub.oid,
	                         k[0].pub.point, &later) == OK);
	pubkey_copy(&keys[2], &later);
	struct card_key_info info = {.present = true, .created = NOW};
	memcpy(info.fpr, later.fpr, FPR_LEN);
	CHECK(card_key_among(&info, &pub, keys, KEYS, &at, &told) == OK);
	CHECK(at == 2 && told);
	info.present = false; /* nothing chooses: the first */
	CHECK(card_key_among(&info, &pub, keys, KEYS, &at, &told) == OK);
	CHECK(at == 0 && !told);
	end();
}

/* --- on a virtual card, with a certificate --- */

/* The card makes a signing key and is not told its fingerprint. */
static void the_subkey_of_a_certificate_is_found_on_a_card(void)
{
	struct vcard *v = vcard_new("default", NULL);
	struct card_pubkey pub;
	struct card *c = NULL;
	size_t at = 99;
	bool told = true;

	CHECK(last_is(v, SELECT " " V83 " " P256_SIG " " GEN_SIG, "7F49*"));
	vcard_reset(v);
	begin();
	CHECK(card_open(double_vcard_transport(v, "R"), &c) == OK);
	const struct card_key_info *info = &card_info(c)->key[CARD_KEY_SIG];
	CHECK(card_read_pubkey(c, CARD_KEY_SIG, &pub) == OK);
	CHECK(card_key_among(info, &pub, keys, KEYS, &at, &told) == ERR_NOT_FOUND);
	CHECK(pubkey_make_signer(info->created, PGP_ECDSA, curve_by_oid(pub.oid), pub.oid,
	                         pub.point, &keys[1]) == OK);
	CHECK(card_key_among(info, &pub, keys, KEYS, &at, &told) == OK);
	CHECK(at == 1 && !told); /* GENERATE sets no fingerprint */
	card_close(c);
	end();
	vcard_free(v);
}

#define CASE(name)                                                                       \
	{                                                                                \
#name, name                                                              \
	}

int main(void)
{
	static const struct check_case cases[] = {
	        CASE(every_kind_of_key_is_made_again),
	        CASE(what_is_no_key_of_ours_is_refused),
	        CASE(each_key_is_found_among_the_others),
	        CASE(a_fingerprint_that_is_not_set_is_no_obstacle),
	        CASE(a_fingerprint_without_its_key_is_a_contradiction),
	        CASE(a_key_of_nobody_is_not_found),
	        CASE(of_two_with_the_same_parts_the_fingerprint_chooses),
	        CASE(the_subkey_of_a_certificate_is_found_on_a_card),
	};

	/* The virtual card starts libgcrypt with quick random numbers. */
	vcard_free(vcard_new("default", NULL));
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
