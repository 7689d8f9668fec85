/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor: readers and those who hold them, swap, the kernel's command line. */
#include "cli/doctor.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/lines.h"

enum { NAME_MAX_ = 64, STACK_DEPTH = 8 };

/* --- readers --- */

#define LIBCCID "/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Linux/libccid.so"

static bool has_pcscd(const struct machine *m)
{
	return machine_has(m, "/run/pcscd/pcscd.comm");
}

/* Whose GnuPG would take the reader away from pcscd? */
static void look_at_home(struct doctor *d, const char *home)
{
	static const char word[] = "disable-ccid";
	char path[MACHINE_PATH_MAX / 2];
	struct bytes text = {NULL, 0}, line, first;
	uint8_t *data = NULL;
	bool fine = false;

	(void)snprintf(path, sizeof(path), "%.400s/.gnupg", home);
	if (!machine_has(d->m, path))
		return;
	(void)snprintf(path, sizeof(path), "%.400s/.gnupg/scdaemon.conf", home);
	if (machine_read(d->m, path, &data, &text.n) == OK) {
		text.p = data;
		while (line_next(&text, &line))
			fine = fine || (word_next(&line, &first) &&
			                bytes_equal(first, bytes_of(word)));
		free(data);
	}
	if (fine)
		return;
	(void)snprintf(path, sizeof(path), "%.400s/.gnupg", home);
	doctor_find(d, FAULT_SCDAEMON_CCID, path,
	            "%s does not tell scdaemon to leave readers to pcscd "
	            "(disable-ccid).",
	            path);
}

static void each_home(struct doctor *d)
{
	char path[MACHINE_PATH_MAX], home[NAME_MAX_ + 16];

	look_at_home(d, "/root");
	machine_path(d->m, "/home", path);
	DIR *dir = opendir(path);
	if (!dir)
		return;
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		if (e->d_name[0] == '.' || strlen(e->d_name) >= NAME_MAX_)
			continue;
		(void)snprintf(home, sizeof(home), "/home/%.64s", e->d_name);
		look_at_home(d, home);
	}
	(void)closedir(dir); /* only read */
}

/* "/proc/123/comm" */
static void look_for_scdaemon(struct doctor *d)
{
	char path[MACHINE_PATH_MAX], comm[NAME_MAX_], text[NAME_MAX_];

	machine_path(d->m, "/proc", path);
	DIR *dir = opendir(path);
	if (!dir)
		return;
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		(void)snprintf(comm, sizeof(comm), "/proc/%.32s/comm", e->d_name);
		machine_line(d->m, comm, text, sizeof(text));
		if (strcmp(text, "scdaemon") != 0)
			continue;
		doctor_find(d, FAULT_SCDAEMON_RUNS, e->d_name,
		            "scdaemon runs (process %s).", e->d_name);
		break;
	}
	(void)closedir(dir); /* only read */
}

enum err doctor_readers(struct doctor *d)
{
	static const char *const rules[] = {"/usr/lib/udev/rules.d/70-bootlatch.rules",
	                                    "/lib/udev/rules.d/70-bootlatch.rules",
	                                    "/etc/udev/rules.d/70-bootlatch.rules"};
	bool ruled = false;

	if (!machine_has(d->m, LIBCCID))
		doctor_find(d, FAULT_LIBCCID, "", "%s is missing.", LIBCCID);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		ruled = ruled || machine_has(d->m, rules[i]);
	if (!ruled)
		doctor_find(d, FAULT_UDEV, "", "No udev rules of bootlatch are there.");
	/* Of a system that does not run nothing more can be seen. */
	if (!machine_has(d->m, "/run")) {
		doctor_skip(d, "pcscd and scdaemon", "that system does not run");
		return OK;
	}
	if (machine_has(d->m, "/usr/sbin/pcscd") && !has_pcscd(d->m))
		doctor_find(d, FAULT_PCSCD, "", "pcscd is installed, but has no socket.");
	if (has_pcscd(d->m) && machine_has(d->m, "/usr/lib/gnupg/scdaemon"))
		each_home(d);
	look_for_scdaemon(d);
	return OK;
}

/* --- swap --- */

/* Is that device, or what it lies on, a mapping of dm-crypt? */
static bool is_encrypted(const struct machine *m, const char *name)
{
	char at[NAME_MAX_], path[MACHINE_PATH_MAX], file[2 * NAME_MAX_ + 16],
	        uuid[NAME_MAX_];

	(void)snprintf(at, sizeof(at), "%s", name);
	for (int i = 0; i < STACK_DEPTH; i++) {
		struct dirent *e = NULL;

		(void)snprintf(file, sizeof(file), "/sys/class/block/%s/dm/uuid", at);
		machine_line(m, file, uuid, sizeof(uuid));
		if (strncmp(uuid, "CRYPT-", strlen("CRYPT-")) == 0)
			return true;
		(void)snprintf(file, sizeof(file), "/sys/class/block/%s/slaves", at);
		machine_path(m, file, path);
		DIR *dir = opendir(path);
		while (dir && (e = readdir(dir)) != NULL && e->d_name[0] == '.')
			;
		if (e)
			(void)snprintf(at, sizeof(at), "%.60s", e->d_name);
		if (dir)
			(void)closedir(dir); /* only read */
		if (!e)
			return false;
	}
	return false;
}

static void look_at_swap(struct doctor *d)
{
	static const char front[] = "/dev/";
	struct bytes text = {NULL, 0}, line, name, type;
	char device[NAME_MAX_];
	uint8_t *data = NULL;

	if (machine_read(d->m, "/proc/swaps", &data, &text.n) != OK)
		return;
	text.p = data;
	while (line_next(&text, &line)) {
		if (!word_next(&line, &name) || !word_next(&line, &type) ||
		    !bytes_equal(type, bytes_of("partition")) ||
		    !bytes_begin(name, front) || name.n >= sizeof(device))
			continue; /* a file is where its file system is */
		memcpy(device, name.p, name.n);
		device[name.n] = '\0';
		if (strncmp(device, "/dev/zram", strlen("/dev/zram")) != 0 &&
		    !is_encrypted(d->m, device + strlen(front)))
			doctor_find(d, FAULT_SWAP, device, "Swap on %s is not encrypted.",
			            device);
	}
	free(data);
}

/* --- the command line --- */

static void look_at_command_line(struct doctor *d)
{
	struct bytes rest = {NULL, 0}, word;
	bool panic = false;
	uint8_t *data = NULL;

	if (machine_read(d->m, "/proc/cmdline", &data, &rest.n) != OK)
		return;
	rest.p = data;
	if (rest.n > 0 && data[rest.n - 1] == '\n')
		rest.n--;
	while (word_next(&rest, &word)) {
		panic = panic || bytes_begin(word, "panic=");
		if (bytes_begin(word, "bootlatch.anyroot"))
			doctor_find(d, FAULT_ANYROOT, "",
			            "The kernel was started with bootlatch.anyroot.");
		if (bytes_begin(word, "cryptopts="))
			doctor_find(d, FAULT_CRYPTOPTS, "",
			            "The kernel was started with cryptopts=.");
	}
	if (!panic)
		doctor_find(d, FAULT_PANIC, "", "The kernel was started without panic=.");
	free(data);
}

enum err doctor_system(struct doctor *d)
{
	look_at_swap(d);
	look_at_command_line(d);
	return OK;
}
