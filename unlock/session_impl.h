/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session itself, for the files that are its parts; others use session.h. */
#ifndef UNLOCK_SESSION_IMPL_H
#define UNLOCK_SESSION_IMPL_H

#include "unlock/pin_memory.h"
#include "unlock/session.h"
#include "unlock/session_tpm.h"
#include "unlock/words.h"

enum { PIN_TRIES_FULL = 3, WANTED_MAX = 32, KNOWN_MAX = 64 };

/* PINs of the TPM: those that failed, and the one that succeeded. */
struct tpm_pins {
	struct {
		uint8_t object[TPM2_ID_LEN];
		struct secret *pin;
	} failed[FAILED_PINS_MAX];
	size_t n_failed;
	struct secret *good;
	uint32_t counted; /* failed tries when it succeeded */
};

struct session {
	struct session_options o;
	struct pick *pick;
	struct pick_wish wish;
	uint8_t wanted[WANTED_MAX][FPR_LEN];
	size_t n_wanted; /* 0: any card */
	enum card_key wanted_key;
	struct session_known known[KNOWN_MAX];
	size_t n_known;
	struct card *card;
	bool verified;
	struct pin_memory pins;
	struct tpm_pins tpm_pins;
	enum err tpm_end; /* the TPM is of no use, and that was said; OK: not so */
	int watched;      /* -1: nothing */
	const char *disk;
	bool other_way, wants_other_way;
	bool trusts_record;
	unsigned held; /* so many more session_free() end it */
	unsigned told; /* bits of enum pick_why that were noted */
	struct card_who told_card[READERS_MAX]; /* foreign cards that were noted */
	size_t n_told;
};

/* Of a step that found no card: what stands in the way, which cards there are. */
void session_say_obstacles(struct session *s, const struct pick_status *st);
void session_say_several(struct session *s, const struct pick_status *st);
/* What the error alone would not tell; the error that it is then. */
enum err session_say_why(struct session *s, const struct pick_status *st, enum err e);

#endif
