/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the volumes of a session share of the TPM: how to reach it, its PINs. */
#ifndef UNLOCK_SESSION_TPM_H
#define UNLOCK_SESSION_TPM_H

#include "unlock/session.h"
#include "unlock/tpm2.h"

struct tpm2 session_tpm(const struct session *s);
/* Values that were saved before the cap, if this boot was capped: else ERR_NOT_FOUND. */
enum err session_tpm_saved(const struct session *s, enum hash_alg bank, uint32_t mask,
                           struct tpm2_pcrs *ret);
/* It is of no use, and that was said: no other volume tries it.  OK: nothing is known
 * against it. */
void session_tpm_give_up(struct session *s, enum err e);
enum err session_tpm_end(const struct session *s);

/* Did that sealed object (tpm2_id) refuse this PIN?  It is never sent again. */
bool session_tpm_refused(const struct session *s,
                         const uint8_t object[static TPM2_ID_LEN],
                         const struct secret *pin);
/*
 * A PIN that succeeded with another object may be sent to this one, too, as long as no
 * more failed tries are counted than then, and one more would not lock the TPM.  l NULL:
 * not known yet.  NULL: there is none.
 */
const struct secret *session_tpm_pin(const struct session *s,
                                     const uint8_t object[static TPM2_ID_LEN],
                                     const struct tpm2_lockout *l);
/* What became of one that was sent: OK, ERR_TPM_PIN, or anything else, after which it is
 * not sent unasked any more.  ERR_NOMEM. */
enum err session_tpm_sent(struct session *s, const uint8_t object[static TPM2_ID_LEN],
                          const struct secret *pin, const struct tpm2_lockout *before,
                          enum err e);
void session_tpm_forget(struct session *s); /* all PINs */

#endif
