/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world of the tests of what changes a card. */
#include "tests/unit/life_world.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/check.h"

struct life_world lw;

static const char *const faults[LIFE_FAULTS] = {
        "drop",    "lose",    "garbage", "sw=6982", "sw=6983",
        "sw=6985", "sw=6600", "sw=6A80", "sw=6581", "short"};

enum err life_begin(void)
{
	struct session_options o = {.poll_ms = 1, .wait_ms = 0};

	lw.c = (struct cli){.pin_fd = -1, .where = {.config_dir = "/nonexistent"}};
	lw.w = (struct card_work){0};
	o.readers = double_vcard_readers();
	double_vcard_put(o.readers, 0, LIFE_READER, lw.v);
	o.ask = double_ask_init(&lw.person);
	CHECK(session_new(&o, &lw.s) == OK);
	lw.c.hears = o.ask;
	lw.verifies = vcard_verify_count(lw.v);
	return work_begin(&lw.c, lw.s, &lw.w);
}

void life_end(void)
{
	work_end(&lw.w);
	lw.s = session_free(lw.s);
}

void life_answer(const char *text)
{
	double_ask_answer(&lw.person, ASK_USER_PIN, text);
}

unsigned life_sent(void)
{
	return vcard_verify_count(lw.v) - lw.verifies;
}

enum err life_generate(unsigned slots, bool force)
{
	const struct generate_wish wish = {
	        .slots = slots, .algorithm = "cv25519", .force = force};

	return work_generate(&lw.w, &wish);
}

enum err life_generate_all(void)
{
	CHECK(life_begin() == OK);
	life_answer(LIFE_ADMIN);
	const enum err e = life_generate(LIFE_SLOTS, false);
	life_end();
	return e;
}

struct card *life_open_card(void)
{
	struct card *c = NULL;

	CHECK(card_open(double_vcard_transport(lw.v, LIFE_READER), &c) == OK);
	return c;
}

enum slot_state life_slot(enum card_key k, uint8_t fpr[static FPR_LEN])
{
	enum slot_state state = SLOT_UNKNOWN;
	struct card *c = life_open_card();

	CHECK(slot_look(c, k, &state, NULL) == OK);
	memcpy(fpr, card_info(c)->key[k].fpr, FPR_LEN);
	c = card_close(c);
	return state;
}

bool life_all_whole(void)
{
	uint8_t fpr[FPR_LEN];

	for (enum card_key k = CARD_KEY_SIG; k < CARD_KEYS; k++)
		if (life_slot(k, fpr) != SLOT_WHOLE)
			return false;
	return true;
}

int life_tries(enum card_pw which)
{
	struct card *c = life_open_card();
	const int n = card_tries(card_info(c), which);

	c = card_close(c);
	return n;
}

/* From now on; 1 is the next command. */
static void set_fault(unsigned at, const char *action)
{
	char spec[64];

	(void)snprintf(spec, sizeof(spec), "at=%u:%s", at, action);
	CHECK(vcard_fault(lw.v, spec));
}

enum err life_begin_faulty(size_t fault, unsigned at, char what[static LIFE_WHAT_MAX])
{
	(void)snprintf(what, LIFE_WHAT_MAX, "%s at %u", faults[fault], at);
	set_fault(at, faults[fault]);
	lw.apdus = vcard_apdu_count(lw.v);
	return life_begin();
}

bool life_end_faulty(unsigned at)
{
	const bool met = vcard_apdu_count(lw.v) - lw.apdus >= at;

	life_end();
	CHECK(vcard_fault(lw.v, ""));
	return met;
}
