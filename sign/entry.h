/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be booted, as Heads reads it from grub.cfg or loader/entries: parsed, bounded,
 * nothing evaluated (HEADS.md, "The default entry"). */
#ifndef SIGN_ENTRY_H
#define SIGN_ENTRY_H

#include "sign/kexec.h"

enum {
	ENTRIES_MAX = 512,
	ENTRY_FILES_MAX = 32,
	ENTRY_LINE_MAX = 8192,
	ENTRY_CONFIGS_MAX = 512, /* grub.cfg, and files in loader/entries */
	GRUB_CFG_MAX = 4 * 1024 * 1024
};

#define KEXEC_MENU "kexec_menu.txt" /* optional; Heads then looks for no other menu */
/* Ours, and signed: the Heads of this machine sorts its menu (docs/FORMAT.md). */
#define KEXEC_SORTED "kexec_bootlatch_sorted.txt"

/* No control characters are in name and line, but they need not be UTF-8. */
struct boot_entry {
	char *name;                  /* of the menu, '|' removed */
	char *line;                  /* as in kexec_default.N.txt, without its newline */
	char *file[ENTRY_FILES_MAX]; /* kernel, initrds or modules: "/vmlinuz", in order
	                              */
	size_t n_files;
	char *from; /* the file it was read from, as in tree_entry */
	/* Why it cannot become the default: a clause for a person, "it holds ...".  NULL:
	 * it can.  It counts all the same: Heads has it in its menu. */
	const char *unusable;
};

/* Starts as {0}. */
struct boot_entries {
	struct boot_entry *entry; /* number N of kexec_default.N.txt is entry[N - 1] */
	size_t n;
	size_t skipped; /* whose kernel does not exist */
	size_t first;   /* entry[first] was found first */
	bool sorted;    /* they are in the order of entries_sort */
	bool from_menu; /* of KEXEC_MENU, which no Heads sorts */
};

/*
 * One file taken apart and appended; exists tells whether "/vmlinuz" is a file.
 * ERR_UNSUPPORTED: more than ENTRIES_MAX, or the file is too large.  ERR_NOMEM.
 */
typedef bool entry_exists(const char *path, const void *ctx);
enum err entries_parse_grub(struct bytes in, const char *from, entry_exists *exists,
                            const void *ctx, struct boot_entries *to);
/* kernelopts: what options are given where the file names none or that variable. */
enum err entries_parse_bls(struct bytes in, const char *from, struct bytes kernelopts,
                           entry_exists *exists, const void *ctx,
                           struct boot_entries *to);
/* KEXEC_MENU, whose lines are entries as they stand. */
enum err entries_parse_menu(struct bytes in, const char *from, entry_exists *exists,
                            const void *ctx, struct boot_entries *to);
/*
 * All of a tree, in the order in which Heads finds them: the order of the folders, as the
 * file system lists them, not that of the names.  OK with n == 0 when there are none.
 * ERR_BUSY: a file is no longer what the tree says.  ERR_UNSUPPORTED: as above, or too
 * many files.
 */
enum err entries_read(int dirfd, const struct tree *t, struct boot_entries **ret);
struct boot_entries *entries_free(struct boot_entries *e);
void entries_clear(struct boot_entries *e); /* {0} again */

/* As a Heads of mid-2026 does it: by the bytes of their lines.  Not those of KEXEC_MENU.
 */
void entries_sort(struct boot_entries *e);
/* Does the default of `set` stand at its number when they are sorted, and not as they
 * are? */
bool entries_seem_sorted(const struct boot_entries *e, const struct kexec_set *set);

/* The file that an entry's path leads to, through links, never out of the tree.  NULL:
 * none. */
const struct tree_entry *entry_file(const struct tree *t, const char *path);

enum default_wish { DEFAULT_KEEP, DEFAULT_FIRST, DEFAULT_NUMBER, DEFAULT_NONE };
enum default_why {
	DEFAULT_AS_BEFORE,
	DEFAULT_SAME_NAME,
	DEFAULT_WAS_FIRST,
	DEFAULT_ASKED,
	DEFAULT_NOT_WANTED,
	DEFAULT_NONE_BEFORE,
	DEFAULT_WHYS_
};
const char *default_why_text(enum default_why w); /* a sentence */

struct default_choice {
	size_t number; /* 1 on; 0: no default */
	enum default_why why;
};

/*
 * Which entry becomes the default, given the files of before (kexec_default.N.txt of
 * `old`, which may be NULL): KEEP: the same line, else the same name, else the first one
 * when the first one it was.  Of several of the same name the one with the same command
 * line, else the one at the same number.  ERR_NOT_FOUND: none of these, or no such
 * number, and somebody must choose.  It may be unusable (see there).
 */
enum err default_choose(const struct boot_entries *e, const struct kexec_set *old,
                        enum default_wish wish, size_t number,
                        struct default_choice *ret);
/* Put kexec_default.N.txt and kexec_default_hashes.txt into the set, and others of these
 * names out.  Nothing has changed: ERR_NOT_FOUND: one of its files is not in the tree;
 * ERR_UNSUPPORTED: the entry is unusable; ERR_USAGE: there is no such number. */
enum err default_put(const struct boot_entries *e, const struct default_choice *c,
                     const struct tree *t, struct kexec_set *set);

#endif
