/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three lists written of a tree, or only their digests, which take no memory. */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "sign/manifest_parts.h"

enum { PIECE = 32 * 1024 /* hashed at once */ };

static const struct list {
	const char *name;
	void (*line)(const struct tree *t, const struct tree_entry *a,
	             struct buffer *out);
} lists[MANIFEST_KINDS] = {
        [MANIFEST_HASHES] = {KEXEC_HASHES, manifest_line_hashes},
        [MANIFEST_TREE] = {KEXEC_TREE,   manifest_line_tree  },
        [MANIFEST_FULL] = {KEXEC_FULL,   manifest_line_full  },
};

struct manifest_sum {
	enum manifest_kind kind;
	struct tree of; /* its permissions */
	struct hash *hash;
	struct buffer piece;
	size_t n;
};

const char *manifest_name(enum manifest_kind k)
{
	return lists[k].name;
}

bool manifest_kind_of(const char *name, enum manifest_kind *ret)
{
	for (size_t i = 0; i < MANIFEST_KINDS; i++)
		if (strcmp(lists[i].name, name) == 0) {
			*ret = (enum manifest_kind)i;
			return true;
		}
	return false;
}

static void write_head(enum manifest_kind k, const struct tree *t, struct buffer *out)
{
	if (k != MANIFEST_FULL)
		return;
	buffer_text(out, FULL_HEAD);
	buffer_text(out, t->permissions ? FULL_PERMISSIONS : FULL_FOREIGN);
}

enum err manifest_write(enum manifest_kind k, const struct tree *t, struct buffer *out)
{
	write_head(k, t, out);
	for (size_t i = 0; i < t->n; i++)
		lists[k].line(t, &t->entry[i], out);
	return buffer_ok(out);
}

enum err manifest_sum_new(enum manifest_kind k, const struct tree *t,
                          struct manifest_sum **ret)
{
	struct manifest_sum *s = calloc(1, sizeof(*s));

	if (!s)
		return ERR_NOMEM;
	s->kind = k;
	s->of.permissions = t->permissions;
	const enum err e = hash_new_public(HASH_SHA256, &s->hash);
	if (e != OK) {
		free(s);
		return e;
	}
	write_head(k, &s->of, &s->piece);
	*ret = s;
	return OK;
}

static void hash_piece(struct manifest_sum *s)
{
	hash_add(s->hash, buffer_bytes(&s->piece));
	s->n += s->piece.n;
	s->piece.n = 0;
}

void manifest_sum_add(struct manifest_sum *s, const struct tree_entry *a)
{
	lists[s->kind].line(&s->of, a, &s->piece);
	if (s->piece.n >= PIECE)
		hash_piece(s);
}

enum err manifest_sum_end(struct manifest_sum *s, uint8_t ret[static TREE_HASH_LEN],
                          size_t *ret_n)
{
	enum err e = buffer_ok(&s->piece);

	if (e == OK) {
		hash_piece(s);
		e = hash_take(s->hash, ret, TREE_HASH_LEN);
		*ret_n = s->n;
	}
	(void)manifest_sum_free(s);
	return e;
}

struct manifest_sum *manifest_sum_free(struct manifest_sum *s)
{
	if (!s)
		return NULL;
	s->hash = hash_free(s->hash);
	buffer_free(&s->piece);
	free(s);
	return NULL;
}

enum err manifest_digest(enum manifest_kind k, const struct tree *t,
                         uint8_t ret[static TREE_HASH_LEN], size_t *ret_n)
{
	struct manifest_sum *s = NULL;

	const enum err e = manifest_sum_new(k, t, &s);
	if (e != OK)
		return e;
	for (size_t i = 0; i < t->n; i++)
		manifest_sum_add(s, &t->entry[i]);
	return manifest_sum_end(s, ret, ret_n);
}
