/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to whoever answers systemd's password agents: for services, which have no
 * terminal (docs/adr/0013). */
#ifndef CORE_ASK_AGENTS_H
#define CORE_ASK_AGENTS_H

#include "core/ask.h"

#define AGENTS_FOLDER "/run/systemd/ask-password"

enum {
	AGENTS_MESSAGE_MAX = 2048, /* bytes of one question, with its end */
	AGENTS_WAIT_S = 600,       /* then the question is withdrawn: ERR_CANCELLED */
	AGENTS_ANSWER_MAX = 1024,  /* bytes */
};

/*
 * The protocol is systemd's ("Password Agents", https://systemd.io/PASSWORD_AGENTS): a
 * file ask.* in the folder puts the question, a datagram to its socket answers it; of
 * root (or who runs this) only.  The file goes when the question is answered or
 * withdrawn, and when this process ends, whatever ended it.
 *
 * Nobody sees a note before the next question, so notes are told with it, whole, in one
 * message (and on standard error, which a service has as its journal).  What does not fit
 * into a message is not asked: ERR_REFUSED.  Nobody is asked to spend a PIN's last try,
 * or one of a card that does not count them: ERR_PIN_LAST_TRY.  It is not interactive: no
 * question is put a second time, and an answer of the wrong length is ERR_PIN_LENGTH for
 * a PIN, else ERR_USAGE.  Only ASK_USER_PIN and ASK_CONFIRM are served, others are
 * ERR_UNSUPPORTED.
 *
 * ERR_NOT_FOUND: there is no such folder, so no systemd.
 */
enum err ask_open_agents(const char *folder, struct ask **ret);

#endif
