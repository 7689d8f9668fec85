/* SPDX-License-Identifier: GPL-2.0-or-later */
/* card/pcsc.c against a service that fails, lies, restarts and lets others interfere. */
#include <stdio.h>

#include "tests/unit/check.h"
#include "tests/unit/double_pcsc.h"

static enum err transmit(struct transport *t, size_t *ret_len)
{
	static const uint8_t cmd[] = {0, 0xca, 0, 0x6e, 0};
	uint8_t resp[64];

	return t->ops->transmit(t, (struct bytes){cmd, sizeof(cmd)}, resp, sizeof(resp),
	                        ret_len);
}

static void a_connect_that_fails_says_why_and_keeps_nothing(void)
{
	static const struct {
		const char *what;
		enum fake_fn at;
		LONG rv;
		enum err want;
	} rows[] = {
	        {"scdaemon has it",     CONNECT,   SCARD_E_SHARING_VIOLATION,  ERR_BUSY      },
	        {"scdaemon is at it",   BEGIN,     SCARD_E_SHARING_VIOLATION,  ERR_BUSY      },
	        {"no card",             CONNECT,   SCARD_E_NO_SMARTCARD,       ERR_NO_CARD   },
	        {"taken out meanwhile", BEGIN,     SCARD_W_REMOVED_CARD,       ERR_NO_CARD   },
	        {"mute",                CONNECT,   SCARD_W_UNRESPONSIVE_CARD,  ERR_CARD_STATE},
	        {"unpowered",           CONNECT,   SCARD_W_UNPOWERED_CARD,     ERR_CARD_STATE},
	        {"neither T=0 nor T=1", CONNECT,   SCARD_E_PROTO_MISMATCH,     ERR_CARD_STATE},
	        {"reader gone",         CONNECT,   SCARD_E_UNKNOWN_READER,     ERR_NO_READER },
	        {"reader going",        BEGIN,     SCARD_E_READER_UNAVAILABLE, ERR_NO_READER },
	        {"service gone",        CONNECT,   SCARD_E_NO_SERVICE,         ERR_NO_SERVICE},
	        {"service going",       BEGIN,     SCARD_F_COMM_ERROR,         ERR_NO_SERVICE},
	        {"service not there",   ESTABLISH, SCARD_E_NO_SERVICE,         ERR_NO_SERVICE},
	        {"service full",        ESTABLISH, SCARD_E_NO_MEMORY,          ERR_NOMEM     },
	        {"no memory",           CONNECT,   SCARD_E_NO_MEMORY,          ERR_NOMEM     },
	        {"whatever else",       CONNECT,   SCARD_F_UNKNOWN_ERROR,      ERR_IO        },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct readers *r = fake_open();
		struct transport *t = NULL;

		fake.rv[rows[i].at][0] = rows[i].rv;
		CHECK_ROW(fake_connect(r, &t) == rows[i].want && !t, rows[i].what);
		CHECK_ROW(fake.cards == 0 && fake.transactions == 0, rows[i].what);
		CHECK_ROW(fake.resets == 0, rows[i].what);
		fake_close(NULL, r);
	}
}

static void a_card_that_another_program_reset_is_taken_up_again(void)
{
	struct readers *r = fake_open();
	struct transport *t = NULL;
	size_t n = 9;

	fake.rv[BEGIN][0] = fake.rv[BEGIN][1] = SCARD_W_RESET_CARD;
	CHECK(fake_connect(r, &t) == OK && !t->t0);
	CHECK(fake.calls[RECONNECT] == 2 && fake.transactions == 1);

	fake.rv[TRANSMIT][0] = SCARD_W_RESET_CARD;
	fake.protocol = SCARD_PROTOCOL_T0; /* what it came up with this time */
	CHECK(transmit(t, &n) == ERR_CARD_RESET && n == 9);
	CHECK(fake.calls[TRANSMIT] == 1); /* nothing is sent twice */
	CHECK(fake.calls[RECONNECT] == 3 && fake.transactions == 2);
	CHECK(t->t0 && t->extended == EXTENDED_NO);
	CHECK(transmit(t, &n) == OK && n == 2 && fake.pci == SCARD_PCI_T0);

	fake.calls[STATUS] = 0;
	fake.rv[STATUS][0] = SCARD_W_RESET_CARD;
	CHECK(t->ops->alive(t) == ERR_CARD_RESET && fake.calls[RECONNECT] == 4);
	CHECK(t->ops->alive(t) == OK);

	fake.rv[STATUS][2] = SCARD_W_RESET_CARD;
	fake.rv[RECONNECT][4] = SCARD_W_REMOVED_CARD;
	CHECK(t->ops->alive(t) == ERR_CARD_LOST);
	fake_close(t, r);
}

