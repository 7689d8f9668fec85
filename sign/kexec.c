/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The set of files that kexec.sig is over, in memory. */
#include "sign/kexec.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/hex.h"
#include "crypto/crypto.h"
#include "sign/manifest.h"

static const char name_begins[] = "kexec", name_ends[] = ".txt";

bool kexec_signed_name(const char *name)
{
	const size_t begin = sizeof(name_begins) - 1, end = sizeof(name_ends) - 1;

	/* Hardly any name goes on from here. */
	if (strncmp(name, name_begins, begin) != 0)
		return false;
	const size_t n = strlen(name);
	return n < KEXEC_NAME_MAX && n >= begin + end &&
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
	s->dir = -1;
	*ret = s;
	return OK;
}

struct kexec_set *kexec_free(struct kexec_set *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		free(s->file[i].data);
	if (s->dir >= 0)
		(void)close(s->dir); /* only read */
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

/* What is called name becomes this; data, when there is any, is the set's on OK. */
static enum err take(struct kexec_set *s, const char *name, uint8_t *data, size_t n,
                     const uint8_t sha256[static TREE_HASH_LEN])
{
	bool there = false;

	if (!kexec_signed_name(name) || tree_name_refused(name))
		return ERR_USAGE;
	if (n > KEXEC_FILE_MAX)
		return ERR_FORMAT;
	const size_t at = place_of(s, name, &there);
	const enum err e = there ? OK : make_place(s, at, name);
	if (e != OK)
		return e;
	free(s->file[at].data);
	s->file[at].data = data;
	s->file[at].n = n;
	memcpy(s->file[at].sha256, sha256, TREE_HASH_LEN);
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
	uint8_t sha256[TREE_HASH_LEN];
	uint8_t *p = copy(content);

	if (!p)
		return ERR_NOMEM;
	enum err e = hash_all_public(HASH_SHA256, content, sha256, sizeof(sha256));
	if (e == OK)
		e = take(s, name, p, content.n, sha256);
	if (e != OK)
		free(p);
	return e;
}

enum err kexec_put_digest(struct kexec_set *s, const char *name, size_t n,
                          const uint8_t sha256[static TREE_HASH_LEN])
{
	return take(s, name, NULL, n, sha256);
}

enum err kexec_put_list(struct kexec_set *s, enum manifest_kind kind,
                        const struct tree *t)
{
	uint8_t sha256[TREE_HASH_LEN];
	size_t n = 0;

	enum err e = manifest_digest(kind, t, sha256, &n);
	if (e == OK)
		e = take(s, manifest_name(kind), NULL, n, sha256);
	if (e == OK)
		s->tree = t;
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
