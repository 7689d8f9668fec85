/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A world in which bootlatch sign runs: a small /boot, a virtual card with a signing key,
 * a scripted person, and a counter that does as it is told. */
#ifndef TESTS_SIGN_WORLD_H
#define TESTS_SIGN_WORLD_H

#include "cli/sign.h"
#include "tests/unit/double_ask.h"
#include "tests/unit/double_vcard.h"
#include "tests/unit/signed_boot.h"

#define SIGN_PIN "123456"

struct sign_world {
	struct signed_boot b;
	char config[48];
	char state[48]; /* in the place of /var/lib/bootlatch */
	struct vcard *card;
	struct pubkey key; /* its signing key */
	unsigned before;   /* PINs that were sent while it was made */
	struct double_ask person;
	unsigned opened; /* sessions */
	/* the counter */
	uint64_t count;
	unsigned increments;
	enum err read_err, increment_err;
	bool counts_all_the_same; /* an increment that fails, and counts */
	bool fails_later;         /* reading fails after an increment that failed */
	void (*at_increment)(void);
	void (*at_ask)(void); /* when --resume is about to ask */
	char said[16384];     /* the last command's output, both streams */
	char why[CLI_WHY_MAX];
	struct cli c; /* the options of the next command */
};

extern struct sign_world sw;

void sign_world_make(void);
void sign_world_drop(void);
/* Runs it with the options in sw.c, which are the usual ones again afterwards. */
enum err sign_world_run(void);
/* The same with yes and the PIN typed. */
enum err sign_world_sign(void);
bool sign_world_said(const char *part);
/* How /boot verifies by the card's key. */
enum verify_verdict sign_world_verdict(void);
/* kexec_rollback.txt for this count, of the counter 13d55da. */
void sign_world_rollback(uint64_t count);
bool sign_world_pins(uint64_t count);
/* Is there a stage? */
bool sign_world_staged(void);

/* A card with a signing key of Ed25519, made at this time. */
struct vcard *sign_world_card(uint32_t created, struct pubkey *ret);
/* PINs that were sent to it since it was made. */
unsigned sign_world_sent(void);
/* Another one takes its place. */
void sign_world_other_card(uint32_t created);

#endif
