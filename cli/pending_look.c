/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What units need to know of the machine: is /boot as signed, is dpkg done, is somebody
 * here? */
#include "cli/pending.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "sign/last.h"
#include "sign/signers.h"
#include "sign/stamp.h"
#include "sign/verify.h"

enum {
	ROUNDS = 5, /* of looking at a /boot that is being written */
	SETTLE_S = 5,
	SETTLE_MAX_S = 3600, /* dpkg may be asking somebody something */
	SESSION_MAX = 16 * 1024,
};

static const char by_boot[] = "boot";

/* --- is it as it was signed? --- */

static bool as_signed(const struct verify_report *r, size_t n_keys)
{
	/* Where no key is known (Heads has signed, bootlatch never did) nobody can say
	 * whose signature it is, but well whether something changed since. */
	return verify_ok(r) ||
	       (n_keys == 0 && r->n == 1 && r->finding[0].what == FINDING_BAD_SIGNATURE);
}

/* "3 differences: changed ./grub/grub.cfg, not signed ./vmlinuz-6.1": what fits. */
static void summary(const struct verify_report *r, char out[static PENDING_WHAT_MAX])
{
	const size_t all = r->n + r->left_out;
	char one[PENDING_WHAT_MAX];
	size_t n = (size_t)snprintf(out, PENDING_WHAT_MAX, "%zu difference%s:", all,
	                            all == 1 ? "" : "s");

	for (size_t i = 0; i < r->n; i++) {
		const struct verify_finding *f = &r->finding[i];
		const int len = snprintf(one, sizeof(one), "%s %s%s%s", i > 0 ? "," : "",
		                         finding_text(f->what, f->path),
		                         f->path ? " " : "", f->path ? f->path : "");

		if (len < 0 || (size_t)len >= sizeof(one) ||
		    (size_t)len + n + 6 > PENDING_WHAT_MAX) {
			(void)snprintf(out + n, PENDING_WHAT_MAX - n, ", ...");
			return;
		}
		memcpy(out + n, one, (size_t)len + 1);
		n += (size_t)len;
	}
}

static bool is_noted(const struct pending *p, const char *what)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->line[i].by, by_boot) == 0 &&
		    strcmp(p->line[i].what, what) == 0)
			return true;
	return false;
}

/* In the place of what was noted so before: only the newest look counts. */
static enum err note(const struct pending *before, const char *what)
{
	struct pending old = {0};

	for (size_t i = 0; i < before->n; i++)
		if (strcmp(before->line[i].by, by_boot) == 0)
			old.line[old.n++] = before->line[i];
	/* What is known already would ask somebody anew. */
	if (is_noted(before, what))
		return OK;
	enum err e = pending_record(PENDING_FOLDER, by_boot, what);
	if (e == OK)
		e = pending_clear(PENDING_FOLDER, &old);
	return e;
}

/* Is a bootlatch sign at work there?  What is seen then is true of before it only. */
static bool is_being_signed(const char *boot)
{
	return last_is_locked(PENDING_FOLDER, boot);
}

/* As verify sees it: without what is mounted below it, where we may. */
static enum err open_boot(const char *path, int *ret)
{
	int fd = -1;

	enum err e = dir_open(path, &fd);
	if (e != OK)
		return e;
	e = tree_open(fd, ret);
	(void)close(fd); /* only read */
	return e;
}

/* ERR_BUSY: it changed meanwhile. */
static enum err verify(const struct cli *c, const struct signers *s,
                       struct verify_report **ret)
{
	const struct tree_options o = {.threads = 1}; /* nobody waits for it */
	struct stamp before, after;
	struct verify_report *r = NULL;
	int fd = -1;

	enum err e = open_boot(c->where.boot_dir, &fd);
	if (e != OK)
		return e;
	e = stamp_take(fd, &before);
	if (e == OK)
		e = boot_verify(fd, s->key, s->n, (uint32_t)time(NULL), &o, &r);
	if (e == OK)
		e = stamp_take(fd, &after);
	if (e == OK && (memcmp(&before, &after, sizeof(before)) != 0 ||
	                is_being_signed(c->where.boot_dir)))
		e = ERR_BUSY;
	(void)close(fd); /* only read */
	if (e != OK)
		r = verify_free(r);
	else
		*ret = r;
	return e;
}

