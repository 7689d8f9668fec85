/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening a card, spending its PIN tries, deciphering: on scripts and on every virtual
 * card. */
#include "card/card.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/double_fault.h"
#include "tests/unit/double_script.h"
#include "tests/unit/double_vcard.h"

#define SELECT                                                                           \
	{                                                                                \
		"00A4040006D2760001240100", "9000", OK                                   \
	}
#define AID "4F10D276000124010304000F123456780000"
#define REST_(tries, c2, fpr, uif)                                                       \
	"5F520A00730000800500900000C00A7C000000080000000000" c2 "C407007F7F7F" tries     \
	"0003C53C" fpr fpr fpr "CD0C000000010000000100000001" uif
#define FPR    "0102030405060708090A0B0C0D0E0F1011121314"
#define NO_FPR "0000000000000000000000000000000000000000"
#define P256   "C209122A8648CE3D030107"
#define INFO(tries)                                                                      \
	{                                                                                \
		"00CA006E00", AID REST_(tries, P256, FPR, "D7020020") "9000", OK         \
	}
#define C4(tries)                                                                        \
	{                                                                                \
		"00CA00C400", "007F7F7F" tries "00039000", OK                            \
	}
#define VERIFY(sw)                                                                       \
	{                                                                                \
		"0020008206313233343536", sw, OK                                         \
	}

static struct secret *pin_of(const char *text)
{
	struct secret *s = NULL;

	CHECK(secret_copy((struct bytes){(const uint8_t *)text, strlen(text)}, &s) == OK);
	return s;
}

static enum err verify(struct card *c, const char *text, bool spend_last)
{
	AUTO_SECRET *pin = pin_of(text);

	return card_verify_user(c, pin, spend_last);
}

#define PLAY(...)                                                                        \
	static const struct script_step steps[] = {__VA_ARGS__};                         \
	struct script_log log;                                                           \
	struct card *c = NULL;                                                           \
	const enum err opened = card_open(                                               \
	        double_script(steps, sizeof(steps) / sizeof(steps[0]), &log), &c)

#define END(used_)                                                                       \
	c = card_close(c);                                                               \
	CHECK(log.closed && !log.wrong && log.used == (used_))

static void an_unlock_costs_no_more_than_it_must(void)
{
	PLAY(SELECT, INFO("03"), VERIFY("9000"),
	     {"002A808648A6467F49438641*",
	      "11111111111111111111111111111111"
	      "111111111111111111111111111111119000",
	      OK});
	uint8_t point[65] = {4};
	AUTO_SECRET *x = NULL;

	CHECK(opened == OK && strcmp(card_info(c)->ident, "000F:12345678") == 0);
	CHECK(verify(c, "123456", false) == OK);
	CHECK(card_decipher_ecdh(c, (struct bytes){point, 65}, 32, &x) == OK);
	CHECK(secret_len(x) == 32);
	END(4);
}

static void select_answers_are_understood(void)
{
	static const struct {
		const char *sw;
		enum err want;
	} rows[] = {
	        {"6A82", ERR_WRONG_CARD},
	        {"6285", ERR_CARD_STATE},
	        {"6D00", ERR_WRONG_CARD}
        };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {
		        {NULL, rows[i].sw, OK}
                };
		struct script_log log;
		struct card *c = NULL;

		CHECK(card_open(double_script(steps, 1, &log), &c) == rows[i].want && !c);
		CHECK(log.closed && log.used == 1);
	}
}

static void a_reset_while_opening_selects_again(void)
{
	PLAY(SELECT, {"00CA006E00", NULL, ERR_CARD_RESET}, SELECT, INFO("03"));
	CHECK(opened == OK);
	END(4);
}

#define LONG_6E  "00CA006E000800"
#define SHORT_6E "00CA006E00"
#define WHOLE_6E AID REST_("03", P256, FPR, "D7020020") "9000"

static const uint8_t extended_atr[] = {0x3b, 0x05, 0x80, 0x73, 0xc0, 0x01, 0xc0};
static const uint8_t short_atr[] = {0x3b, 0x05, 0x80, 0x73, 0xc0, 0x01, 0x80};

static enum err open_told(const struct script_step *steps, size_t n, struct bytes atr,
                          enum extended reader, struct script_log *log)
{
	struct transport *t = double_script(steps, n, log);
	struct card *c = NULL;

	t->extended = reader;
	memcpy(t->atr, atr.p, atr.n);
	t->atr_len = atr.n;
	const enum err e = card_open(t, &c);
	if (e == OK)
		CHECK(card_info(c)->tries_user == 3);
	card_close(c);
	return e;
}

