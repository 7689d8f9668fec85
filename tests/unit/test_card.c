/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening a card, in short and in extended length, and one whole unlock: on scripts and
 * on every virtual card. */
#include "card/card.h"

#include "crypto/crypto.h"
#include "tests/unit/card_lines.h"
#include "tests/unit/check.h"
#include "tests/unit/double_vcard.h"

static void an_unlock_costs_no_more_than_it_must(void)
{
	PLAY(SEL, INFO("03"), VERIFIES("9000"),
	     {"002A808648A6467F49438641*",
	      "11111111111111111111111111111111"
	      "111111111111111111111111111111119000",
	      OK});
	uint8_t point[65] = {4};
	AUTO_SECRET *x = NULL;

	CHECK(opened == OK && strcmp(card_info(c)->ident, "000F:12345678") == 0);
	CHECK(verify_pin(c, "123456", false) == OK);
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
	PLAY(SEL, {SIX_E, NULL, ERR_CARD_RESET}, SEL, INFO("03"));
	CHECK(opened == OK);
	END(4);
}

#define LONG_6E  "00CA006E000800"
#define WHOLE_6E SIX_E_("03", C2_P256, FPR, "D7020020")

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
	        {"both say yes",                 LONG_6E, {extended_atr, 7}, EXTENDED_YES    },
	        {"the reader says nothing",      LONG_6E, {extended_atr, 7}, EXTENDED_UNKNOWN},
	        {"the reader denies it",         SIX_E,   {extended_atr, 7}, EXTENDED_NO     },
	        {"the card denies it",           SIX_E,   {short_atr, 7},    EXTENDED_YES    },
	        {"nothing is known of the card", SIX_E,   {extended_atr, 0}, EXTENDED_YES    },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {
		        SEL, {rows[i].sent, WHOLE_6E, OK}
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
		        SEL, {LONG_6E, rows[i].resp, rows[i].e},
                         {SIX_E,   WHOLE_6E,     OK       }
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
	        SEL, {LONG_6E, "6285", OK},
                 {SIX_E,   "6285", OK}
        };
	struct script_log log;

	CHECK(open_told(steps, 3, (struct bytes){extended_atr, 7}, EXTENDED_YES, &log) ==
	      ERR_CARD_STATE);
	CHECK(!log.wrong && log.used == 3);
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
	CHECK_ROW(verify_pin(c, "654321", false) == ERR_PIN_WRONG, profile);
	CHECK_ROW(card_info(c)->tries_user == 2, profile);
	CHECK_ROW(verify_pin(c, "123456", false) == OK, profile);
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

int main(void)
{
	static const struct check_case cases[] = {
	        {"an unlock costs no more than it must",
	         an_unlock_costs_no_more_than_it_must	                                              },
	        {"SELECT answers are understood",                             select_answers_are_understood},
	        {"a reset while opening selects again",
	         a_reset_while_opening_selects_again	                                               },
	        {"extended length is used where it is announced",
	         extended_length_is_used_where_it_is_announced                                             },
	        {"what extended length does not bring is asked for in short",
	         what_extended_length_does_not_bring_is_asked_for_in_short                                 },
	        {"a terminated card is told whatever the length",
	         a_terminated_card_is_told_whatever_the_length                                             },
	        {"every virtual card deciphers",                              every_virtual_card_deciphers },
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
