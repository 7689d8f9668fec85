/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unlock loop's dealings with cards: which are wanted, and what the end of a try
 * means. */
#include "unlock/unlock_run.h"

#include "core/clock.h"
#include "core/log.h"

enum { PATIENCE_MS = 3000 /* pcscd may still be starting */ };

/* --- which enrolments count --- */

static bool is_usable(const struct run *r, const struct enrolment *en)
{
	if (!enrolment_is(en, backend_card.type) || !en->slot_active)
		return false;
	if (en->blob_len[0] == 0 && en->blob_len[1] == 0)
		return false;
	/* A token alone proves nothing: only the record says what is trusted. */
	return en->complete || r->f.vouched;
}

/* By name, for the words: a card whose key is another one now is recognised. */
static void know_cards(struct run *r)
{
	struct session_known known[LUKS_SLOTS_MAX * RECORD_SERIALS] = {0};
	size_t n = 0;

	for (size_t i = 0; i < r->v->n_enrolled; i++) {
		const struct enrolment *en = &r->v->enrolled[i];

		for (size_t k = 0; r->usable[i] && k < RECORD_SERIALS; k++) {
			if (en->ident[k][0] == '\0')
				continue;
			known[n].keyslot = en->keyslot;
			memcpy(known[n++].ident, en->ident[k], CARD_IDENT_LEN);
		}
	}
	session_set_known(r->s, known, n);
}

enum err run_count_ways(struct run *r)
{
	uint8_t fprs[LUKS_SLOTS_MAX][FPR_LEN];
	size_t n = 0;

	for (size_t i = 0; i < r->v->n_enrolled; i++) {
		r->usable[i] = is_usable(r, &r->v->enrolled[i]);
		if (r->usable[i])
			memcpy(fprs[n++], r->v->enrolled[i].fpr, FPR_LEN);
	}
	r->f.card_ways = n;
	know_cards(r);
	run_count_tpm(r);
	if (r->goal->n_wanted > 0)
		return session_want(r->s, r->goal->wanted, r->goal->n_wanted);
	return n > 0 ? session_want(r->s, (const uint8_t(*)[FPR_LEN])fprs, n) : OK;
}

/* The enrolment that the open card serves; one that looks well comes first. */
static size_t enrolment_of_card(struct run *r)
{
	const struct card_info *info = session_card(r->s);
	size_t found = LUKS_SLOTS_MAX;

	for (size_t i = 0; i < r->v->n_enrolled && info; i++) {
		const struct enrolment *en = &r->v->enrolled[i];

		if (!r->usable[i] || !info->key[CARD_KEY_DEC].present ||
		    memcmp(info->key[CARD_KEY_DEC].fpr, en->fpr, FPR_LEN) != 0)
			continue;
		if (backend_card.probe(r->s, r->v, en) == OK)
			return i;
		if (found == LUKS_SLOTS_MAX)
			found = i;
	}
	return found;
}

/* A way in that died is this volume's all the same. */
static bool is_elsewhere(const struct run *r)
{
	const struct card_info *info = session_card(r->s);

	for (size_t i = 0; i < r->v->n_enrolled && info; i++)
		if (memcmp(info->key[CARD_KEY_DEC].fpr, r->v->enrolled[i].fpr, FPR_LEN) ==
		    0)
			return false;
	return info && r->goal->n_wanted > 0;
}

/* --- the card --- */

static void wait_anew(struct run *r)
{
	r->since = clock_ms();
	r->f.waited = false;
}

static void connection_failed(struct run *r, enum err e)
{
	if (e == ERR_CARD_LOST)
		run_say(r, WORDS_PULLED);
	else if (e != ERR_PIN_UNKNOWN) /* told already */
		words_say(session_ask(r->s), WORDS_LOOKING_AGAIN,
		          &(struct words_args){.card = r->ident, .text = err_text(e)});
	session_drop_card(r->s);
	r->f.card = CARD_SPENT;
	r->f.card_errors++;
	/* A card that keeps failing is left alone until it is put in again. */
	if (r->f.card_errors < POLICY_CARD_ERRORS)
		session_look_again(r->s);
	wait_anew(r);
}

