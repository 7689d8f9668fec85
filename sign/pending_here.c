/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is this a machine that signs its /boot, and what have others left there for Heads? */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "sign/pending.h"

static bool has_entries(const char *folder)
{
	DIR *d = opendir(folder);
	bool found = false;

	if (!d)
		return false;
	for (const struct dirent *e = readdir(d); e && !found; e = readdir(d))
		found = e->d_name[0] != '.';
	(void)closedir(d); /* only read */
	return found;
}

static bool is_there(const char *folder, const char *name)
{
	char path[4096];
	const int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	return n > 0 && (size_t)n < sizeof(path) &&
	       faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool pending_signed_here(const char *config, const char *boot)
{
	char path[4096];
	const int n = snprintf(path, sizeof(path), "%s/signers", config);

	return (n > 0 && (size_t)n < sizeof(path) && has_entries(path)) ||
	       is_there(boot, "kexec.sig");
}

unsigned pending_triggers(const char *boot)
{
	return (is_there(boot, PENDING_TRIGGER_PRE_NAME) ? PENDING_TRIGGER_PRE : 0U) |
	       (is_there(boot, PENDING_TRIGGER_POST_NAME) ? PENDING_TRIGGER_POST : 0U);
}
