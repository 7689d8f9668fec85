/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a TPM would compute, computed without it: policies, names, PIN to auth value.
 * Parts of "Trusted Platform Module Library", family 2.0, are meant. */
#include "unlock/tpm2.h"

enum {
	ALG_SHA256 = 0x000b, /* Part 2, 6.3 */
	ALG_SHA384 = 0x000c,
	ALG_SHA512 = 0x000d,
	ALG_KEYEDHASH = 0x0008,
	ALG_NULL = 0x0010,
	CC_POLICY_AUTH_VALUE = 0x16b, /* Part 2, 6.5.2 */
	CC_POLICY_PCR = 0x17f,
	OBJECT_FIXED_TPM = 1 << 1, /* Part 2, 8.3.2 */
	OBJECT_FIXED_PARENT = 1 << 4,
	OBJECT_NO_DA = 1 << 10,
	SHA256_LEN = 32,
	SELECT_LEN = 3, /* bytes of a PCR selection: 24 PCRs */
	POLICY_MAX = SHA256_LEN + 4 + 4 + 2 + 1 + SELECT_LEN + SHA256_LEN,
	PIN_ITERATIONS = 10000, /* the TPM counts tries: this is for who opens the TPM */
};

static uint32_t alg_of(enum hash_alg bank)
{
	switch (bank) {
	case HASH_SHA256:
		return ALG_SHA256;
	case HASH_SHA384:
		return ALG_SHA384;
	case HASH_SHA512:
		return ALG_SHA512;
	default:
		return 0;
	}
}

/* --- the PIN --- */

enum err tpm2_auth_value(const struct secret *pin, const uint8_t salt[TPM2_SALT_LEN],
                         struct secret **ret)
{
	AUTO_SECRET *auth = NULL;

	enum err e = pbkdf2_sha256(pin, (struct bytes){salt, TPM2_SALT_LEN},
	                           PIN_ITERATIONS, TPM2_SECRET_LEN, &auth);
	if (e != OK)
		return e;
	size_t n = secret_len(auth);
	while (n > 0 && secret_buf(auth)[n - 1] == 0)
		n--;
	e = secret_set_len(auth, n);
	if (e != OK)
		return e;
	*ret = auth;
	auth = NULL;
	return OK;
}

/* --- the policy --- */

/* Part 1, 17.5: all selected values, lowest PCR first. */
static enum err digest_of(const struct tpm2_pcrs *p, uint8_t ret[static SHA256_LEN])
{
	struct hash *h = NULL;

	const enum err e = hash_new(HASH_SHA256, &h);
	if (e != OK)
		return e;
	for (unsigned i = 0; i < TPM2_PCRS; i++)
		if (p->mask >> i & 1)
			hash_add(h, (struct bytes){p->value[i], hash_len(p->bank)});
	return hash_end(h, ret, SHA256_LEN);
}

static enum err policy_pcr(const struct tpm2_pcrs *p, uint8_t policy[static SHA256_LEN])
{
	uint8_t text[POLICY_MAX], digest[SHA256_LEN];
	struct writer w = {text, sizeof(text), 0, false};

	enum err e = digest_of(p, digest);
	if (e != OK)
		return e;
	put_bytes(&w, policy, SHA256_LEN);
	put_be(&w, 4, CC_POLICY_PCR);
	put_be(&w, 4, 1); /* selections */
	put_be(&w, 2, alg_of(p->bank));
	put_be(&w, 1, SELECT_LEN);
	for (unsigned i = 0; i < SELECT_LEN; i++)
		put_be(&w, 1, p->mask >> (8 * i) & 0xff);
	put_bytes(&w, digest, sizeof(digest));
	return hash_all(HASH_SHA256, writer_bytes(&w), policy, SHA256_LEN);
}

static enum err policy_auth_value(uint8_t policy[static SHA256_LEN])
{
	uint8_t text[POLICY_MAX];
	struct writer w = {text, sizeof(text), 0, false};

	put_bytes(&w, policy, SHA256_LEN);
	put_be(&w, 4, CC_POLICY_AUTH_VALUE);
	return hash_all(HASH_SHA256, writer_bytes(&w), policy, SHA256_LEN);
}

enum err tpm2_policy(const struct tpm2_pcrs *p, bool pin, uint8_t ret[static SHA256_LEN])
{
	uint8_t policy[SHA256_LEN] = {0};

	if (alg_of(p->bank) == 0)
		return ERR_UNSUPPORTED;
	enum err e = policy_pcr(p, policy);
	if (e == OK && pin)
		e = policy_auth_value(policy);
	if (e == OK)
		memcpy(ret, policy, sizeof(policy));
	return e;
}

/* --- the sealed object --- */

