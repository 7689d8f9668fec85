/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unlock loop: gather facts, ask policy, do one step, until it is over. */
#include "unlock/unlock.h"

#include <assert.h>

#include "core/clock.h"
#include "unlock/unlock_run.h"

/* Whatever a header makes of a passphrase, the person is asked again. */
static void say_no_use(struct run *r, enum err e)
{
	if (e == ERR_PASSPHRASE)
		run_say(r, WORDS_PASSPHRASE_WRONG);
	else
		words_say(session_ask(r->s), WORDS_PASSPHRASE_UNTRIED,
		          &(struct words_args){.disk = r->disk, .text = err_text(e)});
}

/* Nothing was tried: its checksum tells. */
static enum err mistyped(struct run *r)
{
	r->f.passphrase_end = ERR_PASSPHRASE;
	if (r->f.passphrase == ANSWER_FD)
		r->f.passphrase = ANSWER_NONE;
	else
		run_say(r, WORDS_RECOVERY_MISTYPED);
	return OK;
}

static enum err try_passphrase(struct run *r, const struct secret *typed)
{
	const struct unlock_goal *goal = r->goal;
	const bool person = r->f.passphrase == ANSWER_PERSON;
	AUTO_SECRET *key = NULL;
	int slot = LUKS_ANY_SLOT;

	enum err e = passphrase_recovery_key(r->v, typed, &key);
	if (e == ERR_FORMAT)
		return mistyped(r);
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	const struct secret *pass = e == OK ? key : typed;
	e = OK;
	if (!goal->skip_check)
		e = passphrase_find_slot(r->v, pass, &slot);
	if (e != OK && e != ERR_PASSPHRASE && (!person || e == ERR_BUG))
		return e;
	const enum err told = goal->typed ? goal->typed(goal->ctx, pass, e == OK) : OK;
	if (told != OK)
		return told;
	if (e == OK)
		return run_deliver(r, backend_passphrase.type, slot, pass);
	r->f.passphrase_end = e;
	if (r->f.passphrase == ANSWER_FD)
		r->f.passphrase = ANSWER_NONE; /* a descriptor has one say */
	else
		say_no_use(r, e);
	return OK;
}

/* --- the person --- */

static enum err either_answered(struct run *r, const struct secret *pass)
{
	if (secret_len(pass) > 0)
		return try_passphrase(r, pass);
	if (r->f.card == CARD_HERE)
		return OK;
	if (r->f.tpm_declined && r->f.tpm_ways > 0)
		r->f.tpm_declined = false; /* she wants its PIN after all */
	else if (r->why == PICK_FOUND || r->why == PICK_NO_CARD ||
	         r->why == PICK_NO_READER)
		run_say(r, WORDS_EMPTY_NO_CARD);
	else
		session_ask(r->s)->ops->note(session_ask(r->s), pick_why_text(r->why));
	return OK;
}

static enum err ask_either(struct run *r, enum err unused)
{
	const bool card = r->f.card_ways > 0;
	const enum ask_kind kind = card ? ASK_CARD_OR_PASSPHRASE : ASK_PASSPHRASE;
	const bool stands = r->standing && r->standing_kind != ASK_TPM_PIN;
	const struct ask_question q = {
	        .kind = stands ? r->standing_kind : kind,
	        .about = r->disk,
	        .tries_left = -1,
	        /* An empty line: the card that is here by now, or the TPM. */
	        .min = card || r->f.tpm_declined ? 0 : 1,
	        .max = PASSPHRASE_MAX,
	};

	(void)unused;
	return run_stand(r, &q, either_answered);
}

static enum err ask_passphrase(struct run *r, enum err unused)
{
	const bool person = r->f.passphrase == ANSWER_PERSON;
	AUTO_SECRET *pass = NULL;

	(void)unused;
	session_set_prompt(r->s, r->disk,
	                   (r->f.card_ways > 0 || r->f.tpm_declined) &&
	                           !r->f.passphrase_first);
	enum err e = backend_passphrase.recover(r->s, r->v, NULL, &pass);
	if (e == OK)
		return try_passphrase(r, pass);
	if (session_wants_other_way(r->s)) {
		run_back_to_card(r);
		return OK;
	}
	if (e == ERR_CANCELLED && person) {
		r->f.cancelled = true;
		return OK;
	}
	/* The end of a descriptor, too much on it, or nobody there. */
	if (e == ERR_CANCELLED || e == ERR_USAGE || e == ERR_UNSUPPORTED) {
		r->f.passphrase = ANSWER_NONE;
		if (e != ERR_UNSUPPORTED)
			r->f.passphrase_end = e == ERR_USAGE ? ERR_PASSPHRASE : e;
		return OK;
	}
	return e;
}

