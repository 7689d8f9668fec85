/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of PCRs in JSON, strictly. */
#include "unlock/pcrs_json.h"

#include "core/hex.h"
#include "unlock/fields.h"
#include "unlock/json.h"

static enum err read_pcr(const struct json_object *o, struct tpm2_pcrs *p)
{
	static const char *const two[] = {"pcr", "value"};
	const char *text = NULL;
	int i = 0;

	if (!json_only(o, two, sizeof(two) / sizeof(two[0])))
		return ERR_FORMAT;
	enum err e = json_int(o, "pcr", 0, TPM2_PCRS - 1, &i);
	if (e == OK && p->mask >> i != 0) /* in order, none twice */
		e = ERR_FORMAT;
	if (e == OK)
		e = json_text(o, "value", &text);
	if (e == OK)
		e = field_hex_lower(text, p->value[i], hash_len(p->bank));
	if (e == OK)
		p->mask |= 1U << i;
	return e;
}

enum err pcrs_read(const struct json_object *from, struct tpm2_pcrs *p)
{
	struct tpm2_pcrs got = {.bank = p->bank};

	if (!json_is_array(from) || json_count(from) < 1 || json_count(from) > TPM2_PCRS)
		return ERR_FORMAT;
	for (size_t i = 0; i < json_count(from); i++) {
		const enum err e = read_pcr(json_item(from, i), &got);

		if (e != OK)
			return e;
	}
	*p = got;
	return OK;
}

void pcrs_put(const struct tpm2_pcrs *p, FILE *out)
{
	const char *comma = "";

	(void)fputc('[', out);
	for (unsigned i = 0; i < TPM2_PCRS; i++) {
		char text[2 * HASH_MAX_LEN + 1];

		if ((p->mask >> i & 1) == 0)
			continue;
		hex_encode((struct bytes){p->value[i], hash_len(p->bank)}, text);
		(void)fprintf(out, "%s{\"pcr\":%u,\"value\":\"%s\"}", comma, i, text);
		comma = ",";
	}
	(void)fputc(']', out);
}
