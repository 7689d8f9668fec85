/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies on /boot: walked once without following links or entering other file systems,
 * sorted by bytes, every regular file hashed. */
#ifndef SIGN_TREE_H
#define SIGN_TREE_H

#include <sys/types.h>

#include "core/buffer.h"

enum {
	TREE_HASH_LEN = 32,         /* SHA-256 */
	TREE_PATH_MAX = 4096,       /* with "./" and the end */
	TREE_ENTRIES_MAX = 1 << 20, /* ERR_UNSUPPORTED beyond */
	TREE_DEPTH_MAX = 64,        /* "./a" is 1 deep */
};

/* The letters are those of the full manifest (docs/FORMAT.md). */
enum tree_type {
	TREE_FILE = 'f',
	TREE_FOLDER = 'd',
	TREE_LINK = 'l',
	TREE_FIFO = 'p',
	TREE_SOCKET = 's',
	TREE_CHAR = 'c',
	TREE_BLOCK = 'b',
};

struct tree_entry {
	const char *path;   /* as find prints it: "./", "./grub", "./grub/grub.cfg" */
	const char *target; /* of a link; of a device node "MAJOR:MINOR"; else NULL */
	uint64_t size;      /* of a file, in bytes; else 0 */
	uint32_t mode;      /* permission bits, 07777; a link's are always 0777 */
	uint32_t uid, gid;  /* these three are 0 without tree.permissions */
	enum tree_type type;
	/* Another file system begins here: listed as an empty folder whose mode and owner
	 * (0) are not known. */
	bool mount;
	uint8_t sha256[TREE_HASH_LEN]; /* of a file */
};

/* Sorted by the bytes of path.  The root comes first, as "./". */
struct tree {
	struct tree_entry *entry;
	size_t n;
	uint64_t bytes; /* of all files */
	/* Does the file system keep modes and owners?  FAT does not: whoever mounts it
	 * says what they are. */
	bool permissions;
	void *own; /* what the strings lie in */
};

struct tree_progress {
	uint64_t bytes_done, bytes_all; /* of file contents */
	size_t files_done, files_all;   /* all 0 while names are gathered */
};

struct stamp;
struct tree_options {
	unsigned threads; /* that hash; 0: one per processor that we may use */
	/* From the calling thread, about ten times a second and once at the end; false
	 * ends the walk with ERR_CANCELLED.  May be NULL. */
	bool (*progress)(const struct tree_progress *p, void *ctx);
	void *ctx;
	/* What stamp_take (stamp.h) would have given, each entry as it was just before it
	 * was read.  May be NULL. */
	struct stamp *ret_stamp;
	/* The name (as in tree_entry) that an error is about, or "" when it is about no
	 * one file.  May be NULL; TREE_PATH_MAX bytes. */
	char *ret_culprit;
};

/*
 * The same folder as `dirfd` (opened O_DIRECTORY), but without what is mounted below it,
 * so that what lies under a mount point can be seen, as Heads sees it.  Takes root and
 * Linux 5.2; else *ret_fd is merely a copy of the descriptor.  May be written to.
 */
enum err tree_open(int dirfd, int *ret_fd);

/*
 * dirfd: /boot, opened O_DIRECTORY.  Every entry below it is listed, those whose name
 * begins with "kexec" too: which of them count is manifest.h's business.  Links are
 * listed, never followed; nothing but folders and regular files is opened.
 * o may be NULL: as if all of it were 0.
 * ERR_BUSY: something changed while it was read.  ERR_UNSUPPORTED: too many, too deep, a
 * path too long, something mounted on a file.  ERR_ACCESS, ERR_IO (names found twice
 * too).  *ret is for tree_free.
 */
enum err tree_walk(int dirfd, const struct tree_options *o, struct tree **ret);
struct tree *tree_free(struct tree *t); /* NULL is fine; returns NULL */

/* NULL: there is none.  path as in tree_entry. */
const struct tree_entry *tree_find(const struct tree *t, const char *path);

/* Would Heads refuse this name?  A control character, a backslash, a byte from 0x7f on
 * (HEADS.md, "Walking rules"). */
bool tree_name_refused(const char *path);

/* Is it below Heads' manifests?  Not what begins with "./kexec", by prefix of the path.
 */
bool tree_heads_sees(const char *path);

/* Reading one file whole, and only when it is still what was hashed.  ERR_BUSY: it is
 * not.  ERR_FORMAT: it has more than max bytes.  ERR_USAGE: not a regular file.  *ret is
 * malloc'ed, never NULL on OK. */
enum err tree_read(int dirfd, const struct tree_entry *of, size_t max, uint8_t **ret);

#endif
