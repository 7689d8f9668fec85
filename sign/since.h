/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has changed on /boot since a set was signed whose signature is good. */
#ifndef SIGN_SINCE_H
#define SIGN_SINCE_H

#include "sign/manifest.h"

/* By which of its manifests that was found out. */
enum since {
	SINCE_FULL,  /* ours: everything */
	SINCE_HEADS, /* Heads' two lists: names and contents; ours is not there, or older
	              */
};

/*
 * Calls back as manifest_compare does.  A `before` that comes from Heads' lists has a
 * path and nothing else.  ERR_FORMAT: Heads' lists are missing or cannot be parsed, and
 * so nothing is known; nothing was called back then.
 */
enum err since_compare(const struct kexec_set *before, const struct tree *now,
                       void (*tell)(const struct tree_entry *a,
                                    const struct tree_entry *b, unsigned changes,
                                    void *ctx),
                       void *ctx, enum since *ret);

#endif
