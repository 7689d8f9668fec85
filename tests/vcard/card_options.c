// SPDX-License-Identifier: GPL-2.0-or-later
/* See card_options.h. */
#include "tests/vcard/card_options.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>

bool card_option(struct card_options *o, int c, const char *arg)
{
	switch (c) {
	case 's':
		o->state = arg;
		return true;
	case 'p':
		o->profile = arg;
		return true;
	case 'l':
		o->latency_ms = (unsigned)strtoul(arg, NULL, 10);
		return true;
	case 'f':
		if (o->n_faults == MAX_FAULTS)
			return false;
		o->fault[o->n_faults++] = arg;
		return true;
	case 't':
		o->trace = arg;
		return true;
	case 'b':
		o->press = arg;
		return true;
	default:
		return false;
	}
}

int card_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set); /* valid set and signals: cannot fail */
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGUSR2);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
