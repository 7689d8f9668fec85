/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stage moved over what lies on /boot: what is new first, kexec.sig last, then what
 * goes; it may be repeated (docs/adr/0014). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/file.h"
#include "sign/manifest.h"
#include "sign/stage.h"

/* --- is it whole, and does it belong here? --- */

static bool is(bool there, const uint8_t *hash, bool wanted, const uint8_t *want)
{
	return there == wanted && (!there || memcmp(hash, want, TREE_HASH_LEN) == 0);
}

/*
 * Of one name: what lies in the stage and what lies in place.  ERR_EXISTS: in place is
 * neither what it replaces nor what it brings: somebody wrote there since.
 */
static enum err check_item(int dirfd, int stagefd, const struct stage_item *item)
{
	uint8_t there[TREE_HASH_LEN], staged[TREE_HASH_LEN];

	enum err e = stage_hash(dirfd, item->name, there);
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	const bool in_place = e == OK;
	const bool done = is(in_place, there, item->put, item->after);

	if (!done && !is(in_place, there, item->had, item->before))
		return ERR_EXISTS;
	e = stage_hash(stagefd, item->name, staged);
	if (e == ERR_NOT_FOUND)
		return done || !item->put ? OK : ERR_FORMAT;
	if (e != OK)
		return e;
	return is(true, staged, item->put, item->after) ? OK : ERR_FORMAT;
}

static enum err is_listed(int dirfd, const char *name, void *ctx)
{
	(void)dirfd;
	return !stage_name_ok(name) || stage_find(ctx, name) ? OK : ERR_EXISTS;
}

static enum err read_list(int stagefd, struct stage_list *ret)
{
	uint8_t *text = NULL;
	size_t n = 0;

	enum err e = file_read(stagefd, STAGE_LIST, STAGE_LIST_MAX, &text, &n);
	if (e == OK)
		e = stage_list_parse((struct bytes){text, n}, ret);
	free(text);
	return e;
}

enum err stage_check(int dirfd, int stagefd, struct stage_list **ret)
{
	struct stage_list *l = calloc(1, sizeof(*l));
	char strange[KEXEC_NAME_MAX + 32];

	if (!l)
		return ERR_NOMEM;
	enum err e = read_list(stagefd, l);
	for (size_t i = 0; e == OK && i < l->n; i++)
		e = check_item(dirfd, stagefd, &l->item[i]);
	/* What would keep it from going when all is done. */
	if (e == OK && stage_strange(dirfd, strange, sizeof(strange)))
		e = ERR_REFUSED;
	if (e == OK)
		e = dir_each(dirfd, is_listed, l);
	if (e == OK)
		*ret = l;
	else
		free(l);
	return e;
}

/* --- reading --- */

/* A list is not read whole. */
static enum err take_list(int dirfd, const struct stage_item *item, struct kexec_set *set)
{
	uint8_t hash[TREE_HASH_LEN];
	size_t n = 0;

	const enum err e = kexec_hash_file(dirfd, item->name, KEXEC_FILE_MAX, hash, &n);
	if (e != OK)
		return e;
	return memcmp(hash, item->after, sizeof(hash)) == 0
	               ? kexec_put_digest(set, item->name, n, hash)
	               : ERR_FORMAT;
}

static enum err take_file(int dirfd, const struct stage_item *item, struct kexec_set *set)
{
	const bool sig = strcmp(item->name, KEXEC_SIG) == 0;
	const size_t max = sig ? KEXEC_SIG_MAX : KEXEC_FILE_MAX;
	uint8_t hash[TREE_HASH_LEN];
	enum manifest_kind kind;
	uint8_t *data = NULL;
	size_t n = 0;

	if (manifest_kind_of(item->name, &kind))
		return take_list(dirfd, item, set);
	enum err e = file_read(dirfd, item->name, max, &data, &n);
	if (e != OK)
		return e;
	const struct bytes content = {data, n};

	e = hash_all(HASH_SHA256, content, hash, sizeof(hash));
	if (e == OK && memcmp(hash, item->after, sizeof(hash)) != 0)
		e = ERR_FORMAT;
	if (e == OK)
		e = sig ? kexec_put_sig(set, content)
		        : kexec_put(set, item->name, content);
	free(data);
	return e;
}

