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
	         a_passphrase_is_known_by_its_digest                                     },
	        {"a_record_survives_the_round_trip",     a_record_survives_the_round_trip},
	        {"anything_odd_in_a_record_is_refused",
	         anything_odd_in_a_record_is_refused                                     },
	        {"a_record_is_saved_loaded_and_deleted",
	         a_record_is_saved_loaded_and_deleted                                    },
	};
	CHECK(crypto_init() == OK);
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
