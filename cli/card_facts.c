/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks into every reader and reads what its card says without a PIN. */
#include "cli/card_facts.h"

#include <stdlib.h>
#include <time.h>

#include "card/alter.h"
#include "card/data.h"
#include "core/clock.h"
#include "unlock/enroll.h"

enum { TAG_ORIGIN = 0xde, STEP_MS = 250 };

/* --- one command at a time --- */

enum err raw_select(const struct link *l, uint16_t *ret_sw)
{
	static const uint8_t aid[] = {0xd2, 0x76, 0x00, 0x01, 0x24, 0x01};
	const struct apdu a = {
	        .ins = 0xa4, .p1 = 0x04, .data = {aid, sizeof(aid)},
                        .le = true
        };
	uint8_t buf[OBJECT_MAX + 2];
	size_t n;

	return apdu_send(l, &a, buf, sizeof(buf), &n, ret_sw);
}

enum err raw_ask(const struct link *l, const struct apdu *a, uint8_t *buf,
                 struct bytes *ret, uint16_t *ret_sw)
{
	size_t n = 0;

	const enum err e = apdu_send(l, a, buf, APDU_CAP, &n, ret_sw);
	if (e == OK)
		*ret = (struct bytes){buf, n};
	return e;
}

enum err raw_get(const struct link *l, uint32_t tag, bool long_le, uint8_t *buf,
                 struct bytes *ret, uint16_t *ret_sw)
{
	const struct apdu a = {
	        .ins = 0xca,
	        .p1 = (uint8_t)(tag >> 8),
	        .p2 = (uint8_t)(tag & 0xff),
	        .le = true,
	        .long_le = long_le,
	};

	return raw_ask(l, &a, buf, ret, ret_sw);
}

/* --- the key --- */

/* With the ways out that the card still has. */
static const char *why_blocked(const struct card_info *info)
{
	if (info->tries_admin > 0)
		return "its PIN is blocked. Unblock it first: bootlatch card unblock.";
	if (info->tries_reset > 0)
		return "its PIN is blocked. Unblock it first with the reset code: "
		       "bootlatch card unblock --reset-code.";
	return "its PIN is blocked, and so is everything that could unblock it. Only a "
	       "factory reset, which erases its keys, makes it usable again.";
}

const char *why_not_enrolled(const struct card_facts *f)
{
	if (f->key_why)
		return f->key_why;
	if (f->dec_key != OK)
		return "its decryption key cannot be read. Take the card out and put it "
		       "in again.";
	return f->info.tries_user == 0 ? why_blocked(&f->info) : NULL;
}

/* --- one card --- */

static int first_byte(struct bytes value)
{
	uint32_t b;

	return bytes_take_be(&value, 1, &b) == OK ? (int)b : FACT_NOT_TOLD;
}

/* Pairs of key and state.  Some cards number the keys from 0: the place counts. */
static void take_origin(struct bytes v, struct card_facts *f)
{
	uint32_t pair;

	for (size_t k = 0; k < CARD_KEYS; k++)
		if (bytes_take_be(&v, 2, &pair) == OK)
			f->origin[k] = (int)(pair & 0xff);
}

/* In 6E, else asked for alone. */
static bool object(const struct link *l, struct bytes whole, uint32_t tag, uint8_t *buf,
                   struct bytes *ret)
{
	uint16_t sw;

	if (card_find_object(whole, tag, ret))
		return true;
	if (raw_get(l, tag, false, buf, ret, &sw) != OK || sw != SW_OK)
		return false;
	*ret = data_strip(tag, *ret);
	return true;
}

/* What card_open() has no use for.  A card that does not tell is no error. */
static enum err read_extras(const struct link *l, struct card_facts *f)
{
	uint8_t *buf = malloc(2 * (size_t)APDU_CAP);
	struct bytes whole = {0}, v;
	uint16_t sw;

	if (!buf)
		return ERR_NOMEM;
	if (raw_select(l, &sw) == OK &&
	    raw_get(l, TAG_APPLICATION, false, buf, &whole, &sw) == OK) {
		if (object(l, whole, TAG_ORIGIN, buf + APDU_CAP, &v))
			take_origin(v, f);
		for (uint32_t k = 0; k < CARD_KEYS; k++)
			if (object(l, whole, TAG_UIF_SIG + k, buf + APDU_CAP, &v))
				f->touch[k] = first_byte(v);
	}
	free(buf);
	return OK;
}

