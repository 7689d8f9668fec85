/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How commands and answers are cut and put together. */
#include <time.h>

#include "card/apdu.h"
#include "core/clock.h"
#include "tests/unit/check.h"
#include "tests/unit/double_script.h"

#define PLAY(...)                                                                        \
	static const struct script_step steps[] = {__VA_ARGS__};                         \
	struct script_log log;                                                           \
	uint8_t buf[APDU_CAP];                                                           \
	size_t n = 0;                                                                    \
	uint16_t sw = 0;                                                                 \
	struct link l = {                                                                \
	        .t = double_script(steps, sizeof(steps) / sizeof(steps[0]), &log)}

#define END(used_)                                                                       \
	transport_close(l.t);                                                            \
	CHECK(log.closed && !log.wrong && log.used == (used_))

enum { SHORT_ANSWER = 258 };

static const uint8_t zeros[600];
static const struct apdu get = {.ins = 0xca, .p2 = 0x6e, .le = true};
static const struct apdu big = {
        .ins = 0x2a, .p1 = 0x80, .p2 = 0x86, .data = {zeros, 513},
                   .le = true
};

static void an_answer_in_parts_is_put_together(void)
{
	PLAY({"00CA006E00", "01026102", OK}, {"00C0000002", "03046101", OK},
	     {"00C0000001", "059000", OK});
	CHECK(apdu_send(&l, &get, buf, sizeof(buf), &n, &sw) == OK);
	CHECK(n == 5 && sw == SW_OK && memcmp(buf, "\1\2\3\4\5", 5) == 0);
	END(3);
}

static void a_wrong_le_is_corrected_once(void)
{
	PLAY({"00CA006E00", "6C02", OK}, {"00CA006E02", "01029000", OK});
	CHECK(apdu_send(&l, &get, buf, sizeof(buf), &n, &sw) == OK && n == 2 &&
	      sw == SW_OK);
	END(2);
}

/* Le is wrong at the command and at each part, as cards with a fixed block have it. */
static void a_wrong_le_is_corrected_at_every_part(void)
{
	PLAY({"00CA006E00", "6C02", OK}, {"00CA006E02", "01026100", OK},
	     {"00C0000000", "6C02", OK}, {"00C0000002", "03046100", OK},
	     {"00C0000000", "6C01", OK}, {"00C0000001", "059000", OK});
	CHECK(apdu_send(&l, &get, buf, sizeof(buf), &n, &sw) == OK);
	CHECK(n == 5 && sw == SW_OK && memcmp(buf, "\1\2\3\4\5", 5) == 0);
	END(6);
}

static void a_le_that_is_wrong_for_ever_ends_the_answer(void)
{
	PLAY({"00CA006E00", "01026100", OK}, {"00C0000000", "6C02", OK},
	     {"00C0000002", "6C02", OK});
	CHECK(apdu_send(&l, &get, buf, sizeof(buf), &n, &sw) == OK && sw == 0x6c02);
	END(3);
}

static void an_empty_last_part_is_fine(void)
{
	PLAY({"00CA006E00", "01026100", OK}, {"00C0000000", "9000", OK});
	CHECK(apdu_send(&l, &get, buf, sizeof(buf), &n, &sw) == OK && n == 2 &&
	      sw == SW_OK);
	END(2);
}

static void parts_without_data_are_refused(void)
{
	PLAY({"00CA006E00", "6102", OK}, {"00C0000002", "6102", OK});
	CHECK(apdu_send(&l, &get, buf, sizeof(buf), &n, &sw) == ERR_FORMAT && n == 0);
	END(2);
}

static void long_commands_are_chained(void)
{
	PLAY({"102A8086FE*", "9000", OK}, {"102A8086FE*", "9000", OK},
	     {"002A808605000000000000", "AA9000", OK});
	l.chaining = l.extended = true;
	CHECK(apdu_send(&l, &big, buf, sizeof(buf), &n, &sw) == OK && n == 1 &&
	      sw == SW_OK);
	END(3);
}

