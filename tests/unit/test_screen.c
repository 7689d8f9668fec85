/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows broken at a screen's width, and the words of every fault that doctor knows. */
#include "cli/screen.h"

#include <string.h>

#include "cli/doctor.h"
#include "tests/unit/check.h"

static void words_are_not_broken(void)
{
	static const struct {
		const char *what, *text, *want;
		size_t from, indent, columns;
	} rows[] = {
	        {"it fits",               "one two",                    "one two",           0, 2, 7 },
	        {"one column too long",   "one two",                    "one\n  two",        0, 2, 6 },
	        {"part is taken",         "one two",                    "one\n  two",        1, 2, 7 },
	        {"the indent counts",     "one two three",              "one two\n  three",  0, 2, 7 },
	        {"a word that is wider",  "one-two-three",              "one-two-three",     0, 2, 5 },
	        {"behind one",            "a one-two b",                "a\n  one-two\n  b", 0, 2, 5 },
	        {"characters, not bytes", "\xc3\xa4\xc3\xb6\xc3\xbc x",
	         "\xc3\xa4\xc3\xb6\xc3\xbc x",	                                       0, 2, 5 },
	        {"blanks stay",           "a  b",                       "a  b",              0, 0, 80},
	        {"nothing",               "",                           "",                  0, 4, 80},
	};
	char out[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		screen_break(rows[i].text, rows[i].from, rows[i].indent, rows[i].columns,
		             out, sizeof(out));
		CHECK_ROW(strcmp(out, rows[i].want) == 0, rows[i].what);
	}
}

static void what_does_not_fit_is_cut(void)
{
	char out[8];

	memset(out, 'x', sizeof(out));
	screen_break("one two three four", 0, 0, 80, out, sizeof(out));
	CHECK(strlen(out) < sizeof(out) && strncmp(out, "one", 3) == 0);
}

/* Scripts go by the names; people by the words. */
static void every_fault_has_a_name_of_its_own_and_words(void)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";

	for (int f = 0; f < FAULTS_; f++) {
		const struct fault_row *row = fault_row((enum fault)f);

		CHECK(row->id != NULL);
		if (!row->id)
			continue;
		CHECK_ROW(strspn(row->id, letters) == strlen(row->id), row->id);
		CHECK_ROW(strlen(row->why) > 10 && row->why[strlen(row->why) - 1] == '.',
		          row->id);
		CHECK_ROW(strlen(row->mend) > 5 && row->level < DOCTOR_LEVELS_, row->id);
		for (int g = 0; g < f; g++)
			CHECK_ROW(strcmp(row->id, fault_row((enum fault)g)->id) != 0,
			          row->id);
	}
	for (int l = 0; l < DOCTOR_LEVELS_; l++)
		CHECK(strlen(doctor_level_text((enum doctor_level)l)) > 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"words_are_not_broken",                        words_are_not_broken    },
	        {"what_does_not_fit_is_cut",                    what_does_not_fit_is_cut},
	        {"every_fault_has_a_name_of_its_own_and_words",
	         every_fault_has_a_name_of_its_own_and_words                            },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
