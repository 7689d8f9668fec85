/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor: what makes the images here, and is our part of it there? */
#include "cli/doctor.h"

#include <stdlib.h>
#include <unistd.h>

#include "cli/lines.h"

/* Of which folder it lies in; NULL: in none. */
static const char *find(const struct machine *m, const char *const *paths)
{
	for (; *paths; paths++)
		if (machine_has(m, *paths))
			return *paths;
	return NULL;
}

/* What is no program is passed over as if it were not there. */
static void look_at_program(struct doctor *d, enum fault f, const char *const *paths,
                            const char *missing)
{
	const char *path = find(d->m, paths);
	char at[MACHINE_PATH_MAX];

	if (!path) {
		doctor_find(d, f, "", "%s", missing);
		return;
	}
	machine_path(d->m, path, at);
	if (access(at, X_OK) != 0)
		doctor_find(d, f, "", "%s is not executable.", at);
}

/* update_initramfs=no: man 5 update-initramfs.conf. */
static void look_at_switch(struct doctor *d)
{
	static const char path[] = "/etc/initramfs-tools/update-initramfs.conf";
	static const char *const off[] = {"no", "\"no\"", "'no'"};
	static const char key[] = "update_initramfs=";
	struct bytes text = {NULL, 0}, line, value, front;
	uint8_t *data = NULL;
	bool frozen = false;

	if (machine_read(d->m, path, &data, &text.n) != OK)
		return;
	text.p = data;
	while (line_next(&text, &line)) {
		if (!word_next(&line, &value) || !bytes_begin(value, key) ||
		    bytes_take(&value, strlen(key), &front) != OK)
			continue;
		frozen = false; /* the last one counts */
		for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
			frozen = frozen || bytes_equal(value, bytes_of(off[i]));
	}
	free(data);
	if (frozen)
		doctor_find(d, FAULT_FROZEN, path, "%s says update_initramfs=no.", path);
}

static void look_at_tools(struct doctor *d)
{
	static const char *const cryptroot[] = {
	        "/usr/share/initramfs-tools/hooks/cryptroot",
	        "/etc/initramfs-tools/hooks/cryptroot", NULL};
	static const char *const ours[] = {"/usr/share/initramfs-tools/hooks/bootlatch",
	                                   "/etc/initramfs-tools/hooks/bootlatch", NULL};

	look_at_program(d, FAULT_CRYPTROOT, cryptroot,
	                "initramfs-tools has no hook for encrypted disks.");
	look_at_program(d, FAULT_HOOK, ours, "initramfs-tools has no hook of bootlatch.");
	look_at_switch(d);
}

enum err doctor_generator(struct doctor *d)
{
	static const char *const tools[] = {"/usr/sbin/update-initramfs",
	                                    "/sbin/update-initramfs", NULL};
	static const char *const makers[] = {"/usr/sbin/mkinitramfs", "/sbin/mkinitramfs",
	                                     NULL};
	static const char *const others[][4] = {
	        {"dracut",     "/usr/bin/dracut",     "/usr/sbin/dracut",     NULL},
	        {"mkinitcpio", "/usr/bin/mkinitcpio", "/usr/sbin/mkinitcpio", NULL},
	};
	static const char *const keyscript[] = {
	        "/usr/lib/cryptsetup/scripts/decrypt_bootlatch",
	        "/lib/cryptsetup/scripts/decrypt_bootlatch", NULL};
	const char *other = NULL;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (find(d->m, others[i] + 1))
			other = others[i][0];
	/* dracut has an update-initramfs of its own. */
	if (find(d->m, tools) && (!other || find(d->m, makers)))
		look_at_tools(d);
	else if (other)
		doctor_find(d, FAULT_GENERATOR_OTHER, other, "%s makes the images here.",
		            other);
	else
		doctor_find(d, FAULT_GENERATOR, "", "There is no update-initramfs here.");
	look_at_program(d, FAULT_KEYSCRIPT, keyscript,
	                "/usr/lib/cryptsetup/scripts/decrypt_bootlatch is missing.");
	return OK;
}
