/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys, settings and the life of a card: what is sent, and every way in which it is
 * refused. */
#include "card/alter.h"

#include <stdlib.h>

#include "tests/unit/card_lines.h"
#include "tests/unit/check.h"
#include "tests/unit/double_vcard.h"

#define LEFT     "007F7F7F0300039000"
#define VERIFY83 "00200083083132333435363738"

static void admin(struct card *c)
{
	AUTO_SECRET *pin = pin_of("12345678");

	CHECK(card_verify_admin(c, pin, false) == OK);
}

/* clang-format off */
#define SIX(more) {SIX_E, AID HIST C0 C2_P256 C4_("03") "C53C" FPR FPR FPR TIMES more "9000", OK}
#define UIFS      "D6020020D7020020D8020020D9020020"
#define ADMIN     {GET_C4, LEFT, OK}, {VERIFY83, "9000", OK}, {GET_C4, LEFT, OK}
/* clang-format on */

static const struct card_key_attr rsa4096 = {.type = CARD_KEY_RSA, .rsa_bits = 4096};

static struct card_key_attr p256(enum card_key_type type)
{
	const struct curve *c = curve_by_id(CURVE_P256);
	struct card_key_attr a = {.type = type, .oid_len = c->oid.n};

	memcpy(a.oid, c->oid.p, c->oid.n);
	return a;
}

/* --- refusals --- */

