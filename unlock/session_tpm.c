/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM of a session: its PINs, by the rules of unlock/session_pin.c. */
#include "unlock/session_tpm.h"

#include <string.h>

#include "unlock/session_impl.h"
#include "unlock/tpm2_saved.h"

struct tpm2 session_tpm(const struct session *s)
{
	return (struct tpm2){.tcti = s->o.tpm};
}

enum err session_tpm_saved(const struct session *s, enum hash_alg bank, uint32_t mask,
                           struct tpm2_pcrs *ret)
{
	struct tpm2_saved saved;

	const enum err e = tpm2_saved_read(s->o.run ? s->o.run : TPM2_SAVED_RUN, &saved);
	if (e != OK)
		return e == ERR_NOMEM ? e : ERR_NOT_FOUND;
	return tpm2_saved_values(&saved, bank, mask, ret);
}

void session_tpm_give_up(struct session *s, enum err e)
{
	s->tpm_end = e;
}

enum err session_tpm_end(const struct session *s)
{
	return s->tpm_end;
}

bool session_tpm_refused(const struct session *s,
                         const uint8_t object[static TPM2_ID_LEN],
                         const struct secret *pin)
{
	const struct tpm_pins *m = &s->tpm_pins;

	for (size_t i = 0; i < FAILED_PINS_MAX; i++)
		if (m->failed[i].pin && secret_equal(m->failed[i].pin, pin) &&
		    memcmp(m->failed[i].object, object, TPM2_ID_LEN) == 0)
			return true;
	return false;
}

const struct secret *session_tpm_pin(const struct session *s,
                                     const uint8_t object[static TPM2_ID_LEN],
                                     const struct tpm2_lockout *l)
{
	const struct tpm_pins *m = &s->tpm_pins;

	if (!m->good || session_tpm_refused(s, object, m->good))
		return NULL;
	if (l && (l->failed > m->counted || l->max <= l->failed + 1 || l->locked != 0))
		return NULL;
	return m->good;
}

static enum err add_failed(struct tpm_pins *m, const uint8_t object[static TPM2_ID_LEN],
                           const struct secret *pin)
{
	const size_t at = m->n_failed % FAILED_PINS_MAX;
	struct secret *copy = NULL;

	const enum err e = secret_copy(secret_view(pin), &copy);
	if (e != OK)
		return e;
	m->failed[at].pin = secret_free(m->failed[at].pin);
	m->failed[at].pin = copy;
	memcpy(m->failed[at].object, object, TPM2_ID_LEN);
	m->n_failed++;
	return OK;
}

static enum err keep_good(struct tpm_pins *m, const struct secret *pin,
                          const struct tpm2_lockout *before)
{
	struct secret *copy = NULL;

	const enum err e = secret_copy(secret_view(pin), &copy);
	if (e != OK)
		return e;
	m->good = secret_free(m->good);
	m->good = copy;
	m->counted = before->failed;
	return OK;
}

enum err session_tpm_sent(struct session *s, const uint8_t object[static TPM2_ID_LEN],
                          const struct secret *pin, const struct tpm2_lockout *before,
                          enum err e)
{
	struct tpm_pins *m = &s->tpm_pins;

	if (e == OK)
		return keep_good(m, pin, before);
	const bool add = e == ERR_TPM_PIN && !session_tpm_refused(s, object, pin);
	const enum err kept = add ? add_failed(m, object, pin) : OK;
	m->good = secret_free(m->good); /* which pin may be */
	return kept;
}

void session_tpm_forget(struct session *s)
{
	struct tpm_pins *m = &s->tpm_pins;

	for (size_t i = 0; i < FAILED_PINS_MAX; i++)
		m->failed[i].pin = secret_free(m->failed[i].pin);
	m->good = secret_free(m->good);
}