static void extended_length_is_used_where_it_is_announced(void)
{
	static const struct {
		const char *what, *sent;
		struct bytes atr;
		enum extended reader;
	} rows[] = {
	        {"both say yes",                 LONG_6E,  {extended_atr, 7}, EXTENDED_YES    },
	        {"the reader says nothing",      LONG_6E,  {extended_atr, 7}, EXTENDED_UNKNOWN},
	        {"the reader denies it",         SHORT_6E, {extended_atr, 7}, EXTENDED_NO     },
	        {"the card denies it",           SHORT_6E, {short_atr, 7},    EXTENDED_YES    },
	        {"nothing is known of the card",
	         SHORT_6E,	                         {extended_atr, 0},
	         EXTENDED_YES	                                                         },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {
		        SELECT, {rows[i].sent, WHOLE_6E, OK}
                };
		struct script_log log;

		CHECK_ROW(open_told(steps, 2, rows[i].atr, rows[i].reader, &log) == OK,
		          rows[i].what);
		CHECK_ROW(!log.wrong && log.used == 2, rows[i].what);
	}
}

static void what_extended_length_does_not_bring_is_asked_for_in_short(void)
{
	static const struct {
		const char *resp;
		enum err e, want;
	} rows[] = {
	        {"6700",   OK,            OK           },
                {"6C00",   OK,            OK           },
	        {"6B00",   OK,            OK           },
                {"6F00",   OK,            OK           },
	        {"6E00",   OK,            OK           },
                {"9000",   OK,            OK           },
	        {"4F9000", OK,            OK           }, /* cut off */
	        {NULL,     ERR_IO,        OK           },
                {NULL,     ERR_CARD_LOST, ERR_CARD_LOST},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const bool ends = rows[i].want != OK;
		const struct script_step steps[] = {
		        SELECT,
		        {LONG_6E,  rows[i].resp, rows[i].e},
		        {SHORT_6E, WHOLE_6E,     OK       }
                };
		const char *what = rows[i].resp ? rows[i].resp : err_text(rows[i].e);
		struct script_log log;

		CHECK_ROW(open_told(steps, 3, (struct bytes){extended_atr, 7},
		                    EXTENDED_YES, &log) == rows[i].want,
		          what);
		CHECK_ROW(!log.wrong && log.used == (ends ? 2U : 3U), what);
	}
}

static void a_terminated_card_is_told_whatever_the_length(void)
{
	const struct script_step steps[] = {
	        SELECT, {LONG_6E,  "6285", OK},
                 {SHORT_6E, "6285", OK}
        };
	struct script_log log;

	CHECK(open_told(steps, 3, (struct bytes){extended_atr, 7}, EXTENDED_YES, &log) ==
	      ERR_CARD_STATE);
	CHECK(!log.wrong && log.used == 3);
}

static void a_wrong_pin_is_not_sent_twice(void)
{
	PLAY(SELECT, INFO("03"), VERIFY("6982"), C4("02"));
	CHECK(opened == OK);
	CHECK(verify(c, "123456", false) == ERR_PIN_WRONG &&
	      card_info(c)->tries_user == 2);
	CHECK(verify(c, "123456", false) == ERR_PIN_WRONG && log.verifies == 1);
	END(4);
}

static void tries_are_not_spent_without_need(void)
{
	PLAY(SELECT, INFO("01"), VERIFY("63C0"), C4("00"));
	CHECK(opened == OK);
	CHECK(verify(c, "12345", true) == ERR_PIN_LENGTH);
	CHECK(verify(c, "123456", false) == ERR_PIN_LAST_TRY && log.verifies == 0);
	CHECK(verify(c, "123456", true) == ERR_PIN_BLOCKED &&
	      card_info(c)->tries_user == 0);
	CHECK(verify(c, "654321", true) == ERR_PIN_BLOCKED && log.verifies == 1);
	END(4);
}

static bool was_reset;

static enum err reset_once(struct transport *t)
{
	(void)t;
	const enum err e = was_reset ? ERR_CARD_RESET : OK;

	was_reset = false;
	return e;
}

