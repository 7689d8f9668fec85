/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TPM's way in, step by step, and what is said of it. */
#include "unlock/tpm2_try.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/aside.h"
#include "core/log.h"
#include "unlock/backend.h"
#include "unlock/tpm2_way.h"

/* --- what is said --- */

static void say(const struct tpm2_try *t, enum words w, int n, const char *text)
{
	words_say(session_ask(t->s), w,
	          &(struct words_args){.disk = t->disk, .n = n, .text = text});
}

/* "PCR 4 (the boot loader), PCR 7 (Secure Boot's keys)"; a long list is cut off. */
static void list_pcrs(uint32_t pcrs, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < TPM2_PCRS && n < cap; i++) {
		if ((pcrs >> i & 1) == 0)
			continue;
		const int more = snprintf(out + n, cap - n, "%sPCR %u (%s)",
		                          n > 0 ? ", " : "", i, tpm2_pcr_measures(i));
		n += more > 0 ? (size_t)more : 0;
	}
}

/* After the cap the PCRs differ as they should; what they were before it tells. */
static void say_pcrs(const struct tpm2_try *t)
{
	struct tpm2_pcrs now = t->look.pcrs;
	char text[SENTENCE_MAX / 2];

	const enum err e =
	        session_tpm_saved(t->s, t->sealed.pcrs.bank, t->sealed.pcrs.mask, &now);
	const uint32_t differ = tpm2_pcrs_differ(&now, &t->sealed.pcrs);
	if (differ == 0) {
		say(t, e == OK ? WORDS_TPM_CAPPED : WORDS_TPM_PCRS_UNKNOWN, 0, NULL);
		return;
	}
	list_pcrs(differ, text, sizeof(text));
	say(t, WORDS_TPM_PCRS, 0, text);
}

static void say_end(const struct tpm2_try *t, enum err e)
{
	const struct tpm2_lockout *l = &t->look.lockout;
	char text[DURATION_MAX];

	switch (e) {
	case ERR_TPM_PCRS:
		say_pcrs(t);
		return;
	case ERR_TPM_LOCKED:
		say(t, WORDS_TPM_LOCKED, (int)l->failed,
		    words_duration(l->interval_s, text));
		return;
	case ERR_TPM_OTHER:
		if (!t->others)
			say(t, WORDS_TPM_OTHER, t->en->keyslot, NULL);
		return;
	case ERR_FORMAT:
	case ERR_NOT_FOUND:
		say(t, WORDS_TPM_DAMAGED, t->en->keyslot, NULL);
		return;
	case ERR_TAMPERED:
		say(t, WORDS_TPM_NOT_RECORDED, t->en->keyslot, NULL);
		return;
	case ERR_PASSPHRASE:
		say(t, WORDS_TPM_STALE, t->en->keyslot, NULL);
		return;
	default:
		say(t, WORDS_TPM_CANNOT, 0, tpm2_trouble(e));
		return;
	}
}

/* The TPM itself is of no use, to other volumes neither. */
static bool is_of_tpm(enum err e)
{
	return e == ERR_TPM_ABSENT || e == ERR_TPM_FAILED || e == ERR_UNSUPPORTED ||
	       e == ERR_ACCESS;
}

static enum err ended(struct tpm2_try *t, enum err e)
{
	if (e == OK || e == ERR_NOMEM || e == ERR_BUG || e == ERR_TPM_PIN)
		return e;
	say_end(t, e);
	if (is_of_tpm(e))
		session_tpm_give_up(t->s, e);
	return e;
}

/* --- looking --- */

/* The next copy that is as the record says. */
static enum err look_at_next(struct tpm2_try *t)
{
	const struct tpm2 tpm = session_tpm(t->s);
	struct tpm2_sealed next;

	t->ready = aside_drop(t->ready);
	const enum err e = tpm2_way_next(t->en, &t->copies, &next);
	if (e != OK)
		return e;
	t->sealed = next;
	return tpm2_look_start(&tpm, &t->sealed, &t->job);
}

enum err tpm2_try_look(struct tpm2_try *t)
{
	t->first = secret_free(t->first);
	t->copies = 0;
	t->looks_again = false;
	return ended(t, look_at_next(t));
}

