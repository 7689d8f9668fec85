/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A world in which a card is changed: one command of the program after another, a virtual
 * card that can fail at any of its commands, and a scripted person. */
#ifndef TESTS_LIFE_WORLD_H
#define TESTS_LIFE_WORLD_H

#include "cli/card_work.h"
#include "tests/unit/double_ask.h"
#include "tests/unit/double_vcard.h"

#define LIFE_READER "One 00 00"
#define LIFE_ADMIN  "12345678"

enum {
	LIFE_SLOTS = 7, /* all three */
	LIFE_COMMANDS_MAX = 120,
	LIFE_FAULTS = 10,
	LIFE_WHAT_MAX = 64,
};

struct life_world {
	struct cli c;
	struct double_ask person;
	struct vcard *v; /* every case has its own */
	struct session *s;
	struct card_work w;
	unsigned verifies; /* before */
	unsigned apdus;    /* the same, by life_begin_faulty */
};
extern struct life_world lw;

/* One command of the program, with lw.v in the reader; its answers come next. */
enum err life_begin(void);
void life_end(void);
void life_answer(const char *text);
/* PINs that this command has sent. */
unsigned life_sent(void);
enum err life_generate(unsigned slots, bool force);
/* The same for all of them, as a command of its own. */
enum err life_generate_all(void);

/* As the card itself tells it, in a session of its own. */
struct card *life_open_card(void);
enum slot_state life_slot(enum card_key k, uint8_t fpr[static FPR_LEN]);
bool life_all_whole(void);
int life_tries(enum card_pw which);

/* A command of the program in which the card's command number `at` meets
 * the fault with that number (to LIFE_FAULTS); `what` names it. */
enum err life_begin_faulty(size_t fault, unsigned at, char what[static LIFE_WHAT_MAX]);
/* Nothing fails any more.  Did it come to command number `at`? */
bool life_end_faulty(unsigned at);

#endif
