/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kexec_rollback.txt, byte for byte.  The hashes: printf 'ID: VALUE\n' | sha256sum. */
#include "sign/rollback.h"

#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"

#define TPM2_ONE "0d54a3c38f86dfbd385ee0c1881f0a6281898e676ebe8dc462dd2dd9547745a7"
#define TPM2_TWO "8a88e8ab395395750e6d2c676fa97e3956885409229bc34b3afd88eac9d74734"
#define TPM2_BIG "9a33ecfa899ff157dd0a878de6b4b2d5dc9e54e3218ab80a92a4d1ea51fb3c37"
#define TPM1_TEN "9067b454f55e1ec9ad149677e43a302d7e56177f6d4c344cdbf67b4a5dd9ab62"

static enum err parse(const char *text, struct rollback *ret)
{
	return rollback_parse(bytes_of(text), ret);
}

static void a_line_of_tpm2_is_read(void)
{
	struct rollback r = {0};
	char id[ROLLBACK_ID_MAX];

	CHECK(parse(TPM2_ONE "  /tmp/counter-13d55da\n", &r) == OK);
	CHECK(r.tpm2 && r.index == 0x13d55da);
	CHECK(r.sha256[0] == 0x0d && r.sha256[31] == 0xa7);
	CHECK(rollback_pins(&r, 1));
	CHECK(!rollback_pins(&r, 0) && !rollback_pins(&r, 2));
	rollback_id(&r, id);
	CHECK(strcmp(id, "13d55da") == 0);
}

static void a_line_of_tpm1_is_read(void)
{
	struct rollback r = {0};
	char id[ROLLBACK_ID_MAX];

	CHECK(parse(TPM1_TEN "  /tmp/counter-1234\n", &r) == OK);
	CHECK(!r.tpm2 && r.index == 1234);
	CHECK(rollback_pins(&r, 10));
	CHECK(!rollback_pins(&r, 10 + (1ULL << 32)));
	rollback_id(&r, id);
	CHECK(strcmp(id, "1234") == 0);
}

static void ids_tell_which_tpm(void)
{
	static const struct {
		const char *id;
		bool ok, tpm2;
		uint32_t index;
	} rows[] = {
	        {"1000000",    true,  true,  0x1000000 },
	        {"1ffffff",    true,  true,  0x1ffffff },
	        {"2000000",    true,  false, 2000000   },
	        {"999999",     true,  false, 999999    },
	        {"0",          true,  false, 0         },
	        {"4294967295", true,  false, UINT32_MAX},
	        {"4294967296", false, false, 0         },
	        {"1FFFFFF",    false, false, 0         },
	        {"2ffffff",    false, false, 0         },
	        {"0x1ffffff",  false, false, 0         },
	        {"007",        false, false, 0         },
	        {"",           false, false, 0         },
	        {"-1",         false, false, 0         },
	        {"12 ",        false, false, 0         },
	        {"12/../x",    false, false, 0         },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rollback r = {.index = 7};
		char line[ROLLBACK_LINE_MAX];

		(void)snprintf(line, sizeof(line), TPM2_ONE "  /tmp/counter-%s\n",
		               rows[i].id);
		const enum err e = parse(line, &r);
		CHECK_ROW(e == (rows[i].ok ? OK : ERR_FORMAT), rows[i].id);
		CHECK_ROW(r.tpm2 == rows[i].tpm2 &&
		                  r.index == (rows[i].ok ? rows[i].index : 7),
		          rows[i].id);
	}
}

static void what_is_no_line_is_refused(void)
{
	static const char *const rows[] = {
	        "",
	        "\n",
	        TPM2_ONE,
	        TPM2_ONE "  /tmp/counter-13d55da",
	        TPM2_ONE "  /tmp/counter-13d55da\n\n",
	        TPM2_ONE "  /tmp/counter-13d55da\r\n",
	        TPM2_ONE " */tmp/counter-13d55da\n",
	        TPM2_ONE " /tmp/counter-13d55da\n",
	        TPM2_ONE "  /tmp/counter13d55da\n",
	        TPM2_ONE "  /tmp/../counter-13d55da\n",
	        "0D54A3C38F86DFBD385EE0C1881F0A6281898E676EBE8DC462DD2DD9547745A7"
	        "  /tmp/counter-13d55da\n",
	        "0g54a3c38f86dfbd385ee0c1881f0a6281898e676ebe8dc462dd2dd9547745a7"
	        "  /tmp/counter-13d55da\n",
	        TPM2_ONE "  /tmp/counter-13d55da\n" TPM2_ONE "  /tmp/counter-13d55da\n",
	};
	struct rollback r = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(parse(rows[i], &r) == ERR_FORMAT, rows[i]);
}

static bool writes(const struct rollback *r, uint64_t value, const char *want)
{
	AUTO_BUFFER out = {0};

	return rollback_line(r, value, &out) == OK &&
	       bytes_equal(buffer_bytes(&out), bytes_of(want));
}

static void lines_are_written(void)
{
	const struct rollback tpm2 = {.tpm2 = true, .index = 0x13d55da};
	const struct rollback tpm1 = {.index = 1234};
	AUTO_BUFFER out = {0};

	CHECK(writes(&tpm2, 1, TPM2_ONE "  /tmp/counter-13d55da\n"));
	CHECK(writes(&tpm2, 2, TPM2_TWO "  /tmp/counter-13d55da\n"));
	CHECK(writes(&tpm2, UINT64_MAX, TPM2_BIG "  /tmp/counter-13d55da\n"));
	CHECK(writes(&tpm1, 10, TPM1_TEN "  /tmp/counter-1234\n"));
	CHECK(rollback_line(&tpm1, 1ULL << 32, &out) == ERR_USAGE);
	CHECK(out.n == 0);
}

static void errors_of_a_counter_have_words(void)
{
	static const enum err errs[] = {ERR_UNSUPPORTED, ERR_NOT_FOUND, ERR_FORMAT,
	                                ERR_ACCESS,      ERR_BUSY,      ERR_IO};

	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++) {
		CHECK_ROW(strstr(counter_text(errs[i]), "TPM") != NULL,
		          err_text(errs[i]));
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(counter_text(errs[i]), counter_text(errs[k])) != 0);
	}
	CHECK(strcmp(counter_text(ERR_NOMEM), err_text(ERR_NOMEM)) == 0);
}

static void a_counter_of_tpm1_is_not_asked_for(void)
{
	const struct rollback tpm1 = {.index = 1234};
	uint64_t value = 7;

	CHECK(counter_tpm2.read(NULL, &tpm1, &value) == ERR_UNSUPPORTED);
	CHECK(counter_tpm2.increment(NULL, &tpm1, &value) == ERR_UNSUPPORTED);
	CHECK(value == 7);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a line of tpm2 is read",             a_line_of_tpm2_is_read        },
	        {"a line of tpm1 is read",             a_line_of_tpm1_is_read        },
	        {"ids tell which tpm",                 ids_tell_which_tpm            },
	        {"what is no line is refused",         what_is_no_line_is_refused    },
	        {"lines are written",                  lines_are_written             },
	        {"errors of a counter have words",     errors_of_a_counter_have_words},
	        {"a counter of tpm1 is not asked for",
	         a_counter_of_tpm1_is_not_asked_for                                  },
	};

	CHECK(crypto_init() == OK);
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