static void refusals_of_what_the_admin_pin_allows(void)
{
	static const struct {
		const char *sw;
		enum err want;
		bool holds;
	} rows[] = {
	        {"9000", OK,              true },
	        {"6982", ERR_PIN_GONE,    false},
	        {"6983", ERR_PIN_GONE,    false},
	        {"6985", ERR_CARD_STATE,  true },
	        {"6600", ERR_TOUCH,       true },
	        {"6A80", ERR_UNSUPPORTED, true },
	        {"6A88", ERR_UNSUPPORTED, true },
	        {"6B00", ERR_UNSUPPORTED, true },
	        {"6D00", ERR_UNSUPPORTED, true },
	        {"6700", ERR_UNSUPPORTED, true },
	        {"6581", ERR_CARD_STATE,  true },
	        {"6F00", ERR_CARD_STATE,  true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {
		        SEL, SIX("D7020020"), ADMIN, {"00DA00D7020120", rows[i].sw, OK}
                };
		struct script_log log;
		struct card *c = NULL;

		CHECK(card_open(double_script(steps, 6, &log), &c) == OK);
		admin(c);
		CHECK_ROW(card_put_touch(c, CARD_KEY_DEC, UIF_ON, 0x20) == rows[i].want,
		          rows[i].sw);
		CHECK_ROW(card_admin_holds(c) == rows[i].holds, rows[i].sw);
		CHECK_ROW(card_info(c)->key[CARD_KEY_DEC].touch == (rows[i].want == OK),
		          rows[i].sw);
		c = card_close(c);
		CHECK_ROW(!log.wrong && log.used == 6, rows[i].sw);
	}
}

static void nothing_is_sent_without_the_admin_pin(void)
{
	PLAY(SEL, SIX("D7020020"));
	static const uint8_t fpr[FPR_LEN] = {1};
	struct card_pubkey pub;

	CHECK(opened == OK);
	CHECK(card_put_touch(c, 0, UIF_ON, 0x20) == ERR_PIN_GONE);
	CHECK(card_put_fpr(c, CARD_KEY_SIG, fpr) == ERR_PIN_GONE);
	CHECK(card_put_created(c, CARD_KEY_SIG, 1) == ERR_PIN_GONE);
	CHECK(card_generate(c, CARD_KEY_SIG, &pub) == ERR_PIN_GONE);
	CHECK(card_put_touch(c, CARD_UIFS, UIF_ON, 0x20) == ERR_BUG);
	END(2);
}

static void a_reset_by_others_ends_the_admin_pin(void)
{
	PLAY(SEL, SIX("D7020020"), ADMIN, {"00DA00CE0400000007", NULL, ERR_CARD_RESET});

	CHECK(opened == OK);
	admin(c);
	CHECK(card_put_created(c, CARD_KEY_SIG, 7) == ERR_CARD_RESET);
	CHECK(!card_admin_holds(c));
	CHECK(card_put_created(c, CARD_KEY_SIG, 7) == ERR_CARD_RESET); /* not sent */
	END(6);
}

/* --- keys --- */

static void facts_of_a_key_go_to_their_objects(void)
{
	PLAY(SEL, SIX(""), ADMIN, {"00DA00C714" FPR, "9000", OK},
	     {"00DA00C914" NO_FPR, "9000", OK}, {"00DA00D00400000007", "9000", OK},
	     {"00DA00CF0400000008", "6F00", OK});
	static const uint8_t none[FPR_LEN];
	uint8_t fpr[FPR_LEN];

	CHECK(opened == OK);
	admin(c);
	memcpy(fpr, card_info(c)->key[CARD_KEY_SIG].fpr, FPR_LEN);
	CHECK(card_put_fpr(c, CARD_KEY_SIG, fpr) == OK);
	CHECK(card_put_fpr(c, CARD_KEY_AUT, none) == OK);
	CHECK(!card_info(c)->key[CARD_KEY_AUT].present);
	CHECK(card_put_created(c, CARD_KEY_AUT, 7) == OK);
	CHECK(card_info(c)->key[CARD_KEY_AUT].created == 7);
	CHECK(card_put_created(c, CARD_KEY_DEC, 8) == ERR_CARD_STATE);
	CHECK(card_info(c)->key[CARD_KEY_DEC].created == 2); /* as it was */
	END(9);
}

#define POINT                                                                            \
	"046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"             \
	"4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"

static void a_key_is_made_and_read_again(void)
{
	PLAY(SEL, SIX(""), ADMIN, {"0047800002B80000", "00009000", OK},
	     {"0047810002B80000", "7F49438641" POINT "9000", OK},
	     {"0047800002B80000", "6985", OK}, {"0047800002B80000", "9000", OK},
	     {"0047810002B80000", "6A88", OK});
	struct card_pubkey pub = {0};

	CHECK(opened == OK);
	admin(c);
	CHECK(card_generate(c, CARD_KEY_DEC, &pub) == OK);
	CHECK(pub.type == CARD_KEY_ECDH && pub.point.n == 65);
	CHECK(card_generate(c, CARD_KEY_DEC, &pub) == ERR_CARD_STATE);
	CHECK(card_generate(c, CARD_KEY_DEC, &pub) == ERR_CARD_STATE); /* and none */
	END(10);
}

/* --- algorithms --- */

static void an_algorithm_that_is_set_is_not_set_again(void)
{
	PLAY(SEL, SIX(""));
	const struct card_key_attr same = p256(CARD_KEY_ECDH);

	CHECK(opened == OK);
	CHECK(card_set_attr(c, CARD_KEY_DEC, &same) == OK);
	END(2);
}

static void fixed_algorithms_are_known_before_anything_is_sent(void)
{
	/* C0 without the bit of 4.4.3.7 */
	static const struct script_step six = {
	        SIX_E,
	        AID HIST C0_("F0") C2_P256 C4_("03") "C53C" FPR FPR FPR TIMES UIFS "9000",
	        OK};
	const struct script_step steps[] = {SEL, six, six};
	struct script_log log;
	struct card *c = NULL;

	CHECK(card_open(double_script(steps, 3, &log), &c) == OK);
	CHECK(card_set_attr(c, CARD_KEY_DEC, &rsa4096) == ERR_UNSUPPORTED);
	END(3);
}

static void an_algorithm_is_spelled_as_the_card_does(void)
{
	static const struct {
		const char *what, *list, *c2, *put;
	} rows[] = {
	        {"from the card's list",
	         "FA10"
	         "C206010800001100"
	         "C206011000001103"
	         "9000",	                      NULL,               "00DA00C206011000001103"},
	        {"the list without its tag",
	         "C206011000001103"
	         "9000",	                      NULL,               "00DA00C206011000001103"},
	        {"other keys' are not meant",
	         "FA08"
	         "C106011000001103"
	         "9000",	                      "0108000011039000", "00DA00C206011000001103"},
	        {"what it has now is kept",   "6A88",
	         "010800002000"
	         "9000",	                                          "00DA00C206011000002000"},
	        {"five bytes too",            "6A88",
	         "0108000011"
	         "9000",	                                          "00DA00C2050110000011"  },
	        {"a curve now: the usual",    "6A88",
	         "122A8648CE3D030107"
	         "9000",	                                          "00DA00C206011000002000"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {
		        SEL,
		        SIX(UIFS),
		        ADMIN,
		        SIX(UIFS),
		        {"00CA00FA00",                            rows[i].list, OK},
		        {rows[i].c2 ? "00CA00C200" : rows[i].put,
		                rows[i].c2 ? rows[i].c2 : "9000",                      OK},
		        {rows[i].put,                             "9000",       OK},
		};
		const size_t n = rows[i].c2 ? 9 : 8;
		struct script_log log;
		struct card *c = NULL;

		CHECK(card_open(double_script(steps, n, &log), &c) == OK);
		admin(c);
		CHECK_ROW(card_set_attr(c, CARD_KEY_DEC, &rsa4096) == OK, rows[i].what);
		CHECK_ROW(card_info(c)->key[CARD_KEY_DEC].attr.rsa_bits == 4096,
		          rows[i].what);
		c = card_close(c);
		CHECK_ROW(!log.wrong && log.used == n, rows[i].what);
	}
}

static void an_algorithm_that_is_refused_stays_as_it_was(void)
{
	PLAY(SEL, SIX(UIFS), ADMIN, SIX(UIFS), {"00CA00FA00", "6A88", OK},
	     {"00CA00C200", "6F00", OK}, SIX(UIFS),
	     {"00DA00C206011000002000", "6A80", OK});

	CHECK(opened == OK);
	admin(c);
	CHECK(card_set_attr(c, CARD_KEY_DEC, &rsa4096) == ERR_UNSUPPORTED);
	CHECK(card_info(c)->key[CARD_KEY_DEC].attr.type == CARD_KEY_ECDH);
	END(10);
}

/* --- what is read before --- */

static void what_a_card_tells_of_itself_is_read_from_6e_or_alone(void)
{
#define LIFE "5F520A00730000800000059000"
#define SIX_LIFE                                                                         \
	{SIX_E,                                                                          \
	 AID LIFE C0 C2_P256 C4_("03") "C53C" FPR FPR FPR TIMES "D6020120"               \
	                               "9000",                                           \
	 OK}
	PLAY(SEL, SIX_LIFE, SIX_LIFE,
	     {"00CA00D700",
	      "0320"
	      "9000",
	      OK},
	     {"00CA00D800",
	      "D8020220"
	      "9000",
	      OK},
	     {"00CA00D900", "6A88", OK});
	struct card_extra x;

	CHECK(opened == OK);
	CHECK(card_read_extra(c, &x) == OK);
	CHECK(!x.attrs_fixed && x.code_max == 127 && x.admin_max == 127);
	CHECK(x.life == CARD_LIFE_KNOWN);
	CHECK(x.touch[0] == UIF_ON && x.touch[1] == UIF_CACHED &&
	      x.touch[2] == UIF_FIXED);
	CHECK(x.touch[3] == UIF_NOT_TOLD && x.button[0] == 0x20);
	END(6);
}

static void a_card_without_life_cycle_says_so(void)
{
#define NO_LIFE "5F520A00730000800000900000"
	static const struct script_step six = {SIX_E,
	                                       AID NO_LIFE C0 C2_P256
	                                       "C407000820A8030003"
	                                       "C53C" FPR FPR FPR TIMES UIFS "9000",
	                                       OK};
	const struct script_step steps[] = {SEL, six, six};
	struct card_extra x;
	struct script_log log;
	struct card *c = NULL;

	CHECK(card_open(double_script(steps, 3, &log), &c) == OK);
	CHECK(card_read_extra(c, &x) == OK);
	CHECK(x.life == CARD_LIFE_NONE);
	CHECK(x.code_max == 32 && x.admin_max == 40);
	END(3);
}

/* --- the end, and the beginning --- */

static void terminate_is_sent_once(void)
{
	static const struct {
		const char *sw;
		enum err want;
	} rows[] = {
	        {"9000", OK             },
	        {"6982", ERR_PIN_GONE   },
	        {"6985", ERR_PIN_GONE   },
	        {"6D00", ERR_UNSUPPORTED},
	        {"6F00", ERR_CARD_STATE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {
		        SEL, SIX(""), {"00E60000", rows[i].sw, OK}
                };
		struct script_log log;
		struct card *c = NULL;

		CHECK(card_open(double_script(steps, 3, &log), &c) == OK);
		CHECK_ROW(card_terminate(c) == rows[i].want, rows[i].sw);
		c = card_close(c);
		CHECK_ROW(!log.wrong && log.used == 3, rows[i].sw);
	}
}

static void activate_begins_a_card_that_is_ended(void)
{
	static const struct {
		const char *select, *activate;
		enum err want;
		size_t used;
	} rows[] = {
	        {"6285", "9000", OK,              2},
	        {"9000", "9000", OK,              2},
	        {"6A82", "9000", ERR_WRONG_CARD,  1},
	        {"6285", "6985", ERR_CARD_STATE,  2},
	        {"6285", "6D00", ERR_UNSUPPORTED, 2},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {
		        {SELECT,     rows[i].select,   OK},
                        {"00440000", rows[i].activate, OK}
                };
		struct script_log log;

		const enum err e = card_activate(double_script(steps, 2, &log));
		CHECK_ROW(e == rows[i].want, rows[i].select);
		CHECK_ROW(log.closed && !log.wrong && log.used == rows[i].used,
		          rows[i].activate);
	}
}

/* --- on virtual cards --- */

static void every_kind_is_blocked_ended_and_begun_anew(void)
{
	static const char *const profiles[] = {"default",         "outer-tags",
	                                       "gnuk-like",       "smartpgp-like",
	                                       "pico-like",       "canokey-like",
	                                       "kdf-single",      "short",
	                                       "le-6c",           "v2",
	                                       "yubikey5",        "yubikey4",
	                                       "nitrokey3",       "nitrokey-start",
	                                       "zeitcontrol-2.1", "yubikey-neo",
	                                       "zeitcontrol-3.4", "v2.0"};

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct vcard *v = vcard_new(profiles[i], NULL);
		struct card *c = NULL;

		CHECK_ROW(card_open(double_vcard_transport(v, "one"), &c) == OK,
		          profiles[i]);
		CHECK_ROW(card_terminate(c) == ERR_PIN_GONE, profiles[i]);
		CHECK_ROW(card_block(c, CARD_PW_USER) == OK, profiles[i]);
		CHECK_ROW(card_info(c)->tries_user == 0, profiles[i]);
		CHECK_ROW(card_terminate(c) == ERR_PIN_GONE, profiles[i]);
		CHECK_ROW(card_block(c, CARD_PW_ADMIN) == OK, profiles[i]);
		CHECK_ROW(card_info(c)->tries_admin == 0, profiles[i]);
		CHECK_ROW(card_terminate(c) == OK, profiles[i]);
		c = card_close(c);
		CHECK_ROW(card_activate(double_vcard_transport(v, "one")) == OK,
		          profiles[i]);
		CHECK_ROW(card_open(double_vcard_transport(v, "one"), &c) == OK,
		          profiles[i]);
		CHECK_ROW(card_info(c)->tries_user == 3 && card_info(c)->tries_admin == 3,
		          profiles[i]);
		c = card_close(c);
		vcard_free(v);
	}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"refusals of what the Admin PIN allows",
	         refusals_of_what_the_admin_pin_allows                                                    },
	        {"nothing is sent without the Admin PIN",
	         nothing_is_sent_without_the_admin_pin                                                    },
	        {"a reset by others ends the Admin PIN",
	         a_reset_by_others_ends_the_admin_pin	                                             },
	        {"facts of a key go to their objects",
	         facts_of_a_key_go_to_their_objects	                                               },
	        {"a key is made and read again",                         a_key_is_made_and_read_again     },
	        {"an algorithm that is set is not set again",
	         an_algorithm_that_is_set_is_not_set_again                                                },
	        {"fixed algorithms are known before anything is sent",
	         fixed_algorithms_are_known_before_anything_is_sent                                       },
	        {"an algorithm is spelled as the card does",
	         an_algorithm_is_spelled_as_the_card_does                                                 },
	        {"an algorithm that is refused stays as it was",
	         an_algorithm_that_is_refused_stays_as_it_was                                             },
	        {"what a card tells of itself is read from 6E or alone",
	         what_a_card_tells_of_itself_is_read_from_6e_or_alone                                     },
	        {"a card without life cycle says so",                    a_card_without_life_cycle_says_so},
	        {"TERMINATE is sent once",                               terminate_is_sent_once           },
	        {"ACTIVATE begins a card that is ended",
	         activate_begins_a_card_that_is_ended	                                             },
	        {"every kind is blocked, ended and begun anew",
	         every_kind_is_blocked_ended_and_begun_anew                                               },
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
