/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a sealed object and its PIN to the keyslot passphrase, in one go: for who has
 * nothing else to wait for.  The unlock loop takes the steps itself (unlock_tpm.c). */
#include "unlock/backend.h"
#include "unlock/tpm2_try.h"
#include "unlock/tpm2_way.h"

static enum err probe(struct session *s, const struct volume *v,
                      const struct enrolment *en)
{
	const struct tpm2 tpm = session_tpm(s);
	struct tpm2_sealed sealed;
	struct tpm2_pcrs now;

	(void)v;
	enum err e = tpm2_way(en, 0, &sealed);
	if (e == OK)
		e = tpm2_read_pcrs(&tpm, sealed.pcrs.bank, sealed.pcrs.mask, &now);
	if (e != OK)
		return e;
	return tpm2_pcrs_differ(&now, &sealed.pcrs) == 0 ? OK : ERR_TPM_PCRS;
}

/* ERR_TIMEOUT: the question is to be asked again. */
static enum err ask_and_unseal(struct tpm2_try *t)
{
	const bool person = session_answer(t->s, ASK_TPM_PIN) == ANSWER_PERSON;
	struct tpm2_texts room;
	AUTO_SECRET *pin = NULL;

	if (!t->sealed.needs_pin || tpm2_try_has_pin(t))
		return tpm2_try_unseal(t, NULL);
	const struct ask_question q =
	        tpm2_try_question(t, person && session_other_way(t->s), false, &room);
	enum err e = ask_wait(session_ask(t->s), &q, -1, &pin);
	if (e != OK)
		return e == ERR_UNSUPPORTED ? ERR_USAGE : e;
	if (secret_len(pin) == 0) {
		session_set_wants_other_way(t->s);
		return ERR_CANCELLED;
	}
	return tpm2_try_unseal(t, pin);
}

static enum err once(struct tpm2_try *t, struct secret **ret_pass)
{
	enum err e = tpm2_try_look(t);

	if (e == OK)
		e = tpm2_try_looked(t);
	if (e != OK)
		return e;
	do
		e = ask_and_unseal(t);
	while (e == ERR_TIMEOUT || (e == ERR_PIN_LENGTH &&
	                            session_answer(t->s, ASK_TPM_PIN) == ANSWER_PERSON));
	return e == OK ? tpm2_try_unsealed(t, ret_pass) : e;
}

static enum err recover(struct session *s, const struct volume *v,
                        const struct enrolment *en, struct secret **ret_pass)
{
	struct tpm2_try t = {
	        .s = s,
	        .v = v,
	        .en = en,
	        .disk = session_disk(s) ? session_disk(s) : v->where.device,
	};
	enum err e;

	do
		e = once(&t, ret_pass);
	while (e == ERR_TPM_PIN && session_answer(s, ASK_TPM_PIN) == ANSWER_PERSON);
	tpm2_try_end(&t);
	return e;
}

const struct backend backend_tpm2 = {
        .type = BACKEND_TPM2,
        .probe = probe,
        .recover = recover,
};
