/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sentences: all there, filled in, and no stranger's text drives the terminal. */
#include "unlock/words.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/check.h"

static const struct words_args all = {
        .reader = "Nitrokey 3 00 00",
        .card = "000F:12345678",
        .disk = "sda2_crypt",
        .text = "out of order",
        .n = 2,
        .m = 64,
};

static void every_sentence_is_there_and_fits(void)
{
	for (int i = 0; i < WORDS_COUNT_; i++) {
		char out[SENTENCE_MAX], name[24];

		(void)snprintf(name, sizeof(name), "sentence %d", i);
		CHECK_ROW(words_template((enum words)i)[0] != '\0', name);
		CHECK_ROW(strlen(words_fill((enum words)i, &all, out, sizeof(out))) <
		                  SENTENCE_MAX - 64,
		          name);
		CHECK_ROW(!strchr(out, '%'), name);
		/* Without arguments too. */
		CHECK_ROW(words_fill((enum words)i, NULL, out, sizeof(out))[0] != '\0',
		          name);
	}
	CHECK(words_template(WORDS_COUNT_)[0] == '\0');
}

static void arguments_are_filled_in(void)
{
	char out[SENTENCE_MAX];

	CHECK(strcmp(words_fill(WORDS_PIN_WRONG, &all, out, sizeof(out)),
	             "Wrong PIN. Card 000F:12345678 has 2 tries left.") == 0);
	CHECK(strcmp(words_fill(WORDS_TOUCH, &all, out, sizeof(out)),
	             "Touch the dongle now.") == 0);
	CHECK(strstr(words_fill(WORDS_BUSY, &all, out, sizeof(out)),
	             "gpgconf --kill scdaemon"));
	CHECK(strstr(out, "Nitrokey 3 00 00") != NULL);
	CHECK(strstr(words_fill(WORDS_KDF_CHANGED, &all, out, sizeof(out)), "(KDF)") !=
	      NULL);
}

static void what_is_strange_is_told_as_a_sentence(void)
{
	char out[SENTENCE_MAX];
	const struct words_args odd = {.disk = "a", .text = "It is read in plain."};

	(void)words_fill(WORDS_STRANGE, &odd, out, sizeof(out));
	CHECK(strncmp(out, "a is refused. It is read in plain. Type no PIN", 46) == 0);
}

static void control_characters_of_strangers_do_not_pass(void)
{
	char out[SENTENCE_MAX];
	const struct words_args evil = {.card = "a\x1b[2Jb\x7f\xc2\x9b%n",
	                                .reader = "x\ny"};

	(void)words_fill(WORDS_SEVERAL_ONE, &evil, out, sizeof(out));
	CHECK(strcmp(out, "  card a?[2Jb?\xc2?%n in x?y") == 0);
}

static void a_small_buffer_is_filled_and_ended(void)
{
	char out[6] = "";

	CHECK(strcmp(words_fill(WORDS_TOUCH, NULL, out, sizeof(out)), "Touch") == 0);
	CHECK(strcmp(words_fill(WORDS_TOUCH, NULL, out, 1), "") == 0);
	CHECK(strcmp(words_fill(WORDS_TOUCH, NULL, out, 0), "") == 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"every sentence is there and fits",            every_sentence_is_there_and_fits},
	        {"arguments are filled in",                     arguments_are_filled_in         },
	        {"what is strange is told as a sentence",
	         what_is_strange_is_told_as_a_sentence                                          },
	        {"control characters of strangers do not pass",
	         control_characters_of_strangers_do_not_pass                                    },
	        {"a small buffer is filled and ended",
	         a_small_buffer_is_filled_and_ended                                             },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
