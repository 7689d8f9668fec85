/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record as an initramfs image has it: without what resealing changes. */
#include <string.h>

#include "unlock/record.h"
#include "unlock/token.h"

static int order(const struct record_tpm2 *a, const struct record_tpm2 *b)
{
	if (a->needs_pin != b->needs_pin)
		return a->needs_pin ? 1 : -1;
	if (a->cap != b->cap)
		return a->cap > b->cap ? 1 : -1;
	return memcmp(a->srk_name, b->srk_name, sizeof(a->srk_name));
}

/* In order, so that it does not matter when which of them was enrolled; none twice. */
static enum err add_tpm2(struct record *r, const struct record_entry *en)
{
	struct record_tpm2 new = {.needs_pin = en->needs_pin, .cap = en->cap};
	size_t at = 0;

	memcpy(new.srk_name, en->srk_name, sizeof(new.srk_name));
	while (at < r->n_tpm2 && order(&r->tpm2[at], &new) < 0)
		at++;
	if (at < r->n_tpm2 && order(&r->tpm2[at], &new) == 0)
		return OK;
	if (r->n_tpm2 == RECORD_TPM2_MAX)
		return ERR_NO_SPACE;
	memmove(&r->tpm2[at + 1], &r->tpm2[at], (r->n_tpm2 - at) * sizeof(new));
	r->tpm2[at] = new;
	r->n_tpm2++;
	return OK;
}

enum err record_for_image(const struct record *r, struct record *ret)
{
	struct record out = *r;
	enum err e = OK;

	out.n = 0;
	for (size_t i = 0; e == OK && i < r->n; i++) {
		if (strcmp(r->entry[i].backend, BACKEND_TPM2) == 0)
			e = add_tpm2(&out, &r->entry[i]);
		else
			out.entry[out.n++] = r->entry[i];
	}
	if (e == OK)
		*ret = out;
	return e;
}
