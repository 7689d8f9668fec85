/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the card that is meant in whatever readers there are. */
#include "card/pick.h"

#include <ctype.h>
#include <stdlib.h>
#include <time.h>

#include "core/clock.h"
#include "core/log.h"

enum { STEP_MS = 250, FAILURES_MAX = 3, SERIAL_LEN = 8, IDENT_LEN = 13 };

/* What is known of the card in one reader, for as long as the generation stands. */
struct memory {
	char reader[READER_NAME_MAX];
	uint32_t generation;
	int failures;
	enum pick_why why;
	enum err e;
	struct card_who who;
	bool known; /* looked at: why, e and who hold */
	bool used;  /* handed out */
};

struct pick {
	struct readers *r;
	struct pick_wish wish;
	struct memory mem[READERS_MAX];
	size_t n_mem;
};

static bool all_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)s[i]))
			return false;
	return true;
}

static bool serial_ok(const char *s)
{
	const size_t n = strnlen(s, IDENT_LEN + 1);

	if (n == SERIAL_LEN)
		return all_hex(s, n);
	return n == IDENT_LEN && all_hex(s, 4) && s[4] == ':' &&
	       all_hex(s + 5, SERIAL_LEN);
}

bool pick_serial_matches(const char *serial, const char *ident)
{
	if (!serial_ok(serial) || strnlen(ident, IDENT_LEN + 1) != IDENT_LEN)
		return false;
	return strcasecmp(serial, strchr(serial, ':') ? ident : ident + 5) == 0;
}

enum err pick_new(struct readers *r, const struct pick_wish *wish, struct pick **ret)
{
	if (wish->serial && !serial_ok(wish->serial))
		return ERR_USAGE;
	struct pick *p = calloc(1, sizeof(*p));
	if (!p)
		return ERR_NOMEM;
	p->r = r;
	p->wish = *wish;
	*ret = p;
	return OK;
}

struct pick *pick_free(struct pick *p)
{
	free(p);
	return NULL;
}

void pick_again(struct pick *p)
{
	p->n_mem = 0;
}

/* Carry over what is known of cards that were not touched since. */
static void remember(struct pick *p, const struct reader_list *list)
{
	struct memory now[READERS_MAX] = {0};

	for (size_t i = 0; i < list->n; i++) {
		const struct reader_slot *s = &list->slot[i];

		memcpy(now[i].reader, s->name, sizeof(now[i].reader));
		now[i].reader[READER_NAME_MAX - 1] = '\0';
		now[i].generation = s->generation;
		for (size_t k = 0; k < p->n_mem; k++)
			if (s->card_present && p->mem[k].generation == s->generation &&
			    strcmp(p->mem[k].reader, now[i].reader) == 0) {
				now[i] = p->mem[k];
				break;
			}
	}
	memcpy(p->mem, now, sizeof(now));
	p->n_mem = list->n;
}

static bool used_elsewhere(const struct pick *p, const struct memory *m)
{
	for (size_t i = 0; i < p->n_mem; i++)
		if (&p->mem[i] != m && p->mem[i].used &&
		    card_who_same(&p->mem[i].who, &m->who))
			return true;
	return false;
}

static enum pick_why judge(const struct pick *p, const struct memory *m,
                           const struct card_info *info)
{
	if (p->wish.serial && !pick_serial_matches(p->wish.serial, info->ident))
		return PICK_WRONG_SERIAL;
	if (used_elsewhere(p, m))
		return PICK_USED;
	if (p->wish.fits && !p->wish.fits(info, p->wish.ctx))
		return info->fpr_told ? PICK_NOT_WANTED : PICK_NO_FINGERPRINTS;
	return PICK_FOUND;
}

/* What may be different a moment later without the card being moved is not remembered. */
static bool lasting(struct memory *m)
{
	switch (m->why) {
	case PICK_BUSY:
	case PICK_NO_CARD:
	case PICK_NO_SERVICE:
	case PICK_STARTING:
		return false;
	case PICK_FAILED:
		return ++m->failures >= FAILURES_MAX;
	default:
		return true;
	}
}

/* Open the card and judge it; *ret is set only when it fits. */
static enum err look_into(struct pick *p, struct memory *m, struct card **ret)
{
	enum card_flaw flaw = CARD_FLAW_NONE;
	struct transport *t = NULL;
	struct card *c = NULL;

	m->who = (struct card_who){0};
	m->e = p->r->ops->connect(p->r, m->reader, &t);
	m->why = pick_why_connect(m->e);
	if (m->e == OK) {
		m->e = card_open_told(t, &flaw, &c);
		m->why = pick_why_open(m->e, flaw);
	}
	if (m->e == ERR_NOMEM || m->e == ERR_BUG)
		return m->e;
	if (m->e == OK) {
		m->who = card_who(card_info(c));
		m->why = judge(p, m, card_info(c));
	}
	m->known = lasting(m);
	log_line(LOG_DEBUG, "pick: reader looked into: reason %d", (int)m->why);
	if (m->why == PICK_FOUND)
		*ret = c;
	else
		card_close(c);
	return OK;
}

