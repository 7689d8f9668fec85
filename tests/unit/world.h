/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of enrolling and unlocking: a LUKS file, its folders, virtual cards and a
 * scripted person. */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "tests/unit/double_ask.h"
#include "tests/unit/double_vcard.h"
#include "unlock/blob.h"
#include "unlock/enroll_impl.h"
#include "unlock/unlock.h"

#define WORLD_PHRASE "correct horse"

struct world_kept;

struct world {
	char dir[40], disk[64], boot[64], config[64];
	char uuid[LUKS_UUID_LEN + 1];
	struct volume_where where;
	struct double_ask person; /* of the last command */
	struct readers *readers;  /* of the command that runs */
	struct world_kept *kept;
};

/* Keyslot 0 opens with WORLD_PHRASE; boot and config are empty folders. */
void world_make(struct world *w, int version);
void world_drop(struct world *w);
/* The header and all files as they are now, and back to that. */
void world_keep(struct world *w);
void world_restore(struct world *w);
/* Names and bytes of all files of boot and config. */
void world_files_digest(const struct world *w, uint8_t ret[static 32]);
/* The first bytes of the disk, up to and with the keyslots. */
void world_disk_digest(const struct world *w, uint8_t ret[static 32]);
/* Both, and whether both are as they were. */
struct world_digest {
	uint8_t disk[32], files[32];
};
struct world_digest world_digest(const struct world *w);
bool world_is_unchanged(const struct world *w, const struct world_digest *since);

/* A card with a decryption key on that curve, its time and its fingerprint. */
struct vcard *world_card(enum curve_id id);
struct vcard *world_card_of(const char *profile, enum curve_id id);
/* The fingerprint of its decryption key, as the card tells it. */
void world_card_fpr(struct vcard *c, uint8_t ret[static FPR_LEN]);
void world_card_ident(struct vcard *c, char ret[static CARD_IDENT_LEN]);
/* As an administrator: PUT DATA, and making a decryption key with these attributes. */
void world_card_put(struct vcard *c, uint8_t tag, const uint8_t *p, size_t n);
void world_card_generate(struct vcard *c, const uint8_t *attr, size_t n);

/* The commands, each in a session of its own.  card NULL: an empty reader.  What `req`
 * leaves out is: any keyslot, WORLD_PHRASE as the key. */
enum err world_enroll(struct world *w, struct vcard *card, struct enroll_request req,
                      struct enroll_result *ret);
enum err world_enroll_plain(struct world *w, struct vcard *card); /* nothing special */
enum err world_unenroll(struct world *w, int keyslot, const char *serial, bool force);
enum err world_renew(struct world *w, const char *phrase, struct record *ret);

/* The unlock loop, in a session of its own. */
struct world_unlock {
	struct readers *readers; /* the session's */
	struct double_ask person;
	struct session *s;
	struct volume *v;
	struct unlock_goal goal; /* of "disk"; what else it has is the case's */
	struct unlock_result result;
	unsigned delivered; /* passphrases */
	bool opens;         /* the last of them opens its keyslot */
	struct vcard *late;
};
/* card NULL: an empty reader.  Readers and person of `o` are the world's. */
void world_unlock_begin(struct world_unlock *u, const struct world *w, struct vcard *card,
                        struct session_options o);
void world_unlock_load(struct world_unlock *u, const struct world *w); /* another one */
enum err world_unlock_go(struct world_unlock *u);
void world_unlock_end(struct world_unlock *u);
/* It is put in while the person does not answer. */
void world_unlock_card_late(struct world_unlock *u, struct vcard *card);

/* Does the card, with its PIN, open the volume by that keyslot, by the record? */
bool world_card_opens(struct world *w, struct vcard *card, int keyslot);
bool world_phrase_opens(const struct world *w, const char *phrase);
/* Active keyslots, a bit each; tokens of any type in the header. */
uint32_t world_slots(const struct world *w);
unsigned world_tokens(const struct world *w);
/* Nothing half made: no journal, no hidden file, and exactly `ways` complete ways in, to
 * which all keyslots but 0, all tokens, and all blobs belong. */
bool world_is_tidy(const struct world *w, size_t ways);

/* Making and spoiling things behind the program's back. */
void world_add_slot(const struct world *w, int slot, const char *phrase,
                    uint32_t iterations);
void world_kill_slot(const struct world *w, int slot);
void world_write_token(const struct world *w, const struct token *t); /* LUKS1: on boot */
void world_remove_tokens(const struct world *w);
/* The first token of ours of that keyslot; token_clear it. */
bool world_read_token(const struct world *w, int slot, struct token *ret);
void world_write_journal(const struct world *w, int slot, const uint8_t *fpr);
void world_write_raw_journal(const struct world *w, const char *text);
bool world_has_journal(const struct world *w);
/* A change that a person may make and that the header pin notices. */
void world_set_discards(const struct world *w);

#endif
