/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Enrolling a card that will not do: it is refused, and nothing is left behind. */
#include "unlock/enroll.h"

#include <string.h>

#include "core/log.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/softkey.h"
#include "tests/unit/world.h"
/* After ours: a card that says what no card of the product's seam would. */
#include "tests/vcard/priv.h"

/* Another card; nothing else outlives a case. */
static struct vcard *bob;

static const struct enroll_request plain;

static void refused_card(struct vcard *c, enum err want, const char *what,
                         const char *said)
{
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	const struct world_digest b = world_digest(&w);
	const unsigned verifies = vcard_verify_count(c);
	CHECK_ROW(world_enroll(&w, c, plain, &r) == want, what);
	CHECK_ROW(world_is_unchanged(&w, &b), what);
	CHECK_ROW(vcard_verify_count(c) == verifies, what);
	CHECK_ROW(double_ask_said(&w.person, said), what);
	CHECK_ROW(w.person.asked[ASK_USER_PIN] == 0, what);
	world_drop(&w);
}

static void a_card_without_a_decryption_key_is_refused(void)
{
	struct vcard *c = vcard_new("default", NULL);

	refused_card(c, ERR_CARD_STATE, "no key",
	             "it has no decryption key. Have it make one");
	vcard_free(c);
}

/* Nobody is told to make a key where there may be one. */
static void a_key_without_a_fingerprint_is_left_as_it_is(void)
{
	static const uint8_t none[FPR_LEN] = {0};
	struct vcard *c = world_card(CURVE_25519);

	world_card_put(c, 0xc8, none, sizeof(none));
	refused_card(c, ERR_CARD_STATE, "a key, no fingerprint",
	             "it has a decryption key, but no fingerprint of it");
	CHECK(vcard_fault(c, "read-key:sw=6F00"));
	refused_card(c, ERR_CARD_REFUSES, "no fingerprint, and nothing told",
	             "Make one only if you know that there is none");
	CHECK(vcard_fault(c, "") && vcard_fault(c, "read-key:tlv"));
	refused_card(c, ERR_CARD_STATE, "no fingerprint, and nonsense",
	             "it has a decryption key, but no fingerprint of it");
	vcard_free(c);
}

static void a_card_that_does_not_tell_its_keys_is_refused(void)
{
	struct vcard *c = world_card(CURVE_25519);
	struct profile mute = *c->prof;

	mute.missing = 0xc5;
	c->prof = &mute;
	refused_card(c, ERR_UNSUPPORTED, "no C5", "Leave its keys as they are");
	vcard_free(c);
}

static void a_key_of_an_unknown_algorithm_is_refused(void)
{
	static const uint8_t attr[] = {0x12, 0x2b, 0x81, 4, 0, 10}; /* secp256k1 */
	struct vcard *c = world_card(CURVE_25519);

	obj_set(c, 0xc2, attr, sizeof(attr));
	refused_card(c, ERR_UNSUPPORTED, "secp256k1", "of a kind that we cannot use");
	vcard_free(c);
}

static void a_fingerprint_that_is_not_the_key_s_is_refused(void)
{
	static const uint8_t later[4] = {0x60, 0, 0, 1};
	struct vcard *c = world_card(CURVE_25519);
	uint8_t fpr[FPR_LEN];

	world_card_fpr(bob, fpr);
	world_card_put(c, 0xc8, fpr, sizeof(fpr));
	refused_card(c, ERR_CARD_STATE, "another key's fingerprint",
	             "not the fingerprint and time");
	vcard_free(c);
	c = world_card(CURVE_25519);
	world_card_put(c, 0xcf, later, sizeof(later));
	refused_card(c, ERR_CARD_STATE, "another time", "not the fingerprint and time");
	vcard_free(c);
}

/* C2 says less than the key needs: when unlocking, it would not be tried. */
static void a_key_that_the_attributes_do_not_fit_is_refused(void)
{
	static const uint8_t rsa1024[] = {1, 4, 0, 0, 32, 0};
	static const uint8_t rsa2048[] = {1, 8, 0, 0, 32, 0};
	struct vcard *v = vcard_new("default", NULL);
	struct card_pubkey pub = {0};
	struct card *c = NULL;
	struct pubkey key;

	world_card_generate(v, rsa2048, sizeof(rsa2048));
	CHECK(card_open(double_vcard_transport(v, "R"), &c) == OK);
	CHECK(card_read_pubkey(c, CARD_KEY_DEC, &pub) == OK);
	CHECK(pubkey_make_rsa(card_info(c)->key[CARD_KEY_DEC].created, pub.rsa_n,
	                      pub.rsa_e, &key) == OK);
	c = card_close(c);
	world_card_put(v, 0xc8, key.fpr, sizeof(key.fpr));
	obj_set(v, 0xc2, rsa1024, sizeof(rsa1024));
	refused_card(v, ERR_CARD_STATE, "C2 says RSA-1024", "object C2");
	vcard_free(v);
}

