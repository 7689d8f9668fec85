/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the manifests say of a tree, written and read: Heads' two lists, and our full one.
 */
#ifndef SIGN_MANIFEST_H
#define SIGN_MANIFEST_H

#include "sign/kexec.h"

/*
 * The three lists: kexec_hashes.txt and kexec_tree.txt, byte for byte as HEADS.md says,
 * and kexec_bootlatch.txt (docs/FORMAT.md).  Who signs refuses tree_name_refused first;
 * what is written of such names all the same can be taken for nothing else: in the first
 * list they are escaped as GNU's sha256sum does.
 *
 * The third has type, mode, owner, size, target and SHA-256 of every entry but those that
 * the signature holds by themselves or that lawfully change: kexec*.txt, kexec.sig,
 * kexec_hotp_counter, and our stage with what belongs into it.
 */
#define STAGE_FOLDER "kexec_bootlatch.stage"
bool manifest_full_lists(const char *path); /* as in tree_entry */
const char *manifest_name(enum manifest_kind k);
/* Is it one of the three names? */
bool manifest_kind_of(const char *name, enum manifest_kind *ret);
enum err manifest_write(enum manifest_kind k, const struct tree *t, struct buffer *out);

/* The digest of what manifest_write would write, and how many bytes that is. */
enum err manifest_digest(enum manifest_kind k, const struct tree *t,
                         uint8_t ret[static TREE_HASH_LEN], size_t *ret_n);
/* The same of entries that come one by one: *ret is for manifest_sum_end, which frees it,
 * or manifest_sum_free.  t: its permissions are all that is looked at. */
struct manifest_sum;
enum err manifest_sum_new(enum manifest_kind k, const struct tree *t,
                          struct manifest_sum **ret);
void manifest_sum_add(struct manifest_sum *s, const struct tree_entry *a);
enum err manifest_sum_end(struct manifest_sum *s, uint8_t ret[static TREE_HASH_LEN],
                          size_t *ret_n);
struct manifest_sum *manifest_sum_free(struct manifest_sum *s); /* NULL is fine */

/* Strict: an unknown version, field, order or a line that manifest_full would not write
 * is ERR_FORMAT.  *ret is for tree_free. */
enum err manifest_full_parse(struct bytes in, struct tree **ret);

/* The same entry by entry, which takes no memory but for the folders.  What was read is
 * not sound before the end has come: ERR_NOT_FOUND.  *ret is valid until the next call.
 */
struct full_reader;
enum err full_reader_new(struct bytes in, struct full_reader **ret);
bool full_reader_permissions(const struct full_reader *r);
enum err full_reader_next(struct full_reader *r, const struct tree_entry **ret);
struct full_reader *full_reader_free(struct full_reader *r); /* NULL is fine */
/* Would manifest_full_parse take it?  OK, ERR_FORMAT, ERR_NOMEM. */
enum err manifest_full_check(struct bytes in);

/* One line of a hash list: 64 hex digits (lower case), two spaces, a name that may hold
 * anything but a newline and NUL.  Cuts it off *in.  ERR_NOT_FOUND: the end.  ERR_FORMAT.
 */
struct hash_line {
	uint8_t sha256[TREE_HASH_LEN];
	struct bytes name;
};
enum err hash_line_next(struct bytes *in, struct hash_line *ret);

/* How an entry differs; several bits at once. */
enum change {
	CHANGE_ADDED = 1 << 0,
	CHANGE_REMOVED = 1 << 1,
	CHANGE_CONTENT = 1 << 2,
	CHANGE_TYPE = 1 << 3,
	CHANGE_MODE = 1 << 4,
	CHANGE_OWNER = 1 << 5,
	CHANGE_TARGET = 1 << 6,
};

typedef void manifest_tell(const struct tree_entry *a, const struct tree_entry *b,
                           unsigned changes, void *ctx);

/*
 * A full manifest against a tree: calls back in the order of the paths; a or b is NULL
 * when there is none, and a is valid only while it is told.  Only entries that
 * manifest_full_lists are compared.  Another type is CHANGE_TYPE alone.  Modes and owners
 * are compared when both sides have them; that they were lost is told of "./".
 * *ret_current: Heads' lists, whose digests are given, say the same as the manifest.
 * ERR_FORMAT: it is none, and what was told counts for nothing.
 */
enum err manifest_compare_full(struct bytes before, const struct tree *after,
                               const uint8_t hashes[static TREE_HASH_LEN],
                               const uint8_t paths[static TREE_HASH_LEN],
                               manifest_tell *tell, void *ctx, bool *ret_current);

#endif
