/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How commands and answers are cut and put together. */
#include "card/apdu.h"
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
	         an_answer_in_parts_is_put_together                                            },
	        {"a wrong Le is corrected once",                 a_wrong_le_is_corrected_once  },
	        {"an empty last part is fine",                   an_empty_last_part_is_fine    },
	        {"parts without data are refused",               parts_without_data_are_refused},
	        {"long commands are chained",                    long_commands_are_chained     },
	        {"extended is used when only that is announced",
	         extended_is_used_when_only_that_is_announced                                  },
	        {"a reader that says no gets a chain",
	         a_reader_that_says_no_gets_a_chain                                            },
	        {"a refused chain is sent extended once",
	         a_refused_chain_is_sent_extended_once                                         },
	        {"other refusals of a block end the command",
	         other_refusals_of_a_block_end_the_command                                     },
	        {"once means once",                              once_means_once               },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
