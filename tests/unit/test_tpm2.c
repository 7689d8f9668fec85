/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a TPM would compute.  The values are swtpm's, by tpm2-tools 5.4: tpm2_pcrextend of
 * PCR 9 with 00 01 02 …, tpm2_startauthsession, tpm2_policypcr -l BANK:7,9,12,
 * tpm2_policyauthvalue, tpm2_create. */
#include <string.h>

#include "core/hex.h"
#include "tests/unit/check.h"
#include "unlock/tpm2.h"

#define PCR9_256 "bb2275c49f28ad52cae6d55e34a974a58c7a3ba26f976e8ecbbe7a536918dc73"
#define PCR9_384                                                                         \
	"fe83f742d1cab5c709a0c424729831fbff9b5bb9748a618f0b6ea04fe1fde4d5"               \
	"46f4040e7fc9587b2e6badada6c941b0"
#define PUBLIC                                                                           \
	"004e0008000b000000120020bd95f988cdf86053a916aa7f90cb9aad908df6d2760e5b3799f3"   \
	"47b1be533c0500100020b627cc6ac9c2afcb58778ccc1186f66fb86474e71bb748ff4b173403"   \
	"fc2f8479"

enum { MASK = 1 << 7 | 1 << 9 | 1 << 12, SHA256_LEN = 32, POLICY_AT = 12, FLAGS_AT = 6 };

static size_t unhex(const char *text, uint8_t *out)
{
	CHECK(hex_decode(text, strlen(text), out, strlen(text) / 2) == OK);
	return strlen(text) / 2;
}

static struct tpm2_pcrs pcrs_of(enum hash_alg bank)
{
	struct tpm2_pcrs p = {.bank = bank, .mask = MASK};

	(void)unhex(bank == HASH_SHA256 ? PCR9_256 : PCR9_384, p.value[9]);
	return p;
}

static struct tpm2_sealed sealed(void)
{
	struct tpm2_sealed s = {.pcrs = pcrs_of(HASH_SHA256), .needs_pin = true};

	s.pub_len = unhex(PUBLIC, s.pub);
	s.priv_len = unhex("0001aa", s.priv);
	return s;
}

static void policies_are_those_of_a_tpm(void)
{
	static const struct {
		enum hash_alg bank;
		bool pin;
		const char *policy;
	} rows[] = {
	        {HASH_SHA256, false,
	         "4b5b2cc6a5108d29d8ddb38ad410a845f15786f4590e5b0b0b84e73e400f05fc"},
	        {HASH_SHA256, true,
	         "bd95f988cdf86053a916aa7f90cb9aad908df6d2760e5b3799f347b1be533c05"},
	        {HASH_SHA384, false,
	         "6fcd86b8ff1ae617e3d0d045509c282fa0ae52699653c3b3b96e9270c0295da8"},
	        {HASH_SHA384, true,
	         "d36f214803429e80ea1724df13b4ca48495d4c3c03cb6021337fe64656e4a4f2"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct tpm2_pcrs p = pcrs_of(rows[i].bank);
		uint8_t policy[SHA256_LEN];
		char text[2 * SHA256_LEN + 1];

		CHECK(tpm2_policy(&p, rows[i].pin, policy) == OK);
		hex_encode((struct bytes){policy, sizeof(policy)}, text);
		CHECK_ROW(strcmp(text, rows[i].policy) == 0, rows[i].policy);
	}
}

static void a_bank_that_is_not_known_has_no_policy(void)
{
	struct tpm2_pcrs p = pcrs_of(HASH_SHA256);
	uint8_t policy[SHA256_LEN];

	p.bank = HASH_SHA1;
	CHECK(tpm2_policy(&p, true, policy) == ERR_UNSUPPORTED);
}

/* Made with PBKDF2 of another library: 1234 has no zero byte at its end, 241 has one. */
static void an_auth_value_does_not_end_in_zero(void)
{
	static const struct {
		const char *pin, *auth;
	} rows[] = {
	        {"1234",
	         "cdc25534063ae0c98ce039f9a194b533a5f3f2a9febda8b5c72e7593a5348931"      },
	        {"241",  "4b44027e43ba6b5179d8c3344ad347126dadf4c72f9a1dbc489ca83bcfcc34"},
	};
	uint8_t salt[TPM2_SALT_LEN];

	memset(salt, 1, sizeof(salt));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_SECRET *pin = NULL, *auth = NULL;
		uint8_t want[TPM2_SECRET_LEN];
		const size_t n = unhex(rows[i].auth, want);

		CHECK(secret_copy(bytes_of(rows[i].pin), &pin) == OK);
		CHECK(tpm2_auth_value(pin, salt, &auth) == OK);
		CHECK_ROW(bytes_equal(secret_view(auth), (struct bytes){want, n}),
		          rows[i].pin);
	}
}

