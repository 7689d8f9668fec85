/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the options that both programs share to a session: readers, asker, waiting time.
 */
#ifndef UNLOCK_OPEN_SESSION_H
#define UNLOCK_OPEN_SESSION_H

#include "unlock/session.h"

enum { SESSION_WAIT_MS = 5000 /* when nobody can be asked to plug something in */ };

struct session_wish {
	int pin_fd, passphrase_fd; /* -1: not given */
	const char *transport;     /* as in card/choose.h; NULL: auto */
	const char *reader;        /* NULL: any */
	const char *serial;        /* NULL: any */
	const char *tpm;           /* as in struct tpm2; NULL: /dev/tpmrm0 */
	const char *run;           /* as in struct session_options */
	bool no_card; /* none is expected: no reader is looked for until one is asked for
	               */
	bool agents;  /* no descriptors: ask through systemd's agents (core/ask_agents.h)
	               */
	bool at_boot; /* no descriptors: ask by splash, console and pipe (core/ask_boot.h)
	               */
	int wait_s;   /* -1: for ever when a person can answer, else SESSION_WAIT_MS */
};

/*
 * The terminal is asked when no descriptor was given, or when standard input is a
 * terminal too: a script that passes descriptors must never find itself waiting at a
 * prompt.  ERR_USAGE: a descriptor that is not open, the same one twice, no serial
 * number, no transport.
 */
enum err open_session(const struct session_wish *w, struct session **ret);

#endif
