/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The set of files that kexec.sig is over, in memory. */
#include "sign/kexec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/hex.h"
#include "crypto/crypto.h"

static const char name_begins[] = "kexec", name_ends[] = ".txt";

bool kexec_signed_name(const char *name)
{
	const size_t n = strlen(name), end = sizeof(name_ends) - 1;

	return n < KEXEC_NAME_MAX && n >= sizeof(name_begins) - 1 + end &&
	       strncmp(name, name_begins, sizeof(name_begins) - 1) == 0 &&
	       strcmp(name + n - end, name_ends) == 0 && !strchr(name, '/');
}

bool kexec_name_splits(const char *name)
{
	return kexec_signed_name(name) && strpbrk(name, " *?[") != NULL;
}

bool kexec_is_ours(int dirfd, const char *name)
{
	struct stat st, folder;

	/* A folder may hand its group on. */
	return fstat(dirfd, &folder) == 0 &&
	       fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (st.st_mode & KEXEC_MODE_BAD) == 0 && st.st_uid == geteuid() &&
	       (st.st_gid == getegid() || st.st_gid == folder.st_gid);
}

bool kexec_all_ours(int dirfd, const struct kexec_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!kexec_is_ours(dirfd, s->file[i].name))
			return false;
	return !s->sig || kexec_is_ours(dirfd, KEXEC_SIG);
}

enum err kexec_new(struct kexec_set **ret)
{
	struct kexec_set *s = calloc(1, sizeof(*s));

	if (!s)
		return ERR_NOMEM;
	*ret = s;
	return OK;
}

struct kexec_set *kexec_free(struct kexec_set *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		free(s->file[i].data);
	free(s->file);
	free(s->sig);
	free(s);
	return NULL;
}

/* Where the name is or belongs. */
static size_t place_of(const struct kexec_set *s, const char *name, bool *ret_there)
{
	size_t i = 0;

	while (i < s->n && strcmp(s->file[i].name, name) < 0)
		i++;
	*ret_there = i < s->n && strcmp(s->file[i].name, name) == 0;
	return i;
}

const struct kexec_file *kexec_find(const struct kexec_set *s, const char *name)
{
	bool there = false;
	const size_t i = place_of(s, name, &there);

	return there ? &s->file[i] : NULL;
}

static enum err make_place(struct kexec_set *s, size_t at, const char *name)
{
	if (s->n >= KEXEC_FILES_MAX)
		return ERR_FORMAT;
	struct kexec_file *more = realloc(s->file, (s->n + 1) * sizeof(*more));
	if (!more)
		return ERR_NOMEM;
	s->file = more;
	/* Not memmove: valgrind takes glibc's fortified one for memcpy. */
	for (size_t i = s->n; i > at; i--)
		more[i] = more[i - 1];
	more[at] = (struct kexec_file){0};
	(void)snprintf(more[at].name, sizeof(more[at].name), "%s", name);
	s->n++;
	return OK;
}

/* data, n bytes, becomes the set's on OK. */
static enum err take(struct kexec_set *s, const char *name, uint8_t *data, size_t n)
{
	uint8_t sha256[TREE_HASH_LEN];
	bool there = false;

	if (!kexec_signed_name(name) || tree_name_refused(name))
		return ERR_USAGE;
	if (n > KEXEC_FILE_MAX)
		return ERR_FORMAT;
	enum err e =
	        hash_all(HASH_SHA256, (struct bytes){data, n}, sha256, sizeof(sha256));
	const size_t at = place_of(s, name, &there);
	if (e == OK && !there)
		e = make_place(s, at, name);
	if (e != OK)
		return e;
	free(s->file[at].data);
	s->file[at].data = data;
	s->file[at].n = n;
	memcpy(s->file[at].sha256, sha256, sizeof(sha256));
	return OK;
}

static uint8_t *copy(struct bytes b)
{
	uint8_t *p = malloc(b.n + 1);

	if (p && b.n > 0)
		memcpy(p, b.p, b.n);
	return p;
}

