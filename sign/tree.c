/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees: their memory, what is found in them, and what Heads makes of a name. */
#include "sign/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "sign/tree_parts.h"

enum { CHUNK = 64 * 1024, FIRST_ENTRIES = 64 };

/* Strings lie in chunks, since a path is short and there are many. */
struct chunk {
	struct chunk *next;
	size_t used;
	char text[CHUNK];
};

struct own {
	struct chunk *chunk;
	size_t cap; /* entries that there is room for */
};

struct tree *tree_new(void)
{
	struct tree *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->own = calloc(1, sizeof(struct own));
	if (!t->own) {
		free(t);
		return NULL;
	}
	return t;
}

struct tree *tree_free(struct tree *t)
{
	if (!t)
		return NULL;
	struct own *own = t->own;
	while (own->chunk) {
		struct chunk *next = own->chunk->next;

		free(own->chunk);
		own->chunk = next;
	}
	free(own);
	free(t->entry);
	free(t);
	return NULL;
}

enum err tree_add(struct tree *t, struct tree_entry **ret)
{
	struct own *own = t->own;

	if (t->n >= TREE_ENTRIES_MAX)
		return ERR_UNSUPPORTED;
	if (t->n == own->cap) {
		const size_t cap = own->cap > 0 ? own->cap + own->cap / 2 : FIRST_ENTRIES;
		struct tree_entry *more = realloc(t->entry, cap * sizeof(*more));

		if (!more)
			return ERR_NOMEM;
		t->entry = more;
		own->cap = cap;
	}
	t->entry[t->n] = (struct tree_entry){0};
	*ret = &t->entry[t->n++];
	return OK;
}

const char *tree_keep(struct tree *t, const void *p, size_t n)
{
	struct own *own = t->own;

	if (n >= CHUNK)
		return NULL;
	if (!own->chunk || n >= CHUNK - own->chunk->used) {
		struct chunk *fresh = malloc(sizeof(*fresh));

		if (!fresh)
			return NULL;
		fresh->next = own->chunk;
		fresh->used = 0;
		own->chunk = fresh;
	}
	char *to = own->chunk->text + own->chunk->used;
	if (n > 0)
		memcpy(to, p, n);
	to[n] = '\0';
	own->chunk->used += n + 1;
	return to;
}

void tree_trim(struct tree *t)
{
	struct own *own = t->own;
	struct tree_entry *less =
	        t->n > 0 ? realloc(t->entry, t->n * sizeof(*less)) : NULL;

	if (!less)
		return;
	t->entry = less;
	own->cap = t->n;
}

const struct tree_entry *tree_find(const struct tree *t, const char *path)
{
	size_t from = 0;

	for (size_t to = t->n; from < to;) {
		const size_t at = from + (to - from) / 2;
		const int order = strcmp(t->entry[at].path, path);

		if (order == 0)
			return &t->entry[at];
		if (order < 0)
			from = at + 1;
		else
			to = at;
	}
	return NULL;
}

bool tree_name_refused(const char *path)
{
	for (size_t i = 0; path[i] != '\0'; i++) {
		const unsigned char c = (unsigned char)path[i];

		if (c < 0x20 || c == '\\' || c >= 0x7f)
			return true;
	}
	return false;
}

bool tree_heads_sees(const char *path)
{
	static const char out[] = "./kexec";

	return strncmp(path, out, sizeof(out) - 1) != 0;
}

/* All of a file that is as long as was said. */
static enum err read_exactly(int fd, uint8_t *to, size_t n)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_from_errno(errno);
	if (!S_ISREG(st.st_mode) || st.st_size < 0 || (uintmax_t)st.st_size != n)
		return ERR_BUSY;
	for (size_t done = 0; done < n;) {
		const ssize_t got = read(fd, to + done, n - done);

		if (got == 0)
			return ERR_BUSY;
		if (got < 0 && errno != EINTR)
			return err_from_errno(errno);
		if (got > 0)
			done += (size_t)got;
	}
	return OK;
}

enum err tree_read(int dirfd, const struct tree_entry *of, size_t max, uint8_t **ret)
{
	uint8_t sha256[TREE_HASH_LEN];
	int fd = -1;

	if (of->type != TREE_FILE)
		return ERR_USAGE;
	if (of->size > max)
		return ERR_FORMAT;
	const size_t n = (size_t)of->size;
	enum err e = tree_open_at(dirfd, of->path, 0, &fd);
	if (e != OK)
		return e;
	uint8_t *p = malloc(n + 1);
	e = p ? read_exactly(fd, p, n) : ERR_NOMEM;
	(void)close(fd); /* only read */
	if (e == OK)
		e = hash_all(HASH_SHA256, (struct bytes){p, n}, sha256, sizeof(sha256));
	if (e == OK && memcmp(sha256, of->sha256, sizeof(sha256)) != 0)
		e = ERR_BUSY;
	if (e != OK) {
		free(p);
		return e;
	}
	*ret = p;
	return OK;
}
