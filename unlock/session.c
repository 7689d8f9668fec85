/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session: which card is open, and waiting without hanging. */
#include "core/clock.h"
#include "unlock/session_impl.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 250, PATIENCE_MS = 3000 };

static bool wanted_has(const struct session *s, const uint8_t *fpr)
{
	for (size_t i = 0; i < s->n_wanted; i++)
		if (memcmp(s->wanted[i], fpr, FPR_LEN) == 0)
			return true;
	return false;
}

static bool fits(const struct card_info *info, void *ctx)
{
	const struct session *s = ctx;
	const struct card_key_info *key = &info->key[s->wanted_key];

	return s->n_wanted == 0 || (key->present && wanted_has(s, key->fpr));
}

/* The pick keeps what it saw of each card: it is made anew only when the wish itself
 * changes. */
static enum err need_pick(struct session *s, bool take_first)
{
	if (!s->o.readers)
		return ERR_NO_SERVICE;
	if (s->pick && s->wish.take_first == take_first)
		return OK;
	s->wish = (struct pick_wish){
	        .reader = s->o.reader,
	        .serial = s->o.serial,
	        .fits = fits,
	        .ctx = s,
	        .take_first = take_first,
	};
	s->pick = pick_free(s->pick);
	return pick_new(s->o.readers, &s->wish, &s->pick);
}

enum err session_new(const struct session_options *o, struct session **ret)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s) {
		(void)readers_close(o->readers);
		(void)ask_close(o->ask);
		return ERR_NOMEM;
	}
	s->o = *o;
	if (s->o.poll_ms <= 0)
		s->o.poll_ms = POLL_MS;
	s->wanted_key = CARD_KEY_DEC;
	s->pins.good_full = -1;
	s->watched = -1;
	/* Finds out now whether --serial is one. */
	const enum err e = s->o.readers ? need_pick(s, true) : OK;

	if (e != OK) {
		(void)session_free(s);
		return e;
	}
	*ret = s;
	return OK;
}

struct session *session_free(struct session *s)
{
	if (!s)
		return NULL;
	if (s->held > 0) {
		s->held--;
		return NULL;
	}
	pin_memory_clear(&s->pins);
	session_tpm_forget(s);
	s->card = card_close(s->card);
	s->pick = pick_free(s->pick);
	s->o.readers = readers_close(s->o.readers);
	s->o.ask = ask_close(s->o.ask);
	free(s);
	return NULL;
}

struct session *session_hold(struct session *s)
{
	s->held++;
	return s;
}

enum err session_know_pin(struct session *s, const struct pin_memory *m)
{
	struct secret *copy = NULL;

	if (!m->good || m->good_full < 0)
		return OK;
	const enum err e = secret_copy(secret_view(m->good), &copy);
	if (e != OK)
		return e;
	pin_memory_forget_good(&s->pins);
	s->pins.good = copy;
	s->pins.good_card = m->good_card;
	s->pins.good_full = m->good_full;
	return OK;
}

struct ask *session_ask(struct session *s)
{
	return s->o.ask;
}

const struct card_info *session_card(const struct session *s)
{
	return s->card ? card_info(s->card) : NULL;
}

struct card *session_card_handle(struct session *s)
{
	return s->card;
}

int session_wait_ms(const struct session *s)
{
	return s->o.wait_ms;
}

enum answer session_answer(const struct session *s, enum ask_kind kind)
{
	const struct ask *a = s->o.ask;

	if (!a)
		return ANSWER_NONE;
	if (a->ops->interactive(a, kind))
		return ANSWER_PERSON;
	switch (kind) {
	case ASK_USER_PIN:
	case ASK_TPM_PIN:
		return s->o.pin_by_fd ? ANSWER_FD : ANSWER_NONE;
	case ASK_PASSPHRASE:
	case ASK_CARD_OR_PASSPHRASE:
		return s->o.passphrase_by_fd ? ANSWER_FD : ANSWER_NONE;
	case ASK_CONFIRM:
		break;
	}
	return ANSWER_NONE;
}

/* One step with the pick that is there. */
static enum err step(struct session *s, struct pick_status *st)
{
	struct card *c = NULL;

	*st = (struct pick_status){.why = PICK_NO_SERVICE};
	if (!s->pick)
		return ERR_NO_SERVICE;
	const enum err e = pick_step(s->pick, st, &c);

	if (e == OK) {
		s->card = c;
		s->verified = false;
	} else {
		session_say_obstacles(s, st);
	}
	return e;
}

enum err session_look(struct session *s, enum pick_why *ret_why)
{
	struct pick_status st;

	*ret_why = PICK_FOUND;
	if (s->card) {
		const enum err e = card_alive(s->card);

		if (e == OK)
			return OK;
		session_drop_card(s);
		*ret_why = PICK_NO_CARD;
		return e;
	}
	enum err e = need_pick(s, true);

