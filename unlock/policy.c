/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What to try next.  Reads facts, returns an action: nothing is asked or opened here. */
#include "unlock/policy.h"

static struct policy_next act(enum policy_action action)
{
	return (struct policy_next){action, OK};
}

static struct policy_next end(enum policy_action action, enum err e)
{
	return (struct policy_next){action, e};
}

static bool trusted(const struct policy_facts *f)
{
	return !f->strange && (f->record == RECORD_MATCHES || f->vouched);
}

bool policy_may_look(const struct policy_facts *f)
{
	/* A passphrase that was handed over leaves the cards alone. */
	const bool passphrase =
	        f->passphrase_first && !f->card_only && f->passphrase != ANSWER_NONE;

	return trusted(f) && !f->cancelled && !passphrase && !f->tpm_alone;
}

/* The volume is not what this machine knows: refuse, or let a person vouch. */
static struct policy_next untrusted(const struct policy_facts *f)
{
	if (f->strange)
		return end(DO_REFUSE, ERR_TAMPERED);
	if (f->record == RECORD_MISSING && !f->anything_ours)
		return end(DO_REFUSE, ERR_NOT_ENROLLED);
	if (f->no_record && f->confirm == ANSWER_PERSON)
		return act(DO_CONFIRM);
	if (f->no_record)
		return end(DO_REFUSE, ERR_REFUSED);
	return end(DO_REFUSE, f->record == RECORD_MISSING ? ERR_NO_RECORD : ERR_TAMPERED);
}

/* A descriptor's PIN that failed will not get better: it is not tried a second time. */
static bool pin_spoiled(const struct policy_facts *f)
{
	if (f->pin != ANSWER_FD || f->pin_ready)
		return false;
	return f->card_end == ERR_PIN_WRONG || f->card_end == ERR_PIN_LENGTH ||
	       f->card_end == ERR_PIN_BYTES || f->card_end == ERR_PIN_LAST_TRY ||
	       f->card_end == ERR_PIN_UNKNOWN;
}

static bool card_usable(const struct policy_facts *f)
{
	return f->card_ways > 0 && (f->pin != ANSWER_NONE || f->pin_ready) &&
	       f->card_errors < POLICY_CARD_ERRORS && !pin_spoiled(f);
}

/* Could the card that ended so work when it is put in again? */
static bool card_hopeful(const struct policy_facts *f)
{
	switch (f->card_end) {
	case OK:
	case ERR_IO:
	case ERR_NO_SERVICE:
	case ERR_NO_READER:
	case ERR_NO_CARD:
	case ERR_BUSY:
	case ERR_CARD_RESET:
	case ERR_CARD_LOST:
	case ERR_CARD_MUTE:
		return true;
	default:
		return false;
	}
}

static bool tpm_usable(const struct policy_facts *f)
{
	return f->tpm_ways > 0 &&
	       (!f->tpm_pin || f->tpm_pin_ready || f->pin != ANSWER_NONE);
}

/* A descriptor's PIN may be the card's, which may still come. */
static bool asks_tpm_pin(const struct policy_facts *f)
{
	if (f->pin == ANSWER_FD)
		return !card_usable(f) || f->waited || !card_hopeful(f);
	return f->pin == ANSWER_PERSON && !f->tpm_declined && !f->wants_passphrase;
}

/* What the TPM does next; false: nothing, or nothing that others wait for. */
static bool tpm_next(const struct policy_facts *f, struct policy_next *ret)
{
	if (!tpm_usable(f))
		return false;
	switch (f->tpm) {
	case TPM_UNSEEN:
		*ret = act(DO_LOOK_TPM);
		return true;
	case TPM_BUSY:
		*ret = act(DO_WAIT_TPM);
		return !f->tpm_slow && !f->typing;
	case TPM_READY:
		break;
	}
	*ret = act(!f->tpm_pin || f->tpm_pin_ready ? DO_TRY_TPM : DO_ASK_TPM_PIN);
	return ret->action == DO_TRY_TPM ||
	       (asks_tpm_pin(f) && (!f->typing || f->typing_pin));
}

/* Why no card was used; OK: nothing to say about it. */
static enum err card_state_err(enum policy_card card)
{
	switch (card) {
	case CARD_NO_SERVICE:
		return ERR_NO_SERVICE;
	case CARD_NO_READER:
		return ERR_NO_READER;
	case CARD_NONE:
		return ERR_NO_CARD;
	case CARD_FOREIGN:
		return ERR_WRONG_CARD;
	case CARD_BUSY:
		return ERR_BUSY;
	case CARD_HUNG:
		return ERR_CARD_MUTE;
	case CARD_BROKEN:
		return ERR_CARD_STATE;
	case CARD_SPENT:
	case CARD_HERE:
		break;
	}
	return OK;
}

/* The error names the first thing that the person should mend. */
static struct policy_next give_up(const struct policy_facts *f)
{
	const bool card_was_meant =
	        f->card_ways > 0 && (f->pin != ANSWER_NONE || f->pin_ready);

	if (f->card_end != OK)
		return end(DO_GIVE_UP, f->card_end);
	if (!card_was_meant && f->tpm_end != OK)
		return end(DO_GIVE_UP, f->tpm_end);
	if (card_was_meant && card_state_err(f->card) != OK)
		return end(DO_GIVE_UP, card_state_err(f->card));
	if (f->passphrase_end != OK)
		return end(DO_GIVE_UP, f->passphrase_end);
	if (f->card_ways == 0 && f->tpm_ways == 0)
		return end(DO_GIVE_UP, ERR_NOT_ENROLLED);
	return end(DO_GIVE_UP, ERR_USAGE);
}

/* A person has a passphrase prompt whatever happens; a descriptor is asked once. */
static bool may_ask_passphrase(const struct policy_facts *f)
{
	if (f->card_only)
		return false;
	return f->passphrase == ANSWER_PERSON ||
	       (f->passphrase == ANSWER_FD && f->passphrase_end == OK);
}

/* To a person: the prompt that stands while nothing else is to be done. */
static enum policy_action prompt(const struct policy_facts *f)
{
	const bool card =
	        card_usable(f) && !f->wants_passphrase && (!f->waited || f->typing);
	const bool tpm = tpm_usable(f) && f->tpm == TPM_BUSY;

	/* What is being typed is not taken away. */
	return card || tpm || f->typing ? DO_ASK_EITHER : DO_ASK_PASSPHRASE;
}

struct policy_next policy_next(const struct policy_facts *f)
{
	struct policy_next tpm = {0};

	if (!trusted(f))
		return untrusted(f);
	if (f->cancelled)
		return end(DO_GIVE_UP, ERR_CANCELLED);

	const bool passphrase = may_ask_passphrase(f);
	const bool usable = card_usable(f);

	if (f->passphrase_first && passphrase)
		return act(DO_ASK_PASSPHRASE);
	if (f->card == CARD_HERE && usable && !f->typing &&
	    !(f->wants_passphrase && passphrase))
		return act(DO_TRY_CARD);
	if (tpm_next(f, &tpm))
		return tpm;
	if (passphrase && f->passphrase == ANSWER_PERSON)
		return act(prompt(f));
	if (tpm_usable(f) && f->tpm == TPM_BUSY)
		return act(DO_WAIT_TPM);
	if (passphrase && f->wants_passphrase)
		return act(DO_ASK_PASSPHRASE);
	if (usable && !f->waited && card_hopeful(f))
		return act(DO_WAIT_CARD);
	if (passphrase)
		return act(DO_ASK_PASSPHRASE);
	return give_up(f);
}
