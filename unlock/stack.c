/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk down sysfs, without recursion: every device is put on one list, once. */
#include "unlock/stack.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { TEXT_MAX = 512, PATH_LEN = 300, UUID_DIGITS = 32 };

/* The first line of a file.  ERR_NOT_FOUND: there is none. */
static enum err read_text(int dir, const char *path, char out[static TEXT_MAX])
{
	const int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOTDIR ? ERR_NOT_FOUND : err_from_errno(errno);
	const ssize_t n = read(fd, out, TEXT_MAX - 1);
	const enum err e = n < 0 ? err_from_errno(errno) : OK;

	(void)close(fd); /* only read */
	if (e != OK)
		return e;
	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return OK;
}

/* CRYPT-LUKS2-(32 digits)-name is what cryptsetup calls its mappings. */
static enum err uuid_of(const char *dm, char ret[static LUKS_UUID_LEN + 1])
{
	static const char luks1[] = "CRYPT-LUKS1-", luks2[] = "CRYPT-LUKS2-";
	size_t out = 0;

	if (strncmp(dm, luks1, sizeof(luks1) - 1) != 0 &&
	    strncmp(dm, luks2, sizeof(luks2) - 1) != 0)
		return ERR_NOT_FOUND;
	dm += sizeof(luks1) - 1;
	if (strspn(dm, "0123456789abcdefABCDEF") != UUID_DIGITS || dm[UUID_DIGITS] != '-')
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < UUID_DIGITS; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			ret[out++] = '-';
		ret[out++] = (char)tolower((unsigned char)dm[i]);
	}
	ret[out] = '\0';
	return OK;
}

enum err stack_uuid(int sys, dev_t device, char ret[static LUKS_UUID_LEN + 1])
{
	char path[PATH_LEN], text[TEXT_MAX] = "";

	(void)snprintf(path, sizeof(path), "%u:%u/dm/uuid", major(device), minor(device));
	const enum err e = read_text(sys, path, text);

	return e == OK ? uuid_of(text, ret) : e;
}

struct walk {
	int sys;
	dev_t todo[STACK_MAX];
	size_t n;
};

static enum err add(struct walk *w, const char *devno)
{
	char *end = NULL;
	const unsigned long major_ = strtoul(devno, &end, 10);

	if (end == devno || *end != ':')
		return ERR_FORMAT;
	const dev_t device =
	        makedev((unsigned)major_, (unsigned)strtoul(end + 1, NULL, 10));

	for (size_t i = 0; i < w->n; i++)
		if (w->todo[i] == device)
			return OK;
	if (w->n == STACK_MAX)
		return ERR_UNSUPPORTED;
	w->todo[w->n++] = device;
	return OK;
}

static enum err add_slaves(struct walk *w, DIR *dir, size_t *ret_n)
{
	char path[PATH_LEN], text[TEXT_MAX] = "";
	const struct dirent *d;
	enum err e = OK;

	while (e == OK && (d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/dev", d->d_name);
		e = read_text(dirfd(dir), path, text);
		if (e == OK)
			e = add(w, text);
		(*ret_n)++;
	}
	return e;
}

/* What one device lies on goes to the list.  ERR_NOT_FOUND: nothing. */
static enum err add_below(struct walk *w, dev_t device)
{
	char path[PATH_LEN], text[TEXT_MAX] = "";
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "%u:%u/slaves", major(device), minor(device));
	const int fd = openat(w->sys, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (dir) {
		const enum err e = add_slaves(w, dir, &n);

		(void)closedir(dir); /* only read */
		if (e != OK || n > 0)
			return e;
	} else if (fd >= 0) {
		(void)close(fd); /* only read */
		return ERR_NOMEM;
	}
	/* Of a partition the disk says what it lies on. */
	(void)snprintf(path, sizeof(path), "%u:%u/partition", major(device),
	               minor(device));
	enum err e = read_text(w->sys, path, text);
	if (e != OK)
		return e;
	(void)snprintf(path, sizeof(path), "%u:%u/../dev", major(device), minor(device));
	e = read_text(w->sys, path, text);
	return e == OK ? add(w, text) : e;
}

static void keep(struct stack *s, const char *uuid)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->uuid[i], uuid) == 0)
			return;
	(void)snprintf(s->uuid[s->n++], LUKS_UUID_LEN + 1, "%s", uuid);
}

enum err stack_look(int sys, dev_t device, struct stack *ret)
{
	struct walk w = {.sys = sys, .todo = {device}, .n = 1};
	struct stack found = {.n = 0};
	char uuid[LUKS_UUID_LEN + 1];

	for (size_t i = 0; i < w.n; i++) {
		enum err e = stack_uuid(sys, w.todo[i], uuid);

		if (e == OK)
			keep(&found, uuid);
		else
			e = add_below(&w, w.todo[i]);
		if (e != OK)
			return e;
	}
	if (found.n == 0)
		return ERR_NOT_FOUND; /* a circle */
	*ret = found;
	return OK;
}
