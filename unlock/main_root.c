/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch-unlock --below, when the image is made: the volumes that a device lies on.
 * --check-root and --check-resume, at boot: does it lie on those? */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ask_boot.h"
#include "core/file.h"
#include "unlock/main_options.h"
#include "unlock/record.h"
#include "unlock/stack.h"
#include "unlock/words.h"

enum { ROOTS_MAX = 16 * 1024, PATH_LEN = 512 };

/* ERR_USAGE: it is no block device. */
static enum err look(const char *device, struct stack *ret)
{
	struct stat st;

	if (stat(device, &st) != 0) /* root=mtd0, a dataset of ZFS */
		return strncmp(device, "/dev/", 5) == 0 ? err_from_errno(errno)
		                                        : ERR_USAGE;
	if (!S_ISBLK(st.st_mode))
		return ERR_USAGE;
	const int sys = open(STACK_SYSFS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sys < 0)
		return err_from_errno(errno);
	const enum err e = stack_look(sys, st.st_rdev, ret);
	(void)close(sys); /* only read */
	return e;
}

enum err below(const struct options *o, bool *ret_told)
{
	struct record known = {.n = 0};
	struct stack on = {.n = 0};
	size_t ours = 0;

	*ret_told = true; /* the hook does */
	const enum err e = look(o->below, &on);
	if (e != OK)
		return e;
	for (size_t i = 0; i < on.n; i++)
		ours += record_load(o->config_dir, on.uuid[i], &known) == OK;
	if (ours == 0)
		return ERR_NOT_ENROLLED;
	for (size_t i = 0; i < on.n; i++)
		(void)puts(on.uuid[i]);
	return fflush(stdout) == 0 ? OK : err_from_errno(errno);
}

/* OK: all of them are in the image's list.  Any other end is ERR_TAMPERED. */
static enum err listed(const struct options *o, const struct stack *on)
{
	char path[PATH_LEN];

	if (snprintf(path, sizeof(path), "%s/roots", o->config_dir) >= (int)sizeof(path))
		return ERR_TAMPERED;
	for (size_t i = 0; i < on->n; i++)
		if (!file_has_line(path, ROOTS_MAX, on->uuid[i]))
			return ERR_TAMPERED;
	return OK;
}

static struct ask *open_asker(const struct options *o)
{
	struct ask *a = NULL;

	if ((o->wish.at_boot ? ask_open_boot(&a) : ask_open_tty(&a)) != OK)
		(void)ask_open_fds(-1, -1, NULL, &a); /* then nobody answers */
	return a;
}

/* Not back to init, which would mount it. */
static void start_again(struct ask *a)
{
	const struct ask_question q = {.kind = ASK_CONFIRM, .about = "", .max = 1};
	struct secret *answer = NULL;

	if (!a || ask_wait(a, &q, -1, &answer) != OK)
		for (;;)
			(void)pause();
	sync();
	(void)reboot(RB_AUTOBOOT);
}

enum err check_below(const struct options *o, bool *ret_told)
{
	const char *device = o->check_root ? o->check_root : o->check_resume;
	struct stack on = {.n = 0};

	*ret_told = true;
	enum err e = look(device, &on);
	if (e == OK)
		e = listed(o, &on);
	if (e == OK)
		return OK;
	struct ask *a = open_asker(o);
	words_say(a,
	          e == ERR_USAGE  ? WORDS_ROOT_NO_DISK
	          : o->check_root ? WORDS_ROOT_OTHER
	                          : WORDS_RESUME_OTHER,
	          &(struct words_args){.disk = device});
	if (e == ERR_USAGE)
		e = OK;
	if (e != OK && o->check_root && o->wish.at_boot)
		start_again(a);
	(void)ask_close(a);
	return e == OK ? OK : ERR_TAMPERED;
}
