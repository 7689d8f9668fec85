/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor: /boot itself: mounted, with room for the next image, and signed as it lies. */
#include "cli/doctor.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "cli/boot_seen.h"
#include "cli/lines.h"
#include "core/file.h"
#include "sign/pending.h"
#include "unlock/store.h"

enum { ROOM = 1024 * 1024, DAY = 86400 };

/* --- mounted --- */

/* Has fstab a line for that mount point? */
static bool in_fstab(const struct machine *m, const char *point)
{
	struct bytes text = {NULL, 0}, line, source, where;
	uint8_t *data = NULL;
	bool found = false;

	if (machine_read(m, "/etc/fstab", &data, &text.n) != OK)
		return false;
	text.p = data;
	while (line_next(&text, &line))
		if (word_next(&line, &source) && source.p[0] != '#' &&
		    word_next(&line, &where) && bytes_equal(where, bytes_of(point)))
			found = true;
	free(data);
	return found;
}

static void look_at_mount(struct doctor *d)
{
	struct stat root, boot;

	if (!in_fstab(d->m, "/boot") || stat(*d->m->root ? d->m->root : "/", &root) != 0)
		return;
	if (stat(d->m->boot, &boot) == 0 && boot.st_dev != root.st_dev)
		return;
	doctor_find(d, FAULT_UNMOUNTED, d->m->boot,
	            "/etc/fstab has /boot on a file system of its own, which is not "
	            "mounted.");
}

static void look_at_room(struct doctor *d)
{
	char path[MACHINE_PATH_MAX + KERNEL_NAME_MAX + 32];
	uint64_t largest = 0;
	struct statvfs fs;
	struct stat st;

	for (size_t i = 0; i < d->m->kernels.n; i++) {
		(void)snprintf(path, sizeof(path), "%s/" IMAGE_NAME "%s", d->m->boot,
		               d->m->kernels.version[i]);
		if (stat(path, &st) == 0 && (uint64_t)st.st_size > largest)
			largest = (uint64_t)st.st_size;
	}
	if (statvfs(d->m->boot, &fs) != 0)
		return;
	if ((fs.f_flag & ST_RDONLY) != 0) {
		doctor_find(d, FAULT_READONLY, d->m->boot, "%s is mounted read-only.",
		            d->m->boot);
		return;
	}
	const uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (room < largest + ROOM)
		doctor_find(d, FAULT_FULL, d->m->boot,
		            "%s has %llu MiB left, and the largest image has %llu.",
		            d->m->boot, (unsigned long long)(room >> 20),
		            (unsigned long long)(largest >> 20));
}

enum err doctor_boot(struct doctor *d)
{
	look_at_mount(d);
	look_at_room(d);
	return OK;
}

/* --- signed --- */

static bool has_finding(const struct verify_report *r, enum finding f)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->finding[i].what == f)
			return true;
	return false;
}

/* What is not about the default entry alone. */
static size_t others(const struct verify_report *r)
{
	size_t n = r->hidden + r->left_out;

	for (size_t i = 0; i < r->n; i++)
		n += r->finding[i].what != FINDING_DEFAULT &&
		     r->finding[i].what != FINDING_SIG_DATE;
	return n;
}

static void tell_report(struct doctor *d, const struct boot_seen *b)
{
	const struct verify_report *r = b->r;

	if (has_finding(r, FINDING_DEFAULT))
		doctor_find(d, FAULT_DEFAULT, d->m->boot,
		            "The signed default entry is not in the boot menu any more, "
		            "or its files changed.");
	if (b->n_keys == 0)
		doctor_find(d, FAULT_SIGNERS, d->m->boot,
		            "%s/signers names no key that may sign.", d->m->config);
	else if (!boot_is_good(b) && others(r) > 0)
		doctor_find(d, FAULT_SIGNATURE, d->m->boot,
		            "%s is not as it was signed: %s%s%s%s.", d->m->boot,
		            r->n > 0
		                    ? finding_text(r->finding[0].what, r->finding[0].path)
		                    : "part of it was not looked at",
		            r->n > 0 && r->finding[0].path ? " " : "",
		            r->n > 0 && r->finding[0].path ? r->finding[0].path : "",
		            r->n > 1 ? ", and more" : "");
}

/* --- the default entry's kernel --- */

