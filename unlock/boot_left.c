/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that are left to cryptroot: a line each, none twice. */
#include "unlock/boot_left.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"

enum { LEFT_MAX = 64 * 1024 /* as CRYPTTAB_MAX: no name is longer than its line */ };

bool boot_left_has(const char *file, const char *name)
{
	return file && file_has_line(file, LEFT_MAX, name);
}

void boot_left_add(const char *file, const char *name)
{
	if (!file || boot_left_has(file, name))
		return;
	const int fd =
	        open(file, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	const bool written = fd >= 0 && dprintf(fd, "%s\n", name) >= 0;

	if (fd < 0 || close(fd) < 0 || !written)
		log_line(LOG_DEBUG, "boot: %s is not kept in %s", name, file);
}

void boot_left_clear(const char *file)
{
	if (file)
		(void)unlink(file); /* there is none as a rule */
}
