/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One look at the metadata of everything below /boot, folded into two digests, whose
 * parts are added up in any order: so by several threads. */
#include "sign/stamp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "sign/kexec.h"
#include "sign/manifest.h"
#include "sign/tree_parts.h"

enum {
	ROW_MORE = 64,    /* the numbers behind a path */
	HELPERS_MAX = 15, /* beside the thread that called */
};

/* The folders that are still to be read, and those who read them. */
struct pool {
	int dirfd;
	struct statx root;
	bool inodes;
	atomic_size_t entries;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	char **folder; /* paths, malloc'ed */
	size_t n, cap;
	unsigned reading;
	enum err err; /* the first that happened */
	struct stamp sum;
};

static void put_number(struct writer *to, uint64_t v)
{
	put_be(to, 4, (uint32_t)(v >> 32));
	put_be(to, 4, (uint32_t)v);
}

/* Folders are read in any order: so the digests of their entries are added up. */
static void add_up(uint8_t sum[static TREE_HASH_LEN],
                   const uint8_t one[static TREE_HASH_LEN])
{
	unsigned carry = 0;

	for (size_t i = 0; i < TREE_HASH_LEN; i++) {
		carry += (unsigned)sum[i] + one[i];
		sum[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

/* Is it one of the signed files at the top, or kexec.sig? */
static bool is_kexec(const char *path)
{
	return kexec_signed_name(path + 2) || strcmp(path + 2, KEXEC_SIG) == 0;
}

/* What lies in a stage is nobody's business before it is published. */
static bool sees(const char *path)
{
	static const char stage[] = "./" STAGE_FOLDER "/";

	return is_kexec(path) || (manifest_full_lists(path) &&
	                          strncmp(path, stage, sizeof(stage) - 1) != 0);
}

enum err stamp_add(struct stamp *s, const char *path, const struct statx *x, bool inodes)
{
	uint8_t text[TREE_PATH_MAX + ROW_MORE], one[TREE_HASH_LEN];
	struct writer row = {.p = text, .cap = sizeof(text)};

	if (!sees(path))
		return OK;
	put_bytes(&row, path, strlen(path) + 1);
	put_number(&row, inodes ? x->stx_ino : 0);
	put_be(&row, 4, x->stx_mode);
	put_be(&row, 4, x->stx_uid);
	put_be(&row, 4, x->stx_gid);
	/* A folder's change with what is left out of it.  A link that is made anew
	 * can get the inode of before. */
	if (!S_ISDIR(x->stx_mode)) {
		put_number(&row, x->stx_size);
		put_number(&row, (uint64_t)x->stx_mtime.tv_sec);
		put_be(&row, 4, x->stx_mtime.tv_nsec);
		put_number(&row, (uint64_t)x->stx_ctime.tv_sec);
		put_be(&row, 4, x->stx_ctime.tv_nsec);
	}
	if (!writer_ok(&row))
		return ERR_BUG;
	const enum err e =
	        hash_all_public(HASH_SHA256, writer_bytes(&row), one, sizeof(one));
	if (e == OK)
		add_up(is_kexec(path) ? s->kexec : s->tree, one);
	return e;
}

static enum err push(struct pool *p, const char *path)
{
	char *copy = strdup(path);
	enum err e = copy ? OK : ERR_NOMEM;

	(void)pthread_mutex_lock(&p->lock);
	if (e == OK && p->n == p->cap) {
		const size_t cap = 2 * p->cap + 16;
		char **more = reallocarray(p->folder, cap, sizeof(*more));

		if (more) {
			p->folder = more;
			p->cap = cap;
		} else {
			e = ERR_NOMEM;
		}
	}
	if (e == OK)
		p->folder[p->n++] = copy;
	else
		free(copy);
	(void)pthread_cond_signal(&p->changed);
	(void)pthread_mutex_unlock(&p->lock);
	return e;
}

/* One entry of an open folder. */
static enum err see(struct pool *p, struct stamp *to, int fd, const char *name,
                    const char *path)
{
	struct statx x;

	if (atomic_fetch_add_explicit(&p->entries, 1, memory_order_relaxed) >=
	            TREE_ENTRIES_MAX ||
	    tree_depth(path) > TREE_DEPTH_MAX)
		return ERR_UNSUPPORTED;
	if (!sees(path))
		return OK;
	enum err e = tree_look(fd, name, &x);
	if (e == OK)
		e = stamp_add(to, path, &x, p->inodes);
	if (e == OK && S_ISDIR(x.stx_mode) && !tree_is_mount(&p->root, &x))
		e = push(p, path);
	return e;
}

static enum err see_each(struct pool *p, struct stamp *to, DIR *d, const char *folder)
{
	char path[TREE_PATH_MAX];

	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(d);

		if (!entry)
			return errno == 0 ? OK : err_from_errno(errno);
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		const int n =
		        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (n < 0 || (size_t)n >= sizeof(path))
			return ERR_UNSUPPORTED;
		const enum err e = see(p, to, dirfd(d), entry->d_name, path);
		if (e != OK)
			return e;
	}
}

static enum err read_folder(struct pool *p, struct stamp *to, const char *path)
{
	int fd = -1;

	enum err e = tree_open_at(p->dirfd, path, O_DIRECTORY, &fd);
	if (e != OK)
		return e;
	DIR *d = fdopendir(fd);
	if (!d) {
		(void)close(fd); /* only read */
		return ERR_NOMEM;
	}
	e = see_each(p, to, d, path);
	(void)closedir(d); /* only read */
	return e;
}

/* Until no folder is left, and nobody is at one in which there may be more. */
static void *work(void *ctx)
{
	struct pool *p = ctx;
	struct stamp own = {0};

	(void)pthread_mutex_lock(&p->lock);
	for (;;) {
		while (p->n == 0 && p->reading > 0 && p->err == OK)
			(void)pthread_cond_wait(&p->changed, &p->lock);
		if (p->n == 0 || p->err != OK)
			break;
		char *path = p->folder[--p->n];
		p->reading++;
		(void)pthread_mutex_unlock(&p->lock);
		const enum err e = read_folder(p, &own, path);
		free(path);
		(void)pthread_mutex_lock(&p->lock);
		p->reading--;
		if (p->err == OK)
			p->err = e;
		(void)pthread_cond_broadcast(&p->changed);
	}
	add_up(p->sum.tree, own.tree);
	add_up(p->sum.kexec, own.kexec);
	(void)pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* By as many threads as there are processors; signals are for the one that called us. */
static void work_together(struct pool *p)
{
	const unsigned processors = tree_processors();
	pthread_t helper[HELPERS_MAX];
	sigset_t all, before;
	unsigned n = 0;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	while (n < HELPERS_MAX && n + 1 < processors &&
	       pthread_create(&helper[n], NULL, work, p) == 0)
		n++;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)work(p);
	while (n > 0)
		(void)pthread_join(helper[--n], NULL);
}

static enum err look_at_all(struct pool *p)
{
	enum err e = tree_permissions(p->dirfd, &p->inodes);

	if (e == OK)
		e = tree_look(p->dirfd, "", &p->root);
	if (e == OK)
		e = stamp_add(&p->sum, "./", &p->root, p->inodes);
	if (e == OK)
		e = push(p, ".");
	if (e != OK)
		return e;
	work_together(p);
	while (p->n > 0)
		free(p->folder[--p->n]);
	free(p->folder);
	return p->err;
}

enum err stamp_take(int dirfd, struct stamp *ret)
{
	struct pool p = {.dirfd = dirfd};

	if (pthread_mutex_init(&p.lock, NULL) != 0)
		return ERR_NOMEM;
	if (pthread_cond_init(&p.changed, NULL) != 0) {
		(void)pthread_mutex_destroy(&p.lock);
		return ERR_NOMEM;
	}
	const enum err e = look_at_all(&p);
	(void)pthread_cond_destroy(&p.changed);
	(void)pthread_mutex_destroy(&p.lock);
	if (e == OK)
		*ret = p.sum;
	return e;
}
