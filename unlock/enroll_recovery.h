/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recovery key as a way in: its keyslot, token and record.  Not linked into the
 * initramfs program. */
#ifndef UNLOCK_ENROLL_RECOVERY_H
#define UNLOCK_ENROLL_RECOVERY_H

#include "unlock/session.h"
#include "unlock/volume.h"

/*
 * A passphrase or recovery key that opens v is asked for up to three times, or given.
 * *ret_slot: the keyslot that it opens.  ERR_PASSPHRASE, ERR_USAGE: nobody can be asked.
 */
enum err enroll_volume_key(struct session *s, struct volume *v,
                           const struct secret *given, struct secret **ret,
                           int *ret_slot);

struct recovery_request {
	const struct secret *volume_key;
	const struct secret *key; /* of recovery_make() */
	int existing_slot;        /* that the person opened it by */
	int keyslot;              /* or -1: the first free one */
	bool force;               /* a keyslot that Heads wipes */
};

/* Finish what an enrolment left that was cut short at its very end. */
enum err recovery_settle(struct volume *v);
/* The keyslot of a complete recovery key of this machine's record, or -1. */
int recovery_keyslot(const struct volume *v);

/*
 * Order (docs/FORMAT.md, "Enrolling"): journal; mark on /boot; keyslot; token; the key
 * tried on its keyslot; record; mark and journal removed.  A failure in between takes
 * back what was written.  ERR_EXISTS, ERR_REFUSED, ERR_NO_SPACE as keyslot_choose().
 * ERR_TAMPERED, as volume_trusted(): the header is another by now.
 */
enum err recovery_enroll(struct volume *v, const struct recovery_request *req,
                         int *ret_keyslot);

#endif
