/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recovery keys: what is written is read however it is typed, and a slip is noticed.  The
 * key was made by python3: hashlib.sha256(b"bootlatch recovery key\0" +
 * bytes(range(32))), its first four bytes behind the 32. */
#include "unlock/recovery.h"

#include <ctype.h>
#include <stdio.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"

#define KEY                                                                              \
	"cccbcdce-cfcgchci-cjckclcn-crctcucv-bcbbbdbe-bfbgbhbi-bjbkblbn-brbtbubv-"       \
	"tlrkflvn"

static enum err read_as(const char *typed, char ret[static RECOVERY_LEN + 1])
{
	AUTO_SECRET *in = NULL, *key = NULL;

	enum err e =
	        secret_copy((struct bytes){(const uint8_t *)typed, strlen(typed)}, &in);
	if (e == OK)
		e = recovery_read(in, &key);
	if (e != OK)
		return e;
	if (secret_len(key) != RECOVERY_LEN)
		return ERR_BUG;
	memcpy(ret, secret_view(key).p, RECOVERY_LEN);
	ret[RECOVERY_LEN] = '\0';
	return OK;
}

static void without(const char *text, char what, char *out)
{
	for (; *text; text++)
		if (*text != what)
			*out++ = *text;
	*out = '\0';
}

static void it_is_read_however_it_is_typed(void)
{
	char got[RECOVERY_LEN + 1], bare[RECOVERY_LEN + 1], text[300] = "";

	CHECK(read_as(KEY, got) == OK && strcmp(got, KEY) == 0);
	without(KEY, '-', bare);
	CHECK(strlen(bare) == RECOVERY_LETTERS);
	CHECK(read_as(bare, got) == OK && strcmp(got, KEY) == 0);
	for (size_t i = 0; bare[i]; i++)
		text[i] = (char)toupper(bare[i]);
	CHECK(read_as(text, got) == OK && strcmp(got, KEY) == 0);
	size_t n = 0;
	for (size_t i = 0; bare[i]; i++) {
		text[n++] = (char)(i % 2 ? toupper(bare[i]) : bare[i]);
		text[n++] = i % 3 ? ' ' : '-';
	}
	text[n] = '\0';
	CHECK(read_as(text, got) == OK && strcmp(got, KEY) == 0);
}

static void every_wrong_letter_is_noticed(void)
{
	static const char letters[] = "cbdefghijklnrtuvaxz0";
	char got[RECOVERY_LEN + 1], typed[] = KEY;

	for (size_t i = 0; i < RECOVERY_LEN; i++) {
		for (size_t k = 0; KEY[i] != '-' && letters[k]; k++) {
			typed[i] = letters[k];
			CHECK_ROW(read_as(typed, got) ==
			                  (letters[k] == KEY[i] ? OK : ERR_FORMAT),
			          typed);
		}
		typed[i] = KEY[i];
	}
	/* two neighbours in the wrong order, two groups in the wrong order */
	for (size_t i = 1; i < RECOVERY_LEN; i++) {
		if (KEY[i] == KEY[i - 1] || KEY[i] == '-' || KEY[i - 1] == '-')
			continue;
		typed[i] = KEY[i - 1];
		typed[i - 1] = KEY[i];
		CHECK_ROW(read_as(typed, got) == ERR_FORMAT, typed);
		memcpy(typed, KEY, sizeof(KEY));
	}
	memcpy(typed, KEY + 9, 8);
	memcpy(typed + 9, KEY, 8);
	CHECK(read_as(typed, got) == ERR_FORMAT);
}

static void a_key_with_letters_missing_or_too_many_is_mistyped(void)
{
	char got[RECOVERY_LEN + 1], text[RECOVERY_LEN + 20];

	CHECK(read_as(KEY + 1, got) == ERR_FORMAT);
	CHECK(read_as(KEY + 9, got) == ERR_FORMAT); /* a group left out */
	(void)snprintf(text, sizeof(text), "%sc", KEY);
	CHECK(read_as(text, got) == ERR_FORMAT);
	(void)snprintf(text, sizeof(text), "%s-%.8s", KEY, KEY);
	CHECK(read_as(text, got) == ERR_FORMAT);
}

