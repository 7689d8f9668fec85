/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCRs chosen, and judged by what is measured into them. */
#include "unlock/tpm2_choice.h"

#include <stdio.h>

#include "core/hex.h"

enum {
	CAP_UEFI = 13, /* nothing on a Debian boot extends it (docs/adr/0015) */
	CAP_HEADS = 4, /* as Heads itself does after its own key */
	HANDLE_DIGITS = 8,
	PERSISTENT = 0x81 /* Part 2, 7.5 */
};

#define BIT(n) (1U << (n))
#define UEFI   (TPM2_PCR_LOADER | BIT(7) | BIT(8) | BIT(9))
#define HEADS  (BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(7))
/* IMA, systemd's phases, what systemd measures of the system. */
#define MOVING (BIT(10) | BIT(11) | BIT(15))
/* A reset of their own (DRTM), at a locality that nobody here has. */
#define DRTM (BIT(17) | BIT(18) | BIT(19) | BIT(20) | BIT(21) | BIT(22))

/* --- chosen --- */

enum err tpm2_choice_profile(const char *name, struct tpm2_choice *ret)
{
	static const struct {
		const char *name;
		struct tpm2_choice choice;
	} rows[] = {
	        {"uefi",  {TPM2_UEFI, UEFI | BIT(CAP_UEFI), CAP_UEFI, false}},
	        {"heads", {TPM2_HEADS, HEADS, CAP_HEADS, false}             },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0) {
			*ret = rows[i].choice;
			return OK;
		}
	return ERR_USAGE;
}

struct tpm2_choice tpm2_choice_of(uint32_t mask, unsigned cap)
{
	struct tpm2_choice c = {.profile = TPM2_LIST, .mask = mask, .cap = cap};

	if (cap == CAP_HEADS && mask == HEADS)
		c.profile = TPM2_HEADS;
	else if (cap == CAP_UEFI && mask == (UEFI | BIT(CAP_UEFI)))
		c.profile = TPM2_UEFI;
	return c;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* One or two digits, 0 to 23. */
static enum err take_number(struct bytes *in, unsigned *ret)
{
	struct bytes one;
	unsigned n = 0;
	size_t digits = 0;

	while (digits < 3 && in->n > 0 && is_digit(in->p[0])) {
		if (bytes_take(in, 1, &one) != OK || (digits > 0 && n == 0))
			return ERR_USAGE;
		n = n * 10 + (unsigned)(one.p[0] - '0');
		digits++;
	}
	if (digits == 0 || n >= TPM2_PCRS)
		return ERR_USAGE;
	*ret = n;
	return OK;
}

static enum err read_mask(struct bytes in, uint32_t *ret)
{
	struct bytes between;
	uint32_t mask = 0;

	for (;;) {
		unsigned n = 0;

		const enum err e = take_number(&in, &n);
		if (e != OK)
			return e;
		if ((mask & BIT(n)) != 0)
			return ERR_USAGE;
		mask |= BIT(n);
		if (bytes_take(&in, 1, &between) != OK)
			break;
		if (between.p[0] != '+' && between.p[0] != ',')
			return ERR_USAGE;
	}
	*ret = mask;
	return OK;
}

enum err tpm2_choice_list(const char *text, struct tpm2_choice *ret)
{
	uint32_t mask = 0;

	const enum err e = read_mask(bytes_of(text), &mask);
	if (e != OK)
		return e;
	if ((mask & (TPM2_PCRS_RESETTABLE | DRTM)) != 0 || mask == BIT(CAP_UEFI))
		return ERR_REFUSED;
	*ret = (struct tpm2_choice){
	        .profile = TPM2_LIST,
	        .mask = mask | BIT(CAP_UEFI),
	        .cap = CAP_UEFI,
	        .cap_added = (mask & BIT(CAP_UEFI)) == 0,
	};
	return OK;
}

enum err tpm2_handle(const char *text, uint32_t *ret)
{
	uint8_t raw[HANDLE_DIGITS / 2];
	const char *digits = strncmp(text, "0x", 2) == 0 ? text + 2 : text;
	struct bytes in = {raw, sizeof(raw)};

	if (hex_decode(digits, strlen(digits), raw, sizeof(raw)) != OK ||
	    raw[0] != PERSISTENT)
		return ERR_USAGE;
	return bytes_take_be(&in, sizeof(raw), ret);
}

void tpm2_list(uint32_t mask, char ret[static TPM2_LIST_MAX])
{
	size_t n = 0;

	ret[0] = '\0';
	for (unsigned i = 0; i < TPM2_PCRS; i++)
		if ((mask & BIT(i)) != 0 && n < TPM2_LIST_MAX)
			n += (size_t)snprintf(ret + n, TPM2_LIST_MAX - n, "%s%u",
			                      n > 0 ? "+" : "", i);
}

/* --- judged --- */

static bool is_empty(const uint8_t *value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (value[i] != 0)
			return false;
	return true;
}

uint32_t tpm2_pcrs_empty(const struct tpm2_pcrs *p)
{
	uint32_t empty = 0;

	for (unsigned i = 0; i < TPM2_PCRS; i++)
		if ((p->mask & BIT(i)) != 0 && is_empty(p->value[i], hash_len(p->bank)))
			empty |= BIT(i);
	return empty;
}

unsigned tpm2_doubts(const struct tpm2_choice *c, const struct tpm2_pcrs *to, bool saved)
{
	const uint32_t empty = tpm2_pcrs_empty(to), booted = c->mask & TPM2_PCRS_OF_IMAGE;
	/* Heads verifies what it boots; that it was Heads is what is measured. */
	const uint32_t witness = c->profile == TPM2_HEADS ? BIT(2) : booted;
	unsigned doubts = 0;

	if (booted == 0)
		doubts |= TPM2_DOUBT_SET;
	if (witness != 0 && (witness & ~empty) == 0)
		doubts |= TPM2_DOUBT_EMPTY;
	if (doubts == 0 && (c->mask & ~empty & TPM2_PCR_LOADER) == 0)
		doubts |= TPM2_DOUBT_LOADER;
	if (c->cap == CAP_UEFI && (empty & BIT(c->cap)) == 0)
		doubts |= TPM2_DOUBT_CAP;
	if ((c->mask & MOVING) != 0 && !saved)
		doubts |= TPM2_DOUBT_MOVING;
	return doubts;
}
