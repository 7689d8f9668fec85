/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TPM's way in: its object held against the record, its secret as a passphrase. */
#include "unlock/tpm2_way.h"

#include "core/hex.h"
#include "unlock/sealed.h"

static bool as_recorded(const struct enrolment *en, const struct tpm2_sealed *s,
                        const uint8_t id[static TPM2_ID_LEN])
{
	return memcmp(id, en->fpr, TPM2_ID_LEN) == 0 && s->needs_pin == en->needs_pin &&
	       en->cap < TPM2_PCRS && (s->pcrs.mask >> en->cap & 1) != 0;
}

enum err tpm2_way(const struct enrolment *en, size_t i, struct tpm2_sealed *ret)
{
	struct tpm2_sealed s;
	uint8_t id[TPM2_ID_LEN];

	if (i >= sizeof(en->blob) / sizeof(en->blob[0]) || en->blob_len[i] == 0)
		return ERR_NOT_FOUND;
	enum err e = sealed_parse((struct bytes){en->blob[i], en->blob_len[i]}, &s);
	if (e == OK)
		e = tpm2_id(&s, id);
	if (e == OK && !as_recorded(en, &s, id))
		e = ERR_TAMPERED;
	if (e != OK)
		return e;
	memcpy(s.srk_name, en->srk_name, sizeof(s.srk_name));
	*ret = s;
	return OK;
}

enum err tpm2_way_next(const struct enrolment *en, size_t *at, struct tpm2_sealed *ret)
{
	static const size_t order[] = {1, 0};
	const size_t copies = sizeof(order) / sizeof(order[0]);
	enum err e = ERR_NOT_FOUND;

	while (*at < copies * (1 + en->n_srk_other)) {
		const size_t key = *at / copies, copy = *at % copies;
		const enum err one = tpm2_way(en, order[copy], ret);

		++*at;
		if (one == OK && key > 0)
			memcpy(ret->srk_name, en->srk_other[key - 1],
			       sizeof(ret->srk_name));
		if (one == OK)
			return OK;
		if (e == ERR_NOT_FOUND)
			e = one;
	}
	return e;
}

enum err tpm2_passphrase(const struct secret *sealed, struct secret **ret)
{
	AUTO_SECRET *pass = NULL;
	const size_t n = base64_len(secret_len(sealed), false);

	enum err e = secret_new(n, &pass);
	if (e != OK)
		return e;
	base64_encode(secret_view(sealed), false, secret_buf(pass));
	e = secret_set_len(pass, n);
	if (e != OK)
		return e;
	*ret = pass;
	pass = NULL;
	return OK;
}