static void a_passphrase_is_no_recovery_key(void)
{
	static const char *const rows[] = {
	        "",
	        "c",
	        "correct horse battery staple",
	        "cbdefghi-jklnrtuv",
	        "The quick brown fox jumps over the lazy dog and then goes to sleep for "
	        "a "
	        "while",
	        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456"
	        "7",
	        "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", /* 63
	                                                                            */
	        "cccccccccccccccccccccccccccccccccccc."
	        "ccccccccccccccccccccccccccccccccccc",
	        "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
	        "cccc"
	        "ccccc",
	};
	char got[RECOVERY_LEN + 1];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(read_as(rows[i], got) == ERR_NOT_FOUND, rows[i]);
}

static void every_byte_is_taken_for_what_it_is(void)
{
	for (int c = 0; c < 256; c++) {
		AUTO_SECRET *in = NULL, *key = NULL;
		const bool gap = c == ' ' || c == '-';

		CHECK(secret_copy((struct bytes){(const uint8_t *)KEY, RECOVERY_LEN},
		                  &in) == OK);
		secret_buf(in)[3] = (uint8_t)c;
		const enum err e = recovery_read(in, &key);
		const enum err want = tolower(c) == KEY[3]    ? OK
		                      : c < 128 && isalnum(c) ? ERR_FORMAT
		                      : gap                   ? ERR_FORMAT
		                                              : ERR_NOT_FOUND;
		CHECK(e == want);
	}
}

static void what_is_made_is_random_and_read(void)
{
	AUTO_SECRET *a = NULL, *b = NULL, *again = NULL;

	CHECK(recovery_make(&a) == OK && recovery_make(&b) == OK);
	CHECK(secret_len(a) == RECOVERY_LEN && !secret_equal(a, b));
	CHECK(recovery_read(a, &again) == OK && secret_equal(a, again));
}

static bool group_is(const struct secret *key, size_t i, const char *text)
{
	AUTO_SECRET *typed = NULL;

	return secret_copy((struct bytes){(const uint8_t *)text, strlen(text)}, &typed) ==
	               OK &&
	       recovery_group_is(key, i, typed);
}

static void a_group_is_known_again(void)
{
	AUTO_SECRET *key = NULL;

	CHECK(secret_copy((struct bytes){(const uint8_t *)KEY, RECOVERY_LEN}, &key) ==
	      OK);
	for (size_t i = 0; i < RECOVERY_GROUPS; i++) {
		char text[RECOVERY_GROUP_LEN + 1] = "";

		memcpy(text, KEY + 9 * i, RECOVERY_GROUP_LEN);
		CHECK(bytes_equal(recovery_group(key, i),
		                  (struct bytes){(const uint8_t *)text, 8}));
		CHECK(group_is(key, i, text) && !group_is(key, (i + 1) % 9, text));
		text[0] = (char)toupper(text[0]);
		CHECK(group_is(key, i, text));
		text[7] = text[7] == 'c' ? 'b' : 'c';
		CHECK(!group_is(key, i, text));
	}
	CHECK(group_is(key, 0, "cccbcdce") && group_is(key, 0, " CCCB-CDCE "));
	CHECK(!group_is(key, 0, "") && !group_is(key, 0, "cccbcdc"));
	CHECK(!group_is(key, 0, "cccbcdcec") && !group_is(key, 0, "cccbcdce cfcg"));
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"it is read however it is typed",                     it_is_read_however_it_is_typed },
	        {"every wrong letter is noticed",                      every_wrong_letter_is_noticed  },
	        {"a key with letters missing or too many is mistyped",
	         a_key_with_letters_missing_or_too_many_is_mistyped                                   },
	        {"a passphrase is no recovery key",                    a_passphrase_is_no_recovery_key},
	        {"every byte is taken for what it is",
	         every_byte_is_taken_for_what_it_is	                                           },
	        {"what is made is random and read",                    what_is_made_is_random_and_read},
	        {"a group is known again",                             a_group_is_known_again         },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
