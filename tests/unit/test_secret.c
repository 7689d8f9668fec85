/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secrets are bounded, wiped when cut, and fenced. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/secret.h"
#include "tests/unit/check.h"

static void shrinking_wipes_the_tail(void)
{
	AUTO_SECRET *s = NULL;

	CHECK(secret_new(16, &s) == OK && secret_cap(s) == 16 && secret_len(s) == 0);
	CHECK(secret_set_len(s, 16) == OK);
	memset(secret_buf(s), 0xaa, 16);
	CHECK(secret_set_len(s, 4) == OK);
	CHECK(secret_buf(s)[3] == 0xaa && secret_buf(s)[4] == 0 &&
	      secret_buf(s)[15] == 0);
	CHECK(secret_set_len(s, 17) == ERR_BUG && secret_len(s) == 4);
}

static void copies_are_equal_and_may_be_empty(void)
{
	const struct bytes b = {(const uint8_t *)"abc", 3};
	AUTO_SECRET *x = NULL;
	AUTO_SECRET *y = NULL;
	AUTO_SECRET *none = NULL;

	CHECK(secret_copy(b, &x) == OK && secret_copy(b, &y) == OK);
	CHECK(secret_copy((struct bytes){NULL, 0}, &none) == OK && secret_len(none) == 0);
	CHECK(secret_equal(x, y) && !secret_equal(x, none));
	secret_buf(y)[2] ^= 1;
	CHECK(!secret_equal(x, y));
}

static void sizes_are_bounded(void)
{
	struct secret *s = NULL;

	CHECK(secret_new(0, &s) == ERR_BUG &&
	      secret_new(SECRET_MAX + 1U, &s) == ERR_BUG && !s);
	CHECK(!secret_free(NULL));
}

static void one_byte_too_far_faults(void)
{
	int status = 0;
	const pid_t pid = fork();

	if (pid == 0) {
		struct secret *s = NULL;

		(void)signal(SIGSEGV, SIG_DFL);
		if (secret_new(10, &s) != OK)
			_exit(1);
		((volatile uint8_t *)secret_buf(s))[10] = 1;
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"shrinking_wipes_the_tail",          shrinking_wipes_the_tail         },
	        {"copies_are_equal_and_may_be_empty", copies_are_equal_and_may_be_empty},
	        {"sizes_are_bounded",                 sizes_are_bounded                },
	        {"one_byte_too_far_faults",           one_byte_too_far_faults          },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