/* Before anybody is asked for a PIN or a passphrase. */
static void a_key_that_nothing_can_be_encrypted_to_is_found_out(void)
{
	static const uint8_t zero[32] = {0};
	const struct curve *curve = curve_by_id(CURVE_25519);
	const char *why = NULL;
	struct softkey weak, one;
	struct pubkey bad;

	CHECK(pubkey_make_ecdh(1, curve, curve->oid, (struct bytes){zero, sizeof(zero)},
	                       8, 7, &bad) == OK);
	CHECK(enroll_check_key(&bad, &why) == ERR_CRYPTO && why && strstr(why, "sound"));
	why = NULL;
	CHECK(softkey_rsa_bits(1024, &weak));
	CHECK(enroll_check_key(&weak.pub, &why) == ERR_UNSUPPORTED);
	CHECK(why && strstr(why, "2048 bits"));
	why = NULL;
	CHECK(softkey_rsa(&one) && enroll_check_key(&one.pub, &why) == OK && !why);
	softkey_free(&weak);
	softkey_free(&one);
}

static void a_way_in_that_is_not_proven_is_taken_back(void)
{
	static const char *const faults[] = {"DECIPHER:garbage", "DECIPHER:sw=6A80",
	                                     "DECIPHER:drop", "DECIPHER:pull"};

	for (int version = 1; version <= 2; version++)
		for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
			struct vcard *c = world_card(CURVE_25519);
			struct enroll_result r = {.keyslot = -7};
			struct world w;

			world_make(&w, version);
			CHECK(vcard_fault(c, faults[i]));
			CHECK_ROW(world_enroll(&w, c, plain, &r) != OK, faults[i]);
			CHECK_ROW(r.keyslot == -7, faults[i]);
			CHECK_ROW(!double_ask_said(&w.person,
			                           "Not everything could be taken back"),
			          faults[i]);
			CHECK_ROW(world_is_tidy(&w, 0), faults[i]);
			CHECK_ROW(world_phrase_opens(&w, WORLD_PHRASE), faults[i]);
			vcard_free(c);
			world_drop(&w);
		}
}

static void of_two_cards_one_has_to_be_chosen(void)
{
	struct session_options o = {.poll_ms = 1, .readers = double_vcard_readers()};
	const struct enroll_request req = {.keyslot = -1};
	struct vcard *c = world_card(CURVE_25519);
	struct enroll_result r = {0};
	struct double_ask person;
	struct session *s = NULL;
	struct volume *v = NULL;
	struct world w;

	world_make(&w, 2);
	double_vcard_put(o.readers, 0, "one", c);
	double_vcard_put(o.readers, 1, "two", bob);
	o.ask = double_ask_init(&person);
	CHECK(session_new(&o, &s) == OK && volume_load(&w.where, &v) == OK);
	CHECK(enroll(s, v, &req, &r) == ERR_USAGE);
	CHECK(double_ask_said(&person, "choose one by its serial number (--serial)"));
	v = volume_free(v);
	s = session_free(s);
	vcard_free(c);
	world_drop(&w);
}

/* A key whose private half is not on the card although the card says so. */
static void a_card_that_deciphers_with_another_key_is_found_out(void)
{
	struct vcard *c = world_card(CURVE_25519), *other = world_card(CURVE_25519);
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	const struct buf *secret = obj_get(other, OBJ_SECRET + 1);
	obj_set(c, OBJ_SECRET + 1, secret->p, secret->n);
	CHECK(world_enroll(&w, c, plain, &r) == ERR_CRYPTO);
	CHECK(world_is_tidy(&w, 0) && world_phrase_opens(&w, WORLD_PHRASE));
	/* Nothing is left that unenroll could remove. */
	CHECK(double_ask_said(&w.person, "did not open what had just been encrypted"));
	CHECK(!double_ask_said(&w.person, "unenroll"));
	vcard_free(c);
	vcard_free(other);
	world_drop(&w);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a card without a decryption key is refused",
	         a_card_without_a_decryption_key_is_refused                                              },
	        {"a key without a fingerprint is left as it is",
	         a_key_without_a_fingerprint_is_left_as_it_is                                            },
	        {"a card that does not tell its keys is refused",
	         a_card_that_does_not_tell_its_keys_is_refused                                           },
	        {"a key of an unknown algorithm is refused",
	         a_key_of_an_unknown_algorithm_is_refused                                                },
	        {"a fingerprint that is not the key's is refused",
	         a_fingerprint_that_is_not_the_key_s_is_refused                                          },
	        {"a key that the attributes do not fit is refused",
	         a_key_that_the_attributes_do_not_fit_is_refused                                         },
	        {"a key that nothing can be encrypted to is found out",
	         a_key_that_nothing_can_be_encrypted_to_is_found_out                                     },
	        {"of two cards one has to be chosen",                   of_two_cards_one_has_to_be_chosen},
	        {"a way in that is not proven is taken back",
	         a_way_in_that_is_not_proven_is_taken_back                                               },
	        {"a card that deciphers with another key is found out",
	         a_card_that_deciphers_with_another_key_is_found_out                                     },
	};

	log_to(NULL, NULL, LOG_WARN);
	if (crypto_init() != OK)
		return 1;
	bob = world_card(CURVE_25519);
	const int failed = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	vcard_free(bob);
	return failed;
}
