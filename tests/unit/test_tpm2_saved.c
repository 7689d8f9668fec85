/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCRs before the cap: their file, and who may have written it; a way in held against
 * its record. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"
#include "tests/unit/sealed_json.h"
#include "unlock/tpm2_saved.h"
#include "unlock/tpm2_way.h"

#define BANK(bank, pcrs) "{\"bank\":\"" bank "\",\"pcrs\":[" pcrs "]}"
#define SAVED(capped, banks)                                                             \
	"{\"version\":1,\"capped\":[" capped "],\"banks\":[" banks "]}\n"
#define TWO  SEALED_PCR("7", SEALED_PCR9) "," SEALED_PCR("13", SEALED_ZERO)
#define GOOD SAVED("13", BANK("sha256", TWO))

static void what_was_saved_survives_the_round_trip(void)
{
	struct tpm2_saved s = {0};
	struct tpm2_pcrs p;
	char *out = NULL;

	CHECK(tpm2_saved_parse(bytes_of(GOOD), &s) == OK);
	CHECK(s.capped == 1U << 13 && s.n == 1);
	CHECK(tpm2_saved_format(&s, &out) == OK && out && strcmp(out, GOOD) == 0);
	free(out);
	CHECK(tpm2_saved_values(&s, HASH_SHA256, 1U << 7, &p) == OK);
	CHECK(p.mask == 1U << 7 && p.bank == HASH_SHA256 && p.value[7][0] == 0xbb);
	CHECK(tpm2_saved_values(&s, HASH_SHA256, 1U << 8, &p) == ERR_NOT_FOUND);
	CHECK(tpm2_saved_values(&s, HASH_SHA384, 1U << 7, &p) == ERR_NOT_FOUND);
}

static void anything_odd_is_refused(void)
{
	static const char *const rows[] = {
	        "",
	        "{}",
	        GOOD "x",
	        SAVED("", BANK("sha256", TWO)),
	        SAVED("7,7", BANK("sha256", TWO)),
	        SAVED("13,7", BANK("sha256", TWO)),
	        SAVED("24", BANK("sha256", TWO)),
	        SAVED("-1", BANK("sha256", TWO)),
	        SAVED("\"13\"", BANK("sha256", TWO)),
	        SAVED("8", BANK("sha256", TWO)), /* no value of it */
	        SAVED("13", ""),
	        SAVED("13", BANK("sha1", TWO)),
	        SAVED("13", BANK("sha384", TWO)), /* too short */
	        SAVED("13", BANK("sha256", TWO) "," BANK("sha256", TWO)),
	        SAVED("13", BANK("sha256", TWO) ",1"),
	        SAVED("13", BANK("sha256", "")),
	        SAVED("13", "{\"bank\":\"sha256\",\"pcrs\":[" TWO "],\"more\":1}"),
	        "{\"version\":2,\"capped\":[13],\"banks\":[" BANK("sha256", TWO) "]}",
	        "{\"version\":1,\"capped\":[13],\"more\":1,\"banks\":[" BANK("sha256",
	                                                                     TWO) "]}",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tpm2_saved s = {0};

		CHECK_ROW(tpm2_saved_parse(bytes_of(rows[i]), &s) == ERR_FORMAT, rows[i]);
	}
}

/* --- the file --- */

static void made(char *run, struct tpm2_saved *s)
{
	CHECK(mkdtemp(run) != NULL);
	CHECK(tpm2_saved_parse(bytes_of(GOOD), s) == OK);
	CHECK(tpm2_saved_write(run, s) == OK);
}

static void gone(const char *run)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/bootlatch/pcrs.json", run);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/bootlatch", run);
	CHECK(rmdir(path) == 0 && rmdir(run) == 0);
}

