/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files /boot/kexec*.txt and kexec.sig: read once, and from then on only these bytes
 * are verified and parsed (HEADS.md, "Files on /boot"). */
#ifndef SIGN_KEXEC_H
#define SIGN_KEXEC_H

#include "sign/tree.h"

enum {
	KEXEC_NAME_MAX = 256,
	KEXEC_FILES_MAX = 256,
	KEXEC_FILE_MAX = 128 * 1024 * 1024,
	KEXEC_TOTAL_MAX = 256 * 1024 * 1024, /* all of them */
	KEXEC_SIG_MAX = 64 * 1024,
	KEXEC_MODE_BAD = 07022, /* others may write it, or it runs as somebody */
};

#define KEXEC_HASHES       "kexec_hashes.txt"
#define KEXEC_TREE         "kexec_tree.txt"
#define KEXEC_DEFAULT      "kexec_default." /* N.txt */
#define KEXEC_DEFAULT_HASH "kexec_default_hashes.txt"
#define KEXEC_ROLLBACK     "kexec_rollback.txt"
#define KEXEC_FULL         "kexec_bootlatch.txt"
#define KEXEC_SIG          "kexec.sig"
#define KEXEC_HOTP         "kexec_hotp_counter" /* changes at boot, in nothing */

/* Lists of all files are large and seldom wanted: of them the digest is kept, and their
 * content got when it is. */
struct kexec_file {
	char name[KEXEC_NAME_MAX];
	uint8_t *data; /* malloc'ed; NULL: it is not held, see kexec_content */
	size_t n;
	uint8_t sha256[TREE_HASH_LEN];
};

/* The lists of all files (manifest.h). */
enum manifest_kind { MANIFEST_HASHES, MANIFEST_TREE, MANIFEST_FULL, MANIFEST_KINDS };

/* Sorted by strcmp of the names. */
struct kexec_set {
	struct kexec_file *file;
	size_t n;
	uint8_t *sig; /* kexec.sig; NULL: there is none */
	size_t sig_n;
	int dir;                 /* where what is not held lies; -1: nowhere */
	const struct tree *tree; /* what it is written of; NULL: it lies there */
};

/* Does the name belong into the signed manifest: "kexec", anything, ".txt", no '/'? */
bool kexec_signed_name(const char *name);
/* Is it such a name that Heads before April 2026 cannot read back?  It has the names
 * split and expanded by the shell: a blank, *, ?, [. */
bool kexec_name_splits(const char *name);
/* Has nobody but us a say in that file of dirfd?  Else its content is not enough to leave
 * it there when /boot is signed. */
bool kexec_is_ours(int dirfd, const char *name);
/* The same of every file of the set and of kexec.sig. */
bool kexec_all_ours(int dirfd, const struct kexec_set *s);

/* The set read from a folder, all but what the lists (manifest.h) hold.  Regular files
 * only, not through links.  ERR_FORMAT: one is something else, too large,
 * has a name that Heads refuses, or there are too many of them.  ERR_BUSY: one went while
 * they were read.  ret_culprit (KEXEC_NAME_MAX bytes, may be NULL) names it, or is "". */
enum err kexec_read(int dirfd, struct kexec_set **ret, char *ret_culprit);
enum err kexec_new(struct kexec_set **ret); /* empty */
struct kexec_set *kexec_free(struct kexec_set *s);

/* NULL: there is none. */
const struct kexec_file *kexec_find(const struct kexec_set *s, const char *name);
/* Put a copy of content in, in the place of what had that name.  ERR_USAGE: the name is
 * not kexec_signed_name, or Heads refuses it.  ERR_FORMAT: too large, too many. */
enum err kexec_put(struct kexec_set *s, const char *name, struct bytes content);
/* A list as it is to be written of t, which lives as long as the set.  ERR_NOMEM. */
enum err kexec_put_list(struct kexec_set *s, enum manifest_kind kind,
                        const struct tree *t);
/* A list that lies elsewhere: only its digest. */
enum err kexec_put_digest(struct kexec_set *s, const char *name, size_t n,
                          const uint8_t sha256[static TREE_HASH_LEN]);
/*
 * The very bytes whose digest is in the set: as they are held, read again and compared
 * with it (ERR_BUSY: they have changed), or written anew.  *own holds them where the set
 * does not; it is the caller's, starts as {0}.
 */
enum err kexec_content(const struct kexec_set *s, const struct kexec_file *f,
                       struct buffer *own, struct bytes *ret);
void kexec_drop(struct kexec_set *s, const char *name);
enum err kexec_put_sig(struct kexec_set *s, struct bytes sig);

/* The digest of a regular file of at most max bytes, read piece by piece.  Errors as
 * file_read. */
enum err kexec_hash_file(int dirfd, const char *name, size_t max,
                         uint8_t ret[static TREE_HASH_LEN], size_t *ret_n);

/* Lines with bare names (Heads since April 2026) or "/boot/" before them (Heads before,
 * PureBoot).  Neither boots with the other (HEADS.md 1). */
enum kexec_style { KEXEC_RELATIVE, KEXEC_ABSOLUTE };
const char *kexec_style_text(enum kexec_style s); /* "relative", "absolute" */

/* A line of this list and of kexec_hashes.txt: 64 hex digits, two spaces, name, newline.
 */
void hash_line_write(struct buffer *out, const uint8_t sha256[static TREE_HASH_LEN],
                     const char *name);
/* The bytes that kexec.sig is over, in this style. */
enum err kexec_manifest(const struct kexec_set *s, enum kexec_style style,
                        struct buffer *out);

#endif
