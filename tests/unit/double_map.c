/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/double_map.h"

#include <stdio.h>

struct mapper mapper;

bool luks_is_mapped(const char *name)
{
	for (size_t i = 0; i < mapper.n; i++)
		if (strcmp(mapper.mapped[i].name, name) == 0)
			return true;
	return false;
}

enum err luks_mapped_uuid(const char *name, char ret[static LUKS_UUID_LEN + 1])
{
	for (size_t i = 0; i < mapper.n; i++) {
		if (strcmp(mapper.mapped[i].name, name) != 0 ||
		    mapper.mapped[i].uuid[0] == '\0')
			continue;
		memcpy(ret, mapper.mapped[i].uuid, LUKS_UUID_LEN + 1);
		return OK;
	}
	return ERR_NOT_FOUND;
}

enum err luks_activate(struct luks *l, const struct luks_activation *a, int slot,
                       const struct secret *pass)
{
	int opened = -1;

	const enum err e = luks_try(l, slot, pass, &opened);
	if (e != OK)
		return e;
	if (mapper.fails != OK)
		return mapper.fails;
	if (luks_is_mapped(a->name) || mapper.n == MAPPED_MAX)
		return ERR_EXISTS;
	(void)snprintf(mapper.mapped[mapper.n].name, LUKS_NAME_MAX + 1, "%s", a->name);
	mapper.mapped[mapper.n].how = *a;
	mapper.mapped[mapper.n].how.name = NULL;
	mapper.mapped[mapper.n].slot = opened;
	(void)snprintf(mapper.mapped[mapper.n].uuid, LUKS_UUID_LEN + 1, "%s",
	               luks_uuid(l));
	mapper.n++;
	if (mapper.then)
		mapper.then(a->name);
	return OK;
}