static enum err give_up(struct run *r, enum err e)
{
	if (r->f.card_end == OK && session_why_needs_words(r->why))
		session_tell_why(r->s, r->why);
	return e;
}

/* --- the loop --- */

static enum err (*const acts[])(struct run *r, enum err e) = {
        [DO_REFUSE] = run_refuse,
        [DO_CONFIRM] = run_confirm,
        [DO_TRY_CARD] = run_try_card,
        [DO_LOOK_TPM] = run_look_tpm,
        [DO_TRY_TPM] = run_try_tpm,
        [DO_WAIT_TPM] = run_wait_tpm,
        [DO_ASK_TPM_PIN] = run_ask_tpm_pin,
        [DO_ASK_EITHER] = ask_either,
        [DO_ASK_PASSPHRASE] = ask_passphrase,
        [DO_WAIT_CARD] = run_wait_card,
        [DO_GIVE_UP] = give_up,
};

/* A record, and nothing in it that a machine could use. */
static bool lacks_ways(const struct run *r)
{
	const struct volume *v = r->v;

	for (size_t i = 0; i < v->n_enrolled; i++)
		if (v->enrolled[i].complete)
			return false;
	return v->typed_slot == LUKS_ANY_SLOT; /* else that was told */
}

/* A person who waits for the PIN's prompt is told why there is none. */
static enum err start_trusted(struct run *r)
{
	const enum err e = run_count_ways(r);

	if (e == OK && r->f.passphrase == ANSWER_PERSON && !r->goal->passphrase_first &&
	    !r->goal->refusal_told && lacks_ways(r))
		run_say(r, WORDS_NO_WAY);
	return e;
}

static enum err start(struct run *r)
{
	struct policy_facts *f = &r->f;

	*f = (struct policy_facts){
	        .strange = r->v->strange != NULL,
	        .record = r->v->state,
	        .anything_ours = r->v->n_enrolled > 0,
	        .no_record = r->goal->no_record,
	        .card_only = r->goal->card_only,
	        .passphrase_first = r->goal->passphrase_first,
	        .pin = session_answer(r->s, ASK_USER_PIN),
	        .passphrase = session_answer(r->s, ASK_PASSPHRASE),
	        .confirm = session_answer(r->s, ASK_CONFIRM),
	};
	r->since = clock_ms();
	/* An untrusted volume does not even choose which cards are looked at. */
	return f->record == RECORD_MATCHES && !f->strange ? start_trusted(r) : OK;
}

/* What goes on while a question stands. */
static bool leaves_question(enum policy_action a)
{
	return a == DO_ASK_EITHER || a == DO_ASK_TPM_PIN || a == DO_LOOK_TPM ||
	       a == DO_TRY_TPM;
}

static enum err once(struct run *r)
{
	enum err e = run_look(r);

	if (e == OK)
		e = run_step_tpm(r);
	if (e != OK || r->done)
		return e;
	/* Reading a card takes a while: what was typed meanwhile is no PIN. */
	if (r->standing && session_has_input(r->s))
		r->f.typing = true;
	r->f.typing_pin = r->standing && r->standing_kind == ASK_TPM_PIN;
	if (r->elsewhere && !r->f.typing && r->f.tpm != TPM_BUSY)
		return ERR_WRONG_CARD;
	const struct policy_next next = policy_next(&r->f);
	if (!leaves_question(next.action))
		run_withdraw(r);
	assert((size_t)next.action < sizeof(acts) / sizeof(acts[0]));
	return acts[next.action](r, next.e);
}

enum err unlock_volume(struct session *s, struct volume *v,
                       const struct unlock_goal *goal, struct unlock_result *ret)
{
	struct run r = {
	        .s = s,
	        .v = v,
	        .goal = goal,
	        .disk = goal->name ? goal->name : v->where.device,
	};

	session_set_trusts_record(s, goal->trust_record);
	enum err e = start(&r);
	while (e == OK && !r.done)
		e = once(&r);
	run_withdraw(&r);
	run_end_tpm(&r);
	session_set_prompt(s, NULL, false);
	if (e != OK)
		return e;
	*ret = r.result;
	return OK;
}
