/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor: what makes the images here, and is our part of it there? */
#include "cli/doctor.h"

static bool has_any(const struct machine *m, const char *const *paths)
{
	for (; *paths; paths++)
		if (machine_has(m, *paths))
			return true;
	return false;
}

static void look_at_tools(struct doctor *d)
{
	static const char *const cryptroot[] = {
	        "/usr/share/initramfs-tools/hooks/cryptroot",
	        "/etc/initramfs-tools/hooks/cryptroot", NULL};
	static const char *const ours[] = {"/usr/share/initramfs-tools/hooks/bootlatch",
	                                   "/etc/initramfs-tools/hooks/bootlatch", NULL};

	if (!has_any(d->m, cryptroot))
		doctor_find(d, FAULT_CRYPTROOT, "",
		            "initramfs-tools has no hook for encrypted disks.");
	if (!has_any(d->m, ours))
		doctor_find(d, FAULT_HOOK, "",
		            "initramfs-tools has no hook of bootlatch.");
}

enum err doctor_generator(struct doctor *d)
{
	static const char *const tools[] = {"/usr/sbin/update-initramfs",
	                                    "/sbin/update-initramfs", NULL};
	static const char *const others[][4] = {
	        {"dracut",     "/usr/bin/dracut",     "/usr/sbin/dracut",     NULL},
	        {"mkinitcpio", "/usr/bin/mkinitcpio", "/usr/sbin/mkinitcpio", NULL},
	};
	static const char *const keyscript[] = {
	        "/usr/lib/cryptsetup/scripts/decrypt_bootlatch",
	        "/lib/cryptsetup/scripts/decrypt_bootlatch", NULL};
	const char *other = NULL;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (has_any(d->m, others[i] + 1))
			other = others[i][0];
	if (has_any(d->m, tools))
		look_at_tools(d);
	else if (other)
		doctor_find(d, FAULT_GENERATOR_OTHER, other, "%s makes the images here.",
		            other);
	else
		doctor_find(d, FAULT_GENERATOR, "", "There is no update-initramfs here.");
	if (!has_any(d->m, keyscript))
		doctor_find(d, FAULT_KEYSCRIPT, "",
		            "/usr/lib/cryptsetup/scripts/decrypt_bootlatch is missing.");
	return OK;
}