static bool is_locked(const struct tpm2_lockout *l)
{
	return l->locked != 0 || (l->max > 0 && l->failed >= l->max);
}

/* Tries left; -1: it does not count. */
static int tries_left(const struct tpm2_lockout *l)
{
	const uint32_t left = l->max - l->failed;

	if (l->max == 0)
		return -1;
	return left < INT_MAX ? (int)left : INT_MAX;
}

/* Of the PIN before, now that the tries were counted anew. */
static void say_wrong(struct tpm2_try *t)
{
	const struct tpm2_lockout *l = &t->look.lockout;
	char text[DURATION_MAX];

	if (!t->wrong)
		return;
	t->wrong = false;
	if (!is_locked(l))
		say(t, tries_left(l) == 1 ? WORDS_TPM_WRONG_ONE_LEFT : WORDS_TPM_WRONG,
		    tries_left(l), words_duration(l->interval_s, text));
}

static enum err looked(struct tpm2_try *t)
{
	struct aside *job = t->job;

	t->job = NULL;
	enum err e = tpm2_look_finish(job, &t->sealed, &t->look);
	if (e == OK)
		t->ready = job;
	if (e == OK)
		say_wrong(t);
	if (e == OK && tpm2_pcrs_differ(&t->look.pcrs, &t->sealed.pcrs) != 0)
		e = ERR_TPM_PCRS;
	if (e == OK && t->sealed.needs_pin && is_locked(&t->look.lockout))
		e = ERR_TPM_LOCKED;
	if (e != OK)
		t->ready = aside_drop(t->ready);
	/* A bank that is no longer active measures nothing. */
	return e == ERR_NOT_FOUND ? ERR_TPM_PCRS : e;
}

/* The TPM does not take that copy, and no PIN came to it.  Does it take another? */
static bool looks_at_another(struct tpm2_try *t, enum err e)
{
	if ((e != ERR_FORMAT && e != ERR_TPM_OTHER) || look_at_next(t) != OK)
		return false;
	log_line(LOG_DEBUG, "the TPM does not take one copy: the other one is tried");
	return true;
}

enum err tpm2_try_looked(struct tpm2_try *t)
{
	const enum err e = looked(t);

	return looks_at_another(t, e) ? ERR_TIMEOUT : ended(t, e);
}

/* --- asking --- */

static bool is_last_try(const struct tpm2_try *t)
{
	return tries_left(&t->look.lockout) == 1;
}

struct ask_question tpm2_try_question(const struct tpm2_try *t, bool instead, bool card,
                                      struct tpm2_texts *room)
{
	const struct words_args args = {.disk = t->disk};
	const enum words hint = card ? WORDS_TPM_HINT_CARD : WORDS_TPM_HINT;
	const bool again = t->first != NULL;

	return (struct ask_question){
	        .kind = ASK_TPM_PIN,
	        .about = words_fill(WORDS_TPM_PIN_FOR, &args, room->about,
	                            sizeof(room->about)),
	        .hint = instead && !again
	                        ? words_fill(hint, &args, room->hint, sizeof(room->hint))
	                        : NULL,
	        .tries_left = tries_left(&t->look.lockout),
	        .again = again,
	        .min = instead ? 0 : 1,
	        .max = TPM2_ANSWER_MAX,
	};
}

bool tpm2_try_has_pin(const struct tpm2_try *t)
{
	return session_tpm_pin(t->s, t->en->fpr, &t->look.lockout) != NULL;
}

/* The last try: only a PIN that was typed twice, after a warning. */
static enum err last_try(struct tpm2_try *t, const struct secret *pin)
{
	if (!t->first) {
		if (session_answer(t->s, ASK_TPM_PIN) != ANSWER_PERSON)
			say(t, WORDS_TPM_LAST_TRY, 0, NULL);
		const enum err e = secret_copy(secret_view(pin), &t->first);
		return e == OK ? ERR_TIMEOUT : e;
	}
	const bool same = secret_equal(t->first, pin);
	t->first = secret_free(t->first);
	if (same)
		return OK;
	say(t, WORDS_TPM_DIFFERS, 0, NULL);
	return ERR_TIMEOUT;
}

