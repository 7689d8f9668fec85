/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One boot run, for boot.c and boot_volume.c; others use boot.h. */
#ifndef UNLOCK_BOOT_IMPL_H
#define UNLOCK_BOOT_IMPL_H

#include "unlock/boot.h"
#include "unlock/volume.h"
#include "unlock/words.h"

enum { BOOT_KEPT_MAX = 8 /* passphrases that opened something */ };

enum boot_state {
	BOOT_AWAITED, /* its source is not here */
	BOOT_HERE,    /* and read */
	BOOT_OPEN,
	BOOT_LEFT, /* to cryptroot */
};

struct boot_volume {
	const struct crypttab_entry *entry;
	char device[CRYPTTAB_PATH_MAX];
	enum boot_state state;
	enum err e;       /* why it was left */
	struct volume *v; /* from BOOT_HERE on; NULL once it was left */
	int wrong;        /* typed passphrases that opened nothing */
	bool tried_heads;
	size_t tried_kept; /* so many of boot.kept were tried */
	bool unmapped;     /* it opened, but e is why it could not be mapped */
};

struct boot {
	struct session *s;
	const struct boot_wish *w;
	struct boot_volume *vol;
	size_t n;
	struct secret *kept[BOOT_KEPT_MAX];
	size_t n_kept;
	int64_t since; /* ms: of waiting for sources */
	bool said_waiting;
};

/* What opens it by keyslot `slot`, or why not; it is BOOT_OPEN or BOOT_LEFT then. */
enum err boot_map(struct boot *b, struct boot_volume *vol, int slot,
                  const struct secret *pass);
void boot_leave(struct boot *b, struct boot_volume *vol, enum err e);
void boot_say(struct boot *b, const struct boot_volume *vol, enum words w, int n);

/* Are they here: its source, which is at `device`, and its header? */
bool boot_is_here(const struct crypttab_entry *e, const char *device);
/* Read the header, and what is known of it, of each volume whose source is here by now.
 */
void boot_look(struct boot *b);
/* Heads' key and the passphrases of before, on whatever is here: nothing is asked. */
void boot_open_unasked(struct boot *b);
/* A passphrase on all but one.  How many it opened. */
size_t boot_try_all(struct boot *b, const struct boot_volume *but,
                    const struct secret *pass);
void boot_keep(struct boot *b, const struct secret *pass);
/* Does that card open it? */
bool boot_serves(const struct boot_volume *vol, const uint8_t fpr[static FPR_LEN]);

#endif
