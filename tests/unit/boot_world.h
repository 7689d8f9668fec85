/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of the boot run: three volumes, two cards, one boot at a time. */
#ifndef TESTS_BOOT_WORLD_H
#define TESTS_BOOT_WORLD_H

#include "tests/unit/double_map.h"
#include "tests/unit/world.h"
#include "unlock/boot.h"

#define OURS      "luks,keyscript=decrypt_bootlatch"
#define OTHER     "battery staple"
#define FIRST     "Virtual reader 00 00"
#define SECOND    "Virtual reader 01 00"
#define HEADS_SET "what Heads released"

enum { BOOT_VOLUMES = 3 };

/* Their crypttab names are one, two, three.  The first two are alice's, the third one is
 * bob's and opens with OTHER too; the first one has Heads' key in keyslot 31. */
extern struct world of[BOOT_VOLUMES];
extern struct vcard *alice, *bob;

/* One boot. */
struct boot_now {
	char lines[4096]; /* crypttab */
	struct session *s;
	struct readers *readers;
	struct double_ask person;
	struct boot_wish wish;
	size_t wanted;            /* entries that the run was for */
	char late[80], place[64]; /* a volume that is hidden, and where it appears */
	unsigned wrong;           /* passphrases that the person has left to try */
};
extern struct boot_now now;

void boot_make_worlds(void); /* once; every case starts a boot of its own */
void boot_drop_worlds(void);
/* The disk is changed in a copy, until it is put back. */
void boot_keep_disk(const struct world *w);
void boot_put_back(const struct world *w);

/* Cards in the two readers; NULL: none. */
void boot_begin(struct vcard *first, struct vcard *second);
__attribute__((format(printf, 1, 2))) void boot_line(const char *text, ...);
void boot_all_three(void);
void boot_pin(void); /* she knows it */
enum err boot_go(void);
void boot_end(void);
bool boot_is_mapped(size_t i, const char *name); /* as number i */

#endif
