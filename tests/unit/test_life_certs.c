/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The certificate that a card signs for its keys, with a card that fails at every command
 * in turn; and the words in which certificates and keys are wished for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "openpgp/cert_write.h"
#include "tests/unit/check.h"
#include "tests/unit/life_world.h"

static void a_certificate_is_signed_by_the_card(void)
{
	const struct cert_wish wish = {.uid = "Zo\xc3\xab <zoe@example.org>"};
	struct pubkey found[4];
	uint8_t *cert = NULL;
	size_t n = 0, n_found = 0;

	lw.v = vcard_new("default", NULL);
	CHECK(life_generate_all() == OK);
	CHECK(life_begin() == OK);
	life_answer("123456");
	CHECK(work_cert(&lw.w, &wish, &cert, &n) == OK);
	/* One PIN for each of three signatures: this card wants it so. */
	CHECK(life_sent() == 3 && lw.person.asked[ASK_USER_PIN] == 1);
	CHECK(cert_signing_keys((struct bytes){cert, n}, (uint32_t)time(NULL) + 1, found,
	                        4, &n_found, NULL) == OK);
	CHECK(n_found == 1 &&
	      memcmp(found[0].fpr, work_info(&lw.w)->key[CARD_KEY_SIG].fpr, FPR_LEN) ==
	              0);
	free(cert);
	life_end();
	vcard_free(lw.v);
}

static void what_cannot_be_certified_is_said(void)
{
	static const struct {
		unsigned slots;
		const char *uid, *says;
		enum err want;
		unsigned sent;
	} rows[] = {
	        {0,          NULL,   "bootlatch card generate",    ERR_CARD_STATE, 0},
	        {2,          NULL,   "no signature key",           ERR_CARD_STATE, 0},
	        {LIFE_SLOTS, "",     "user id cannot be used",     ERR_USAGE,      0},
	        {LIFE_SLOTS, "a\nb", "user id cannot be used",     ERR_USAGE,      0},
	        {1,          "A",    "without decryption key",     OK,             1},
	        {3,          "A",    "without authentication key", OK,             2},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct cert_wish wish = {.uid = rows[i].uid};
		uint8_t *cert = NULL;
		size_t n = 0;

		lw.v = vcard_new("default", NULL);
		if (rows[i].slots) {
			CHECK(life_begin() == OK);
			life_answer(LIFE_ADMIN);
			CHECK(life_generate(rows[i].slots, false) == OK);
			life_end();
		}
		CHECK(life_begin() == OK);
		life_answer("123456");
		CHECK_ROW(work_cert(&lw.w, &wish, &cert, &n) == rows[i].want,
		          rows[i].says);
		CHECK_ROW(life_sent() == rows[i].sent, rows[i].says);
		CHECK_ROW(strstr(lw.c.why, rows[i].says) != NULL ||
		                  double_ask_said(&lw.person, rows[i].says),
		          rows[i].says);
		free(cert);
		life_end();
		vcard_free(lw.v);
	}
}

static void whatever_fails_there_is_a_certificate_or_none(void)
{
	for (size_t a = 0; a < LIFE_FAULTS; a++)
		for (unsigned at = 1; at < LIFE_COMMANDS_MAX; at++) {
			const struct cert_wish wish = {.uid = "A"};
			uint8_t *cert = NULL;
			size_t n = 0;
			char what[LIFE_WHAT_MAX];

			lw.v = vcard_new("default", NULL);
			CHECK(life_generate_all() == OK);
			enum err e = life_begin_faulty(a, at, what);
			life_answer("123456");
			if (e == OK)
				e = work_cert(&lw.w, &wish, &cert, &n);
			CHECK_ROW((e == OK) == (cert != NULL), what);
			free(cert);
			const bool met = life_end_faulty(at);
			CHECK_ROW(life_all_whole() && life_tries(CARD_PW_USER) >= 2,
			          what);
			vcard_free(lw.v);
			if (!met)
				break;
		}
}

static void ends_of_certificates_are_understood(void)
{
	enum { NOW = 1800000000 /* 2027-01-15 08:00 */ };
	static const struct {
		const char *word;
		enum err want;
		uint32_t end;
	} rows[] = {
	        {"never",      OK,        0                },
	        {"1d",         OK,        NOW + 86400      },
	        {"2w",         OK,        NOW + 14 * 86400 },
	        {"1y",         OK,        NOW + 365 * 86400},
	        {"2y",         OK,        NOW + 731 * 86400},
	        {"13m",        OK,        NOW + 396 * 86400},
	        {"2027-01-15", OK,        1800057599       },
	        {"2028-02-29", OK,        1835481599       },
	        {"2027-01-14", ERR_USAGE, 0                },
	        {"2027-02-29", ERR_USAGE, 0                },
	        {"2027-2-1",   ERR_USAGE, 0                },
	        {"2200-01-01", ERR_USAGE, 0                },
	        {"99y",        ERR_USAGE, 0                },
	        {"0d",         ERR_USAGE, 0                },
	        {"-1d",        ERR_USAGE, 0                },
	        {"1",          ERR_USAGE, 0                },
	        {"1dd",        ERR_USAGE, 0                },
	        {"d",          ERR_USAGE, 0                },
	        {"",           ERR_USAGE, 0                },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t end_ = 0;

		CHECK_ROW(wish_end(rows[i].word, NOW, &end_) == rows[i].want,
		          rows[i].word);
		CHECK_ROW(end_ == rows[i].end, rows[i].word);
	}
}

static void slots_and_algorithms_are_understood(void)
{
	struct card_key_attr a;
	struct cli c = {0};

	CHECK(card_take_slots(&c, "sig,dec,aut") == OK &&
	      c.card_wish.slots == LIFE_SLOTS);
	CHECK(card_take_slots(&c, "aut") == OK && c.card_wish.slots == 4);
	CHECK(card_take_slots(&c, "sig,") == ERR_USAGE &&
	      card_take_slots(&c, "") == ERR_USAGE);
	CHECK(card_take_slots(&c, "att") == ERR_USAGE &&
	      card_take_slots(&c, "sigdec") == ERR_USAGE);
	CHECK(card_take_algorithm(&c, "nonesuch") == ERR_USAGE);
	CHECK(wish_attr("RSA3072", CARD_KEY_AUT, &a) == OK && a.rsa_bits == 3072);
	CHECK(wish_attr("cv25519", CARD_KEY_SIG, &a) == OK && a.type == CARD_KEY_EDDSA);
	CHECK(wish_attr("cv25519", CARD_KEY_DEC, &a) == OK && a.type == CARD_KEY_ECDH);
	CHECK(wish_attr("nistp384", CARD_KEY_AUT, &a) == OK && a.type == CARD_KEY_ECDSA);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a certificate is signed by the card",
	         a_certificate_is_signed_by_the_card                                               },
	        {"what cannot be certified is said",               what_cannot_be_certified_is_said},
	        {"whatever fails, there is a certificate or none",
	         whatever_fails_there_is_a_certificate_or_none                                     },
	        {"ends of certificates are understood",
	         ends_of_certificates_are_understood                                               },
	        {"slots and algorithms are understood",
	         slots_and_algorithms_are_understood                                               },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
