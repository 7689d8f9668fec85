/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers from pipes: a line each, never a byte too many. */
#include <fcntl.h>
#include <unistd.h>

#include "core/ask.h"
#include "tests/unit/check.h"

static const struct ask_question pin = {
        .kind = ASK_USER_PIN, .tries_left = 3, .min = 4, .max = 8};
static const struct ask_question pass = {
        .kind = ASK_PASSPHRASE, .tries_left = -1, .min = 1, .max = 20};

static void feed(int fd, const char *text)
{
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static enum err get(struct ask *a, const struct ask_question *q, const char *want)
{
	AUTO_SECRET *s = NULL;
	const enum err e = ask_wait(a, q, 20, &s);

	if (e == OK)
		CHECK(bytes_equal(secret_view(s),
		                  (struct bytes){(const uint8_t *)want, strlen(want)}));
	return e;
}

static void lines_are_taken_one_by_one(void)
{
	int p[2];
	char rest[8];
	struct ask *a = NULL;

	CHECK(pipe2(p, O_CLOEXEC) == 0 && ask_open_fds(p[0], p[0], NULL, &a) == OK);
	feed(p[1], "123456\r\n12\npass\r\nrest");
	CHECK(get(a, &pin, "123456") == OK);
	CHECK(get(a, &pin, "") == ERR_PIN_LENGTH);
	CHECK(get(a, &pass, "pass\r") == OK);
	CHECK(read(p[0], rest, 8) == 4);
	a = ask_close(a);
	(void)close(p[0]);
	(void)close(p[1]);
}

static void a_pin_that_nobody_can_type_is_no_pin(void)
{
	static const struct {
		const char *what, *line;
		size_t n;
		const char *was;
	} rows[] = {
	        {"a NUL behind it",  "123456\0\n",      8,  ""           },
	        {"a NUL within",     "123\0ab\n",       7,  ""           },
	        {"a NUL alone",      "\0\n",            2,  ""           },
	        {"a tab",            "123\t456\n",      8,  "123\t456"   },
	        {"an escape",        "\033[A1234\n",    8,  "\033[A1234" },
	        {"a back-space",     "1234567\b\n",     9,  "1234567\b"  },
	        {"a DEL",            "1234567\x7f\n",   9,  "1234567\x7f"},
	        {"two CRs",          "12345\r\r\n",     8,  "12345\r"    },
	        {"too long as well", "12345678901\0\n", 13, ""           },
	};
	static const struct ask_question
	        any = {.kind = ASK_TPM_PIN, .min = 1, .max = 8, .bytes = ASK_ANY},
	        fresh = {.kind = ASK_USER_PIN, .min = 1, .max = 8, .bytes = ASK_TYPED};
	AUTO_SECRET *s = NULL;
	int p[2];
	struct ask *a = NULL;

	CHECK(pipe2(p, O_CLOEXEC) == 0 && ask_open_fds(p[0], p[0], NULL, &a) == OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK(write(p[1], rows[i].line, rows[i].n) == (ssize_t)rows[i].n);
		CHECK_ROW(get(a, &fresh, "") == ERR_PIN_BYTES, rows[i].what);
		CHECK(write(p[1], rows[i].line, rows[i].n) == (ssize_t)rows[i].n);
		/* One of before is what it was set to, but for a NUL. */
		const bool nul = memchr(rows[i].line, 0, rows[i].n) != NULL;
		CHECK_ROW((get(a, &pin, rows[i].was) == ERR_PIN_BYTES) == nul,
		          rows[i].what);
	}
	feed(p[1], "12\xc3\xa9~~\r\n12\xc3\xa9~~\r\n12\t\n");
	CHECK(get(a, &fresh, "12\xc3\xa9~~") == OK);
	CHECK(get(a, &pin, "12\xc3\xa9~~") == OK);
	CHECK(get(a, &pass, "12\t") == OK); /* a passphrase may be any bytes */
	CHECK(write(p[1], "12\0\n", 4) == 4);
	CHECK(ask_wait(a, &any, 20, &s) == OK && secret_len(s) == 3);
	a = ask_close(a);
	(void)close(p[0]);
	(void)close(p[1]);
}

static void half_a_line_survives_a_withdraw(void)
{
	int p[2];
	struct ask *a = NULL;

	CHECK(pipe2(p, O_CLOEXEC) == 0 && ask_open_fds(p[0], -1, NULL, &a) == OK);
	feed(p[1], "123");
	CHECK(get(a, &pin, "") == ERR_TIMEOUT);
	feed(p[1], "456");
	CHECK(get(a, &pin, "") == ERR_TIMEOUT);
	(void)close(p[1]);
	CHECK(get(a, &pin, "123456") == OK); /* the end ends a line too */
	CHECK(get(a, &pin, "") == ERR_CANCELLED);
	CHECK(get(a, &pass, "") == ERR_UNSUPPORTED);
	CHECK(a && !a->ops->interactive(a, ASK_USER_PIN));
	a = ask_close(a);
	(void)close(p[0]);
}

static void a_line_without_end_ends_the_descriptor(void)
{
	static char much[9000];
	int p[2];
	struct ask *a = NULL;

	memset(much, 'x', sizeof(much) - 1);
	CHECK(pipe2(p, O_CLOEXEC) == 0 && ask_open_fds(-1, p[0], NULL, &a) == OK);
	feed(p[1], much);
	CHECK(get(a, &pass, "") == ERR_USAGE);
	feed(p[1], "\nok\n");
	CHECK(get(a, &pass, "") == ERR_CANCELLED);
	a = ask_close(a);
	(void)close(p[0]);
	(void)close(p[1]);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"lines_are_taken_one_by_one",             lines_are_taken_one_by_one     },
	        {"a_pin_that_nobody_can_type_is_no_pin",
	         a_pin_that_nobody_can_type_is_no_pin                                     },
	        {"half_a_line_survives_a_withdraw",        half_a_line_survives_a_withdraw},
	        {"a_line_without_end_ends_the_descriptor",
	         a_line_without_end_ends_the_descriptor                                   },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