static void extended_is_used_when_only_that_is_announced(void)
{
	PLAY({"002A8086000201*", "AA9000", OK});
	l.extended = true;
	CHECK(apdu_send(&l, &big, buf, sizeof(buf), &n, &sw) == OK && n == 1);
	END(1);
}

/* Some cards announce it and do not know it, some readers choke upon it. */
static void extended_that_is_refused_is_sent_as_a_chain_once(void)
{
	static const struct {
		const char *resp;
		enum err e;
	} rows[] = {
	        {"6700", OK    },
                {"6D00", OK    },
                {NULL,   ERR_IO}
        };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {
		        {"002A8086000201*", rows[i].resp, rows[i].e},
		        {"102A8086FE*",     "9000",       OK       },
		        {"102A8086FE*",     "9000",       OK       },
		        {"002A808605*",     "AA9000",     OK       },
		};
		struct script_log log;
		uint8_t buf[APDU_CAP];
		uint16_t sw = 0;
		size_t n = 0;
		struct link l = {.t = double_script(steps, 4, &log), .extended = true};

		CHECK(apdu_send(&l, &big, buf, sizeof(buf), &n, &sw) == OK && n == 1);
		END(4);
	}
}

static void a_card_that_takes_neither_is_heard(void)
{
	PLAY({"002A8086000201*", "6700", OK}, {"102A8086FE*", "6884", OK});
	l.extended = true;
	CHECK(apdu_send(&l, &big, buf, sizeof(buf), &n, &sw) == OK && sw == SW_LENGTH);
	END(2);
}

static void other_refusals_of_extended_end_the_command(void)
{
	PLAY({"002A8086000201*", "6A80", OK});
	l.extended = true;
	CHECK(apdu_send(&l, &big, buf, sizeof(buf), &n, &sw) == OK && sw == SW_DATA);
	END(1);
}

/* --- answers that drip --- */

struct drip {
	struct transport base;
	int naps;
	int64_t until; /* the last one that it was given */
	bool later;    /* a part was given more time than the one before */
};

static enum err drip_transmit(struct transport *t, struct bytes cmd, uint8_t *resp,
                              size_t cap, size_t *ret_len)
{
	const struct timespec nap = {.tv_nsec = 20000000};
	struct drip *d = (struct drip *)(void *)t;

	(void)cmd;
	if (cap < 3)
		return ERR_IO;
	if (d->naps++ > 0 && t->until_ms > d->until)
		d->later = true;
	d->until = t->until_ms;
	(void)nanosleep(&nap, NULL);
	memcpy(resp, "\xaa\x61\x01", 3);
	*ret_len = 3;
	return OK;
}

static const struct transport_ops drip_ops = {.name = "drip", .transmit = drip_transmit};

/* Milliseconds for a command; when the conversation ends; how much there is room for. */
#define DRIP(limit, until, cap)                                                          \
	struct drip d = {                                                                \
	        .base.ops = &drip_ops, .base.reader = "R", .base.limit_ms = (limit)};    \
	const struct link l = {.t = &d.base, .until_ms = (until)};                       \
	uint8_t buf[(cap)];                                                              \
	uint16_t sw = 0;                                                                 \
	size_t n = 0

/* One limit for an answer with all its parts: 256 of them take five seconds here. */
static void an_answer_that_drips_is_given_up(void)
{
	DRIP(60, 0, APDU_CAP);

	CHECK(apdu_send(&l, &get, buf, sizeof(buf), &n, &sw) == ERR_CARD_MUTE && n == 0);
	CHECK(d.naps > 0 && d.naps < 10 && !d.later && d.until > 0);
	CHECK(d.base.until_ms == 0 && d.base.limit_ms == 60);
}