static void only_our_own_file_is_believed(void)
{
	char run[] = "/tmp/test_tpm2_saved.XXXXXX", file[128], dir[128];
	struct tpm2_saved s, again = {0};

	made(run, &s);
	(void)snprintf(file, sizeof(file), "%s/bootlatch/pcrs.json", run);
	(void)snprintf(dir, sizeof(dir), "%s/bootlatch", run);
	CHECK(tpm2_saved_read(run, &again) == OK && again.capped == s.capped);
	CHECK(chmod(file, 0640) == 0 && tpm2_saved_read(run, &again) == ERR_ACCESS);
	CHECK(chmod(file, 0400) == 0 && tpm2_saved_read(run, &again) == ERR_ACCESS);
	CHECK(chmod(file, 0600) == 0 && chmod(dir, 0755) == 0);
	CHECK(tpm2_saved_read(run, &again) == ERR_ACCESS);
	CHECK(chmod(dir, 0700) == 0 && tpm2_saved_read(run, &again) == OK);
	if (geteuid() == 0) {
		CHECK(chown(file, 65534, 0) == 0);
		CHECK(tpm2_saved_read(run, &again) == ERR_ACCESS);
	}
	CHECK(unlink(file) == 0 && symlink("/etc/passwd", file) == 0);
	CHECK(tpm2_saved_read(run, &again) == ERR_ACCESS);
	CHECK(unlink(file) == 0 && tpm2_saved_read(run, &again) == ERR_NOT_FOUND);
	CHECK(tpm2_saved_write(run, &s) == OK && tpm2_saved_read(run, &again) == OK);
	gone(run);
	CHECK(tpm2_saved_read(run, &again) == ERR_NOT_FOUND);
}

/* --- a way in --- */

static struct enrolment way(char *blob)
{
	struct enrolment en = {
	        .backend = BACKEND_TPM2,
	        .needs_pin = true,
	        .cap = 12,
	        .blob = {(uint8_t *)blob},
	        .blob_len = {strlen(blob)},
	};
	struct tpm2_sealed s;

	CHECK(tpm2_way(&en, 1, &s) == ERR_NOT_FOUND &&
	      tpm2_way(&en, 2, &s) == ERR_NOT_FOUND);
	memcpy(en.fpr,
	       "\x25\x21\x67\x17\xee\xff\x9d\x03\x20\xcf\x57\xbf\xd3\x2e\xeb\x4b\x0c\x89"
	       "\x90"
	       "\xb7",
	       sizeof(en.fpr));
	memset(en.srk_name, 0x5a, sizeof(en.srk_name));
	return en;
}

static void a_way_in_is_what_the_record_says(void)
{
	char good[] = SEALED_GOOD, bad[] = "{}";
	struct enrolment en = way(good);
	struct tpm2_sealed s = {0};

	CHECK(tpm2_way(&en, 0, &s) == OK && s.needs_pin && s.srk_name[33] == 0x5a);
	en.needs_pin = false;
	CHECK(tpm2_way(&en, 0, &s) == ERR_TAMPERED);
	en = way(good);
	en.cap = 8;
	CHECK(tpm2_way(&en, 0, &s) == ERR_TAMPERED);
	en.cap = 99;
	CHECK(tpm2_way(&en, 0, &s) == ERR_TAMPERED);
	en = way(good);
	en.fpr[19] ^= 1;
	CHECK(tpm2_way(&en, 0, &s) == ERR_TAMPERED);
	en = way(bad);
	CHECK(tpm2_way(&en, 0, &s) == ERR_FORMAT);
}

static void a_passphrase_is_base64_without_padding(void)
{
	static const uint8_t raw[TPM2_SECRET_LEN] = {0xff, 0xfe, 0xfd};
	static const char want[] = "//79AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	AUTO_SECRET *s = NULL, *pass = NULL;

	CHECK(secret_copy((struct bytes){raw, sizeof(raw)}, &s) == OK);
	CHECK(tpm2_passphrase(s, &pass) == OK && secret_len(pass) == 43);
	CHECK(bytes_equal(secret_view(pass), bytes_of(want)));
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"what_was_saved_survives_the_round_trip",
	         what_was_saved_survives_the_round_trip                                    },
	        {"anything_odd_is_refused",                anything_odd_is_refused         },
	        {"only_our_own_file_is_believed",          only_our_own_file_is_believed   },
	        {"a_way_in_is_what_the_record_says",       a_way_in_is_what_the_record_says},
	        {"a_passphrase_is_base64_without_padding",
	         a_passphrase_is_base64_without_padding                                    },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