static void after_a_reset_the_tries_are_counted_anew(void)
{
	static const struct script_step steps[] = {SELECT, INFO("03"), SELECT, C4("01")};
	struct script_log log;
	struct card *c = NULL;
	struct transport *t = double_script(steps, 4, &log);
	struct transport_ops ops = *t->ops;

	ops.alive = reset_once;
	t->ops = &ops;
	CHECK(card_open(t, &c) == OK && card_info(c)->tries_user == 3);
	was_reset = true; /* by another program, which spent two of them */
	CHECK(verify(c, "123456", false) == ERR_PIN_LAST_TRY);
	CHECK(log.verifies == 0 && card_info(c)->tries_user == 1);
	END(4);
}

static void a_verify_is_never_repeated(void)
{
	static const enum err errs[] = {ERR_IO, ERR_CARD_LOST, ERR_CARD_RESET};

	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++) {
		const struct script_step steps[] = {
		        SELECT, INFO("03"), {"00200082*", NULL, errs[i]}
                };
		struct script_log log;
		struct card *c = NULL;

		CHECK(card_open(double_script(steps, 3, &log), &c) == OK);
		CHECK(verify(c, "123456", false) == ERR_PIN_UNKNOWN);
		CHECK(card_info(c)->tries_user == 2 && log.verifies == 1 && !log.wrong);
		card_close(c);
	}
}

static void a_counter_that_cannot_be_read_is_lowered(void)
{
	PLAY(SELECT, INFO("02"), VERIFY("6982"), {"00CA00C400", NULL, ERR_CARD_LOST});
	CHECK(opened == OK);
	CHECK(verify(c, "123456", false) == ERR_PIN_WRONG &&
	      card_info(c)->tries_user == 1);
	END(4);
}

static enum err decipher_with(const char *info, const char *resp, struct secret **ret)
{
	const struct script_step steps[] = {
	        SELECT,
	        {"00CA006E00", info, OK},
	        VERIFY("9000"),
	        {"002A8086*",  resp, OK}
        };
	struct script_log log;
	struct card *c = NULL;
	uint8_t point[65] = {4};

	CHECK(card_open(double_script(steps, 4, &log), &c) == OK);
	CHECK(verify(c, "123456", false) == OK);
	enum err e = card_decipher_ecdh(c, (struct bytes){point, 65}, 32, ret);
	CHECK(!log.wrong && log.used == 4);
	card_close(c);
	return e;
}

#define OFF    AID REST_("03", P256, FPR, "D7020020") "9000"
#define ON     AID REST_("03", P256, FPR, "D7020120") "9000"
#define NO_UIF AID REST_("03", P256, FPR, "") "9000"
#define EMPTY  AID REST_("03", P256, NO_FPR, "D7020020") "9000"
#define X31    "22222222222222222222222222222222222222222222222222222222222222"
#define X32    X31 "22"

static void answers_to_ecdh_are_understood(void)
{
	static const struct {
		const char *info, *resp;
		enum err want;
	} rows[] = {
	        {OFF,    X32 "9000",          OK            },
	        {OFF,    X31 "9000",          OK            },
	        {OFF,    "04" X32 X32 "9000", OK            },
	        {OFF,    "00" X32 "9000",     OK            },
	        {OFF,    "03" X32 "9000",     OK            },
	        {OFF,    X32 X32 "9000",      OK            },
	        {OFF,    "05" X32 "9000",     ERR_FORMAT    },
	        {OFF,    "9000",              ERR_FORMAT    },
	        {OFF,    "6600",              ERR_TOUCH     },
	        {ON,     "6982",              ERR_TOUCH     },
	        {NO_UIF, "6982",              ERR_TOUCH     },
	        {OFF,    "6982",              ERR_CARD_STATE},
	        {ON,     "6985",              ERR_TOUCH     },
	        {OFF,    "6985",              ERR_CRYPTO    },
	        {EMPTY,  "6985",              ERR_CARD_STATE},
	        {EMPTY,  "6400",              ERR_CARD_STATE},
	        {OFF,    "6A80",              ERR_CRYPTO    },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_SECRET *x = NULL;

		CHECK_ROW(decipher_with(rows[i].info, rows[i].resp, &x) == rows[i].want,
		          rows[i].resp);
		CHECK_ROW((x != NULL) == (rows[i].want == OK), rows[i].resp);
		if (x)
			CHECK_ROW(secret_len(x) == 32 && secret_view(x).p[31] == 0x22,
			          rows[i].resp);
	}
}

static void send_raw(struct vcard *v, const uint8_t *cmd, size_t n)
{
	uint8_t resp[4096];

	const size_t len = vcard_apdu(v, cmd, n, resp, sizeof(resp));
	CHECK(len >= 2 && (resp[len - 2] == 0x90 || resp[len - 2] == 0x61));
}

