/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the header pin covers, and what it leaves out (docs/FORMAT.md). */
#include "unlock/header_pin.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "tests/unit/check.h"

#define UUID "c0ffee00-0000-4000-8000-000000000001"

enum { HEADER1_LEN = 592 };

static struct bytes view(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* The text of the pin, malloc'ed; NULL when there is none. */
static char *text1(const uint8_t *header)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	if (out == NULL)
		abort();
	const enum err e = header_pin_text1((struct bytes){header, HEADER1_LEN}, out);
	(void)fclose(out); /* memory */
	if (e != OK) {
		free(text);
		return NULL;
	}
	return text;
}

static char *text2(const char *metadata, const char *uuid)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	if (out == NULL)
		abort();
	const enum err e = header_pin_text2(view(metadata), uuid, out);
	(void)fclose(out); /* memory */
	if (e != OK) {
		free(text);
		return NULL;
	}
	return text;
}

static const char plain[] =
        "{\"keyslots\":{\"0\":{\"type\":\"luks2\",\"key_size\":64}},\"tokens\":{},"
        "\"segments\":{\"0\":{\"type\":\"crypt\",\"offset\":\"16777216\","
        "\"size\":\"dynamic\",\"iv_tweak\":\"0\",\"encryption\":\"aes-xts-plain64\","
        "\"sector_size\":4096}},"
        "\"digests\":{\"0\":{\"type\":\"pbkdf2\",\"keyslots\":[\"0\"],"
        "\"segments\":[\"0\"],\"hash\":\"sha256\",\"iterations\":1000,"
        "\"salt\":\"AA==\",\"digest\":\"AQ==\"}},"
        "\"config\":{\"json_size\":\"12288\",\"keyslots_size\":\"16744448\"}}";

/* Frozen: whoever changes it makes every record differ. */
static const char pinned[] =
        "{\"config\":{},\"digests\":{\"0\":{\"digest\":\"AQ==\",\"hash\":\"sha256\","
        "\"iterations\":1000,\"salt\":\"AA==\",\"segments\":[\"0\"],"
        "\"type\":\"pbkdf2\"}},\"luks\":2,\"segments\":{\"0\":{"
        "\"encryption\":\"aes-xts-plain64\",\"iv_tweak\":\"0\","
        "\"offset\":\"16777216\",\"sector_size\":4096,\"size\":\"dynamic\","
        "\"type\":\"crypt\"}},\"uuid\":\"" UUID "\"}";

static void the_text_of_luks2_is_what_it_always_was(void)
{
	char *text = text2(plain, UUID);

	CHECK(text != NULL && strcmp(text, pinned) == 0);
	free(text);
}

/* plain with its one `from` turned to `to`; malloc'ed. */
static char *edited(const char *from, const char *to)
{
	const char *at = strstr(plain, from);
	char *out = malloc(sizeof(plain) + strlen(to));

	if (out == NULL || at == NULL || strstr(at + 1, from) != NULL)
		abort();
	(void)sprintf(out, "%.*s%s%s", (int)(at - plain), plain, to, at + strlen(from));
	return out;
}

static void luks2_changes_the_pin_where_it_should(void)
{
	static const struct {
		const char *from, *to;
		bool same;
	} rows[] = {
	        {"\"key_size\":64",      "\"key_size\":32",                          true },
	        {"\"tokens\":{}",        "\"tokens\":{\"0\":{\"type\":\"x\"}}",      true },
	        {"\"keyslots\":[\"0\"]", "\"keyslots\":[\"0\",\"2\"]",               true },
	        {"\"12288\"",            "\"28672\"",                                true },
	        {"\"16744448\"",         "\"8388608\"",                              true },
	        {"aes-xts-plain64",      "cipher_null-ecb",                          false},
	        {"\"16777216\"",         "\"0\"",                                    false},
	        {"\"dynamic\"",          "\"512\"",                                  false},
	        {"\"iv_tweak\":\"0\"",   "\"iv_tweak\":\"8\"",                       false},
	        {"4096",                 "512",	                              false},
	        {"\"crypt\"",            "\"linear\"",                               false},
	        {"4096}",                "4096,\"integrity\":{\"type\":\"none\"}}",  false},
	        {"4096}",                "4096,\"flags\":[\"backup-final\"]}",       false},
	        {"4096}",                "4096},\"1\":{}",                           false},
	        {"\"AA==\"",             "\"AQ==\"",                                 false},
	        {"\"digest\":\"AQ==\"",  "\"digest\":\"AA==\"",                      false},
	        {"\"iterations\":1000",  "\"iterations\":1001",                      false},
	        {"\"segments\":[\"0\"]", "\"segments\":[]",                          false},
	        {"\"digest\":\"AQ==\"}", "\"digest\":\"AQ==\"},\"1\":{}",            false},
	        {"\"12288\"",            "\"12288\",\"flags\":[\"allow-discards\"]", false},
	        {"\"12288\"",            "\"12288\",\"flags\":[]",                   false},
	        {"\"12288\"",            "\"12288\",\"requirements\":{}",            false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *json = edited(rows[i].from, rows[i].to);
		char *text = text2(json, UUID);

		CHECK_ROW(text != NULL, rows[i].to);
		CHECK_ROW(text != NULL && (strcmp(text, pinned) == 0) == rows[i].same,
		          rows[i].to);
		free(text);
		free(json);
	}
	char *text = text2(plain, "c0ffee00-0000-4000-8000-000000000002");
	CHECK(text != NULL && strcmp(text, pinned) != 0);
	free(text);
}

static void what_has_no_canonical_form_has_no_pin(void)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
	        {"4096",           "4096.5"                      },
	        {"\"crypt\"",      "null"                        },
	        {"\"crypt\"",      "\"crypt\",\"type\":\"crypt\""},
	        {"\"config\"",     "\"conf\""                    },
	        {"\"segments\":{", "\"segment\":{"               },
	        {"\"digests\":{",  "\"digest\":{"                },
	        {"\"16744448\"}}", "\"16744448\"}}x"             },
	        {"\"crypt\"",      "\"cr\xff\""                  },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *json = edited(rows[i].from, rows[i].to);

		CHECK_ROW(text2(json, UUID) == NULL, rows[i].to);
		free(json);
	}
}

