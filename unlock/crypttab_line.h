/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which line of crypttab is a volume's, and who else opens it by that.  Not linked into
 * the initramfs program. */
#ifndef UNLOCK_CRYPTTAB_LINE_H
#define UNLOCK_CRYPTTAB_LINE_H

#include "unlock/crypttab.h"

enum { CRYPTTAB_ABOUT_MAX = 256 };

struct crypttab_target {
	const char *device; /* the path of the volume; links are followed */
	const char *uuid;   /* of its LUKS header */
	const char *name;   /* the mapping; a line is added where it has none.  NULL: the
	                       one line of the volume */
	bool replace;       /* the keyscript of somebody else, and with it its key */
};

/* Is its source the volume? */
bool crypttab_is_of(const struct crypttab_entry *e, const struct crypttab_target *t);
/* Of the volume, or of the name that was given. */
bool crypttab_is_meant(const struct crypttab_entry *e, const struct crypttab_target *t);
/* What stands there; empty when it is not all there. */
struct bytes crypttab_part(struct bytes text, struct crypttab_span s);

/* Who opens the volume at boot by its line, as far as that is not us. */
struct crypttab_theirs {
	char name[CRYPTTAB_ABOUT_MAX];      /* of the mapping; "" when there is no line */
	char keyscript[CRYPTTAB_ABOUT_MAX]; /* the base name of the first, or "" */
	char key[CRYPTTAB_ABOUT_MAX];       /* its third field */
};
/* Of the first line that is meant; `replace` is not looked at.  ERR_FORMAT: no crypttab,
 * or a field that is longer than fits. */
enum err crypttab_look(struct bytes text, const struct crypttab_target *t,
                       struct crypttab_theirs *ret);

#endif
