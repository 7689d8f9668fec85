/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unlock loop's dealings with the TPM: it works in a child, while the person may type
 * and a card may come. */
#include "unlock/unlock_run.h"

#include "core/aside.h"
#include "core/clock.h"
#include "core/log.h"

/* Then there is a prompt, whatever the TPM does, and it may still be the first to open
 * the volume.  Before it was heard of at all, and since then: one that takes 300 ms for a
 * command needs seconds, and who typed its PIN waits for it; any key ends that. */
enum { LOOK_PATIENCE_MS = 1500, WORK_PATIENCE_MS = 4000, HANGS_MS = 10000 };

/* --- which enrolments count --- */

/* Without a record the name of its key is not known, nor whether a PIN is needed. */
static bool is_usable(const struct enrolment *en)
{
	return enrolment_is(en, BACKEND_TPM2) && en->complete &&
	       (en->blob_len[0] > 0 || en->blob_len[1] > 0);
}

/* The next one that is left. */
static void choose_way(struct run *r)
{
	tpm2_try_end(&r->tpm);
	session_watch(r->s, -1);
	r->f.tpm = TPM_UNSEEN;
	for (r->tpm_which = 0; r->tpm_which < r->v->n_enrolled; r->tpm_which++)
		if (r->tpm_usable[r->tpm_which])
			break;
	if (r->tpm_which == r->v->n_enrolled)
		return;
	const struct enrolment *en = &r->v->enrolled[r->tpm_which];
	r->tpm = (struct tpm2_try){.s = r->s,
	                           .v = r->v,
	                           .en = en,
	                           .disk = r->disk,
	                           .others = r->tpm_known || r->f.tpm_ways > 1};
	r->f.tpm_pin = en->needs_pin;
}

void run_count_tpm(struct run *r)
{
	r->f.tpm_ways = 0;
	for (size_t i = 0; i < r->v->n_enrolled; i++) {
		r->tpm_usable[i] = is_usable(&r->v->enrolled[i]);
		r->f.tpm_ways += r->tpm_usable[i];
	}
	choose_way(r);
	r->f.tpm_alone =
	        r->f.card_ways == 0 && r->f.tpm_ways > 0 && r->goal->n_wanted == 0;
	if (r->f.tpm_ways == 0 || session_tpm_end(r->s) == OK)
		return;
	r->f.tpm_ways = 0; /* said for another volume */
	r->f.tpm_end = session_tpm_end(r->s);
}

/* --- how a try begins and ends --- */

static enum err ended(struct run *r, enum err e)
{
	struct policy_facts *f = &r->f;

	log_line(LOG_DEBUG, "unlock: the TPM's way in ended: %s", err_text(e));
	f->tpm_end = e;
	f->tpm = TPM_UNSEEN;
	if (e == ERR_NOMEM || e == ERR_BUG)
		return e;
	const bool next = e == ERR_TPM_OTHER && r->tpm_looks && f->tpm_ways > 1;
	if (f->pin == ANSWER_FD && f->tpm_pin && !next)
		f->pin = ANSWER_NONE; /* its next line is no second guess */
	if (e == ERR_TPM_PIN)
		return OK; /* the tries are counted anew, then told */
	r->tpm_known = r->tpm_known || e == ERR_TPM_PCRS || e == ERR_TPM_LOCKED;
	r->tpm_usable[r->tpm_which] = false;
	f->tpm_ways = session_tpm_end(r->s) == OK ? f->tpm_ways - 1 : 0;
	choose_way(r);
	return OK;
}

static enum err begun(struct run *r, enum err e, bool looks)
{
	if (e != OK)
		return ended(r, e);
	r->tpm_looks = looks;
	r->f.tpm = TPM_BUSY;
	session_watch(r->s, aside_fd(r->tpm.job));
	return OK;
}

/* What is under way has come to its end. */
static enum err harvest(struct run *r)
{
	AUTO_SECRET *pass = NULL;
	const bool looking = r->tpm_looks;

