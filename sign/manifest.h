/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the manifests say of a tree, written and read: Heads' two lists, and our full one.
 */
#ifndef SIGN_MANIFEST_H
#define SIGN_MANIFEST_H

#include "sign/kexec.h"

/* kexec_hashes.txt and kexec_tree.txt, byte for byte as HEADS.md says.  Who signs refuses
 * tree_name_refused first; what is written of such names all the same can be taken for
 * nothing else: in the first list they are escaped as GNU's sha256sum does. */
enum err manifest_hashes(const struct tree *t, struct buffer *out);
enum err manifest_tree(const struct tree *t, struct buffer *out);

/*
 * kexec_bootlatch.txt (docs/FORMAT.md): type, mode, owner, size, target and SHA-256 of
 * every entry but those that the signature holds by themselves or that lawfully change:
 * kexec*.txt, kexec.sig, kexec_hotp_counter, and our stage with what belongs into it.
 */
#define STAGE_FOLDER "kexec_bootlatch.stage"
bool manifest_full_lists(const char *path); /* as in tree_entry */
enum err manifest_full(const struct tree *t, struct buffer *out);
/* Strict: an unknown version, field, order or a line that manifest_full would not write
 * is ERR_FORMAT.  *ret is for tree_free. */
enum err manifest_full_parse(struct bytes in, struct tree **ret);

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

/* Calls back in the order of the paths; a or b is NULL when there is none.  Only entries
 * that manifest_full_lists are compared.  Another type is CHANGE_TYPE alone.  Modes and
 * owners are compared when both trees have them; that they were lost is told of "./". */
void manifest_compare(const struct tree *before, const struct tree *after,
                      void (*tell)(const struct tree_entry *a, const struct tree_entry *b,
                                   unsigned changes, void *ctx),
                      void *ctx);

#endif