/* A TPM2B: its bytes, and nothing after them. */
static enum err unwrap(const uint8_t *p, size_t n, struct bytes *ret)
{
	struct bytes in = {p, n};
	uint32_t len = 0;

	enum err e = bytes_take_be(&in, 2, &len);
	if (e == OK)
		e = bytes_take(&in, len, ret);
	return e == OK && in.n > 0 ? ERR_FORMAT : e;
}

/* Part 2, 12.2.4: there is one form only that we make. */
enum err tpm2_sealed_check(const struct tpm2_sealed *s)
{
	const uint32_t attributes = OBJECT_FIXED_TPM | OBJECT_FIXED_PARENT |
	                            (s->needs_pin ? 0U : (uint32_t)OBJECT_NO_DA);
	uint8_t policy[SHA256_LEN], want[TPM2_PUBLIC_MAX];
	struct writer w = {want, sizeof(want), 0, false};
	struct bytes is = {0}, priv = {0};

	enum err e = unwrap(s->pub, s->pub_len, &is);
	if (e == OK)
		e = unwrap(s->priv, s->priv_len, &priv);
	if (e == OK && priv.n == 0)
		e = ERR_FORMAT;
	if (e == OK)
		e = tpm2_policy(&s->pcrs, s->needs_pin, policy);
	if (e != OK)
		return e;
	put_be(&w, 2, ALG_KEYEDHASH);
	put_be(&w, 2, ALG_SHA256);
	put_be(&w, 4, attributes);
	put_be(&w, 2, sizeof(policy));
	put_bytes(&w, policy, sizeof(policy));
	put_be(&w, 2, ALG_NULL);
	put_be(&w, 2, SHA256_LEN); /* of `unique`, which is what is left */
	if (is.n != w.n + SHA256_LEN || memcmp(is.p, want, w.n) != 0)
		return ERR_FORMAT;
	return OK;
}

enum err tpm2_id(const struct tpm2_sealed *s, uint8_t ret[static TPM2_ID_LEN])
{
	uint8_t name[SHA256_LEN];
	struct bytes is = {0};

	enum err e = unwrap(s->pub, s->pub_len, &is);
	if (e == OK)
		e = hash_all(HASH_SHA256, is, name, sizeof(name));
	if (e == OK)
		memcpy(ret, name, TPM2_ID_LEN);
	return e;
}

/* --- PCRs --- */

uint32_t tpm2_pcrs_differ(const struct tpm2_pcrs *a, const struct tpm2_pcrs *b)
{
	uint32_t differ = 0;

	for (unsigned i = 0; i < TPM2_PCRS; i++)
		if ((a->mask & b->mask) >> i & 1 &&
		    memcmp(a->value[i], b->value[i], HASH_MAX_LEN) != 0)
			differ |= 1U << i;
	return differ;
}

const char *tpm2_pcr_measures(unsigned pcr)
{
	/* TCG PC Client Platform Firmware Profile, 3.3.4, and who else uses them. */
	static const char *const what[TPM2_PCRS] = {
	        [0] = "the firmware",
	        [1] = "the firmware's settings",
	        [2] = "option ROMs, or Heads' boot block",
	        [3] = "settings of option ROMs",
	        [4] = "the boot loader, or the way that Heads booted",
	        [5] = "the partition table, or Heads' kernel modules",
	        [6] = "resuming from sleep, or the LUKS headers with Heads",
	        [7] = "Secure Boot's keys, or Heads' settings",
	        [8] = "GRUB's commands and the kernel's command line",
	        [9] = "GRUB's menu, the kernel and the initramfs",
	        [10] = "what Linux's IMA measured",
	        [11] = "the unified kernel image and the boot's phases",
	        [12] = "the command line and credentials that systemd-boot passed",
	        [13] = "system extensions",
	        [14] = "shim's own keys",
	        [15] = "what systemd measured of the system",
	};
	const char *text = pcr < TPM2_PCRS ? what[pcr] : NULL;

	return text ? text : "nothing that is known here";
}

/* --- banks --- */

static const struct {
	const char *name;
	enum hash_alg alg;
} banks[] = {
        {"sha256", HASH_SHA256},
        {"sha384", HASH_SHA384},
        {"sha512", HASH_SHA512},
};

enum hash_alg tpm2_bank_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(banks) / sizeof(banks[0]); i++)
		if (strcmp(banks[i].name, name) == 0)
			return banks[i].alg;
	return HASH_NONE;
}

const char *tpm2_bank_name(enum hash_alg bank)
{
	for (size_t i = 0; i < sizeof(banks) / sizeof(banks[0]); i++)
		if (banks[i].alg == bank)
			return banks[i].name;
	return "?";
}
