/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A transport that plays a written conversation. */
#ifndef TESTS_DOUBLE_SCRIPT_H
#define TESTS_DOUBLE_SCRIPT_H

#include "card/transport.h"

struct script_step {
	const char *cmd;  /* hex; "00CA*": begins so; NULL: anything */
	const char *resp; /* hex with SW */
	enum err e;       /* instead of an answer */
};

/* What happened; outlives the transport. */
struct script_log {
	size_t used; /* steps played */
	unsigned verifies;
	bool wrong; /* a command that the script does not have at this point */
	bool closed;
};

struct transport *double_script(const struct script_step *steps, size_t n,
                                struct script_log *log);

#endif