static void a_card_that_is_reset_for_ever_is_busy(void)
{
	struct readers *r = fake_open();
	struct transport *t = NULL;

	for (int i = 0; i < FAKE_TURNS; i++)
		fake.rv[BEGIN][i] = SCARD_W_RESET_CARD;
	CHECK(fake_connect(r, &t) == ERR_BUSY && !t && fake.calls[BEGIN] < FAKE_TURNS);
	fake_close(NULL, r);
}

static void what_goes_wrong_in_the_middle_is_told_apart(void)
{
	static const struct {
		const char *what;
		LONG rv;
		enum err want;
	} rows[] = {
	        {"taken out",      SCARD_W_REMOVED_CARD,        ERR_CARD_LOST},
	        {"no card",        SCARD_E_NO_SMARTCARD,        ERR_CARD_LOST},
	        {"mute",           SCARD_W_UNRESPONSIVE_CARD,   ERR_CARD_LOST},
	        {"unplugged",      SCARD_E_READER_UNAVAILABLE,  ERR_CARD_LOST},
	        {"service gone",   SCARD_E_NO_SERVICE,          ERR_CARD_LOST},
	        {"handle gone",    SCARD_E_INVALID_HANDLE,      ERR_CARD_LOST},
	        {"garbled",        SCARD_E_NOT_TRANSACTED,      ERR_IO       },
	        {"answer too big", SCARD_E_INSUFFICIENT_BUFFER, ERR_IO       },
	        {"held",           SCARD_E_SHARING_VIOLATION,   ERR_IO       },
	        {"no memory",      SCARD_E_NO_MEMORY,           ERR_NOMEM    },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct readers *r = fake_open();
		struct transport *t = NULL;
		size_t n = 9;

		CHECK_ROW(fake_connect(r, &t) == OK, rows[i].what);
		fake.rv[TRANSMIT][0] = rows[i].rv;
		CHECK_ROW(transmit(t, &n) == rows[i].want && n == 9, rows[i].what);
		CHECK_ROW(fake.calls[TRANSMIT] == 1, rows[i].what);
		fake_close(t, r);
	}
}

static void a_length_that_lies_is_an_error(void)
{
	static const struct {
		size_t n;
		DWORD claims;
		enum err want;
	} rows[] = {
	        {0,  0,      ERR_CARD_LOST}, /* some drivers: pulled out */
	        {1,  0,      ERR_IO       },
                {2,  0,      OK           },
                {64, 0,      OK           },
	        {64, 65,     ERR_IO       },
                {64, 100000, ERR_IO       },
	};
	static const char bytes[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct readers *r = fake_open();
		struct transport *t = NULL;
		char what[32];
		size_t n = 9;

		(void)snprintf(what, sizeof(what), "row %zu", i);
		CHECK_ROW(fake_connect(r, &t) == OK, what);
		fake.answer = (struct said){bytes, rows[i].n, rows[i].claims};
		CHECK_ROW(transmit(t, &n) == rows[i].want, what);
		CHECK_ROW(n == (rows[i].want == OK ? rows[i].n : 9), what);
		fake_close(t, r);
	}
}

static void a_card_that_is_out_is_not_alive(void)
{
	struct readers *r = fake_open();
	struct transport *t = NULL;

	CHECK(fake_connect(r, &t) == OK && t->ops->alive(t) == OK);
	fake.state = SCARD_ABSENT;
	CHECK(t->ops->alive(t) == ERR_CARD_LOST);
	fake.state = SCARD_PRESENT;
	fake.rv[STATUS][fake.calls[STATUS]] = SCARD_W_REMOVED_CARD;
	CHECK(t->ops->alive(t) == ERR_CARD_LOST);
	fake_close(t, r);
}

static void close_resets_exactly_once(void)
{
	static const LONG ends[] = {SCARD_S_SUCCESS, SCARD_E_NOT_TRANSACTED,
	                            SCARD_W_RESET_CARD, SCARD_W_REMOVED_CARD};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct readers *r = fake_open();
		struct transport *t = NULL;

		CHECK(fake_connect(r, &t) == OK && fake.resets == 0 && fake.cards == 1);
		fake.rv[END][0] = ends[i];
		CHECK(transport_close(t) == NULL);
		CHECK(fake.resets == 1 && fake.cards == 0 && fake.calls[END] == 1);
		fake_close(NULL, r);
	}
}