/* And one for all commands together, where there is one. */
static void a_conversation_that_drips_is_given_up(void)
{
	DRIP(0, clock_ms() + 60, APDU_CAP);

	CHECK(apdu_send(&l, &get, buf, sizeof(buf), &n, &sw) == ERR_CARD_MUTE);
	CHECK(d.naps < 10);
	d.naps = 0;
	CHECK(apdu_send(&l, &get, buf, sizeof(buf), &n, &sw) == ERR_CARD_MUTE);
	CHECK(d.naps == 0);
}

/* A touch may take a minute; what was computed then does not. */
static void parts_are_not_waited_for_as_long_as_a_touch(void)
{
	DRIP(60000, 0, SHORT_ANSWER);

	const int64_t first = clock_ms();
	CHECK(apdu_send(&l, &get, buf, sizeof(buf), &n, &sw) == ERR_FORMAT); /* full */
	CHECK(d.until < first + 2 * APDU_MS && d.until >= first + APDU_MS);
}

static void a_reader_that_says_no_gets_a_chain(void)
{
	PLAY({"102A8086FE*", "9000", OK}, {"102A8086FE*", "9000", OK},
	     {"002A808605*", "AA9000", OK});
	l.extended = true;
	l.t->extended = EXTENDED_NO;
	CHECK(apdu_send(&l, &big, buf, sizeof(buf), &n, &sw) == OK && n == 1);
	END(3);
}

static void a_refused_chain_is_sent_extended_once(void)
{
	PLAY({"102A8086FE*", "6884", OK}, {"002A8086000201*", "6884", OK});
	CHECK(apdu_send(&l, &big, buf, sizeof(buf), &n, &sw) == OK && sw == 0x6884);
	END(2);
}

static void other_refusals_of_a_block_end_the_command(void)
{
	PLAY({"102A8086FE*", "6982", OK});
	CHECK(apdu_send(&l, &big, buf, sizeof(buf), &n, &sw) == OK && sw == 0x6982);
	END(1);
}

static void once_means_once(void)
{
	PLAY({"00200082*", "6C10", OK});
	const uint8_t cmd[] = {0, 0x20, 0, 0x82, 1, 'x'};
	CHECK(apdu_once(&l, (struct bytes){cmd, sizeof(cmd)}, &sw) == OK && sw == 0x6c10);
	(void)n;
	(void)buf;
	END(1);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"an answer in parts is put together",
	         an_answer_in_parts_is_put_together                                                  },
	        {"a wrong Le is corrected once",                     a_wrong_le_is_corrected_once    },
	        {"a wrong Le is corrected at every part",
	         a_wrong_le_is_corrected_at_every_part                                               },
	        {"a Le that is wrong for ever ends the answer",
	         a_le_that_is_wrong_for_ever_ends_the_answer                                         },
	        {"extended that is refused is sent as a chain once",
	         extended_that_is_refused_is_sent_as_a_chain_once                                    },
	        {"a card that takes neither is heard",
	         a_card_that_takes_neither_is_heard                                                  },
	        {"other refusals of extended end the command",
	         other_refusals_of_extended_end_the_command                                          },
	        {"an answer that drips is given up",                 an_answer_that_drips_is_given_up},
	        {"a conversation that drips is given up",
	         a_conversation_that_drips_is_given_up                                               },
	        {"parts are not waited for as long as a touch",
	         parts_are_not_waited_for_as_long_as_a_touch                                         },
	        {"an empty last part is fine",                       an_empty_last_part_is_fine      },
	        {"parts without data are refused",                   parts_without_data_are_refused  },
	        {"long commands are chained",                        long_commands_are_chained       },
	        {"extended is used when only that is announced",
	         extended_is_used_when_only_that_is_announced                                        },
	        {"a reader that says no gets a chain",
	         a_reader_that_says_no_gets_a_chain                                                  },
	        {"a refused chain is sent extended once",
	         a_refused_chain_is_sent_extended_once                                               },
	        {"other refusals of a block end the command",
	         other_refusals_of_a_block_end_the_command                                           },
	        {"once means once",                                  once_means_once                 },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
