/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debian's crypttab, taken apart: crypttab(5) of the package cryptsetup.  It is hostile:
 * the one in the image may have been rewritten by Heads, or by anybody who writes /boot.
 */
#ifndef UNLOCK_CRYPTTAB_H
#define UNLOCK_CRYPTTAB_H

#include "unlock/luks.h"

enum {
	CRYPTTAB_MAX = 64 * 1024, /* bytes */
	CRYPTTAB_ENTRIES_MAX = 128,
	CRYPTTAB_PATH_MAX = 512, /* bytes of a source or header, with their end */
};

/* The base name of our keyscript; a path in front of it does not matter. */
#define CRYPTTAB_KEYSCRIPT "decrypt_bootlatch"

/* Why an entry is not for us to open. */
enum crypttab_why {
	CRYPTTAB_FINE,
	CRYPTTAB_FIELDS,   /* fewer than three fields, or more than four */
	CRYPTTAB_SPELLING, /* an escape that is none, a control character */
	CRYPTTAB_NAME,     /* no name of a mapping */
	CRYPTTAB_SOURCE,   /* no absolute path, UUID=, LABEL=, PARTUUID=, PARTLABEL= */
	CRYPTTAB_OPTION,   /* one that we do not honour */
	CRYPTTAB_VALUE,    /* an option with a value that it cannot have, or with none */
	CRYPTTAB_TWICE,    /* an option with two different values */
	CRYPTTAB_AGAIN,    /* an entry before it has the same name */
	CRYPTTAB_WHYS_
};

/* Where something lies in the text that was parsed: for who edits it. */
struct crypttab_span {
	size_t at, n;
};

enum { CRYPTTAB_F_NAME, CRYPTTAB_F_SOURCE, CRYPTTAB_F_KEY, CRYPTTAB_F_OPTIONS };

/* Strings are decoded, and live as long as the table. */
struct crypttab_entry {
	const char *name, *source;
	const char *key; /* the third field: "none", HEADS_KEY, or anything */
	bool ours;       /* its last keyscript= is CRYPTTAB_KEYSCRIPT */
	bool initramfs;
	const char *header;         /* header=, or NULL */
	int keyslot;                /* keyslot=, or LUKS_ANY_SLOT */
	int tries;                  /* tries=, 0: no end; -1: not given */
	struct luks_activation map; /* under that name, with the options' flags */
	enum crypttab_why why;
	const char *option; /* the name of the option that `why` is about, or NULL */
	struct crypttab_span line;     /* without its newline */
	struct crypttab_span field[4]; /* as written; n 0: not there */
};

struct crypttab {
	struct crypttab_entry *entry;
	size_t n;
	char *pool;
};

/*
 * Every line that is neither empty nor a comment becomes an entry, in order; what is
 * wrong with one is told by its `why` and spoils no other.  Honoured: luks, discard,
 * readonly, no-read-workqueue, no-write-workqueue, same-cpu-crypt,
 * submit-from-crypt-cpus, header, keyslot, tries, initramfs, keyscript.  Ignored, as
 * crypttab(5) says for LUKS devices in the initramfs: cipher, size, hash, offset, skip,
 * verify, check, checkargs, swap, tmp, noauto, noearly, loud, quiet; and systemd's
 * nofail, _netdev and x-*.  All others: CRYPTTAB_OPTION. ERR_FORMAT: longer than
 * CRYPTTAB_MAX, or more than CRYPTTAB_ENTRIES_MAX entries.
 */
enum err crypttab_parse(struct bytes text, struct crypttab *ret);
void crypttab_clear(struct crypttab *t); /* a cleared one is fine */

#endif