static void add_seen(struct pick_status *s, const struct memory *m, enum pick_why why)
{
	if (s->n_seen == READERS_MAX)
		return;
	struct pick_seen *seen = &s->seen[s->n_seen++];
	*seen = (struct pick_seen){.who = m->who, .why = why, .e = m->e};
	for (size_t i = 0; i < sizeof(seen->reader) - 1 && m->reader[i]; i++)
		seen->reader[i] =
		        (char)(m->reader[i] >= 0x20 && m->reader[i] < 0x7f ? m->reader[i]
		                                                           : '?');
}

static bool listed(const struct pick_status *s, const struct card_who *who)
{
	for (size_t i = 0; i < s->n_seen; i++)
		if (card_who_same(&s->seen[i].who, who))
			return true;
	return false;
}

static void raise_why(struct pick_status *s, enum pick_why why)
{
	if (why > s->why)
		s->why = why;
}

/* One walk over the readers. */
struct walk {
	struct card *card; /* the one that fits, open; NULL when it was only remembered */
	struct memory *fits;
	bool several;
};

static enum err visit(struct pick *p, struct memory *m, struct pick_status *s,
                      struct walk *w)
{
	struct card *c = NULL;

	/* Known to fit but not held (several did): it is opened again only if it is
	 * needed. */
	if (!m->known && !m->used) {
		enum err e = look_into(p, m, &c);
		if (e != OK)
			return e;
	}
	const enum pick_why why = m->used ? PICK_USED : m->why;
	if (why == PICK_NO_CARD || why == PICK_NO_SERVICE) {
		raise_why(s, why);
		return OK;
	}
	if (listed(s, &m->who)) { /* the same card once more */
		card_close(c);
		return OK;
	}
	add_seen(s, m, why);
	if (why != PICK_FOUND) {
		raise_why(s, why);
		return OK;
	}
	if (!w->fits) {
		w->fits = m;
		w->card = c;
		return OK;
	}
	w->several = true;
	card_close(c);
	return OK;
}

static enum err walk_readers(struct pick *p, const struct reader_list *list,
                             struct pick_status *s, struct walk *w)
{
	s->why = PICK_NO_READER;
	for (size_t i = 0; i < list->n; i++) {
		struct memory *m = &p->mem[i];

		raise_why(s, PICK_NO_SUCH_READER);
		if (p->wish.reader && !strcasestr(m->reader, p->wish.reader))
			continue;
		raise_why(s, PICK_NO_CARD);
		if (!list->slot[i].card_present)
			continue;
		enum err e = visit(p, m, s, w);
		if (e != OK)
			return e;
		if (w->fits && p->wish.take_first)
			return OK;
	}
	return OK;
}

/* The one that fits, in hand. */
static enum err hand_out(struct pick *p, struct pick_status *s, struct walk *w,
                         struct card **ret)
{
	if (!w->card) {
		enum err e = look_into(p, w->fits, &w->card);
		if (e != OK)
			return e;
		if (!w->card) {
			s->why = w->fits->why;
			return pick_why_err(s->why);
		}
	}
	w->fits->used = true;
	s->why = PICK_FOUND;
	*ret = w->card;
	w->card = NULL;
	return OK;
}

static enum err step(struct pick *p, struct pick_status *s, struct card **ret)
{
	struct reader_list list = {0};
	struct walk w = {0};

	enum err e = p->r->ops->scan(p->r, &list);
	if (e != OK) {
		s->why = pick_why_scan(p->r, e);
		return e == ERR_NOMEM || e == ERR_BUG ? e : pick_why_err(s->why);
	}
	if (list.n > READERS_MAX)
		return ERR_BUG;
	remember(p, &list);
	e = walk_readers(p, &list, s, &w);
	if (e == OK && w.several) {
		s->why = PICK_SEVERAL;
		e = pick_why_err(s->why);
	} else if (e == OK && w.fits) {
		e = hand_out(p, s, &w, ret);
	} else if (e == OK) {
		e = pick_why_err(s->why);
	}
	card_close(w.card);
	return e;
}

enum err pick_step(struct pick *p, struct pick_status *status, struct card **ret)
{
	struct pick_status s = {.why = PICK_FAILED};

	const enum err e = step(p, &s, ret);
	if (status)
		*status = s;
	return e;
}

enum err pick_wait(struct pick *p, int timeout_ms, struct pick_status *status,
                   struct card **ret)
{
	const int64_t end = clock_ms() + timeout_ms;
	struct pick_status s;

	for (;;) {
		const enum err e = pick_step(p, &s, ret);
		const bool nothing = s.why == PICK_NO_SERVICE || s.why == PICK_STARTING ||
		                     s.why == PICK_NO_READER ||
		                     s.why == PICK_NO_SUCH_READER ||
		                     s.why == PICK_NO_CARD;
		const int64_t left = end - clock_ms();

		if (e == OK || !nothing || left <= 0) {
			if (status)
				*status = s;
			return e;
		}
		const int64_t nap = left < STEP_MS ? left : STEP_MS;
		const struct timespec ts = {.tv_nsec = (long)nap * 1000000};
		(void)nanosleep(&ts,
		                NULL); /* a signal only makes the next look earlier */
	}
}
