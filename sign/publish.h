/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a signed set in memory to /boot: staged whole and durable first, then moved over
 * what is there, kexec.sig last; whatever interrupts it is finished without a PIN
 * (docs/adr/0014). */
#ifndef SIGN_PUBLISH_H
#define SIGN_PUBLISH_H

#include "sign/kexec.h"

/*
 * Write what is not on /boot yet of the set (its signature included) into STAGE_FOLDER,
 * fsynced, with a list of what it replaces and removes.  A stage that is there is thrown
 * away first.  ERR_USAGE: the set is not signed.  ERR_NO_SPACE, ERR_READ_ONLY, ...:
 * nothing has changed and nothing is left.
 */
enum err stage_write(int dirfd, const struct kexec_set *set);
/*
 * The set of a stage that is whole.  ERR_NOT_FOUND: none, or one that was never finished.
 * ERR_FORMAT: damaged.  ERR_EXISTS: overtaken: what lies on /boot is neither what it
 * replaces nor what it brings.  ERR_REFUSED: it could not go afterwards, see
 * stage_drop.
 */
enum err stage_read(int dirfd, struct kexec_set **ret);
/*
 * Move the stage into place: every .txt, then kexec.sig, then what the set no longer has
 * goes; durable then, and the folder goes.  No signal ends it in between, and it may be
 * repeated after any interruption.  Errors as stage_read, with nothing changed.
 * ERR_NO_SPACE: the same.  ERR_IO: some of it may have been moved, the stage is still
 * whole.
 */
enum err stage_publish(int dirfd);
/* Throw it away, whole or not; fine when there is none.  ERR_REFUSED: somebody put a
 * folder with something in it there, or mounted something. */
enum err stage_drop(int dirfd);
/* Is there such a thing?  Its path below dirfd, or the stage's own when there is none. */
bool stage_strange(int dirfd, char *out, size_t cap);

#endif