	if (e != OK) {
		*ret_why = e == ERR_NO_SERVICE ? PICK_NO_SERVICE : PICK_FAILED;
		return e;
	}
	e = step(s, &st);
	*ret_why = st.why;
	return e;
}

void session_look_again(struct session *s)
{
	if (s->pick)
		pick_again(s->pick);
}

/* Other keys are wanted from now on: what was seen and said of the cards no longer holds.
 */
static enum err set_wanted(struct session *s, const uint8_t (*fprs)[FPR_LEN], size_t n)
{
	if (n > WANTED_MAX)
		return ERR_BUG;
	const bool same =
	        n == s->n_wanted && (n == 0 || memcmp(s->wanted, fprs, n * FPR_LEN) == 0);

	if (!same) {
		if (n > 0)
			memcpy(s->wanted, fprs, n * FPR_LEN);
		s->n_wanted = n;
		s->n_told = 0;
		session_look_again(s);
	}
	if (s->card && !fits(card_info(s->card), s)) {
		session_drop_card(s);
		session_look_again(s);
	}
	return OK;
}

enum err session_want(struct session *s, const uint8_t (*fprs)[FPR_LEN], size_t n)
{
	const enum err e = set_wanted(s, fprs, n);

	return e == OK && s->o.readers ? need_pick(s, true) : e;
}

void session_want_key(struct session *s, enum card_key which)
{
	s->wanted_key = which;
}

void session_set_known(struct session *s, const struct session_known *known, size_t n)
{
	s->n_known = n < KNOWN_MAX ? n : KNOWN_MAX;
	memcpy(s->known, known, s->n_known * sizeof(*known));
}

enum err session_wait_card(struct session *s, const uint8_t (*fprs)[FPR_LEN], size_t n)
{
	const int64_t start = clock_ms();
	int64_t since = start;
	enum pick_why why = PICK_FOUND;
	struct pick_status st;
	enum err e = set_wanted(s, fprs, n);

	if (e != OK)
		return e;
	if (s->card) {
		if (card_alive(s->card) == OK)
			return OK;
		session_drop_card(s);
	}
	e = need_pick(s, false);
	if (e != OK)
		return e;
	session_look_again(s);
	for (;;) {
		e = step(s, &st);
		if (e == ERR_USAGE && st.why == PICK_SEVERAL)
			session_say_several(s, &st);
		if (e != ERR_NO_SERVICE && e != ERR_NO_READER && e != ERR_NO_CARD)
			return session_say_why(s, &st, e);
		if (s->o.wait_ms >= 0 && clock_ms() - start >= s->o.wait_ms)
			return session_say_why(s, &st, e);
		if (st.why != why)
			since = clock_ms();
		why = st.why;
		/* A service may still be starting, a reader be slow to answer. */
		if ((why != PICK_NO_SERVICE && why != PICK_STARTING) ||
		    clock_ms() - since >= PATIENCE_MS)
			session_tell_why(s, why);
		(void)session_pause(s, false);
	}
}

void session_drop_card(struct session *s)
{
	s->card = card_close(s->card);
	s->verified = false;
}

/* Wait for input at most `ms`; without a descriptor, sleep. */
static bool input_within(struct session *s, bool ask, int ms)
{
	struct pollfd p[] = {
	        {.fd = -1,         .events = POLLIN},
	        {.fd = s->watched, .events = POLLIN},
	};

	if (ask && s->o.ask)
		p[0].fd = s->o.ask->ops->fd(s->o.ask);
	/* A signal ends the nap early: the caller loops anyway. */
	return poll(p, sizeof(p) / sizeof(p[0]), ms) > 0 && p[0].revents != 0;
}

void session_watch(struct session *s, int fd)
{
	s->watched = fd;
}

bool session_pause(struct session *s, bool ask)
{
	return input_within(s, ask, s->o.poll_ms);
}

bool session_has_input(struct session *s)
{
	return input_within(s, true, 0);
}

void session_set_prompt(struct session *s, const char *disk, bool other_way)
{
	s->disk = disk;
	s->other_way = other_way;
}

void session_set_trusts_record(struct session *s, bool trusts)
{
	s->trusts_record = trusts;
}

bool session_trusts_record(const struct session *s)
{
	return s->trusts_record;
}

const char *session_disk(const struct session *s)
{
	return s->disk;
}

bool session_other_way(const struct session *s)
{
	return s->other_way;
}

void session_set_wants_other_way(struct session *s)
{
	s->wants_other_way = true;
}

bool session_wants_other_way(struct session *s)
{
	const bool wants = s->wants_other_way;

	s->wants_other_way = false;
	return wants;
}
