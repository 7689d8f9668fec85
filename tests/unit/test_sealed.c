/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sealed object's JSON, in a token and in a record. */
#include "unlock/sealed.h"

#include <stdlib.h>
#include <string.h>

#include "core/hex.h"
#include "tests/unit/check.h"
#include "tests/unit/sealed_json.h"
#include "unlock/record.h"
#include "unlock/token.h"

#define PRIV "AAGq"
#define TOKEN(slots, sealed)                                                             \
	"{\"type\":\"bootlatch\",\"keyslots\":[" slots                                   \
	"],\"version\":1,\"backend\":\"tpm2\",\"sealed\":" sealed "}"
#define NAME "000b" SEALED_SALT
#define WAY(pin, more)                                                                   \
	"{\"keyslot\":3,\"backend\":\"tpm2\",\"needs_pin\":" pin                         \
	",\"object\":\"" SEALED_ID "\",\"srk\":\"" NAME "\",\"cap\":12" more "}"
#define CAPPED(cap)                                                                      \
	"{\"keyslot\":3,\"backend\":\"tpm2\",\"needs_pin\":true,\"object\":\"" SEALED_ID \
	"\",\"srk\":\"" NAME "\"" cap "}"
#define RECORD(ways)                                                                     \
	"{\"version\":1,\"uuid\":\"0b1c2d3e\",\"header_pin\":\"" SEALED_SALT             \
	"\",\"ways\":[" ways "]}\n"

static void an_object_survives_the_round_trip(void)
{
	static const char *const rows[] = {
	        SEALED_GOOD,
	        SEALED("sha256", SEALED_PCRS, PRIV, SEALED_PUBLIC, SEALED_SALT, "none"),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tpm2_sealed s = {0};
		char *out = NULL;

		CHECK_ROW(sealed_parse(bytes_of(rows[i]), &s) == OK, rows[i]);
		CHECK_ROW(s.needs_pin && s.srk == (i == 0 ? TPM2_SRK : 0), rows[i]);
		CHECK_ROW(s.pcrs.mask == (1U << 7 | 1U << 9 | 1U << 12), rows[i]);
		CHECK_ROW(sealed_format(&s, &out) == OK, rows[i]);
		CHECK_ROW(out && strcmp(out, rows[i]) == 0, rows[i]);
		free(out);
	}
}

static void anything_odd_in_an_object_is_refused(void)
{
	static const char *const rows[] = {
	        "{}",
	        "[]",
	        SEALED("sha1", SEALED_PCRS, PRIV, SEALED_PUBLIC, SEALED_SALT, "none"),
	        SEALED("sha384", SEALED_PCRS, PRIV, SEALED_PUBLIC, SEALED_SALT, "none"),
	        SEALED("sha256", "", PRIV, SEALED_PUBLIC, SEALED_SALT, "none"),
	        /* out of order, twice, one that anybody resets, one that there is not */
	        SEALED("sha256",
	               SEALED_PCR("9", SEALED_PCR9) "," SEALED_PCR(
	                       "7", SEALED_ZERO) "," SEALED_PCR("12", SEALED_ZERO),
	               PRIV, SEALED_PUBLIC, SEALED_SALT, "none"),
	        SEALED("sha256", SEALED_PCRS "," SEALED_PCR("12", SEALED_ZERO), PRIV,
	               SEALED_PUBLIC, SEALED_SALT, "none"),
	        SEALED("sha256", SEALED_PCRS "," SEALED_PCR("16", SEALED_ZERO), PRIV,
	               SEALED_PUBLIC, SEALED_SALT, "none"),
	        SEALED("sha256", SEALED_PCRS "," SEALED_PCR("24", SEALED_ZERO), PRIV,
	               SEALED_PUBLIC, SEALED_SALT, "none"),
	        /* another value than the policy's */
	        SEALED("sha256",
	               SEALED_PCR("7", SEALED_PCR9) "," SEALED_PCR(
	                       "9", SEALED_PCR9) "," SEALED_PCR("12", SEALED_ZERO),
	               PRIV, SEALED_PUBLIC, SEALED_SALT, "none"),
	        SEALED("sha256", SEALED_PCRS, "", SEALED_PUBLIC, SEALED_SALT, "none"),
	        SEALED("sha256", SEALED_PCRS, PRIV, "AAA=", SEALED_SALT, "none"),
	        SEALED("sha256", SEALED_PCRS, PRIV, SEALED_PUBLIC, "00", "none"),
	        SEALED("sha256", SEALED_PCRS, PRIV, SEALED_PUBLIC, SEALED_SALT, ""),
	        SEALED("sha256", SEALED_PCRS, PRIV, SEALED_PUBLIC, SEALED_SALT,
	               "80000000"),
	        SEALED("sha256", SEALED_PCRS, PRIV, SEALED_PUBLIC, SEALED_SALT,
	               "none\",\"x\":\""),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tpm2_sealed s = {0};

		CHECK_ROW(sealed_parse(bytes_of(rows[i]), &s) == ERR_FORMAT, rows[i]);
	}
}

