/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options field of a line of crypttab, with our keyscript and without. */
#ifndef UNLOCK_CRYPTTAB_OPTIONS_H
#define UNLOCK_CRYPTTAB_OPTIONS_H

#include "core/bytes.h"
#include "unlock/crypttab.h"

#define CRYPTTAB_OUR_OPTION "keyscript=" CRYPTTAB_KEYSCRIPT

struct crypttab_options {
	bool ours, luks, initramfs;
	struct bytes foreign; /* the first keyscript= of somebody else; n 0: none */
};

/* All of them on the field as it is written, empty if there is none. */
struct crypttab_options crypttab_options_look(struct bytes field);
/* With our keyscript, and `luks` and `initramfs` behind it where they were missing.  A
 * keyscript of somebody else is left out. */
void crypttab_options_take(struct writer *w, struct bytes field);
/* Without our keyscript, and without what stands behind it as above. */
void crypttab_options_give_back(struct writer *w, struct bytes field);

#endif
