/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of bootlatch doctor, and of status. */
#ifndef CLI_DOCTOR_WISH_H
#define CLI_DOCTOR_WISH_H

#include <stdbool.h>

struct doctor_wish {
	const char *root; /* where another system is mounted; NULL: this one */
	bool no_card;
	bool in_setup; /* which has used the dongle just now */
};

#endif
