/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every error has words, and the exit statuses stay what they are. */
#include <errno.h>
#include <string.h>

#include "core/err.h"
#include "tests/unit/check.h"

static void every_error_has_a_text(void)
{
	for (int e = OK; e < ERR_COUNT_; e++) {
		CHECK(err_text((enum err)e) && strlen(err_text((enum err)e)) > 0);
		CHECK(err_advice((enum err)e));
		CHECK(e == OK ? err_exit(OK) == EXIT_OK
		              : err_exit((enum err)e) != EXIT_OK);
	}
	CHECK(strcmp(err_text((enum err)1000), err_text(ERR_BUG)) == 0);
	CHECK(strstr(err_advice(ERR_BUSY), "gpgconf --kill scdaemon"));
}

static void exit_statuses_are_frozen(void)
{
	CHECK(err_exit(ERR_USAGE) == 2 && err_exit(ERR_PIN_UNKNOWN) == 3);
	CHECK(err_exit(ERR_PIN_LENGTH) == 3 && err_exit(ERR_PIN_BYTES) == 3);
	CHECK(err_exit(ERR_PIN_BLOCKED) == 4 && err_exit(ERR_CARD_LOST) == 5);
	CHECK(err_exit(ERR_WRONG_CARD) == 6 && err_exit(ERR_TAMPERED) == 7);
	CHECK(err_exit(ERR_NOT_ENROLLED) == 8 && err_exit(ERR_TOUCH) == 9);
	CHECK(err_exit(ERR_PIN_LAST_TRY) == 10 && err_exit(ERR_CARD_STATE) == 1);
	CHECK(err_exit(ERR_PASSPHRASE) == 1 && err_exit(ERR_WARNED) == 11);
}

static void only_what_the_person_typed_is_asked_again(void)
{
	CHECK(err_next(ERR_PIN_WRONG) == NEXT_ASK_AGAIN);
	CHECK(err_next(ERR_PASSPHRASE) == NEXT_ASK_AGAIN);
	CHECK(err_next(ERR_PIN_UNKNOWN) == NEXT_BACKEND);
	CHECK(err_next(ERR_SIGNATURE) == NEXT_STOP &&
	      err_next(ERR_TAMPERED) == NEXT_STOP);
}

static void errno_is_translated(void)
{
	CHECK(err_from_errno(ENOENT) == ERR_NOT_FOUND &&
	      err_from_errno(EROFS) == ERR_READ_ONLY);
	CHECK(err_from_errno(ENOSPC) == ERR_NO_SPACE && err_from_errno(EIO) == ERR_IO);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"every_error_has_a_text",                    every_error_has_a_text  },
	        {"exit_statuses_are_frozen",                  exit_statuses_are_frozen},
	        {"only_what_the_person_typed_is_asked_again",
	         only_what_the_person_typed_is_asked_again                            },
	        {"errno_is_translated",                       errno_is_translated     },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
