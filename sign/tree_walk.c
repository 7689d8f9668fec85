/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names on /boot: gathered folder by folder, sorted, and looked at again at the end.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sign/tree_parts.h"

enum { BETWEEN_PROGRESS = 1024 /* names */, FIRST_STAMPS = 64 };

static const struct tree_options no_options = {.threads = 0};

/* 0: of no type that we know. */
static enum tree_type type_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return TREE_FILE;
	case S_IFDIR:
		return TREE_FOLDER;
	case S_IFLNK:
		return TREE_LINK;
	case S_IFIFO:
		return TREE_FIFO;
	case S_IFSOCK:
		return TREE_SOCKET;
	case S_IFCHR:
		return TREE_CHAR;
	case S_IFBLK:
		return TREE_BLOCK;
	default:
		return 0;
	}
}

/* Where a link points, or the numbers of a device. */
static enum err keep_target(struct tree_walk *w, int dirfd, const char *name,
                            const struct statx *x, struct tree_entry *to)
{
	char target[TREE_PATH_MAX];
	ssize_t n = 0;

	if (to->type == TREE_CHAR || to->type == TREE_BLOCK) {
		n = snprintf(target, sizeof(target), "%u:%u", x->stx_rdev_major,
		             x->stx_rdev_minor);
	} else if (to->type == TREE_LINK) {
		n = readlinkat(dirfd, name, target, sizeof(target));
		if (n < 0) /* EINVAL: no link any more */
			return errno == EINVAL ? ERR_BUSY : tree_errno(errno);
		if (n == 0 || (size_t)n >= sizeof(target))
			return ERR_UNSUPPORTED;
	} else {
		return OK;
	}
	to->target = tree_keep(w->t, target, (size_t)n);
	return to->target ? OK : ERR_NOMEM;
}

static enum err keep_stamp(struct tree_walk *w, const struct statx *x)
{
	const size_t at = w->t->n - 1;

	if (at == w->stamps) {
		const size_t cap = w->stamps + w->stamps / 2;
		struct tree_stamp *more = realloc(w->stamp, cap * sizeof(*more));

		if (!more)
			return ERR_NOMEM;
		w->stamp = more;
		w->stamps = cap;
	}
	w->stamp[at] = tree_stamp_of(x);
	return OK;
}

/* List what is called `name` in dirfd and `path` (n bytes) from the root. */
static enum err list_one(struct tree_walk *w, int dirfd, const char *name,
                         const char *path, size_t n)
{
	struct tree_entry *to = NULL;
	struct statx x;

	enum err e = tree_look(dirfd, name, &x);
	if (e == OK)
		e = tree_add(w->t, &to);
	if (e == OK)
		e = keep_stamp(w, &x);
	if (e != OK)
		return e;
	to->path = tree_keep(w->t, path, n);
	if (!to->path)
		return ERR_NOMEM;
	if (w->o->ret_stamp)
		e = stamp_add(w->o->ret_stamp, to->path, &x, w->t->permissions);
	if (e != OK)
		return e;
	to->type = type_of(x.stx_mode);
	to->mount = w->t->n > 1 && tree_is_mount(&w->root, &x);
	if (to->type == 0 || (to->mount && to->type != TREE_FOLDER))
		return ERR_UNSUPPORTED;
	if (w->t->permissions && !to->mount) {
		to->mode = to->type == TREE_LINK ? 0777 : x.stx_mode & 07777;
		to->uid = x.stx_uid;
		to->gid = x.stx_gid;
	}
	if (to->type == TREE_FILE) {
		to->size = x.stx_size;
		w->t->bytes += to->size;
	}
	return keep_target(w, dirfd, name, &x, to);
}

static bool go_on(const struct tree_options *o)
{
	const struct tree_progress none = {0};

	return !o->progress || o->progress(&none, o->ctx);
}

/* Everything in an open folder; `path` has room and ends at n, with its slash. */
static enum err list_names(struct tree_walk *w, DIR *dir, char path[static TREE_PATH_MAX],
                           size_t n)
{
	for (;;) {
		errno = 0;
		const struct dirent *d = readdir(dir);

		if (!d)
			return errno == 0 ? OK : err_from_errno(errno);
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		const size_t len = strlen(d->d_name);
		if (len >= TREE_PATH_MAX - n) {
			path[n > 2 ? n - 1 : n] = '\0';
			return tree_blame(w->o, path, ERR_UNSUPPORTED);
		}
		memcpy(path + n, d->d_name, len + 1);
		const enum err e = list_one(w, dirfd(dir), d->d_name, path, n + len);
		if (e != OK)
			return tree_blame(w->o, path, e);
		if (w->t->n % BETWEEN_PROGRESS == 0 && !go_on(w->o))
			return ERR_CANCELLED;
	}
}

static enum err list_folder(struct tree_walk *w, size_t at)
{
	const char *of = w->t->entry[at].path;
	char path[TREE_PATH_MAX];
	int fd = -1;