enum { NO = EXTENDED_NO, YES = EXTENDED_YES, UNKNOWN = EXTENDED_UNKNOWN };
#define FEATURE "\x12\4\x42\x33\0\x12"

static void what_a_reader_says_of_long_commands_is_read_with_care(void)
{
	static const struct {
		const char *what;
		struct said features, properties;
		unsigned int want;
	} rows[] = {
	        {"65536",           SAYS("\6\4\0\0\0\1" FEATURE), SAYS("\x0a\4\0\0\1\0"),        YES    },
	        {"behind another",  SAYS(FEATURE),                SAYS("\1\2\0\0\x0a\2\1\1"),    YES    },
	        {"none",            SAYS(FEATURE),                SAYS("\x0a\4\0\0\0\0"),        NO     },
	        {"256",             SAYS(FEATURE),                SAYS("\x0a\2\0\1"),            UNKNOWN},
	        {"empty",           SAYS(FEATURE),                SAYS("\x0a\0"),                UNKNOWN},
	        {"5 bytes",         SAYS(FEATURE),                SAYS("\x0a\5\0\0\1\0\0"),      UNKNOWN},
	        {"cut off",         SAYS(FEATURE),                SAYS("\x0a\4\0\0\1"),          UNKNOWN},
	        {"half a header",   SAYS(FEATURE),                SAYS("\x0a"),                  UNKNOWN},
	        {"nothing",         SAYS(FEATURE),                SAYS(""),                      UNKNOWN},
	        {"too much",        SAYS(FEATURE),                {"\x0a\4\0\0\1\0", 6, 100000}, UNKNOWN},
	        {"no features",     SAYS(""),                     SAYS("\x0a\4\0\0\1\0"),        UNKNOWN},
	        {"feature cut off", SAYS("\x12\4\x42\x33\0"),     SAYS(""),                      UNKNOWN},
	        {"feature of 3",    SAYS("\x12\3\x42\x33\0"),     SAYS(""),                      UNKNOWN},
	        {"too many",        {FEATURE, 6, 100000},         SAYS(""),                      UNKNOWN},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct readers *r = fake_open();
		struct transport *t = NULL;

		fake.features = rows[i].features;
		fake.properties = rows[i].properties;
		CHECK_ROW(fake_connect(r, &t) == OK, rows[i].what);
		CHECK_ROW(t && t->extended == rows[i].want, rows[i].what);
		fake_close(t, r);
	}
}

static void an_answer_to_reset_that_lies_is_none(void)
{
	static const char atr[ATR_MAX] = "\x3b\x80\x80\1\1";
	static const struct {
		struct said atr;
		size_t want;
	} rows[] = {
	        {{atr, 5, 0},           5      },
	        {{atr, ATR_MAX, 0},     ATR_MAX},
	        {{atr, 5, ATR_MAX + 1}, 0      }
        };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct readers *r = fake_open();
		struct transport *t = NULL;

		fake.atr = rows[i].atr;
		CHECK(fake_connect(r, &t) == OK && t && t->atr_len == rows[i].want);
		fake_close(t, r);
	}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a_connect_that_fails_says_why_and_keeps_nothing",
	         a_connect_that_fails_says_why_and_keeps_nothing                                         },
	        {"a_card_that_another_program_reset_is_taken_up_again",
	         a_card_that_another_program_reset_is_taken_up_again                                     },
	        {"a_card_that_is_reset_for_ever_is_busy",
	         a_card_that_is_reset_for_ever_is_busy                                                   },
	        {"what_goes_wrong_in_the_middle_is_told_apart",
	         what_goes_wrong_in_the_middle_is_told_apart                                             },
	        {"a_length_that_lies_is_an_error",                        a_length_that_lies_is_an_error },
	        {"a_card_that_is_out_is_not_alive",                       a_card_that_is_out_is_not_alive},
	        {"close_resets_exactly_once",                             close_resets_exactly_once      },
	        {"what_a_reader_says_of_long_commands_is_read_with_care",
	         what_a_reader_says_of_long_commands_is_read_with_care                                   },
	        {"an_answer_to_reset_that_lies_is_none",
	         an_answer_to_reset_that_lies_is_none                                                    },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
