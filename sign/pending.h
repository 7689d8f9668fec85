/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened to /boot since it was signed, kept outside of it: told by hooks and path
 * units, forgotten by a good signing (docs/adr/0013). */
#ifndef SIGN_PENDING_H
#define SIGN_PENDING_H

#include "core/buffer.h"

#define PENDING_FOLDER "/var/lib/bootlatch"

enum {
	PENDING_MAX = 32,       /* lines; of more, the oldest are told as one */
	PENDING_WHEN_MAX = 31,  /* with its end */
	PENDING_BY_MAX = 24,    /* the same */
	PENDING_WHAT_MAX = 160, /* the same */
	PENDING_FILE_MAX = 16 * 1024,
};

struct pending_line {
	char when[PENDING_WHEN_MAX]; /* "2026-11-23T03:28:57.123456789Z" */
	char by[PENDING_BY_MAX];     /* "kernel", "initramfs": letters, digits, '-' */
	char what[PENDING_WHAT_MAX]; /* printable ASCII */
};

/* Oldest first; starts as {0}. */
struct pending {
	struct pending_line line[PENDING_MAX];
	size_t n;
};

/* The file, as it is read and written.  ERR_FORMAT: it would not be written so. */
enum err pending_parse(struct bytes in, struct pending *ret);
void pending_write(const struct pending *p, struct buffer *out);

/*
 * Does this machine sign its /boot: is a signer known in config/signers, or is there
 * boot/kexec.sig?  Else nobody wants to hear of any of this.
 */
bool pending_signed_here(const char *config, const char *boot);

/*
 * Add a line, replacing one that says the same.  For hooks: waits for nobody longer than
 * PENDING_LOCK_MS.  What is no printable ASCII becomes '?', what is too long is cut.
 * ERR_USAGE: by is no word.  ERR_NO_SPACE, ERR_READ_ONLY, ERR_ACCESS, ERR_IO: what was
 * noted before stays.
 */
enum { PENDING_LOCK_MS = 1000 };
enum err pending_record(const char *folder, const char *by, const char *what);

/* OK with n == 0: nothing is pending.  A file that cannot be understood is one line that
 * says so: something is pending. */
enum err pending_read(const char *folder, struct pending *ret);

/*
 * Forget what was read before, and only that.  Who signs /boot (no other folder) does:
 *
 *     struct pending before = {0};
 *     enum err e = pending_read(PENDING_FOLDER, &before);     before the tree is walked
 *     ... signed, published, verified ...
 *     e = pending_clear(PENDING_FOLDER, &before);
 *
 * so that what changed while it was signed stays pending.
 */
enum err pending_clear(const char *folder, const struct pending *before);

/* For who asks on its own: it asks once for each change, whatever came of it.  The second
 * is called before the question, and no question without its OK. */
bool pending_was_asked(const char *folder, const struct pending *p);
enum err pending_set_asked(const char *folder, const struct pending *p);

/* What is pending in one line, for notices: at most `max` lines told, newest first, the
 * rest counted. */
void pending_words(const struct pending *p, size_t max, char *out, size_t cap);

/*
 * What PureOS's package hook leaves on /boot for Heads to read: that it is there, no
 * more.  Nobody has signed it, and who can write to /boot can write it.
 */
enum pending_trigger { PENDING_TRIGGER_PRE = 1, PENDING_TRIGGER_POST = 2 };
#define PENDING_TRIGGER_PRE_NAME  "kexec_package_trigger_pre.txt"
#define PENDING_TRIGGER_POST_NAME "kexec_package_trigger_post.txt"
unsigned pending_triggers(const char *boot);

#endif
