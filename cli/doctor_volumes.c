/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor: is what is trusted about the volumes what it was, and root's alone to change?
 */
#include "cli/doctor.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "unlock/store.h"

static void look_at_volume(struct doctor *d, const struct machine_volume *mv)
{
	const struct volume *v = mv->v;

	if (v->strange)
		doctor_find(d, FAULT_HEADER, mv->device, "%s is refused. %s", mv->device,
		            v->strange);
	switch (v->state) {
	case RECORD_MATCHES:
		break;
	case RECORD_DIFFERS:
		doctor_find(d, FAULT_PIN, mv->device,
		            "The LUKS header of %s is not the one that was enrolled.",
		            mv->device);
		break;
	case RECORD_BROKEN:
		doctor_find(d, FAULT_RECORD_BROKEN, mv->device,
		            "The record of %s cannot be read.", mv->device);
		break;
	case RECORD_MISSING:
		if (v->n_enrolled > 0 || machine_names_us(mv))
			doctor_find(d, FAULT_RECORD_MISSING, mv->device,
			            "This machine has no record of %s.", mv->device);
		break;
	}
}

static bool is_open(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 &&
	       (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0);
}

static void look_at_folders(struct doctor *d)
{
	char path[MACHINE_PATH_MAX + STORE_NAME_MAX + 16];
	char name[STORE_NAME_MAX];
	bool open = is_open(d->m->config);

	(void)snprintf(path, sizeof(path), "%s/" STORE_VOLUMES, d->m->config);
	open = open || is_open(path);
	for (size_t i = 0; i < d->m->n && !open; i++) {
		if (!d->m->volume[i].v ||
		    store_name(luks_uuid(d->m->volume[i].v->luks), ".json", name) != OK)
			continue;
		(void)snprintf(path, sizeof(path), "%s/" STORE_VOLUMES "/%s",
		               d->m->config, name);
		open = is_open(path);
	}
	if (open)
		doctor_find(d, FAULT_CONFIG_OPEN, d->m->config,
		            "Others than root can write to %s or what is in it.",
		            d->m->config);
}

/* --- records of what nobody names --- */

/* It says by other than the UUID what is not here now: it may be any volume. */
static bool may_be_any(const struct machine *m, const struct crypttab_entry *e)
{
	if (strncmp(e->source, "UUID=", 5) == 0 || strstr(e->source, "/by-uuid/") ||
	    strncmp(e->key, "/dev/", 5) == 0) /* swap with a random key */
		return false;
	for (size_t i = 0; i < m->n; i++)
		if (m->volume[i].v && m->volume[i].line == e)
			return false;
	return true;
}

static bool is_named(const struct machine *m, const char *uuid)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->volume[i].v
		            ? strcasecmp(luks_uuid(m->volume[i].v->luks), uuid) == 0
		            : strcasestr(m->volume[i].device, uuid) != NULL)
			return true;
	for (size_t i = 0; i < m->tab.n; i++)
		if (m->tab.entry[i].source && (strcasestr(m->tab.entry[i].source, uuid) ||
		                               may_be_any(m, &m->tab.entry[i])))
			return true;
	return false;
}

static enum err see_record(int dir, const char *name, void *ctx)
{
	static const char end[] = ".json";
	struct doctor *d = ctx;
	char uuid[LUKS_UUID_LEN + 1], expected[STORE_NAME_MAX];
	const size_t n = strlen(name);
	(void)dir;

	if (n <= strlen(end) || n - strlen(end) >= sizeof(uuid))
		return OK;
	memcpy(uuid, name, n - strlen(end));
	uuid[n - strlen(end)] = '\0';
	if (store_name(uuid, end, expected) == OK && strcmp(expected, name) == 0 &&
	    !is_named(d->m, uuid))
		doctor_find(d, FAULT_RECORD_ALONE, uuid,
		            "There is a record of the volume %s, which no line of "
		            "crypttab names.",
		            uuid);
	return OK;
}

static void look_at_records(struct doctor *d)
{
	char path[MACHINE_PATH_MAX + 16];
	int dir = -1;

	(void)snprintf(path, sizeof(path), "%s/" STORE_VOLUMES, d->m->config);
	/* Who is named cannot be told where crypttab cannot be read, which is told. */
	if (d->c->device || (d->m->tab_e != OK && d->m->tab_e != ERR_NOT_FOUND) ||
	    dir_open(path, &dir) != OK)
		return;
	(void)dir_each(dir, see_record, d); /* what cannot be read is told above */
	(void)close(dir);                   /* only read */
}

enum err doctor_volumes(struct doctor *d)
{
	for (size_t i = 0; i < d->m->n; i++)
		if (d->m->volume[i].v)
			look_at_volume(d, &d->m->volume[i]);
	look_at_folders(d);
	look_at_records(d);
	return OK;
}