static void an_object_of_ours_is_known(void)
{
	struct tpm2_sealed s = sealed();
	uint8_t id[TPM2_ID_LEN], other[TPM2_ID_LEN];

	CHECK(tpm2_sealed_check(&s) == OK);
	CHECK(tpm2_id(&s, id) == OK);
	s.pub[s.pub_len - 1] ^= 1; /* it holds something else */
	CHECK(tpm2_sealed_check(&s) == OK);
	CHECK(tpm2_id(&s, other) == OK);
	CHECK(memcmp(id, other, sizeof(id)) != 0);
}

static void a_bit_that_differs_makes_it_none(void)
{
	const struct tpm2_sealed good = sealed();

	/* But in `unique`, whose bits may be any. */
	for (size_t bit = 0; bit < 8 * (good.pub_len - SHA256_LEN); bit++) {
		struct tpm2_sealed s = good;

		s.pub[bit / 8] ^= (uint8_t)(1U << bit % 8);
		CHECK(tpm2_sealed_check(&s) == ERR_FORMAT);
	}
}

static void lengths_are_exact(void)
{
	struct tpm2_sealed s = sealed();

	s.pub_len--;
	CHECK(tpm2_sealed_check(&s) == ERR_FORMAT);
	s.pub_len += 2;
	CHECK(tpm2_sealed_check(&s) == ERR_FORMAT);
	s.pub_len = 0;
	CHECK(tpm2_sealed_check(&s) == ERR_FORMAT);
	CHECK(tpm2_id(&s, s.salt) == ERR_FORMAT);
	s = sealed();
	s.priv_len = 0;
	CHECK(tpm2_sealed_check(&s) == ERR_FORMAT);
	s.priv_len = 2;
	s.priv[1] = 0;
	CHECK(tpm2_sealed_check(&s) == ERR_FORMAT);
}

static void what_it_was_sealed_to_cannot_be_told_otherwise(void)
{
	struct tpm2_sealed s = sealed();

	s.needs_pin = false;
	CHECK(tpm2_sealed_check(&s) == ERR_FORMAT);
	s = sealed();
	s.pcrs.value[7][0] ^= 1;
	CHECK(tpm2_sealed_check(&s) == ERR_FORMAT);
	s = sealed();
	s.pcrs.mask &= ~(1U << 7);
	CHECK(tpm2_sealed_check(&s) == ERR_FORMAT);
	s = sealed();
	s.pcrs.bank = HASH_SHA384;
	CHECK(tpm2_sealed_check(&s) == ERR_FORMAT);
}

static void only_pcrs_of_both_are_compared(void)
{
	struct tpm2_pcrs a = pcrs_of(HASH_SHA256), b = a;

	CHECK(tpm2_pcrs_differ(&a, &b) == 0);
	b.value[9][31] ^= 1;
	b.value[7][0] ^= 1;
	b.value[8][0] ^= 1; /* in neither */
	CHECK(tpm2_pcrs_differ(&a, &b) == (1U << 9 | 1U << 7));
	b.mask &= ~(1U << 7);
	CHECK(tpm2_pcrs_differ(&a, &b) == 1U << 9);
}

static void every_pcr_has_words(void)
{
	for (unsigned i = 0; i < TPM2_PCRS + 1; i++)
		CHECK(*tpm2_pcr_measures(i) != '\0');
	CHECK(strcmp(tpm2_pcr_measures(TPM2_PCRS), tpm2_pcr_measures(16)) == 0);
}

static void banks_have_names(void)
{
	CHECK(tpm2_bank_by_name("sha256") == HASH_SHA256);
	CHECK(tpm2_bank_by_name("sha1") == HASH_NONE);
	CHECK(tpm2_bank_by_name("SHA256") == HASH_NONE);
	CHECK(strcmp(tpm2_bank_name(HASH_SHA512), "sha512") == 0);
	CHECK(strcmp(tpm2_bank_name(HASH_SHA1), "?") == 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"policies_are_those_of_a_tpm",                    policies_are_those_of_a_tpm     },
	        {"a_bank_that_is_not_known_has_no_policy",
	         a_bank_that_is_not_known_has_no_policy                                            },
	        {"an_auth_value_does_not_end_in_zero",
	         an_auth_value_does_not_end_in_zero                                                },
	        {"an_object_of_ours_is_known",                     an_object_of_ours_is_known      },
	        {"a_bit_that_differs_makes_it_none",               a_bit_that_differs_makes_it_none},
	        {"lengths_are_exact",                              lengths_are_exact               },
	        {"what_it_was_sealed_to_cannot_be_told_otherwise",
	         what_it_was_sealed_to_cannot_be_told_otherwise                                    },
	        {"only_pcrs_of_both_are_compared",                 only_pcrs_of_both_are_compared  },
	        {"every_pcr_has_words",                            every_pcr_has_words             },
	        {"banks_have_names",                               banks_have_names                },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
