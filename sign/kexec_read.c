/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signed files read: all of them once for their digests, and the content of those
 * that are not held when it is wanted. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/file.h"
#include "crypto/crypto.h"
#include "sign/manifest.h"

enum { PART = 64 * 1024 };

/* --- digests --- */

static enum err hash_fd(int fd, size_t max, struct hash *h, uint8_t part[static PART],
                        size_t *ret_n)
{
	size_t n = 0;

	for (;;) {
		const ssize_t got = read(fd, part, PART);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_from_errno(errno);
		if (got == 0)
			break;
		if ((size_t)got > max - n)
			return ERR_FORMAT;
		n += (size_t)got;
		hash_add(h, (struct bytes){part, (size_t)got});
	}
	*ret_n = n;
	return OK;
}

enum err kexec_hash_file(int dirfd, const char *name, size_t max,
                         uint8_t ret[static TREE_HASH_LEN], size_t *ret_n)
{
	struct hash *h = NULL;
	int fd = -1;

	enum err e = file_open(dirfd, name, &fd);
	if (e != OK)
		return e;
	uint8_t *part = malloc(PART);
	e = part ? hash_new_public(HASH_SHA256, &h) : ERR_NOMEM;
	if (e == OK)
		e = hash_fd(fd, max, h, part, ret_n);
	(void)close(fd); /* only read */
	free(part);
	if (e == OK)
		return hash_end(h, ret, TREE_HASH_LEN);
	h = hash_free(h);
	return e;
}

/* --- the set --- */

struct reading {
	struct kexec_set *to;
	size_t left; /* bytes that all files may have yet */
	char *culprit;
};

static void blame(char *ret_culprit, const char *name)
{
	if (ret_culprit)
		(void)snprintf(ret_culprit, KEXEC_NAME_MAX, "%s", name);
}

static enum err read_content(int dirfd, const char *name, size_t max,
                             struct kexec_set *to, size_t *ret_n)
{
	uint8_t *p = NULL;

	enum err e = file_read(dirfd, name, max, &p, ret_n);
	if (e == OK)
		e = kexec_put(to, name, (struct bytes){p, *ret_n});
	free(p);
	return e;
}

static enum err read_digest(int dirfd, const char *name, size_t max, struct kexec_set *to,
                            size_t *ret_n)
{
	uint8_t sha256[TREE_HASH_LEN];

	const enum err e = kexec_hash_file(dirfd, name, max, sha256, ret_n);
	return e == OK ? kexec_put_digest(to, name, *ret_n, sha256) : e;
}

/* One file into the set. */
static enum err read_one(int dirfd, const char *name, struct reading *r)
{
	const size_t max = r->left < KEXEC_FILE_MAX ? r->left : KEXEC_FILE_MAX;
	enum manifest_kind kind;
	size_t n = 0;

	/* Heads refuses such names; some of them would make its manifest ambiguous. */
	if (tree_name_refused(name))
		return ERR_FORMAT;
	const enum err e = manifest_kind_of(name, &kind)
	                           ? read_digest(dirfd, name, max, r->to, &n)
	                           : read_content(dirfd, name, max, r->to, &n);
	if (e == OK)
		r->left -= n;
	return e == ERR_NOT_FOUND ? ERR_BUSY : e;
}

static enum err read_signed(int dirfd, const char *name, void *ctx)
{
	struct reading *r = ctx;

	if (!kexec_signed_name(name))
		return OK;
	const enum err e = read_one(dirfd, name, r);
	if (e != OK)
		blame(r->culprit, name);
	return e;
}

static enum err read_sig(int dirfd, struct kexec_set *s, char *ret_culprit)
{
	uint8_t *p = NULL;
	size_t n = 0;
	const enum err e = file_read(dirfd, KEXEC_SIG, KEXEC_SIG_MAX, &p, &n);

	if (e == ERR_NOT_FOUND)
		return OK;
	if (e != OK) {
		blame(ret_culprit, KEXEC_SIG);
		return e;
	}
	s->sig = p;
	s->sig_n = n;
	return OK;
}

enum err kexec_read(int dirfd, struct kexec_set **ret, char *ret_culprit)
{
	struct kexec_set *s = NULL;

	blame(ret_culprit, "");
	enum err e = kexec_new(&s);
	if (e != OK)
		return e;
	struct reading r = {s, KEXEC_TOTAL_MAX, ret_culprit};
	e = dir_each(dirfd, read_signed, &r);
	if (e == OK)
		e = read_sig(dirfd, s, ret_culprit);
	if (e == OK) {
		s->dir = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
		if (s->dir < 0)
			e = err_from_errno(errno);
	}
	if (e != OK) {
		(void)kexec_free(s);
		return e;
	}
	*ret = s;
	return OK;
}

/* --- what is not held --- */

static enum err read_again(int dirfd, const struct kexec_file *f, struct buffer *own)
{
	uint8_t sha256[TREE_HASH_LEN];
	uint8_t *p = NULL;
	size_t n = 0;

	enum err e = file_read(dirfd, f->name, f->n, &p, &n);
	if (e == ERR_NOT_FOUND || e == ERR_FORMAT)
		return ERR_BUSY;
	if (e == OK)
		e = hash_all_public(HASH_SHA256, (struct bytes){p, n}, sha256,
		                    sizeof(sha256));
	if (e == OK && memcmp(sha256, f->sha256, sizeof(sha256)) != 0)
		e = ERR_BUSY;
	if (e == OK)
		*own = (struct buffer){.p = p, .n = n, .cap = n};
	else
		free(p);
	return e;
}

enum err kexec_content(const struct kexec_set *s, const struct kexec_file *f,
                       struct buffer *own, struct bytes *ret)
{
	enum manifest_kind kind;
	enum err e = OK;

	if (f->data) {
		*ret = (struct bytes){f->data, f->n};
		return OK;
	}
	if (s->tree && manifest_kind_of(f->name, &kind))
		e = manifest_write(kind, s->tree, own);
	else
		e = read_again(s->dir, f, own);
	if (e == OK)
		*ret = buffer_bytes(own);
	return e;
}