enum err pending_look(struct cli *c, bool *ret_clean)
{
	struct signers *s = calloc(1, sizeof(*s));
	struct verify_report *r = NULL;
	char what[PENDING_WHAT_MAX] = "it is being written all the time";
	struct pending before = {0};
	bool clean = false;

	if (!s)
		return ERR_NOMEM;
	enum err e = signers_load(s, c->where.config_dir, (uint32_t)time(NULL));
	if (e == ERR_NOT_FOUND)
		e = OK;
	if (e == OK)
		e = ERR_BUSY;
	for (int i = 0; e == ERR_BUSY && i < ROUNDS; i++) {
		e = pending_read(PENDING_FOLDER, &before);
		if (e == OK)
			e = verify(c, s, &r);
		if (e == ERR_BUSY)
			e = pending_settle(c) == OK ? ERR_BUSY : ERR_TIMEOUT;
	}
	for (size_t i = 0; r && i < r->n_mounts; i++)
		cli_say(c, "below %s: not looked at; run bootlatch verify as root",
		        r->mount[i]);
	if (r) {
		clean = as_signed(r, s->n);
		summary(r, what);
	} else if (e != OK && e != ERR_BUSY) {
		(void)snprintf(what, sizeof(what), "it cannot be compared: %s",
		               err_text(e));
	}
	e = clean ? pending_clear(PENDING_FOLDER, &before) : note(&before, what);
	r = verify_free(r);
	free(s);
	if (e != OK)
		return cli_why(c, e, PENDING_FOLDER ": %s. %s", err_text(e),
		               err_advice(e));
	*ret_clean = clean;
	return OK;
}

/* --- is dpkg done? --- */

static bool is_locked(const char *path)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool locked = false;

	if (fd < 0)
		return false;
	locked = fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK;
	(void)close(fd); /* only asked */
	return locked;
}

enum err pending_settle(const struct cli *c)
{
	const int settle = c->wait_s >= 0 ? c->wait_s : SETTLE_S;
	const struct timespec pause = {.tv_nsec = 500000000};
	const int64_t end = clock_ms() + SETTLE_MAX_S * 1000LL;
	int64_t since = clock_ms();
	struct pending last = {0};

	(void)pending_read(PENDING_FOLDER, &last); /* what cannot be read changes not */
	while (clock_ms() < end) {
		struct pending now = {0};

		(void)pending_read(PENDING_FOLDER, &now);
		if (is_locked("/var/lib/dpkg/lock-frontend") ||
		    is_locked("/var/lib/dpkg/lock") ||
		    is_being_signed(c->where.boot_dir) ||
		    memcmp(&now, &last, sizeof(now)) != 0)
			since = clock_ms();
		else if (clock_ms() - since >= settle * 1000LL)
			return OK;
		last = now;
		(void)nanosleep(&pause, NULL);
	}
	return ERR_TIMEOUT;
}

/* --- is somebody here? --- */

/* logind's own notes: they are not documented.  What is not understood counts as nobody,
 * who is told by motd. */
static bool is_person(const char *path)
{
	static const char *const types[] = {"TYPE=tty", "TYPE=x11", "TYPE=wayland"};
	bool screen = false;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		screen = screen || file_has_line(path, SESSION_MAX, types[i]);
	return screen && file_has_line(path, SESSION_MAX, "CLASS=user") &&
	       !file_has_line(path, SESSION_MAX, "STATE=closing");
}

bool pending_somebody_here(void)
{
	static const char folder[] = "/run/systemd/sessions";
	DIR *d = opendir(folder);
	bool found = false;

	if (!d)
		return false;
	for (const struct dirent *e = readdir(d); e && !found; e = readdir(d)) {
		char path[300];

		/* "5.ref" is a pipe. */
		if (strchr(e->d_name, '.') || e->d_type != DT_REG)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		found = is_person(path);
	}
	(void)closedir(d); /* only read */
	return found;
}
