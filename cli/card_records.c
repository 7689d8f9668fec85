/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which volumes of this machine open with a card, by the records of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/card_work.h"
#include "core/file.h"
#include "unlock/record.h"
#include "unlock/token.h"

static const char suffix[] = ".json";

struct looking {
	const char *config_dir;
	const struct card_info *info;
	struct used *used;
	struct record *record;
};

static void add(struct used *u, const struct record *r, const struct record_entry *e)
{
	if (u->n == USED_MAX) {
		u->more = true;
		return;
	}
	(void)snprintf(u->volume[u->n].uuid, sizeof(u->volume[u->n].uuid), "%s", r->uuid);
	u->volume[u->n].keyslot = e->keyslot;
	u->volume[u->n].only = r->n == 1;
	u->n++;
}

/* A name that is none of ours says nothing of a volume. */
static enum err see(int dirfd, const char *name, void *ctx)
{
	struct looking *l = ctx;
	char uuid[LUKS_UUID_LEN + 1];
	const size_t n = strlen(name);

	(void)dirfd; /* record_load finds it again, with its own checks */
	if (n < sizeof(suffix) || n - (sizeof(suffix) - 1) > LUKS_UUID_LEN ||
	    strcmp(name + n - (sizeof(suffix) - 1), suffix) != 0 || name[0] == '.')
		return OK;
	memcpy(uuid, name, n - (sizeof(suffix) - 1));
	uuid[n - (sizeof(suffix) - 1)] = '\0';
	if (record_load(l->config_dir, uuid, l->record) != OK) {
		l->used->unreadable = true;
		return OK;
	}
	for (size_t i = 0; i < l->record->n; i++) {
		const struct record_entry *e = &l->record->entry[i];

		if (strcmp(e->backend, BACKEND_CARD) == 0 &&
		    memcmp(e->fpr, l->info->key[CARD_KEY_DEC].fpr, FPR_LEN) == 0)
			add(l->used, l->record, e);
	}
	return OK;
}

void card_used_here(const char *config_dir, const struct card_info *info,
                    struct used *ret)
{
	struct looking l = {.config_dir = config_dir, .info = info, .used = ret};
	int config = -1;

	*ret = (struct used){0};
	if (!info->key[CARD_KEY_DEC].present)
		return;
	char *path = NULL;
	if (asprintf(&path, "%s/volumes", config_dir) < 0)
		path = NULL;
	l.record = calloc(1, sizeof(*l.record));
	enum err e = l.record && path ? dir_open(path, &config) : ERR_NOMEM;
	if (e == OK)
		e = dir_each(config, see, &l);
	if (e != OK && e != ERR_NOT_FOUND)
		ret->unreadable = true;
	if (config >= 0)
		(void)close(config); /* read-only */
	free(path);
	free(l.record);
}

void work_tell_used(struct card_work *w, const struct used *u)
{
	for (size_t i = 0; i < u->n; i++)
		work_note(w,
		          "Volume %s opens with this card (keyslot %d)%s: this way in "
		          "would "
		          "be lost.",
		          u->volume[i].uuid, u->volume[i].keyslot,
		          u->volume[i].only
		                  ? ", and its record knows no other enrolled one"
		                  : "");
	if (u->more)
		work_note(w, "And more volumes than are listed here.");
	if (u->unreadable)
		work_note(w, "Not all records of this machine could be read (run this as "
		             "root): other volumes may open with this card too.");
	if (u->n == 0 && !u->unreadable)
		work_note(w, "No volume that is enrolled on this machine opens with its "
		             "keys; other machines are not known here.");
}
