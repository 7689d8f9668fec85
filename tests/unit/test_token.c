/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unlock/token.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"
#include "unlock/fields.h"
#include "unlock/journal.h"

#define FPR "00112233445566778899AABBCCDDEEFF00112233"
#define TOKEN(slots, recipients, more)                                                   \
	"{\"type\":\"bootlatch\",\"keyslots\":[" slots                                   \
	"],\"version\":1,\"backend\":\"openpgp-card\",\"recipients\":[" recipients       \
	"]," more "}"
#define RECOVERY(more)                                                                   \
	"{\"type\":\"bootlatch\",\"keyslots\":[\"2\"],\"version\":1,"                    \
	"\"backend\":\"recovery\"" more "}"

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static void a_token_survives_the_round_trip(void)
{
	static const char *const rows[] = {
	        TOKEN("\"2\"", "\"" FPR "\"",
	              "\"serial\":\"000F:12345678\",\"blob\":\"AAEC/w==\""),
	        TOKEN("", "\"" FPR "\"", "\"blob\":\"AAEC\""),
	        RECOVERY(",\"id\":\"" FPR "\""),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct token t = {0};
		char *out = NULL;

		CHECK_ROW(token_parse(text(rows[i]), &t) == OK, rows[i]);
		CHECK_ROW(t.keyslot == (i == 1 ? -1 : 2), rows[i]);
		CHECK_ROW(t.backend != NULL && token_format(&t, &out) == OK, rows[i]);
		CHECK_ROW(out != NULL && strcmp(out, rows[i]) == 0, rows[i]);
		free(out);
		token_clear(&t);
	}
}

static void anything_odd_in_a_token_is_refused(void)
{
	static const char *const rows[] = {
	        "{}",
	        TOKEN("\"2\",\"3\"", "\"" FPR "\"", "\"blob\":\"AAEC\""),
	        TOKEN("\"02\"", "\"" FPR "\"", "\"blob\":\"AAEC\""),
	        TOKEN("2", "\"" FPR "\"", "\"blob\":\"AAEC\""),
	        TOKEN("\"32\"", "\"" FPR "\"", "\"blob\":\"AAEC\""),
	        TOKEN("\"2\"", "", "\"blob\":\"AAEC\""),
	        TOKEN("\"2\"", "\"" FPR "\",\"" FPR "\"", "\"blob\":\"AAEC\""),
	        TOKEN("\"2\"", "\"00112233445566778899aabbccddeeff00112233\"",
	              "\"blob\":\"AAEC\""),
	        TOKEN("\"2\"", "\"" FPR "\"", "\"blob\":\"\""),
	        TOKEN("\"2\"", "\"" FPR "\"", "\"blob\":\"AAE\""),
	        TOKEN("\"2\"", "\"" FPR "\"", "\"blob\":\"AAEC\",\"x\":1"),
	        TOKEN("\"2\"", "\"" FPR "\"", "\"blob\":\"AAEC\",\"serial\":null"),
	        TOKEN("\"2\"", "\"" FPR "\"", "\"blob\":\"AAEC\",\"serial\":\"1\""),
	        RECOVERY(""),
	        RECOVERY(",\"id\":\"0011\""),
	        RECOVERY(",\"id\":\"" FPR "\",\"blob\":\"AAEC\""),
	        RECOVERY(",\"recipients\":[\"" FPR "\"]"),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct token t = {0};

		CHECK_ROW(token_parse(text(rows[i]), &t) == ERR_FORMAT, rows[i]);
	}
}

static void a_blob_has_to_fit(void)
{
	struct token t = {.keyslot = 2, .backend = BACKEND_CARD, .n_fpr = 1};
	char *out = NULL;

	CHECK(token_format(&t, &out) == ERR_NO_SPACE);
	t.blob = calloc(1, TOKEN_BLOB_MAX + 1);
	t.blob_len = TOKEN_BLOB_MAX + 1;
	CHECK(token_format(&t, &out) == ERR_NO_SPACE);
	t.blob_len = TOKEN_BLOB_MAX;
	CHECK(token_format(&t, &out) == OK);
	CHECK(out != NULL && strlen(out) <= TOKEN_JSON_MAX);
	free(out);
	token_clear(&t);
	CHECK(t.blob == NULL);
}

static void a_journal_survives_the_round_trip(void)
{
	static const char note[] =
	        "{\"version\":1,\"keyslot\":3,\"recipient\":\"" FPR "\"}\n";
	struct journal j;
	char *out = NULL;

	CHECK(journal_parse(text(note), &j) == OK && j.keyslot == 3);
	CHECK(journal_format(&j, &out) == OK && strcmp(out, note) == 0);
	free(out);
	CHECK(journal_parse(text("{\"version\":1,\"keyslot\":3}"), &j) == ERR_FORMAT);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a_token_survives_the_round_trip",    a_token_survives_the_round_trip  },
	        {"anything_odd_in_a_token_is_refused",
	         anything_odd_in_a_token_is_refused                                     },
	        {"a_blob_has_to_fit",                  a_blob_has_to_fit                },
	        {"a_journal_survives_the_round_trip",  a_journal_survives_the_round_trip},
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
