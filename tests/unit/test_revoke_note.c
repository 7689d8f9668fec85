/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The note of a revocation under way: what is read of it, and what is no such note. */
#include "cli/revoke.h"
#include "tests/unit/check.h"

#define A "00112233445566778899AABBCCDDEEFF00112233\n"
#define B "AA112233445566778899AABBCCDDEEFF001122BB\n"

static enum err parse(const char *text, size_t *n)
{
	uint8_t key[REVOKE_KEYS_MAX][FPR_LEN];

	*n = 99;
	return revoke_note_parse(bytes_of(text), key, n);
}

static void every_key_is_read(void)
{
	uint8_t key[REVOKE_KEYS_MAX][FPR_LEN];
	size_t n = 0;

	CHECK(revoke_note_parse(bytes_of(A B), key, &n) == OK && n == 2);
	CHECK(key[0][0] == 0 && key[0][1] == 0x11 && key[1][0] == 0xaa &&
	      key[1][FPR_LEN - 1] == 0xbb);
}

static void anything_odd_is_refused(void)
{
	static const char *const rows[] = {
	        "",
	        "\n",
	        "broken\n",
	        A A,
	        "00112233445566778899AABBCCDDEEFF00112233",
	        A "00112233445566778899AABBCCDDEEFF0011223",
	        "00112233445566778899aabbccddeeff00112233\n",
	        "00112233445566778899AABBCCDDEEFF0011223G\n",
	        A " ",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n;

		CHECK_ROW(parse(rows[i], &n) == ERR_FORMAT && n == 99, rows[i]);
	}
}

static void at_most_sixteen_keys_are_read(void)
{
	char text[(REVOKE_KEYS_MAX + 1) * (2 * FPR_LEN + 1) + 1] = "";
	size_t n;

	for (size_t i = 0; i <= REVOKE_KEYS_MAX; i++) {
		char *line = text + i * (sizeof(A) - 1);

		memcpy(line, A, sizeof(A));
		line[0] = (char)('A' + i % 6);
		line[1] = (char)('0' + i % 10);
		if (i + 1 == REVOKE_KEYS_MAX)
			CHECK(parse(text, &n) == OK && n == REVOKE_KEYS_MAX);
	}
	CHECK(parse(text, &n) == ERR_FORMAT && n == 99);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"every key is read",             every_key_is_read            },
	        {"anything odd is refused",       anything_odd_is_refused      },
	        {"at most sixteen keys are read", at_most_sixteen_keys_are_read},
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
