/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs of the TPM say of it. */
#ifndef CLI_TPM_WORDS_H
#define CLI_TPM_WORDS_H

#include "cli/cli.h"
#include "unlock/enroll_tpm2.h"
#include "unlock/words.h"

/* Why the TPM did not do it, and what to do; e comes back.  wish: what was to be sealed
 * to; NULL: nothing. */
enum err tpm_why(struct cli *c, enum err e, const struct tpm2_seal_wish *wish);
/* How guessing is made hard, in a sentence or two. */
void tpm_say_lockout(const struct cli *c, const struct tpm2_lockout *l);
void tpm_out_lockout(struct cli *c, const struct tpm2_lockout *l);
/* What speaks against sealing to that, as warnings. */
void tpm_say_doubts(const struct cli *c, const struct tpm2_choice *choice,
                    const struct tpm2_pcrs *to, unsigned doubts);
/* A row a PCR with what is measured there; in JSON the list "pcrs". */
void tpm_say_pcrs(struct cli *c, const struct tpm2_pcrs *to, unsigned cap);

/* Words that are typed in clear on the terminal, and nowhere else.  ERR_REFUSED: others,
 * or there is no terminal. */
enum err tpm_confirm(struct cli *c, const char *words, const char *hint);

#endif
