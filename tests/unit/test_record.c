/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unlock/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/hex.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"

#define UUID "0b1c2d3e-1111-2222-3333-444455556666"
#define PIN  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define FPR  "00112233445566778899AABBCCDDEEFF00112233"
#define WAY(slot, cards, kdf)                                                            \
	"{\"keyslot\":" slot ",\"backend\":\"openpgp-card\",\"needs_pin\":true,"         \
	"\"recipient\":\"" FPR "\",\"cards\":[" cards "],\"kdf\":\"" kdf "\"}"
#define RECOVERY(pin, more)                                                              \
	"{\"keyslot\":4,\"backend\":\"recovery\",\"needs_pin\":" pin more "}"
#define SRK "000b" PIN
#define SRK2                                                                             \
	"000b"                                                                           \
	"ff"                                                                             \
	"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define TPM(slot, pin, srk, cap)                                                         \
	"{\"keyslot\":" slot ",\"backend\":\"tpm2\",\"needs_pin\":" pin                  \
	",\"object\":\"" FPR "\",\"srk\":\"" srk "\",\"cap\":" cap                       \
	",\"passphrase\":\"" PIN "\"}"
#define IN_IMAGE(pin, srk, cap)                                                          \
	"{\"needs_pin\":" pin ",\"srk\":\"" srk "\",\"cap\":" cap "}"
#define IMAGE(tpm2, ways)                                                                \
	"{\"version\":1,\"uuid\":\"" UUID "\",\"header_pin\":\"" PIN                     \
	"\",\"tpm2\":[" tpm2 "],\"ways\":[" ways "]}\n"
#define RECORD(ways)                                                                     \
	"{\"version\":1,\"uuid\":\"" UUID "\",\"header_pin\":\"" PIN                     \
	"\",\"ways\":[" ways "]}\n"

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static void a_record_survives_the_round_trip(void)
{
	static const char *const rows[] = {
	        RECORD(""),
	        RECORD(WAY("2", "\"000F:12345678\"", "none")),
	        RECORD(WAY("2", "", "unknown") "," WAY(
	                "31", "\"000F:12345678\",\"000F:ABCDEF01\"", PIN)),
	        RECORD(WAY("2", "", "none\",\"passphrase\":\"" PIN)),
	        RECORD(RECOVERY("false", ",\"id\":\"" FPR "\"")),
	        RECORD(RECOVERY("false",
	                        ",\"id\":\"" FPR "\",\"passphrase\":\"" PIN "\"")),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record r;
		char *out = NULL;

		CHECK_ROW(record_parse(text(rows[i]), &r) == OK, rows[i]);
		CHECK_ROW(record_format(&r, &out) == OK, rows[i]);
		CHECK_ROW(out != NULL && strcmp(out, rows[i]) == 0, rows[i]);
		free(out);
	}
}

/* Not keyslot, object and digest of a TPM's; and the order of enrolling does not show. */
static void in_image_is(const char *record, const char *image)
{
	struct record r, small;
	char *out = NULL;

	CHECK_ROW(record_parse(text(record), &r) == OK, record);
	CHECK_ROW(record_for_image(&r, &small) == OK, record);
	CHECK_ROW(record_format(&small, &out) == OK, record);
	CHECK_ROW(out != NULL && strcmp(out, image) == 0, image);
	free(out);
}

#define CARD WAY("2", "", "none")

static void an_image_is_told_what_resealing_does_not_change(void)
{
	struct record r, small;

	in_image_is(RECORD(CARD), RECORD(CARD));
	in_image_is(RECORD(TPM("3", "true", SRK, "13") "," CARD),
	            IMAGE(IN_IMAGE("true", SRK, "13"), CARD));
	in_image_is(RECORD(TPM("3", "true", SRK, "13") "," TPM("9", "true", SRK, "13")),
	            IMAGE(IN_IMAGE("true", SRK, "13"), ""));
	in_image_is(
	        RECORD(TPM("3", "true", SRK2, "13") "," TPM("4", "true", SRK, "13")),
	        IMAGE(IN_IMAGE("true", SRK, "13") "," IN_IMAGE("true", SRK2, "13"), ""));
	in_image_is(
	        RECORD(TPM("3", "true", SRK, "4") "," TPM("4", "false", SRK, "13")),
	        IMAGE(IN_IMAGE("false", SRK, "13") "," IN_IMAGE("true", SRK, "4"), ""));
	CHECK(record_parse(text(RECORD(TPM("3", "true", SRK, "1") "," TPM(
	                           "4", "true", SRK,
	                           "2") "," TPM("5", "true", SRK,
	                                        "3") "," TPM("6", "true", SRK,
	                                                     "4") "," TPM("7", "true",
	                                                                  SRK, "5"))),
	                   &r) == OK);
	CHECK(record_for_image(&r, &small) == ERR_NO_SPACE);
}

static void an_odd_image_record_is_refused(void)
{
	static const char *const rows[] = {
	        IMAGE("", ""),
	        IMAGE("1", ""),
	        IMAGE(IN_IMAGE("1", SRK, "13"), ""),
	        IMAGE(IN_IMAGE("true", PIN, "13"), ""),
	        IMAGE(IN_IMAGE("true", SRK, "16"), ""),
	        IMAGE(IN_IMAGE("true", SRK, "24"), ""),
	        IMAGE(IN_IMAGE("true", SRK, "13,\"keyslot\":3"), ""),
	        IMAGE("{\"needs_pin\":true,\"cap\":13}", ""),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record r;

		CHECK_ROW(record_parse(text(rows[i]), &r) == ERR_FORMAT, rows[i]);
	}
}

/* printf 'bootlatch passphrase\0UUID\0correct horse' | sha256sum */
static void a_passphrase_is_known_by_its_digest(void)
{
	static const char want[] =
	        "49d931f8b0e0ac8b4a110891aa4b6d3be713a5aca98d504e8fd9a5ebc2ccae81";
	uint8_t digest[PASSPHRASE_DIGEST_LEN], other[PASSPHRASE_DIGEST_LEN];
	char hex[2 * sizeof(digest) + 1];
	struct secret *pass = NULL;

	CHECK(secret_copy(text("correct horse"), &pass) == OK);
	CHECK(passphrase_digest(UUID, pass, digest) == OK);
	hex_encode((struct bytes){digest, sizeof(digest)}, hex);
	CHECK(strcmp(hex, want) == 0);
	CHECK(passphrase_digest("1b1c2d3e-1111-2222-3333-444455556666", pass, other) ==
	      OK);
	CHECK(memcmp(digest, other, sizeof(digest)) != 0);
	pass = secret_free(pass);
}

static void anything_odd_in_a_record_is_refused(void)
{
	static const char *const rows[] = {
	        "",
	        "[]",
	        "{}",
	        RECORD("") "x",
	        RECORD("1"),
	        RECORD(WAY("32", "", "none")),
	        RECORD(WAY("2", "", "none\",\"passphrase\":\"")),
	        RECORD(WAY("2", "", "none\",\"passphrase\":\"00" PIN)),
	        RECORD(WAY("2", "", "none\",\"passphrase\":\"0A" PIN)),
	        RECORD(WAY("2", "", "none\",\"passphrase\":null,\"passphrase\":\"" PIN)),
	        RECORD("{\"keyslot\":2,\"backend\":\"openpgp-card\",\"needs_pin\":true,"
	               "\"recipient\":\"" FPR "\",\"cards\":[],\"kdf\":\"none\","
	               "\"passphrase\":null}"),
	        RECORD(WAY("-1", "", "none")),
	        RECORD(WAY("2", "", "none") "," WAY("2", "", "none")),
	        RECORD(WAY("2", "\"000f:12345678\"", "none")),
	        RECORD(WAY("2", "\"000F12345678\"", "none")),
	        RECORD(WAY("2", "\"000F:12345678\",\"000F:12345678\"", "none")),
	        RECORD(WAY("2",
	                   "\"000F:00000001\",\"000F:00000002\",\"000F:00000003\","
	                   "\"000F:00000004\",\"000F:00000005\"",
	                   "none")),
	        RECORD(WAY("2", "", "off")),
	        RECORD(WAY("2", "", FPR)),
	        "{\"version\":2,\"uuid\":\"" UUID "\",\"header_pin\":\"" PIN
	        "\",\"ways\":[]}",
	        "{\"version\":1,\"uuid\":\"../x\",\"header_pin\":\"" PIN
	        "\",\"ways\":[]}",
	        "{\"version\":1,\"uuid\":\"" UUID "\",\"header_pin\":\"" FPR
	        "\",\"ways\":[]}",
	        "{\"version\":1,\"uuid\":\"" UUID "\",\"header_pin\":\"" PIN
	        "\",\"ways\":[],\"x\":1}",
	        "{\"version\":1,\"version\":1,\"uuid\":\"" UUID "\",\"header_pin\":\"" PIN
	        "\",\"ways\":[]}",
	        RECORD(RECOVERY("true", ",\"id\":\"" FPR "\"")),
	        RECORD(RECOVERY("false", "")),
	        RECORD(RECOVERY("false", ",\"id\":\"" FPR "\",\"kdf\":\"none\"")),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record r;

		CHECK_ROW(record_parse(text(rows[i]), &r) == ERR_FORMAT, rows[i]);
	}
}

static void a_record_is_saved_loaded_and_deleted(void)
{
	char dir[] = "/tmp/test_record.XXXXXX";
	char path[128], moved[128];
	struct record r, again;

	CHECK(mkdtemp(dir) != NULL);
	CHECK(record_load(dir, UUID, &r) == ERR_NO_RECORD);
	CHECK(record_parse(text(RECORD(WAY("2", "\"000F:12345678\"", "none"))), &r) ==
	      OK);
	CHECK(record_save(dir, &r) == OK);
	CHECK(record_load(dir, UUID, &again) == OK && again.n == 1);
	CHECK(strcmp(again.entry[0].ident[0], "000F:12345678") == 0);
	(void)snprintf(path, sizeof(path), "%s/volumes/%s.json", dir, UUID);
	(void)snprintf(moved, sizeof(moved), "%s/volumes/abc.json", dir);
	CHECK(rename(path, moved) == 0);
	CHECK(record_load(dir, "abc", &again) == ERR_FORMAT);
	CHECK(rename(moved, path) == 0);
	CHECK(record_delete(dir, UUID) == OK && record_delete(dir, UUID) == OK);
	CHECK(record_load(dir, UUID, &r) == ERR_NO_RECORD);
	(void)snprintf(path, sizeof(path), "%s/volumes", dir);
	CHECK(rmdir(path) == 0 && rmdir(dir) == 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a_passphrase_is_known_by_its_digest",
	         a_passphrase_is_known_by_its_digest                                                },
	        {"a_record_survives_the_round_trip",                a_record_survives_the_round_trip},
	        {"an_image_is_told_what_resealing_does_not_change",
	         an_image_is_told_what_resealing_does_not_change                                    },
	        {"an_odd_image_record_is_refused",                  an_odd_image_record_is_refused  },
	        {"anything_odd_in_a_record_is_refused",
	         anything_odd_in_a_record_is_refused                                                },
	        {"a_record_is_saved_loaded_and_deleted",
	         a_record_is_saved_loaded_and_deleted                                               },
	};
	CHECK(crypto_init() == OK);
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
