/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world of the tests of unlocking with a TPM. */
#include "tests/unit/tpm_world.h"

#include <string.h>

#include "tests/unit/check.h"

struct tpm_world tw;

void tpm_world_make(void)
{
	double_tpm_start();
	world_make(&tw.disk, 2);
	world_make(&tw.plain, 2);
	world_make(&tw.both, 2);
	tw.card = world_card(CURVE_25519);
	CHECK(world_enroll_plain(&tw.disk, tw.card) == OK);
	double_tpm_enroll(&tw.disk, 3, TPM_WORLD_PIN);
	double_tpm_enroll(&tw.plain, 3, NULL);
	double_tpm_enroll(&tw.both, 3, TPM_WORLD_PIN);
}

void tpm_world_drop(void)
{
	vcard_free(tw.card);
	world_drop(&tw.both);
	world_drop(&tw.plain);
	world_drop(&tw.disk);
}

void tpm_world_begin(const struct world *of, bool card_here)
{
	const struct session_options o = {
	        .wait_ms = -1, .poll_ms = 1, .run = tw.disk.boot};

	double_tpm->mood = DOUBLE_TPM_WORKS;
	double_tpm->lockout.failed = 0;
	double_tpm->looked = double_tpm->unsealed = 0;
	double_tpm->right = double_tpm->wrong = 0;
	double_tpm->cleared = false;
	world_unlock_begin(&tw.u, of, card_here ? tw.card : NULL, o);
}

enum err tpm_world_go(void)
{
	return world_unlock_go(&tw.u);
}

bool tpm_world_opened_by(const char *backend, int slot)
{
	return tw.u.delivered == 1 && tw.u.opens && tw.u.result.keyslot == slot &&
	       strcmp(tw.u.result.backend, backend) == 0;
}

void tpm_world_end(void)
{
	world_unlock_end(&tw.u);
}