/* An RSA key on the card, by its own means. */
static void make_key(struct vcard *v)
{
	static const uint8_t sel[] = {0, 0xa4, 4, 0, 6, 0xd2, 0x76, 0, 1, 0x24, 1};
	static const uint8_t adm[] = {0,   0x20, 0,   0x83, 8,   '1', '2',
	                              '3', '4',  '5', '6',  '7', '8'};
	static const uint8_t gen[] = {0, 0x47, 0x80, 0, 2, 0xb8, 0, 0};

	send_raw(v, sel, sizeof(sel));
	send_raw(v, adm, sizeof(adm));
	send_raw(v, gen, sizeof(gen));
	vcard_reset(v);
}

static void rsa_round_trip(const char *profile, struct card *c)
{
	AUTO_SECRET *m = pin_of("thirty-two bytes of a secret....");
	AUTO_SECRET *back = NULL;
	struct card_pubkey k = {0};
	uint8_t cg[512];
	size_t n = 0;

	CHECK_ROW(card_read_pubkey(c, CARD_KEY_DEC, &k) == OK, profile);
	CHECK_ROW(k.type == CARD_KEY_RSA, profile);
	if (k.type != CARD_KEY_RSA)
		return;
	CHECK_ROW(rsa_encrypt(k.rsa_n, k.rsa_e, m, cg, sizeof(cg), &n) == OK, profile);
	CHECK_ROW(verify(c, "654321", false) == ERR_PIN_WRONG, profile);
	CHECK_ROW(card_info(c)->tries_user == 2, profile);
	CHECK_ROW(verify(c, "123456", false) == OK, profile);
	CHECK_ROW(card_decipher_rsa(c, (struct bytes){cg, n}, &back) == OK, profile);
	CHECK_ROW(back && secret_equal(m, back), profile);
}

static void every_virtual_card_deciphers(void)
{
	static const char *const profiles[] = {
	        "default",   "outer-tags",   "gnuk-like", "smartpgp-like",
	        "pico-like", "canokey-like", "kdf"};
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct vcard *v = vcard_new(profiles[i], NULL);
		struct card *c = NULL;

		CHECK_ROW(v != NULL, profiles[i]);
		if (!v)
			continue;
		make_key(v);
		CHECK_ROW(card_open(double_vcard_transport(v, "R"), &c) == OK,
		          profiles[i]);
		if (c)
			rsa_round_trip(profiles[i], c);
		card_close(c);
		vcard_free(v);
	}
}

static void a_fault_anywhere_spends_at_most_one_try(void)
{
	for (unsigned nth = 1; nth < 12; nth++)
		for (int after = 0; after < 2; after++) {
			struct vcard *v = vcard_new("default", NULL);
			struct card *c = NULL;

			if (!v)
				return;
			struct transport *t = double_vcard_transport(v, "R");
			t = double_fault(t, nth, ERR_CARD_RESET, after != 0);
			if (card_open(t, &c) == OK)
				(void)(verify(c, "123456", false) == OK);
			CHECK(vcard_verify_count(v) <= 1);
			card_close(c);
			vcard_free(v);
		}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"an unlock costs no more than it must",
	         an_unlock_costs_no_more_than_it_must	                                                 },
	        {"SELECT answers are understood",                             select_answers_are_understood   },
	        {"a reset while opening selects again",
	         a_reset_while_opening_selects_again	                                                  },
	        {"extended length is used where it is announced",
	         extended_length_is_used_where_it_is_announced                                                },
	        {"what extended length does not bring is asked for in short",
	         what_extended_length_does_not_bring_is_asked_for_in_short                                    },
	        {"a terminated card is told whatever the length",
	         a_terminated_card_is_told_whatever_the_length                                                },
	        {"a wrong PIN is not sent twice",                             a_wrong_pin_is_not_sent_twice   },
	        {"tries are not spent without need",                          tries_are_not_spent_without_need},
	        {"after a reset the tries are counted anew",
	         after_a_reset_the_tries_are_counted_anew                                                     },
	        {"a VERIFY is never repeated",                                a_verify_is_never_repeated      },
	        {"a counter that cannot be read is lowered",
	         a_counter_that_cannot_be_read_is_lowered                                                     },
	        {"answers to ECDH are understood",                            answers_to_ecdh_are_understood  },
	        {"every virtual card deciphers",                              every_virtual_card_deciphers    },
	        {"a fault anywhere spends at most one try",
	         a_fault_anywhere_spends_at_most_one_try                                                      },
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