/* From the stage, or from where it was moved to. */
static enum err take_either(int dirfd, int stagefd, const struct stage_item *item,
                            struct kexec_set *set)
{
	const enum err e = take_file(stagefd, item, set);

	return e == ERR_NOT_FOUND ? take_file(dirfd, item, set) : e;
}

static enum err take_all(int dirfd, int stagefd, const struct stage_list *l,
                         struct kexec_set **ret)
{
	struct kexec_set *set = NULL;

	enum err e = kexec_new(&set);
	for (size_t i = 0; e == OK && i < l->n; i++)
		if (l->item[i].put)
			e = take_either(dirfd, stagefd, &l->item[i], set);
	if (e == OK)
		*ret = set;
	else
		(void)kexec_free(set);
	return e;
}

enum err stage_read(int dirfd, struct kexec_set **ret)
{
	struct stage_list *l = NULL;
	int fd = -1;

	enum err e = stage_open(dirfd, &fd);
	if (e != OK)
		return e;
	e = stage_check(dirfd, fd, &l);
	if (e == OK)
		e = take_all(dirfd, fd, l, ret);
	free(l);
	(void)close(fd); /* only read */
	return e;
}

/* --- moving --- */

/* Nothing to do where it was moved before. */
static enum err move(int dirfd, int stagefd, const struct stage_item *item)
{
	if (renameat(stagefd, item->name, dirfd, item->name) == 0 || errno == ENOENT)
		return OK;
	return err_from_errno(errno);
}

static bool is_new(const struct stage_item *item)
{
	return item->put && !item->had && strcmp(item->name, KEXEC_SIG) != 0;
}

/* Only a new name can want space: when there is none, what was moved goes back, and /boot
 * is as it was. */
static enum err move_new(int dirfd, int stagefd, const struct stage_list *l)
{
	enum err e = OK;
	size_t i = 0;

	for (; e == OK && i < l->n; i++)
		if (is_new(&l->item[i]))
			e = move(dirfd, stagefd, &l->item[i]);
	while (e != OK && i-- > 0)
		if (is_new(&l->item[i]))
			(void)renameat(dirfd, l->item[i].name, stagefd, l->item[i].name);
	return e;
}

static enum err move_rest(int dirfd, int stagefd, const struct stage_list *l)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < l->n; i++)
		if (l->item[i].put && strcmp(l->item[i].name, KEXEC_SIG) != 0)
			e = move(dirfd, stagefd, &l->item[i]);
	for (size_t i = 0; e == OK && i < l->n; i++)
		if (l->item[i].put && strcmp(l->item[i].name, KEXEC_SIG) == 0)
			e = move(dirfd, stagefd, &l->item[i]);
	for (size_t i = 0; e == OK && i < l->n; i++)
		if (!l->item[i].put && unlinkat(dirfd, l->item[i].name, 0) != 0 &&
		    errno != ENOENT)
			e = err_from_errno(errno);
	return e;
}

/* Back to back: what a journaling file system sees between two syncs it commits as one.
 */
static enum err move_all(int dirfd, int stagefd, const struct stage_list *l)
{
	enum err e = move_new(dirfd, stagefd, l);

	if (e != OK)
		return e;
	e = move_rest(dirfd, stagefd, l);
	if (e == OK && fsync(dirfd) != 0 && errno != EINVAL)
		e = err_from_errno(errno);
	/* btrfs may want space for any of it; but something was moved already. */
	return e == ERR_NO_SPACE ? ERR_IO : e;
}

enum err stage_publish(int dirfd)
{
	struct stage_list *l = NULL;
	sigset_t all, before;
	int fd = -1;

	enum err e = stage_open(dirfd, &fd);
	if (e != OK)
		return e;
	e = stage_check(dirfd, fd, &l);
	if (e == OK) {
		(void)sigfillset(&all);
		(void)sigprocmask(SIG_SETMASK, &all, &before);
		e = move_all(dirfd, fd, l);
		/* Not before all of it is durable: it finishes what is cut short. */
		if (e == OK)
			e = stage_drop(dirfd);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
	}
	free(l);
	(void)close(fd); /* only read */
	return e;
}
