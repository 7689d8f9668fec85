/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device-mapper that only remembers.  A test that names `mapper` is linked with it
 * instead of unlock/luks_map.c; the passphrase is still tried on the volume. */
#ifndef TESTS_DOUBLE_MAP_H
#define TESTS_DOUBLE_MAP_H

#include "unlock/luks.h"

enum { MAPPED_MAX = 8 };

struct mapper {
	struct {
		char name[LUKS_NAME_MAX + 1];
		struct luks_activation how; /* but for its name */
		int slot;
		char uuid[LUKS_UUID_LEN + 1]; /* "": no LUKS volume */
	} mapped[MAPPED_MAX];                 /* in order */
	size_t n;
	enum err fails;                 /* what mapping ends with; OK: it works */
	void (*then)(const char *name); /* after each; may be NULL */
};
extern struct mapper mapper;

#endif
