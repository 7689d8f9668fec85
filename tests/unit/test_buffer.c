/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes that grow: whole, in order, and an end to growing that sticks. */
#include "core/buffer.h"
#include "tests/unit/check.h"

static void what_is_added_comes_out_in_order(void)
{
	AUTO_BUFFER b = {0};

	for (int i = 0; i < 5000; i++)
		buffer_format(&b, "%04d", i);
	buffer_text(&b, "end");
	CHECK(buffer_ok(&b) == OK && b.n == 5000 * 4 + 3);
	CHECK(memcmp(b.p, "00000001", 8) == 0);
	CHECK(memcmp(b.p + 4998 * 4, "49984999end", 11) == 0);
}

static void what_fills_it_exactly_fits(void)
{
	static const uint8_t block[1024];
	AUTO_BUFFER b = {0};

	buffer_add(&b, block, sizeof(block));
	buffer_add(&b, block, sizeof(block));
	buffer_text(&b, "");
	buffer_format(&b, "%s", "x");
	CHECK(buffer_ok(&b) == OK && b.n == 2049 && b.p[2048] == 'x');
}

static void too_much_is_an_error_that_sticks(void)
{
	static const uint8_t one = 1;
	AUTO_BUFFER b = {0};

	buffer_add(&b, &one, 1);
	buffer_add(&b, &one, (size_t)BUFFER_MAX); /* refused before it is read */
	buffer_add(&b, &one, 1);
	CHECK(buffer_ok(&b) == ERR_NOMEM && b.n == 1);
	buffer_free(&b);
	CHECK(buffer_ok(&b) == OK && b.p == NULL);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"what is added comes out in order", what_is_added_comes_out_in_order},
	        {"what fills it exactly fits",       what_fills_it_exactly_fits      },
	        {"too much is an error that sticks", too_much_is_an_error_that_sticks},
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
