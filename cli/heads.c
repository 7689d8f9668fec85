/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heads leaves on /boot what it sealed a key for the disk with. */
#include "cli/heads.h"

#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "core/file.h"

/* The first is there with any TPM 2.0; the others once a key for the disk is sealed. */
static const char *const marks[] = {"kexec_primhdl_hash.txt", "kexec_lukshdr_hash.txt",
                                    "kexec_key_devices.txt"};
enum { MARKS = sizeof(marks) / sizeof(marks[0]), DISK_KEY = 1 };

static bool has_mark(const struct cli *c, size_t first)
{
	bool found = false;
	int boot = -1;

	if (dir_open(c->where.boot_dir, &boot) != OK)
		return false;
	for (size_t i = first; i < MARKS; i++)
		found = found ||
		        faccessat(boot, marks[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	(void)close(boot); /* read-only */
	return found;
}

bool heads_here(const struct cli *c)
{
	return has_mark(c, 0);
}

void heads_warn(const struct cli *c)
{
	if (has_mark(c, DISK_KEY))
		cli_say(c, "Heads has sealed a disk unlock key for this system. This "
		           "changes the LUKS\n"
		           "header that it measured: you will have to re-seal in Heads "
		           "(set the default\n"
		           "boot again).");
}