	session_watch(r->s, -1);
	const enum err e =
	        looking ? tpm2_try_looked(&r->tpm) : tpm2_try_unsealed(&r->tpm, &pass);
	if (r->tpm.job)
		return begun(r, OK, looking);
	if (e != OK)
		return ended(r, e);
	if (looking) {
		r->tpm_since = clock_ms();
		r->tpm_known = true;
		r->f.tpm = TPM_READY;
		return OK;
	}
	run_withdraw(r); /* what stood while it worked */
	return run_deliver(r, BACKEND_TPM2, r->tpm.en->keyslot, pass);
}

static int patience_ms(const struct run *r)
{
	return r->tpm_looks ? LOOK_PATIENCE_MS : WORK_PATIENCE_MS;
}

enum err run_step_tpm(struct run *r)
{
	struct policy_facts *f = &r->f;
	enum err e = OK;

	if (r->tpm.job && aside_done(r->tpm.job))
		e = harvest(r);
	f->tpm_pin_ready = f->tpm_ways > 0 && f->tpm_pin &&
	                   (f->tpm == TPM_UNSEEN
	                            ? session_tpm_pin(r->s, r->tpm.en->fpr, NULL) != NULL
	                            : f->tpm == TPM_BUSY || tpm2_try_has_pin(&r->tpm));
	f->tpm_slow = r->tpm.job &&
	              (r->tpm_hurried || clock_ms() - r->tpm_since >= patience_ms(r));
	if (f->tpm_slow && !r->said_slow && f->passphrase == ANSWER_PERSON) {
		run_say(r, r->tpm_hurried ? WORDS_TPM_AT_WORK : WORDS_TPM_SLOW);
		r->said_slow = true;
	}
	return e;
}

/* --- what policy asks for --- */

enum err run_look_tpm(struct run *r, enum err unused)
{
	(void)unused;
	if (r->tpm_since == 0)
		r->tpm_since = clock_ms();
	return begun(r, tpm2_try_look(&r->tpm), true);
}

enum err run_try_tpm(struct run *r, enum err unused)
{
	(void)unused;
	return begun(r, tpm2_try_unseal(&r->tpm, NULL), false);
}

enum err run_wait_tpm(struct run *r, enum err unused)
{
	/* Before, a key may be the first of the PIN, which is asked for next. */
	const bool heeds = !r->tpm_looks && r->f.passphrase == ANSWER_PERSON;

	(void)unused;
	if (session_pause(r->s, heeds))
		r->tpm_hurried = true; /* what is typed goes to the prompt */
	return OK;
}

static enum err pin_answered(struct run *r, const struct secret *pin)
{
	if (secret_len(pin) == 0) { /* the card that is here by now, or another way */
		r->f.tpm_declined = r->f.card != CARD_HERE;
		return OK;
	}
	const enum err e = tpm2_try_unseal(&r->tpm, pin);
	if (e == ERR_PIN_LENGTH && r->f.pin == ANSWER_FD) {
		r->f.pin = ANSWER_NONE; /* its next line is no second guess */
		r->f.tpm_end = e;
	}
	if (e == ERR_TIMEOUT || e == ERR_PIN_LENGTH)
		return OK; /* asked again */
	r->tpm_since = clock_ms();
	r->tpm_hurried = false;
	return begun(r, e, false);
}

enum err run_ask_tpm_pin(struct run *r, enum err unused)
{
	const bool instead = !r->f.card_only && r->f.passphrase == ANSWER_PERSON;
	struct tpm2_texts room;
	const struct ask_question q =
	        tpm2_try_question(&r->tpm, instead, r->f.card_ways > 0, &room);

	(void)unused;
	return run_stand(r, &q, pin_answered);
}

void run_end_tpm(struct run *r)
{
	/* A prompt came while it hung, and was answered: no other volume waits for it.
	 * One that is only slow may still be the one that opens the next. */
	if (r->tpm.job && session_tpm_end(r->s) == OK &&
	    clock_ms() - r->tpm_since >= HANGS_MS)
		session_tpm_give_up(r->s, ERR_TPM_FAILED);
	session_watch(r->s, -1);
	tpm2_try_end(&r->tpm);
}
