/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor: the dongle that is here, and with its PIN a real unlock that maps nothing. */
#include "cli/doctor.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/card.h"
#include "cli/screen.h"
#include "cli/usb_seen.h"
#include "crypto/crypto.h"
#include "unlock/unlock.h"

enum { WAIT_MS = 500, FEW_TRIES = 3, TEST_WAIT_S = 5 };

static const char yes[] = "yes";

/* The dongles that are here. */
struct here {
	const struct card_facts *list;
	size_t n;
};

/* --- what it says of itself --- */

static const struct enrolment *find_way(const struct machine_volume *mv,
                                        const struct card_facts *f)
{
	const struct card_key_info *key = &f->info.key[CARD_KEY_DEC];

	for (size_t i = 0; mv->v && key->present && i < mv->v->n_enrolled; i++) {
		const struct enrolment *en = &mv->v->enrolled[i];

		if (enrolment_is(en, BACKEND_CARD) &&
		    memcmp(en->fpr, key->fpr, FPR_LEN) == 0)
			return en;
	}
	return NULL;
}

/* Does it want its PIN otherwise than the record knows? */
static bool kdf_changed(const struct enrolment *en, const struct card_info *info)
{
	uint8_t now[sizeof(en->kdf_digest)];

	if (en->kdf == RECORD_KDF_NONE)
		return info->kdf.active;
	if (en->kdf != RECORD_KDF_PINNED)
		return false;
	return !info->kdf.active ||
	       hash_all(HASH_SHA256,
	                (struct bytes){info->kdf_digest_input, info->kdf_digest_len}, now,
	                sizeof(now)) != OK ||
	       memcmp(now, en->kdf_digest, sizeof(now)) != 0;
}

static size_t look_at_ways(struct doctor *d, const struct card_facts *f)
{
	size_t n = 0;

	for (size_t i = 0; i < d->m->n; i++) {
		const struct enrolment *en = find_way(&d->m->volume[i], f);

		if (!en)
			continue;
		n++;
		if (kdf_changed(en, &f->info))
			doctor_find(d, FAULT_CARD_KDF, f->info.ident,
			            "Dongle %s hashes its PIN otherwise than when it was "
			            "enrolled for %s.",
			            f->info.ident, d->m->volume[i].device);
	}
	return n;
}

/* True: it opens a volume here. */
static bool look_at_card(struct doctor *d, const struct card_facts *f)
{
	const char *who = f->info.ident;

	if (f->why == PICK_BUSY)
		doctor_find(d, FAULT_CARD_BUSY, f->reader,
		            "The card in %s is held by another program.", f->reader);
	if (f->why != PICK_FOUND)
		return false;
	const bool opens = look_at_ways(d, f) > 0;
	if (!opens) {
		doctor_find(d, FAULT_CARD_FOREIGN, who, "Dongle %s is not enrolled here.",
		            who);
		return false;
	}
	if (f->info.tries_user == 0)
		doctor_find(d, FAULT_CARD_BLOCKED, who,
		            "The PIN of dongle %s is blocked.", who);
	else if (f->info.tries_user < FEW_TRIES)
		doctor_find(d, FAULT_CARD_TRIES, who, "Dongle %s has %d PIN %s left.",
		            who, f->info.tries_user,
		            f->info.tries_user == 1 ? "try" : "tries");
	if (f->info.key[CARD_KEY_DEC].touch || f->touch[CARD_KEY_DEC] > 0)
		doctor_find(d, FAULT_CARD_TOUCH, who,
		            "Dongle %s deciphers after a touch only.", who);
	return f->info.tries_user > 0;
}

static void look_at_usb(struct doctor *d, const struct look_end *end)
{
	const struct reader_list *readers = &end->readers;
	struct usb_seen usb[READERS_MAX];
	const size_t n = usb_look(d->m, usb, READERS_MAX);

	for (size_t i = 0; i < n; i++)
		if (!usb_has_reader(&usb[i], readers))
			doctor_find(d, FAULT_USB, usb[i].name,
			            "%s is on USB, and no reader came of it.",
			            usb[i].name);
	if (look_listed(end) && usb_is_held(usb, n, readers))
		doctor_find(d, FAULT_USB, "",
		            "Another program has a dongle for itself: %zu are on USB, "
		            "and there are %zu readers.",
		            n, readers->n);
}

