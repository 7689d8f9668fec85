/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch revoke: what its parts share. */
#ifndef CLI_REVOKE_H
#define CLI_REVOKE_H

#include "cli/machine.h"

enum {
	REVOKE_KEYS_MAX = 16,    /* decryption keys at once */
	REVOKE_VOLUMES_MAX = 64, /* of this machine, with those that are not here */
	REVOKE_NOTE_MAX = REVOKE_KEYS_MAX * (2 * FPR_LEN + 1)
};

struct revoke_volume {
	char device[MACHINE_PATH_MAX]; /* or the UUID of one that is not here */
	char uuid[LUKS_UUID_LEN + 1];
	struct volume *v; /* NULL: not here, or it cannot be read */
	bool own;         /* v is not the machine's */
	enum err e;       /* how it ended */
};

struct revocation {
	struct cli *c;
	struct machine *m;
	struct revoke_volume volume[REVOKE_VOLUMES_MAX];
	size_t n;
	uint8_t key[REVOKE_KEYS_MAX][FPR_LEN]; /* that are revoked */
	size_t n_keys;
	bool again; /* one that was cut short is finished */
	bool changed;
	bool line_left; /* crypttab could not be written: the note stays */
};

/* --- revoke_find.c --- */
/* Every volume that this machine has a record of, or crypttab a line; DEVICE alone when
 * it was named. */
enum err revoke_find(struct revocation *r);
void revoke_clear(struct revocation *r);
/* Is that way in one of a key that is revoked?  A token alone counts where there is no
 * record. */
bool revoke_is_meant(const struct revocation *r, const struct volume *v,
                     const struct enrolment *en);
/* One that is not here, and by its record opens with such a key. */
bool revoke_absent(const struct revocation *r, const struct revoke_volume *rv);
size_t revoke_ways(const struct revocation *r, const struct volume *v);
/* What --serial, --fingerprint or the person chooses; adds to r->key. */
enum err revoke_choose(struct revocation *r);
enum err revoke_add_key(struct revocation *r, const uint8_t fpr[static FPR_LEN]);

/* --- revoke_note.c: what is being revoked, until it is done: CONFIG/revoking --- */
/* Lines of 40 upper-case hex digits, none twice.  ERR_FORMAT. */
enum err revoke_note_parse(struct bytes text, uint8_t (*ret)[FPR_LEN], size_t *ret_n);
enum err revoke_note_load(struct revocation *r); /* none is fine */
enum err revoke_note_save(const struct revocation *r);
enum err revoke_note_remove(const struct revocation *r);

/* --- revoke_tell.c --- */
void revoke_tell_plan(struct revocation *r);
/* What nobody but the person can do. */
void revoke_tell_rest(struct revocation *r);

#endif
