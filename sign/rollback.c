/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one line of kexec_rollback.txt: read, written, compared with a counter. */
#include "sign/rollback.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/hex.h"
#include "crypto/crypto.h"

enum { TPM2_ID_LEN = 7, TPM2_FIRST = 0x1000000, TPM2_LAST = 0x1ffffff };

static const char before_id[] = "  /tmp/counter-";

static bool number(struct bytes text, unsigned base, uint32_t *ret)
{
	uint64_t v = 0;

	if (text.n == 0 || (text.n > 1 && text.p[0] == '0'))
		return false;
	for (size_t i = 0; i < text.n; i++) {
		const uint8_t c = text.p[i];
		unsigned digit = base;

		if (c >= '0' && c <= '9')
			digit = c - (unsigned)'0';
		else if (c >= 'a' && c <= 'f')
			digit = c - (unsigned)'a' + 10;
		if (digit >= base)
			return false;
		v = v * base + digit;
		if (v > UINT32_MAX)
			return false;
	}
	*ret = (uint32_t)v;
	return true;
}

static bool id(struct bytes text, struct rollback *r)
{
	r->tpm2 = text.n == TPM2_ID_LEN && number(text, 16, &r->index) &&
	          r->index >= TPM2_FIRST && r->index <= TPM2_LAST;
	return r->tpm2 || number(text, 10, &r->index);
}

enum err rollback_parse(struct bytes in, struct rollback *ret)
{
	struct rollback r = {0};
	struct bytes hash = {0}, name = {0};

	if (in.n > ROLLBACK_LINE_MAX || in.n == 0 || in.p[in.n - 1] != '\n')
		return ERR_FORMAT;
	in.n--;
	if (bytes_take(&in, (size_t)2 * sizeof(r.sha256), &hash) != OK ||
	    bytes_take(&in, strlen(before_id), &name) != OK ||
	    !bytes_equal(name, bytes_of(before_id)) || !id(in, &r))
		return ERR_FORMAT;
	for (size_t i = 0; i < hash.n; i++)
		if (hash.p[i] >= 'A' && hash.p[i] <= 'F')
			return ERR_FORMAT; /* sha256sum writes small letters */
	if (hex_decode((const char *)hash.p, hash.n, r.sha256, sizeof(r.sha256)) != OK)
		return ERR_FORMAT;
	*ret = r;
	return OK;
}

void rollback_id(const struct rollback *r, char out[static ROLLBACK_ID_MAX])
{
	(void)snprintf(out, ROLLBACK_ID_MAX, r->tpm2 ? "%" PRIx32 : "%" PRIu32, r->index);
}

/* Of the text that Heads has in /tmp/counter-ID. */
static enum err hash_of(const struct rollback *r, uint64_t value,
                        uint8_t ret[static ROLLBACK_HASH_LEN])
{
	char name[ROLLBACK_ID_MAX], text[ROLLBACK_LINE_MAX];

	if (!r->tpm2 && value > UINT32_MAX)
		return ERR_USAGE;
	rollback_id(r, name);
	(void)snprintf(text, sizeof(text),
	               r->tpm2 ? "%s: %016" PRIx64 "\n" : "%s: %08" PRIx64 "\n", name,
	               value);
	return hash_all(HASH_SHA256, bytes_of(text), ret, ROLLBACK_HASH_LEN);
}

enum err rollback_line(const struct rollback *r, uint64_t value, struct buffer *out)
{
	uint8_t sha256[ROLLBACK_HASH_LEN];
	char hex[2 * ROLLBACK_HASH_LEN + 1], name[ROLLBACK_ID_MAX];

	const enum err e = hash_of(r, value, sha256);
	if (e != OK)
		return e;
	hex_encode((struct bytes){sha256, sizeof(sha256)}, hex);
	rollback_id(r, name);
	buffer_format(out, "%s%s%s\n", hex, before_id, name);
	return buffer_ok(out);
}

bool rollback_pins(const struct rollback *r, uint64_t value)
{
	uint8_t sha256[ROLLBACK_HASH_LEN];

	return hash_of(r, value, sha256) == OK &&
	       memcmp(sha256, r->sha256, sizeof(sha256)) == 0;
}

const char *counter_text(enum err e)
{
	switch (e) {
	case ERR_UNSUPPORTED:
		return "The counter cannot be used here: no TPM 2.0, or built without "
		       "its "
		       "library.";
	case ERR_NOT_FOUND:
		return "The TPM has no such counter, or it has never been incremented; "
		       "Heads "
		       "makes a new one when you reset the TPM there.";
	case ERR_FORMAT:
		return "What the TPM has at the counter's index is no counter as Heads "
		       "makes "
		       "it.";
	case ERR_ACCESS:
		return "The TPM does not let us use the counter: it has a password, the "
		       "TPM "
		       "is locked after wrong ones, or this is not root.";
	case ERR_BUSY:
		return "The TPM is busy. Try again in a minute.";
	case ERR_IO:
		return "The TPM does not answer as it should: it has failed or went "
		       "away. "
		       "Restart the machine and look at its firmware's settings.";
	default:
		return err_text(e);
	}
}