static void read_open(struct card *c, struct card_facts *f)
{
	struct pubkey key;

	f->info = *card_info(c);
	f->dec_key = enroll_read_key(c, &key, &f->key_why);
}

static enum err look_into(struct readers *r, const struct reader_slot *slot,
                          struct card_facts *f)
{
	enum card_flaw flaw = CARD_FLAW_NONE;
	struct transport *t = NULL;
	struct card *c = NULL;

	*f = (struct card_facts){.dec_key = ERR_CARD_STATE};
	memcpy(f->reader, slot->name, sizeof(f->reader) - 1); /* its end is there */
	for (size_t k = 0; k < CARD_KEYS; k++)
		f->origin[k] = f->touch[k] = FACT_NOT_TOLD;
	f->e = r->ops->connect(r, f->reader, &t);
	f->why = pick_why_connect(f->e);
	if (f->e != OK)
		return f->e == ERR_NOMEM || f->e == ERR_BUG ? f->e : OK;
	f->pad = t->ops->verify_on_pad != NULL;
	f->t0 = t->t0;
	f->atr_len = t->atr_len;
	memcpy(f->atr, t->atr, sizeof(f->atr));
	const struct link l = {.t = t, .until_ms = clock_ms() + CARD_OPEN_MS};
	enum err e = read_extras(&l, f);
	f->reader_extended = t->extended; /* a reader child tells it with an answer */
	if (e != OK) {
		(void)transport_close(t);
		return e;
	}
	f->e = card_open_told(t, &flaw, &c);
	f->why = pick_why_open(f->e, flaw);
	if (f->e == OK)
		read_open(c, f);
	(void)card_close(c);
	return f->e == ERR_NOMEM || f->e == ERR_BUG ? f->e : OK;
}

/* --- all readers --- */

static void raise_why(enum pick_why *why, enum pick_why to)
{
	if (to > *why)
		*why = to;
}

static enum err look_once(struct readers *r, const struct look_wish *w,
                          struct card_facts *list, size_t *ret_n, struct look_end *end)
{
	const struct reader_list *readers = &end->readers;
	size_t n = 0;

	*end = (struct look_end){.why = PICK_NO_READER};
	enum err e = r->ops->scan(r, &end->readers);
	if (e != OK) {
		end->why = pick_why_scan(r, e);
		return e;
	}
	for (size_t i = 0; i < readers->n && i < READERS_MAX; i++) {
		const struct reader_slot *slot = &readers->slot[i];
		struct card_facts *f = &list[n];

		raise_why(&end->why, PICK_NO_SUCH_READER);
		if (w->reader && !strcasestr(slot->name, w->reader))
			continue;
		raise_why(&end->why, PICK_NO_CARD);
		if (!slot->card_present)
			continue;
		e = look_into(r, slot, f);
		if (e != OK)
			return e;
		if (f->why == PICK_NO_CARD || f->why == PICK_NO_SERVICE)
			continue; /* gone between two looks */
		if (f->why == PICK_FOUND && w->serial &&
		    !pick_serial_matches(w->serial, f->info.ident)) {
			raise_why(&end->why, PICK_WRONG_SERIAL);
			continue;
		}
		n++;
	}
	if (n == 0)
		return pick_why_err(end->why);
	*ret_n = n;
	return OK;
}

enum err card_look(struct readers *r, const struct look_wish *w, struct card_facts *list,
                   size_t *ret_n, struct look_end *end)
{
	const struct timespec nap = {.tv_nsec = STEP_MS * 1000000L};
	const int64_t until = clock_ms() + w->wait_ms;

	for (;;) {
		const enum err e = look_once(r, w, list, ret_n, end);
		const bool nothing =
		        e == ERR_NO_SERVICE || e == ERR_NO_READER || e == ERR_NO_CARD;

		if (!nothing || clock_ms() >= until)
			return e;
		(void)nanosleep(&nap, NULL); /* a signal makes the next look earlier */
	}
}
