/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the unlock loop share: its words, its questions, its end. */
#include "unlock/unlock_run.h"

void run_say(struct run *r, enum words w)
{
	const struct card_info *info = session_card(r->s);

	words_say(
	        session_ask(r->s), w,
	        &(struct words_args){.disk = r->disk, .card = info ? info->ident : NULL});
}

enum err run_deliver(struct run *r, const char *backend, int slot,
                     const struct secret *pass)
{
	const struct card_info *info = session_card(r->s);

	r->result = (struct unlock_result){.backend = backend, .keyslot = slot};
	if (info && backend == backend_card.type)
		memcpy(r->result.ident, info->ident, sizeof(r->result.ident));
	r->done = true;
	return r->goal->deliver ? r->goal->deliver(r->goal->ctx, r->v, slot, pass) : OK;
}

/* --- a question that stands --- */

void run_withdraw(struct run *r)
{
	if (r->standing)
		session_ask(r->s)->ops->withdraw(session_ask(r->s));
	r->standing = false;
	r->f.typing = false;
}

static enum err begin(struct run *r, const struct ask_question *q)
{
	const enum err e = session_ask(r->s)->ops->begin(session_ask(r->s), q);

	r->standing = e == OK;
	r->standing_kind = q->kind;
	r->said_here = false;
	if (e == ERR_CANCELLED)
		r->f.cancelled = true;
	if (e != ERR_UNSUPPORTED)
		return e;
	if (q->kind == ASK_TPM_PIN)
		r->f.pin = ANSWER_NONE;
	else
		r->f.passphrase = ANSWER_NONE;
	return e;
}

/* A card that comes does not take away what is being typed. */
static void say_here(struct run *r)
{
	if (r->f.card != CARD_HERE || !r->f.typing || r->said_here)
		return;
	run_say(r, r->standing_kind == ASK_TPM_PIN ? WORDS_TPM_HERE_WHILE_TYPING
	                                           : WORDS_HERE_WHILE_TYPING);
	r->said_here = true;
}

/* The end of a descriptor, too much on it, or a person who gives up. */
static enum err not_answered(struct run *r, const struct ask_question *q, enum err e)
{
	const bool pin = q->kind == ASK_TPM_PIN;

	if (pin && r->f.pin == ANSWER_FD &&
	    (e == ERR_CANCELLED || e == ERR_PIN_LENGTH || e == ERR_PIN_BYTES)) {
		r->f.pin = ANSWER_NONE;
		/* The last try wants a second line. */
		r->f.tpm_end = r->tpm.first && e == ERR_CANCELLED ? ERR_PIN_LAST_TRY : e;
		return OK;
	}
	if (e != ERR_CANCELLED)
		return e;
	r->f.cancelled = true;
	return OK;
}

enum err run_stand(struct run *r, const struct ask_question *q,
                   enum err (*answered)(struct run *r, const struct secret *answer))
{
	struct ask *a = session_ask(r->s);
	AUTO_SECRET *answer = NULL;
	enum err e = OK;

	if (r->standing && r->standing_kind != q->kind)
		run_withdraw(r);
	if (!r->standing)
		e = begin(r, q);
	if (e == ERR_CANCELLED || e == ERR_UNSUPPORTED)
		return OK;
	if (e != OK)
		return e;
	/* Before the step, which takes the input away. */
	r->f.typing = session_has_input(r->s) || r->f.typing;
	e = a->ops->step(a, &answer);
	if (e == ERR_TIMEOUT) {
		say_here(r);
		r->f.typing = session_pause(r->s, true) || r->f.typing;
		return OK;
	}
	r->standing = false;
	r->f.typing = false;
	return e == OK ? answered(r, answer) : not_answered(r, q, e);
}