/* The version of "|kernel /vmlinuz-VERSION|", through a link where it is one. */
static bool default_version(const struct machine *m, struct bytes line,
                            char out[static KERNEL_NAME_MAX])
{
	static const char key[] = "|kernel /", front[] = "vmlinuz-";
	char name[KERNEL_NAME_MAX] = "", path[MACHINE_PATH_MAX + KERNEL_NAME_MAX],
	     target[KERNEL_NAME_MAX];
	const uint8_t *at = line.n > 0 ? memmem(line.p, line.n, key, strlen(key)) : NULL;
	struct bytes rest;
	size_t n = 0;

	if (!at)
		return false;
	rest = (struct bytes){at + strlen(key),
	                      line.n - (size_t)(at - line.p) - strlen(key)};
	while (n < rest.n && n + 1 < sizeof(name) && rest.p[n] != '|' &&
	       rest.p[n] != ' ' && rest.p[n] != '\n')
		n++;
	memcpy(name, rest.p, n);
	(void)snprintf(path, sizeof(path), "%s/%s", m->boot, name);
	const ssize_t len = readlink(path, target, sizeof(target) - 1);
	if (len > 0) {
		target[len] = '\0';
		memcpy(name, target, (size_t)len + 1);
	}
	const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	if (strncmp(base, front, strlen(front)) != 0)
		return false;
	(void)snprintf(out, KERNEL_NAME_MAX, "%s", base + strlen(front));
	return true;
}

/* Of those that begin with a number; "": there is none. */
static const char *newest(const struct kernels *k)
{
	for (size_t i = k->n; i > 0; i--)
		if (k->version[i - 1][0] >= '0' && k->version[i - 1][0] <= '9')
			return k->version[i - 1];
	return "";
}

static void look_at_default(struct doctor *d)
{
	const struct kernels *k = &d->m->kernels;
	char version[KERNEL_NAME_MAX] = "";
	struct kexec_set *set = NULL;
	int fd = -1;

	if (k->n == 0 || dir_open(d->m->boot, &fd) != OK)
		return;
	if (kexec_read(fd, &set, NULL) == OK)
		for (size_t i = 0; i < set->n; i++)
			if (strncmp(set->file[i].name, KEXEC_DEFAULT,
			            strlen(KEXEC_DEFAULT)) == 0)
				(void)default_version(
				        d->m,
				        (struct bytes){set->file[i].data, set->file[i].n},
				        version);
	(void)close(fd); /* only read */
	set = kexec_free(set);
	/* "vmlinuz-linux" has no version to compare. */
	if (*version >= '0' && *version <= '9' && strverscmp(version, newest(k)) < 0)
		doctor_find(d, FAULT_DEFAULT_OLD, d->m->boot,
		            "The signed default boots kernel %s; %s is installed.",
		            version, newest(k));
}

/* --- the rest of it --- */

static void look_at_clock(struct doctor *d, const struct boot_seen *b)
{
	const time_t now = time(NULL);
	struct stat st;
	char path[MACHINE_PATH_MAX + 16];
	const char *than = NULL;

	(void)snprintf(path, sizeof(path), "%s/" STORE_VOLUMES, d->m->config);
	if (stat(path, &st) == 0 && st.st_mtime > now + DAY)
		than = "the records of the volumes";
	if (b->signed_here && (time_t)b->key_date > now)
		than = "a key that signs /boot";
	if (b->r && has_finding(b->r, FINDING_SIG_DATE))
		than = "the signature on /boot";
	if (than)
		doctor_find(d, FAULT_CLOCK, "", "The clock is behind the date of %s.",
		            than);
}

static void look_at_pending(struct doctor *d)
{
	struct pending p = {0};
	char text[256];
	char stage[MACHINE_PATH_MAX + 32];

	(void)snprintf(stage, sizeof(stage), "%s/" STAGE_FOLDER, d->m->boot);
	if (faccessat(AT_FDCWD, stage, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		doctor_find(d, FAULT_STAGE, d->m->boot,
		            "A signing of %s was interrupted.", d->m->boot);
	if (pending_read(d->m->state, &p) != OK || p.n == 0)
		return;
	pending_words(&p, 2, text, sizeof(text));
	doctor_find(d, FAULT_PENDING, d->m->boot, "Noted since it was signed: %s.", text);
}

enum err doctor_signature(struct doctor *d)
{
	struct boot_seen b = {0};

	const enum err e = boot_look(d->m, d->c->json, &b);
	if (e != OK)
		return e;
	look_at_clock(d, &b);
	if (b.signed_here) {
		if (b.e != OK)
			doctor_find(d, FAULT_SIGNATURE, d->m->boot,
			            "%s cannot be verified: %s.", d->m->boot,
			            err_text(b.e));
		else
			tell_report(d, &b);
		look_at_default(d);
		look_at_pending(d);
	}
	boot_seen_clear(&b);
	return OK;
}
