/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual card in its dongle: what happens when. */
#ifndef TESTS_DONGLE_DONGLE_H
#define TESTS_DONGLE_DONGLE_H

#include "tests/dongle/model.h"
#include "tests/vcard/priv.h"

struct dongle_place {
	const char *path; /* of the socket */
	bool listen;
	int signals; /* a signalfd for SIGUSR1, SIGUSR2, SIGTERM, SIGINT */
	unsigned latency_ms;
};

struct dongle;

/* V outlives it. NULL: no memory. Each time it is plugged in again, M's seed (0: none)
 * is the next one. */
struct dongle *dongle_new(struct vcard *v, const struct model *m,
                          const struct dongle_place *place);
void dongle_free(struct dongle *d);
bool dongle_fault(struct dongle *d, const char *spec); /* of the card or of the reader */
int dongle_run(struct dongle *d); /* until a signal ends it; an exit status */

#endif
