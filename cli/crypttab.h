/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What enroll and unenroll do to crypttab and to the initramfs image. */
#ifndef CLI_CRYPTTAB_H
#define CLI_CRYPTTAB_H

#include "cli/cli.h"
#include "unlock/crypttab_line.h"

/* Would crypttab_enter() be able to?  Changes nothing.  ERR_REFUSED, ERR_NOT_FOUND, … :
 * the sentence is in c->why. */
enum err crypttab_check(struct cli *c, const struct volume *v);
/* Put our keyscript into the line of v and make the image anew.  When that fails the line
 * is as it was, unless another program has written there meanwhile: that stays. */
enum err crypttab_enter(struct cli *c, const struct volume *v);
/* The same for several, and one image: all of the lines, or the file as it was. */
enum err crypttab_enter_all(struct cli *c, const struct volume *const *list, size_t n);
/* Take it out again; *ret_left: it was there. */
enum err crypttab_leave(struct cli *c, const struct volume *v, bool *ret_left);
/* What the line of v says of somebody else; all empty where there is none.  The sentence
 * is in c->why. */
enum err crypttab_who(struct cli *c, const struct volume *v, struct crypttab_theirs *ret);
bool crypttab_names_us(struct cli *c, const struct volume *v); /* for this volume */
/* update-initramfs is run, unless --no-initramfs.  The sentence is in c->why. */
enum err crypttab_make_image(struct cli *c);
/* Something changed that the image has a copy of: say so, if crypttab names us. */
void crypttab_remind(struct cli *c, const struct volume *v);

#endif