static enum policy_card card_state(enum pick_why why)
{
	switch (why) {
	case PICK_FOUND:
		return CARD_HERE;
	case PICK_NO_SERVICE:
	case PICK_STARTING:
		return CARD_NO_SERVICE;
	case PICK_NO_READER:
	case PICK_NO_SUCH_READER:
		return CARD_NO_READER;
	case PICK_NO_CARD:
		return CARD_NONE;
	case PICK_NOT_OPENPGP:
	case PICK_NOT_WANTED:
	case PICK_WRONG_SERIAL:
		return CARD_FOREIGN;
	case PICK_USED:
		return CARD_SPENT;
	case PICK_BUSY:
		return CARD_BUSY;
	case PICK_HANGS:
		return CARD_HUNG;
	case PICK_MUTE:
	case PICK_TERMINATED:
	case PICK_FAILED:
	case PICK_OLD:
	case PICK_BLOCK_2:
	case PICK_NO_COUNTERS:
	case PICK_NO_KDF:
	case PICK_NO_FINGERPRINTS:
	case PICK_SEVERAL: /* not here: the first that fits is taken */
	case PICK_WHYS_:
		break;
	}
	return CARD_BROKEN;
}

/* To a person whose prompt stands or who was told to insert the dongle: why that does not
 * help.  A reader that comes or goes looks odd for a moment. */
static void say_why(struct run *r)
{
	const bool person = r->f.pin == ANSWER_PERSON || r->f.passphrase == ANSWER_PERSON;

	if (r->why != r->why_before) {
		r->why_before = r->why;
		r->why_since = clock_ms();
	}
	if (person &&
	    (r->why == PICK_NO_SERVICE || r->why == PICK_STARTING ||
	     session_why_needs_words(r->why)) &&
	    clock_ms() - r->why_since >= PATIENCE_MS)
		session_tell_why(r->s, r->why);
}

enum err run_look(struct run *r)
{
	const int wait_ms = session_wait_ms(r->s);

	if (!policy_may_look(&r->f))
		return OK;
	enum err e = session_look(r->s, &r->why);
	if (e == ERR_NOMEM || e == ERR_BUG)
		return e;
	if (e == ERR_CARD_LOST || e == ERR_CARD_RESET) {
		connection_failed(r, e);
		r->f.card_end = e;
	} else {
		r->f.card = e == OK ? CARD_HERE : card_state(r->why);
	}
	r->elsewhere = r->f.card == CARD_HERE && is_elsewhere(r);
	if (r->elsewhere)
		r->f.card = CARD_FOREIGN;
	/* Put back a moment after it was pulled, a card can look mute: readers miss such
	 * a bounce.  So what does not answer is tried again now and then; but not one
	 * that hangs, as nothing is read from the person while that is found out. */
	if (r->f.card == CARD_BROKEN && clock_ms() - r->broken_since >= BROKEN_AGAIN_MS) {
		r->broken_since = clock_ms();
		session_look_again(r->s);
	}
	say_why(r);
	if (r->f.card == CARD_HERE)
		memcpy(r->ident, session_card(r->s)->ident, sizeof(r->ident));
	r->f.pin_ready = session_pin_ready(r->s);
	r->f.waited = wait_ms >= 0 && clock_ms() - r->since >= wait_ms;
	return OK;
}

/* This way in is of no use; others may be. */
static void way_is_dead(struct run *r, size_t which)
{
	words_say(session_ask(r->s), WORDS_BLOB_GIVEN_UP,
	          &(struct words_args){.card = r->ident,
	                               .disk = r->disk,
	                               .n = r->v->enrolled[which].keyslot});
	r->usable[which] = false;
	r->f.card_ways--;
}

