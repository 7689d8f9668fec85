/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One volume: its header read once, held against the record, and what is known of it. */
#include "unlock/volume.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "unlock/volume_merge.h"

static enum err load_record(struct volume *v)
{
	enum err e = header_pin(v->luks, v->pin);

	if (e != OK)
		return e;
	e = record_load(v->where.config_dir, luks_uuid(v->luks), &v->record);
	if (e == ERR_NO_RECORD) {
		v->state = RECORD_MISSING;
	} else if (e != OK) {
		v->state = RECORD_BROKEN;
		log_line(LOG_DEBUG, "the record cannot be read: %s", err_text(e));
	} else {
		v->state = mem_equal_ct(v->pin, v->record.pin, HEADER_PIN_LEN)
		                   ? RECORD_MATCHES
		                   : RECORD_DIFFERS;
	}
	return OK;
}

enum err volume_load(const struct volume_where *where, struct volume **ret)
{
	const char *why = NULL;
	struct volume *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return ERR_NOMEM;
	v->where = *where;
	v->interrupted_slot = -1;
	v->typed_slot = LUKS_ANY_SLOT;
	enum err e = luks_open_snapshot(where->device, where->header, &v->luks);
	if (e == OK)
		e = load_record(v);
	if (e == OK) {
		const enum err strange = luks_refuse_strange(v->luks, &why);

		if (strange == ERR_NOMEM)
			e = strange;
		else if (strange != OK)
			v->strange = why != NULL ? why : err_text(strange);
	}
	if (e == OK)
		e = volume_merge(v);
	if (e != OK) {
		v = volume_free(v);
		return e;
	}
	*ret = v;
	return OK;
}

struct volume *volume_free(struct volume *v)
{
	if (v == NULL)
		return NULL;
	for (size_t i = 0; i < v->n_enrolled; i++) {
		free(v->enrolled[i].blob[0]);
		free(v->enrolled[i].blob[1]);
	}
	v->luks = luks_close(v->luks);
	free(v);
	return NULL;
}

enum err volume_reload(struct volume *v)
{
	struct volume *now = NULL;

	enum err e = volume_load(&v->where, &now);
	if (e != OK)
		return e;
	if (!mem_equal_ct(now->pin, v->pin, HEADER_PIN_LEN)) {
		e = ERR_TAMPERED;
	} else {
		const struct volume before = *v;

		*v = *now;
		*now = before;
	}
	now = volume_free(now);
	return e;
}

enum err volume_trusted(const struct volume *v)
{
	if (v->strange != NULL)
		return ERR_TAMPERED;
	switch (v->state) {
	case RECORD_MATCHES:
		return OK;
	case RECORD_MISSING:
		return ERR_NO_RECORD;
	case RECORD_DIFFERS:
	case RECORD_BROKEN:
		return ERR_TAMPERED;
	}
	return ERR_BUG;
}

bool enrolment_is(const struct enrolment *en, const char *backend)
{
	return en->backend && strcmp(en->backend, backend) == 0;
}

const struct enrolment *volume_find(const struct volume *v, int keyslot)
{
	for (size_t i = 0; i < v->n_enrolled; i++)
		if (v->enrolled[i].keyslot == keyslot)
			return &v->enrolled[i];
	return NULL;
}

void volume_keep_slot(struct volume *v, int keyslot)
{
	for (size_t i = 0; i < v->n_enrolled && keyslot != LUKS_ANY_SLOT; i++)
		if (v->enrolled[i].keyslot != keyslot)
			v->enrolled[i].complete = false;
}

bool volume_has_way(const struct volume *v, int keyslot,
                    const uint8_t fpr[static FPR_LEN])
{
	const struct enrolment *en = volume_find(v, keyslot);

	return en != NULL && en->complete && memcmp(en->fpr, fpr, FPR_LEN) == 0;
}