/* The LUKS1 specification 1.2.3, figure 3: every field but the keyslots and the magic. */
static void make_header1(uint8_t h[static HEADER1_LEN])
{
	memset(h, 0, HEADER1_LEN);
	memcpy(h, "LUKS\xba\xbe\0\1", 8);
	memcpy(h + 8, "aes", 3);
	memcpy(h + 40, "xts-plain64", 11);
	memcpy(h + 72, "sha256", 6);
	h[106] = 16; /* payload offset 4096 */
	h[111] = 64; /* key bytes */
	memset(h + 112, 0xd1, 20);
	memset(h + 132, 0x5a, 32);
	h[166] = 4; /* iterations 1024 */
	memcpy(h + 168, UUID, sizeof(UUID));
}

static void the_text_of_luks1_is_what_it_always_was(void)
{
	uint8_t h[HEADER1_LEN];

	make_header1(h);
	char *text = text1(h);
	CHECK(text != NULL &&
	      strcmp(text,
	             "{\"cipher\":\"aes\",\"hash\":\"sha256\",\"key_bytes\":64,\"luks\":"
	             "1,"
	             "\"mk_digest\":\"d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1\","
	             "\"mk_iterations\":1024,\"mk_salt\":\"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
	             "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a\",\"mode\":\"xts-plain64\","
	             "\"payload_offset\":4096,\"uuid\":\"" UUID "\"}") == 0);
	free(text);
}

/* Names up to and with the NUL that ends them, numbers and digests whole. */
static bool is_pinned1(size_t at)
{
	static const struct {
		size_t from, to;
	} rows[] = {
	        {6,   8 + 4             },
	        {40,  40 + 12           },
	        {72,  72 + 7            },
	        {104, 168 + sizeof(UUID)},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (at >= rows[i].from && at < rows[i].to)
			return true;
	return false;
}

static void every_byte_of_luks1_that_decides_changes_the_pin(void)
{
	uint8_t h[HEADER1_LEN];
	size_t wrong = 0;

	make_header1(h);
	char *good = text1(h);
	for (size_t at = 0; at < HEADER1_LEN; at++) {
		h[at] ^= 0x41; /* a NUL becomes a letter: the name goes on */
		char *text = text1(h);
		const bool same = text != NULL && strcmp(text, good) == 0;

		h[at] ^= 0x41;
		wrong += same == is_pinned1(at);
		free(text);
	}
	CHECK(good != NULL && wrong == 0);
	free(good);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"the_text_of_luks2_is_what_it_always_was",
	         the_text_of_luks2_is_what_it_always_was         },
	        {"luks2_changes_the_pin_where_it_should",
	         luks2_changes_the_pin_where_it_should           },
	        {"what_has_no_canonical_form_has_no_pin",
	         what_has_no_canonical_form_has_no_pin           },
	        {"the_text_of_luks1_is_what_it_always_was",
	         the_text_of_luks1_is_what_it_always_was         },
	        {"every_byte_of_luks1_that_decides_changes_the_pin",
	         every_byte_of_luks1_that_decides_changes_the_pin},
	};
	log_to(NULL, NULL, LOG_WARN);
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