/* What the end of a try means for the next one. */
static enum err card_ended(struct run *r, size_t which, enum err e)
{
	struct policy_facts *f = &r->f;
	const bool from_fd = f->pin == ANSWER_FD;

	log_line(LOG_DEBUG, "unlock: the card's way in ended: %s", err_text(e));
	if (session_wants_other_way(r->s)) {
		f->wants_passphrase = true; /* the card stays: she may come back to it */
		f->card_end = OK;
		return OK;
	}
	f->card_end = e;
	switch (e) {
	case ERR_NOMEM:
	case ERR_BUG:
		return e;
	case ERR_CANCELLED:
		if (from_fd)
			f->pin = ANSWER_NONE;
		else
			f->cancelled = true;
		return OK;
	case ERR_PIN_UNKNOWN:
		if (from_fd)
			f->pin = ANSWER_NONE;
		connection_failed(r, e);
		return OK;
	case ERR_CARD_LOST:
	case ERR_CARD_RESET:
	case ERR_CARD_MUTE:
	case ERR_IO:
	case ERR_NO_CARD:
	case ERR_NO_READER:
	case ERR_NO_SERVICE:
	case ERR_BUSY:
		connection_failed(r, e);
		return OK;
	case ERR_PASSPHRASE: /* of the blob; the person typed none */
		f->card_end = ERR_CRYPTO;
		way_is_dead(r, which);
		return OK;
	case ERR_FORMAT:
	case ERR_CRYPTO:
	case ERR_UNSUPPORTED:
	case ERR_NOT_FOUND:
		way_is_dead(r, which);
		return OK;
	case ERR_PIN_WRONG:
	case ERR_PIN_LENGTH:
	case ERR_PIN_BYTES:
	case ERR_PIN_LAST_TRY:
		if (from_fd)
			f->pin = ANSWER_NONE; /* its next line is no second guess */
		break;
	case ERR_PIN_BLOCKED:
	case ERR_WRONG_CARD:
	case ERR_TOUCH:
	case ERR_USAGE:
		break; /* told where it was found */
	default:
		words_say(session_ask(r->s), WORDS_CARD_CANNOT,
		          &(struct words_args){.card = r->ident,
		                               .disk = r->disk,
		                               .text = err_text(e)});
		break;
	}
	session_drop_card(r->s);
	f->card = CARD_SPENT;
	return OK;
}

enum err run_try_card(struct run *r, enum err unused)
{
	AUTO_SECRET *pass = NULL;

	(void)unused;
	const size_t which = enrolment_of_card(r);
	if (which == LUKS_SLOTS_MAX) { /* its way in turned out to be dead */
		session_drop_card(r->s);
		r->f.card = CARD_SPENT;
		return OK;
	}
	const struct enrolment *en = &r->v->enrolled[which];
	session_set_prompt(r->s, r->disk,
	                   !r->f.card_only && r->f.passphrase == ANSWER_PERSON);
	enum err e = backend_card.recover(r->s, r->v, en, &pass);
	if (e == OK)
		return run_deliver(r, backend_card.type, en->keyslot, pass);
	return card_ended(r, which, e);
}

void run_back_to_card(struct run *r)
{
	r->f.wants_passphrase = false;
	r->f.tpm_declined = false;
	r->f.card_end = OK;
	r->f.card_errors = 0;
	session_look_again(r->s);
	wait_anew(r);
}

enum err run_wait_card(struct run *r, enum err unused)
{
	const int wait_ms = session_wait_ms(r->s);

	(void)unused;
	if (!r->said_waiting && wait_ms != 0)
		words_say(session_ask(r->s),
		          wait_ms < 0 ? WORDS_WAITING : WORDS_WAITING_FOR,
		          &(struct words_args){.n = (wait_ms + 999) / 1000});
	r->said_waiting = true;
	(void)session_pause(r->s, false);
	return OK;
}
