/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch setup: what its parts share. */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "cli/card_work.h"
#include "cli/machine.h"

/* In the order in which they are done. */
enum setup_step {
	SETUP_RECOVERY,
	SETUP_KEYS,
	SETUP_PINS,
	SETUP_ENROLL,
	SETUP_SECOND,
	SETUP_BOOT, /* crypttab and the image */
	SETUP_SIGN,
	SETUP_DOCTOR,
	SETUP_STEPS
};

enum setup_state {
	SETUP_DUE,
	SETUP_DONE,    /* it was so before, or is by now */
	SETUP_NOT,     /* it does not apply here: see `why` */
	SETUP_SKIPPED, /* by the person */
	SETUP_FAILED,
};

enum { SETUP_WHY_MAX = 160 };

struct setup {
	struct cli *c;
	struct machine *m;
	bool wanted[MACHINE_VOLUMES_MAX]; /* of m->volume: a LUKS volume of crypttab */
	size_t n_wanted;
	struct session *s;
	char ident[CARD_IDENT_LEN]; /* the dongle */
	struct card_work
	        work; /* on it, once one was begun: its PINs are asked for once */
	bool working;
	bool has_keys, made_keys;
	uint8_t fpr[FPR_LEN];  /* its decryption key, when has_keys */
	struct secret *phrase; /* that opens the volumes; NULL: not needed */
	enum setup_state state[SETUP_STEPS];
	char why[SETUP_STEPS][SETUP_WHY_MAX]; /* what a line of the plan adds */
};

extern const char *const setup_names[SETUP_STEPS]; /* of --skip */

/* --- setup_look.c: what is there, by looking alone --- */
/* Volumes; ERR_NOT_FOUND: there is none to be set up. */
enum err setup_look_volumes(struct setup *x);
/* The dongle in the session. */
enum err setup_look_card(struct setup *x);
/* Does that key open any of the volumes? */
bool setup_in_use(const struct setup *x, const uint8_t fpr[static FPR_LEN]);
void setup_look_steps(struct setup *x);
/* The volumes anew: their headers have changed. */
enum err setup_look_again(struct setup *x);
/* Is that key a complete way into all of them? */
bool setup_all_have(const struct setup *x, const uint8_t fpr[static FPR_LEN]);

/* --- setup_do.c --- */
enum err setup_do(struct setup *x, enum setup_step step);

/* --- setup_dongle.c: steps that change the dongle, or are about another one --- */
enum err setup_keys(struct setup *x);
enum err setup_pins(struct setup *x);
enum err setup_enroll(struct setup *x);
enum err setup_second(struct setup *x);
void setup_end_work(struct setup *x);
/* "yes" or "no", at the session's asker. */
enum err setup_yes(struct setup *x, const char *hint, bool *ret);

#endif