/* May it be sent? */
static enum err judge(struct tpm2_try *t, const struct secret *pin)
{
	/* No such one was ever set. */
	if (secret_len(pin) < TPM2_PIN_MIN || secret_len(pin) > TPM2_PIN_MAX) {
		words_say(session_ask(t->s), WORDS_TPM_PIN_LENGTH,
		          &(struct words_args){.n = TPM2_PIN_MIN, .m = TPM2_PIN_MAX});
		t->first = secret_free(t->first);
		return ERR_PIN_LENGTH;
	}
	if (session_tpm_refused(t->s, t->en->fpr, pin)) {
		say(t, WORDS_TPM_REFUSED_BEFORE, 0, NULL);
		t->first = secret_free(t->first);
		return ERR_TIMEOUT;
	}
	return is_last_try(t) ? last_try(t, pin) : OK;
}

/* --- unsealing --- */

static enum err go(struct tpm2_try *t)
{
	const struct tpm2 tpm = session_tpm(t->s);

	if (!t->ready)
		return ERR_BUG;
	const enum err e = tpm2_unseal_start(t->ready, &tpm, &t->sealed, t->pin);
	if (e == OK)
		t->job = t->ready;
	else
		(void)aside_drop(t->ready);
	t->ready = NULL;
	return e;
}

enum err tpm2_try_unseal(struct tpm2_try *t, const struct secret *pin)
{
	enum err e = OK;

	t->pin = secret_free(t->pin);
	if (pin)
		e = judge(t, pin);
	else if (t->sealed.needs_pin)
		pin = session_tpm_pin(t->s, t->en->fpr, &t->look.lockout);
	if (e != OK)
		return e;
	if (pin)
		e = secret_copy(secret_view(pin), &t->pin);
	if (e == OK)
		e = go(t);
	return ended(t, e);
}

/* The other copy takes the PIN that is there, but no more tries were counted meanwhile:
 * it was typed for as many as there were. */
static enum err looked_again(struct tpm2_try *t)
{
	const uint32_t before = t->look.lockout.failed;

	const enum err e = looked(t);
	if (e != OK)
		return e;
	/* One that was forgiven meanwhile is no try. */
	return t->look.lockout.failed <= before ? go(t) : ERR_TPM_FAILED;
}

/* ERR_TIMEOUT: there is a job again. */
static enum err unsealed(struct tpm2_try *t, struct secret **ret)
{
	struct aside *job = t->job;
	enum err e = OK;

	if (t->looks_again) {
		e = looked_again(t);
		t->looks_again = false;
	} else {
		t->job = NULL;
		e = tpm2_unseal_finish(job, ret);
	}
	if (looks_at_another(t, e))
		t->looks_again = true;
	return t->job ? ERR_TIMEOUT : e;
}

enum err tpm2_try_unsealed(struct tpm2_try *t, struct secret **ret_pass)
{
	AUTO_SECRET *sealed = NULL, *pass = NULL;
	enum err kept = OK;

	enum err e = unsealed(t, &sealed);
	if (e == ERR_TIMEOUT)
		return e;
	if (e == ERR_TPM_PIN && !t->pin)
		e = ERR_TPM_FAILED; /* none was sent: it would be tried for ever */
	if (t->pin)
		kept = session_tpm_sent(t->s, t->en->fpr, t->pin, &t->look.lockout, e);
	t->pin = secret_free(t->pin);
	t->wrong = e == ERR_TPM_PIN;
	if (kept != OK)
		return kept; /* what cannot be remembered could be sent again */
	if (e == OK)
		e = tpm2_passphrase(sealed, &pass);
	if (e == OK && !t->en->untried)
		e = passphrase_is_recorded(t->s, t->v, t->en, pass);
	if (e != OK)
		return ended(t, e);
	*ret_pass = pass;
	pass = NULL;
	return OK;
}

void tpm2_try_end(struct tpm2_try *t)
{
	t->job = aside_drop(t->job);
	t->ready = aside_drop(t->ready);
	t->pin = secret_free(t->pin);
	t->first = secret_free(t->first);
}
