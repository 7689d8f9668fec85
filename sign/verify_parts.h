/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of boot_verify share. */
#ifndef SIGN_VERIFY_PARTS_H
#define SIGN_VERIFY_PARTS_H

#include "sign/verify.h"

/* Findings while they are collected; starts as {0}. */
struct findings {
	struct verify_finding *f; /* malloc'ed */
	size_t n, cap;
	size_t left_out; /* beyond FINDINGS_MAX */
	/* What lies below these was not looked at, so nothing is found there. */
	char *const *mount;
	size_t n_mounts;
	size_t hidden; /* that were not added for that reason */
	bool failed;   /* no memory: sticks */
};
void findings_add(struct findings *to, enum finding what, const char *path);
void findings_add_bytes(struct findings *to, enum finding what, struct bytes path);
/* In the order of the header, each only once. */
void findings_sort(struct findings *f);
void findings_free(struct findings *f);

/* Was the set what the walk found a little later?  ERR_BUSY: it was not. */
enum err check_same(const struct kexec_set *s, const struct tree *t);

/* Heads' two lists against the tree.  *ret_usable: both are there and were understood.
 * ERR_NOMEM, ERR_BUSY. */
enum err check_lists(const struct kexec_set *s, const struct tree *t, struct findings *to,
                     bool *ret_usable);
/* Do the two hash lists say the same, in whatever order?  ERR_FORMAT: one is none. */
enum err hashes_same(struct bytes a, struct bytes b, bool *ret);

/* The default entry.  ERR_NOMEM, ERR_BUSY. */
enum err check_default(int dirfd, const struct kexec_set *s, const struct tree *t,
                       struct findings *to);

/* Our full manifest, which is in the set.  lists: Heads' are usable, and speak for
 * everything that they hold.  ERR_NOMEM, ERR_BUSY. */
struct full_result {
	bool stale;   /* Heads' lists contradict it */
	size_t since; /* entries that are as Heads' lists and not as it has them */
};
enum err check_full(const struct kexec_set *s, const struct tree *t, bool lists,
                    struct findings *to, struct full_result *ret);

#endif