/* --- the real thing --- */

static bool person_wants(struct doctor *d, struct session *s)
{
	const struct ask_question q = {
	        .kind = ASK_CONFIRM,
	        .about = yes,
	        .hint = "The dongle can be tried now as the boot will do it; it asks for "
	                "the PIN. Anything else leaves it out.",
	        .tries_left = -1,
	        .min = 0,
	        .max = 16,
	};
	AUTO_SECRET *answer = NULL;

	if (d->c->pin_fd >= 0)
		return true;
	if (d->c->json || session_answer(s, ASK_CONFIRM) != ANSWER_PERSON ||
	    ask_wait(session_ask(s), &q, -1, &answer) != OK)
		return false;
	return bytes_equal(secret_view(answer), bytes_of(yes));
}

/* Another dongle may be what opens it. */
static bool is_way_of(const struct machine_volume *mv, const struct here *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->list[i].why == PICK_FOUND && find_way(mv, &h->list[i]))
			return true;
	return false;
}

static enum err try_volume(struct doctor *d, struct session *s,
                           const struct machine_volume *mv, const struct here *h)
{
	const struct unlock_goal goal = {.card_only = true};
	struct unlock_result r = {0};

	if (!mv->v || volume_trusted(mv->v) != OK || !is_way_of(mv, h))
		return OK;
	const enum err e = unlock_volume(s, mv->v, &goal, &r);
	if (e == ERR_NOMEM || e == ERR_BUG)
		return e;
	if (e == OK)
		screen_row(d->c, SCREEN_GOOD, "tried", "dongle %s opens keyslot %d of %s",
		           r.ident, r.keyslot, mv->device);
	if (e != OK && e != ERR_CANCELLED)
		doctor_find(d, FAULT_TEST, mv->device, "The dongle does not open %s: %s.",
		            mv->device, err_text(e));
	return OK;
}

static enum err try_all(struct doctor *d, const struct here *h)
{
	AUTO_SESSION *s = NULL;

	if (d->c->wait_s < 0)
		d->c->wait_s = TEST_WAIT_S;
	enum err e = cli_session(d->c, &s);
	if (e != OK)
		return e;
	if (!person_wants(d, s)) {
		doctor_skip(d, "a real unlock", "needs --pin-fd, or a yes at a terminal");
		return OK;
	}
	for (size_t i = 0; e == OK && i < d->m->n; i++)
		e = try_volume(d, s, &d->m->volume[i], h);
	return e;
}

static enum err look(struct doctor *d, struct card_facts *list, size_t *ret_n,
                     struct look_end *end)
{
	const struct look_wish w = {
	        .reader = d->c->reader,
	        .serial = d->c->serial,
	        .wait_ms = d->c->wait_s >= 0 ? d->c->wait_s * 1000 : WAIT_MS,
	};
	struct readers *r = NULL;

	enum err e = cli_readers(d->c, &r);
	if (e == OK)
		e = card_look(r, &w, list, ret_n, end);
	(void)readers_close(r);
	return e;
}

enum err doctor_card(struct doctor *d)
{
	struct card_facts *list = NULL;
	struct look_end end = {.why = PICK_NO_SERVICE};
	bool opens = false;
	size_t n = 0;

	if (d->no_card) {
		doctor_skip(d, "the dongle",
		            d->c->doctor.in_setup ? "it was used just now" : "--no-card");
		return OK;
	}
	list = calloc(READERS_MAX, sizeof(*list));
	enum err e = list ? look(d, list, &n, &end) : ERR_NOMEM;
	if (e == OK)
		for (size_t i = 0; i < n; i++)
			opens = look_at_card(d, &list[i]) || opens;
	if (e != OK && e != ERR_NOMEM && e != ERR_BUG) {
		doctor_skip(d, "the dongle", pick_why_text(end.why));
		e = OK;
	}
	if (e == OK)
		look_at_usb(d, &end);
	if (e == OK && opens)
		e = try_all(d, &(struct here){list, n});
	free(list);
	return e;
}
