/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our keyscript put into a line of crypttab, and taken out again: text in, text out.  Not
 * linked into the initramfs program.
 */
#ifndef UNLOCK_CRYPTTAB_EDIT_H
#define UNLOCK_CRYPTTAB_EDIT_H

#include "unlock/crypttab_line.h"

/* Why a line is left as it is. */
enum crypttab_edit_why {
	CRYPTTAB_EDIT_FINE,
	CRYPTTAB_EDIT_NO_LINE,   /* none names the volume, and no name was given */
	CRYPTTAB_EDIT_SEVERAL,   /* two lines name it, and no name was given */
	CRYPTTAB_EDIT_TAKEN,     /* the given name is another volume's */
	CRYPTTAB_EDIT_OTHER,     /* the volume has a line under another name */
	CRYPTTAB_EDIT_BAD_NAME,  /* the given name cannot be one */
	CRYPTTAB_EDIT_BROKEN,    /* the line is not one that can be read */
	CRYPTTAB_EDIT_NOT_LUKS,  /* it is for another kind of volume */
	CRYPTTAB_EDIT_KEY,       /* its key is a file */
	CRYPTTAB_EDIT_KEYSCRIPT, /* it has another keyscript */
	CRYPTTAB_EDIT_COLON,     /* Heads would keep only what follows its last colon */
	CRYPTTAB_EDIT_NONE, /* "none" elsewhere than as key: Heads would replace it */
	CRYPTTAB_EDIT_WHYS_
};

#define CRYPTTAB_REPLACED "# replaced by bootlatch: "

struct crypttab_edit {
	enum crypttab_edit_why why;
	bool ours;                      /* a line with our keyscript was there before */
	bool changed;                   /* text differs from what was given */
	bool added;                     /* a line, that is */
	char name[CRYPTTAB_ABOUT_MAX];  /* of the mapping; "" when there is no line */
	char about[CRYPTTAB_ABOUT_MAX]; /* what `why` is about; else the keyscript that
	                                   was replaced, or "" */
	char left[CRYPTTAB_ABOUT_MAX];  /* an option for which bootlatch-unlock --boot
	                                   leaves the line to cryptroot, or "" */
	uint8_t *text;                  /* malloc'ed; NULL unless changed */
	size_t len;
};

/*
 * A line is the volume's when its source is UUID= with the header's, the link of that
 * name in /dev/disk/by-uuid, or leads to the same device or file.
 *
 * Added to its options, at their end: keyscript=decrypt_bootlatch, and behind it whatever
 * of `luks` and `initramfs` is missing (without the second, cryptroot takes only what
 * root needs into the image, and systemd knows no keyscript).  What stands right behind
 * our keyscript is thereby ours too: that is how crypttab_give_back() knows.  A line that
 * loses a keyscript and a key is kept in a comment above it, CRYPTTAB_REPLACED.  All
 * other bytes stay.  OK also when the line is left as it is: see `why`.  ERR_FORMAT: no
 * crypttab.
 */
enum err crypttab_take_over(struct bytes text, const struct crypttab_target *t,
                            struct crypttab_edit *ret);
/* From every line of the volume that has our keyscript; `name` and `replace` are not
 * looked at.  Where the line is as we made it of one that is kept above it, that one is
 * put back. */
enum err crypttab_give_back(struct bytes text, const struct crypttab_target *t,
                            struct crypttab_edit *ret);
void crypttab_edit_clear(struct crypttab_edit *e); /* a cleared one is fine */

#endif
