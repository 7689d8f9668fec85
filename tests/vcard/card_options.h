/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of every program around a virtual card, and the signals that move it. */
#ifndef TESTS_VCARD_CARD_OPTIONS_H
#define TESTS_VCARD_CARD_OPTIONS_H

#include <getopt.h>

#include "tests/vcard/priv.h"

struct card_options {
	const char *state, *profile, *trace;
	const char *press; /* before parsing: "auto" */
	const char *fault[MAX_FAULTS];
	size_t n_faults;
	unsigned latency_ms;
};

/* Rows for getopt_long; the letters s p l f t b are taken by them. */
#define CARD_LONGS                                                                       \
	{"state", required_argument, NULL, 's'},                                         \
	        {"profile", required_argument, NULL, 'p'},                               \
	        {"latency", required_argument, NULL, 'l'},                               \
	        {"fault", required_argument, NULL, 'f'},                                 \
	        {"trace", required_argument, NULL, 't'},                                 \
	{                                                                                \
		"press", required_argument, NULL, 'b'                                    \
	}

/* False: not one of these, or one fault too many. */
bool card_option(struct card_options *o, int c, const char *arg);

/* SIGUSR1 and SIGUSR2, SIGTERM and SIGINT, to be read from a descriptor that does not
 * block; -1: errno. */
int card_signals(void);

#endif
