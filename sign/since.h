/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has changed on /boot since a set was signed whose signature is good. */
#ifndef SIGN_SINCE_H
#define SIGN_SINCE_H

#include "sign/manifest.h"

/* By which of its manifests that was found out. */
enum since_by {
	SINCE_FULL,  /* ours: everything */
	SINCE_STALE, /* ours of an older signing and Heads' lists of a newer one: what
	                differs from either */
	SINCE_HEADS  /* Heads' two lists alone: names and contents.  What they do not hold
	                is told as added. */
};

struct since_change {
	const char *path;           /* as in tree_entry */
	const struct tree_entry *a; /* by our manifest; NULL: not in it, or there is none
	                             */
	const struct tree_entry *b; /* now; NULL: gone */
	unsigned changes;           /* enum change, several at once */
};

struct since {
	enum since_by by;
	struct since_change *change; /* in the order of the paths */
	size_t n;
	struct since_kept *kept; /* what some of them point to */
	struct buffer paths;     /* the same: kexec_tree.txt */
};

/* ERR_FORMAT: Heads' lists are missing or cannot be parsed, and so nothing is known.
 * ERR_BUSY: the lists that were signed are no longer there.  *ret is for since_free,
 * before `now` goes. */
enum err since_compare(const struct kexec_set *before, const struct tree *now,
                       struct since **ret);
struct since *since_free(struct since *s); /* NULL is fine; returns NULL */

#endif