enum err kexec_put(struct kexec_set *s, const char *name, struct bytes content)
{
	uint8_t *p = copy(content);

	if (!p)
		return ERR_NOMEM;
	const enum err e = take(s, name, p, content.n);
	if (e != OK)
		free(p);
	return e;
}

enum err kexec_take(struct kexec_set *s, const char *name, struct buffer *content)
{
	enum err e = buffer_ok(content);

	if (e != OK)
		return e;
	/* What it held ready is given back. */
	uint8_t *p = realloc(content->p, content->n + 1);
	if (!p)
		return ERR_NOMEM;
	content->p = p;
	content->cap = content->n + 1;
	e = take(s, name, p, content->n);
	if (e == OK)
		*content = (struct buffer){0};
	return e;
}

void kexec_drop(struct kexec_set *s, const char *name)
{
	bool there = false;
	const size_t i = place_of(s, name, &there);

	if (!there)
		return;
	free(s->file[i].data);
	s->n--;
	memmove(s->file + i, s->file + i + 1, (s->n - i) * sizeof(*s->file));
}

enum err kexec_put_sig(struct kexec_set *s, struct bytes sig)
{
	if (sig.n > KEXEC_SIG_MAX)
		return ERR_FORMAT;
	uint8_t *p = copy(sig);
	if (!p)
		return ERR_NOMEM;
	free(s->sig);
	s->sig = p;
	s->sig_n = sig.n;
	return OK;
}

/* One file into the set; *left: bytes that all of them may have yet. */
static enum err read_one(int dirfd, const char *name, struct kexec_set *s, size_t *left)
{
	const size_t max = *left < KEXEC_FILE_MAX ? *left : KEXEC_FILE_MAX;
	uint8_t *p = NULL;
	size_t n = 0;

	/* Heads refuses such names; some of them would make its manifest ambiguous. */
	if (tree_name_refused(name))
		return ERR_FORMAT;
	enum err e = file_read(dirfd, name, max, &p, &n);
	if (e == ERR_NOT_FOUND)
		return ERR_BUSY;
	if (e != OK)
		return e;
	e = take(s, name, p, n);
	if (e != OK) {
		free(p);
		return e;
	}
	*left -= n;
	return OK;
}

static void blame(char *ret_culprit, const char *name)
{
	if (ret_culprit)
		(void)snprintf(ret_culprit, KEXEC_NAME_MAX, "%s", name);
}

struct reading {
	struct kexec_set *to;
	size_t left; /* bytes that all files may have yet */
	char *culprit;
};

static enum err read_signed(int dirfd, const char *name, void *ctx)
{
	struct reading *r = ctx;

	if (!kexec_signed_name(name))
		return OK;
	const enum err e = read_one(dirfd, name, r->to, &r->left);
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
	if (e != OK) {
		(void)kexec_free(s);
		return e;
	}
	*ret = s;
	return OK;
}

const char *kexec_style_text(enum kexec_style s)
{
	return s == KEXEC_RELATIVE ? "relative" : "absolute";
}

void hash_line_write(struct buffer *out, const uint8_t sha256[static TREE_HASH_LEN],
                     const char *name)
{
	char hex[2 * TREE_HASH_LEN + 1];

	hex_encode((struct bytes){sha256, TREE_HASH_LEN}, hex);
	buffer_text(out, hex);
	buffer_text(out, "  ");
	buffer_text(out, name);
	buffer_text(out, "\n");
}

enum err kexec_manifest(const struct kexec_set *s, enum kexec_style style,
                        struct buffer *out)
{
	char name[KEXEC_NAME_MAX + 8];

	for (size_t i = 0; i < s->n; i++) {
		(void)snprintf(name, sizeof(name), "%s%s",
		               style == KEXEC_ABSOLUTE ? "/boot/" : "", s->file[i].name);
		hash_line_write(out, s->file[i].sha256, name);
	}
	return buffer_ok(out);
}