static void a_token_of_a_tpm_survives_the_round_trip(void)
{
	static const char *const rows[] = {TOKEN("\"3\"", SEALED_GOOD),
	                                   TOKEN("", SEALED_GOOD)};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct token t = {0};
		char *out = NULL;
		char id[2 * FPR_LEN + 1];

		CHECK_ROW(token_parse(bytes_of(rows[i]), &t) == OK, rows[i]);
		CHECK_ROW(t.keyslot == (i == 0 ? 3 : -1) && t.n_fpr == 1, rows[i]);
		hex_encode_up((struct bytes){t.fpr[0], FPR_LEN}, id);
		CHECK_ROW(strcmp(id, SEALED_ID) == 0, rows[i]);
		CHECK_ROW(token_format(&t, &out) == OK, rows[i]);
		CHECK_ROW(out && strcmp(out, rows[i]) == 0, rows[i]);
		free(out);
		token_clear(&t);
	}
}

static void what_a_card_has_is_not_for_a_tpm(void)
{
	static const char *const rows[] = {
	        TOKEN("\"3\"", "{}"),
	        TOKEN("\"3\"", "null"),
	        TOKEN("\"3\"", SEALED_GOOD ",\"blob\":\"AAEC\""),
	        TOKEN("\"3\"", SEALED_GOOD ",\"recipients\":[\"" SEALED_ID "\"]"),
	        "{\"type\":\"bootlatch\",\"keyslots\":[\"3\"],\"version\":1,\"backend\":"
	        "\"tpm2\"}",
	        "{\"type\":\"bootlatch\",\"keyslots\":[\"3\"],\"version\":1,\"backend\":"
	        "\"openpgp-card\",\"sealed\":" SEALED_GOOD "}",
	        "{\"type\":\"bootlatch\",\"keyslots\":[\"3\"],\"version\":1,\"backend\":"
	        "\"openpgp-card\",\"recipients\":[\"" SEALED_ID
	        "\"],\"blob\":\"AAEC\",\"sealed\":" SEALED_GOOD "}",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct token t = {0};

		CHECK_ROW(token_parse(bytes_of(rows[i]), &t) == ERR_FORMAT, rows[i]);
	}
}

static void a_record_of_a_tpm_survives_the_round_trip(void)
{
	static const char *const rows[] = {
	        RECORD(WAY("true", "")),
	        RECORD(WAY("false", ",\"passphrase\":\"" SEALED_SALT "\"")),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record r = {0};
		char *out = NULL;

		CHECK_ROW(record_parse(bytes_of(rows[i]), &r) == OK, rows[i]);
		CHECK_ROW(r.n == 1 && r.entry[0].needs_pin == (i == 0), rows[i]);
		CHECK_ROW(r.entry[0].srk_name[1] == 0x0b && r.entry[0].cap == 12,
		          rows[i]);
		CHECK_ROW(record_format(&r, &out) == OK, rows[i]);
		CHECK_ROW(out && strcmp(out, rows[i]) == 0, rows[i]);
		free(out);
	}
}

static void a_record_says_of_a_tpm_what_it_must(void)
{
	static const char *const rows[] = {
	        RECORD(WAY("true", ",\"kdf\":\"none\"")),
	        RECORD(WAY("true", ",\"cards\":[]")),
	        RECORD("{\"keyslot\":3,\"backend\":\"tpm2\",\"needs_pin\":true,"
	               "\"object\":"
	               "\"" SEALED_ID "\",\"cap\":12}"),
	        RECORD("{\"keyslot\":3,\"backend\":\"tpm2\",\"object\":\"" SEALED_ID
	               "\",\"srk\":\"" NAME "\",\"cap\":12}"),
	        RECORD(CAPPED("")),
	        RECORD(CAPPED(",\"cap\":\"12\"")),
	        RECORD(CAPPED(",\"cap\":-1")),
	        RECORD(CAPPED(",\"cap\":16")),
	        RECORD(CAPPED(",\"cap\":23")),
	        RECORD(CAPPED(",\"cap\":24")),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record r = {0};

		CHECK_ROW(record_parse(bytes_of(rows[i]), &r) == ERR_FORMAT, rows[i]);
	}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"an_object_survives_the_round_trip",         an_object_survives_the_round_trip},
	        {"anything_odd_in_an_object_is_refused",
	         anything_odd_in_an_object_is_refused                                          },
	        {"a_token_of_a_tpm_survives_the_round_trip",
	         a_token_of_a_tpm_survives_the_round_trip                                      },
	        {"what_a_card_has_is_not_for_a_tpm",          what_a_card_has_is_not_for_a_tpm },
	        {"a_record_of_a_tpm_survives_the_round_trip",
	         a_record_of_a_tpm_survives_the_round_trip                                     },
	        {"a_record_says_of_a_tpm_what_it_must",
	         a_record_says_of_a_tpm_what_it_must                                           },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
