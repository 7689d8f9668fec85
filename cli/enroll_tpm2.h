/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving the TPM a way in: enroll --tpm2, and what tpm reseal shares with it. */
#ifndef CLI_ENROLL_TPM2_H
#define CLI_ENROLL_TPM2_H

#include "cli/cli.h"
#include "unlock/enroll_tpm2.h"

struct tpm_order {
	struct tpm2_seal_wish wish;
	bool no_pin;
	bool confirmed;           /* that, before */
	bool replace;             /* see struct enroll_tpm2 */
	const struct secret *key; /* opens the volume; NULL: ask */
	const struct secret *pin; /* NULL: ask, unless no_pin */
};

/* enroll --tpm2 */
enum err enroll_tpm2_run(struct cli *c, struct volume **ret);
/* Options of enroll that mean nothing without --tpm2, or nothing with it. */
enum err enroll_tpm2_usage(struct cli *c);

/* What cannot be done or should not, before anything is asked; --no-pin confirmed. */
enum err tpm_order_check(struct cli *c, struct session *s, const struct tpm_order *o,
                         struct tpm2_found *ret);
enum err tpm_ask_pin(struct cli *c, struct session *s, struct secret **ret);
/* The PIN asked for, the way in made and told. */
enum err tpm_order_fill(struct cli *c, struct session *s, struct volume *v,
                        const struct tpm_order *o, const struct tpm2_found *found,
                        struct enroll_result *ret);

#endif
