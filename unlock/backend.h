/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The seam behind which a card, a TPM, Heads' key or a typed passphrase open a volume. */
#ifndef UNLOCK_BACKEND_H
#define UNLOCK_BACKEND_H

#include "unlock/session.h"
#include "unlock/volume.h"

enum { PASSPHRASE_MAX = 8 * 1024 };

/*
 * A backend turns one enrolment into the keyslot passphrase.
 * It never sees the volume key and never writes to the disk.
 */
struct backend {
	const char *type; /* the "backend" field of token and record */

	/* Cheap, asks nothing: could recover() work now?  OK, or why not. */
	enum err (*probe)(struct session *s, const struct volume *v,
	                  const struct enrolment *en);

	/* May ask the person; *ret_pass is untouched on failure. */
	enum err (*recover)(struct session *s, const struct volume *v,
	                    const struct enrolment *en, struct secret **ret_pass);
};

extern const struct backend backend_card;
extern const struct backend backend_passphrase; /* enrolment NULL: any keyslot */

const struct backend *backend_by_type(const char *type); /* NULL: not known */

/*
 * Was it a recovery key that somebody typed?  OK: it was, and *ret is how its keyslot has
 * it.  ERR_NOT_FOUND: a passphrase, to be taken as it is.  ERR_FORMAT: v has a recovery
 * key, and this was meant as one and mistyped: it opens nothing.
 */
enum err passphrase_recovery_key(const struct volume *v, const struct secret *typed,
                                 struct secret **ret);

/* Which keyslot does a typed passphrase open?  Those without a way in of ours first, but
 * of a recovery key last. */
enum err passphrase_find_slot(struct volume *v, const struct secret *pass, int *ret_slot);

/*
 * Anybody can encrypt to a card, or seal: the record tells whether it is what enroll
 * wrote, and the keyslot whether it opens.  ERR_PASSPHRASE: it is not, or does not.
 */
enum err passphrase_is_recorded(struct session *s, const struct volume *v,
                                const struct enrolment *en, const struct secret *pass);

#endif
