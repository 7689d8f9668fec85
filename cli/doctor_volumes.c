/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor: is what is trusted about the volumes what it was, and root's alone to change?
 */
#include "cli/doctor.h"

#include <stdio.h>
#include <sys/stat.h>

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

enum err doctor_volumes(struct doctor *d)
{
	for (size_t i = 0; i < d->m->n; i++)
		if (d->m->volume[i].v)
			look_at_volume(d, &d->m->volume[i]);
	look_at_folders(d);
	return OK;
}