	const int n = snprintf(path, sizeof(path), at == 0 ? "%s" : "%s/", of);
	if (n < 0 || (size_t)n >= sizeof(path))
		return tree_blame(w->o, of, ERR_UNSUPPORTED);
	enum err e = tree_open_at(w->dirfd, of, O_DIRECTORY, &fd);
	if (e != OK)
		return tree_blame(w->o, of, e);
	DIR *dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd); /* only read */
		return ERR_NOMEM;
	}
	e = tree_same(fd, &w->stamp[at]);
	if (e != OK)
		e = tree_blame(w->o, of, e);
	const size_t before = w->t->n;
	if (e == OK)
		e = list_names(w, dir, path, (size_t)n);
	if (e == OK && w->t->n > before && tree_depth(of) >= TREE_DEPTH_MAX)
		e = tree_blame(w->o, of, ERR_UNSUPPORTED);
	(void)closedir(dir);
	return e;
}

/* Names first: each folder is opened once, by its path, and compared with what was seen
 * there.  A list instead of recursion. */
static enum err gather(struct tree_walk *w)
{
	enum err e = tree_permissions(w->dirfd, &w->t->permissions);
	if (e == OK)
		e = tree_look(w->dirfd, "", &w->root);
	if (e == OK && !S_ISDIR(w->root.stx_mode))
		e = ERR_USAGE;
	if (e != OK)
		return e;
	if (w->o->ret_stamp)
		*w->o->ret_stamp = (struct stamp){0};
	e = list_one(w, w->dirfd, "", "./", 2);
	for (size_t i = 0; e == OK && i < w->t->n; i++)
		if (w->t->entry[i].type == TREE_FOLDER && !w->t->entry[i].mount)
			e = list_folder(w, i);
	return e;
}

static int by_path(const void *a, const void *b, void *ctx)
{
	const struct tree *t = ctx;
	const uint32_t *i = a, *k = b;

	return strcmp(t->entry[*i].path, t->entry[*k].path);
}

/* Entries and stamps into the order in which `order` names them, each moved once. */
static void put_in_order(struct tree_walk *w, uint32_t *order)
{
	for (uint32_t i = 0; i < w->t->n; i++) {
		const struct tree_entry entry = w->t->entry[i];
		const struct tree_stamp stamp = w->stamp[i];
		uint32_t to = i;

		for (uint32_t from = order[to]; from != i; from = order[to]) {
			w->t->entry[to] = w->t->entry[from];
			w->stamp[to] = w->stamp[from];
			order[to] = to;
			to = from;
		}
		w->t->entry[to] = entry;
		w->stamp[to] = stamp;
		order[to] = to;
	}
}

static enum err sort(struct tree_walk *w)
{
	uint32_t *order = malloc(w->t->n * sizeof(*order));

	if (!order)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < w->t->n; i++)
		order[i] = i;
	qsort_r(order, w->t->n, sizeof(*order), by_path, w->t);
	put_in_order(w, order);
	free(order);
	return OK;
}

/* Whatever came, went or was renamed meanwhile has changed its folder's times. */
static enum err look_again(const struct tree_walk *w)
{
	struct statx x;

	for (size_t i = 0; i < w->t->n; i++) {
		const struct tree_entry *a = &w->t->entry[i];

		if (a->type != TREE_FOLDER || a->mount)
			continue;
		enum err e = tree_look(w->dirfd, a->path, &x);
		const struct tree_stamp now = tree_stamp_of(&x);
		if (e == OK && !tree_stamp_equal(&now, &w->stamp[i]))
			e = ERR_BUSY;
		if (e != OK)
			return tree_blame(w->o, a->path, e);
	}
	for (size_t i = 1; i < w->t->n; i++)
		if (strcmp(w->t->entry[i - 1].path, w->t->entry[i].path) == 0)
			return tree_blame(w->o, w->t->entry[i].path, ERR_IO);
	return OK;
}

enum err tree_walk(int dirfd, const struct tree_options *o, struct tree **ret)
{
	struct tree_walk w = {.dirfd = dirfd, .o = o ? o : &no_options, .t = tree_new()};

	w.stamp = calloc(FIRST_STAMPS, sizeof(*w.stamp));
	w.stamps = FIRST_STAMPS;
	enum err e = tree_blame(w.o, "", w.t && w.stamp ? OK : ERR_NOMEM);
	if (e == OK)
		e = gather(&w);
	if (e == OK) {
		tree_trim(w.t);
		e = sort(&w);
	}
	if (e == OK)
		e = tree_hash(&w);
	if (e == OK)
		e = look_again(&w);
	free(w.stamp);
	if (e != OK) {
		(void)tree_free(w.t);
		return e;
	}
	*ret = w.t;
	return OK;
}

enum err tree_open(int dirfd, int *ret_fd)
{
	/* That one only names the place: it cannot be read or synced. */
	const int place =
	        open_tree(dirfd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	int fd = -1;

	if (place >= 0) {
		fd = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void)close(place); /* only names */
	}
	if (fd < 0)
		fd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return err_from_errno(errno);
	*ret_fd = fd;
	return OK;
}
