/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The set that was signed here last, kept where who writes to /boot cannot destroy it:
 * what is shown before the next signing is told from it. */
#ifndef SIGN_LAST_H
#define SIGN_LAST_H

#include "sign/kexec.h"

/*
 * folder: PENDING_FOLDER; boot: the path that was signed, told apart by its real path.
 * Written aside and moved into place whole; what is interrupted leaves the old one or
 * none.
 */
enum err last_save(const char *folder, const char *boot, const struct kexec_set *set);
/* As kexec_read.  ERR_NOT_FOUND: none is kept.  ERR_TAMPERED: others than root may write
 * there.  Its signature is the caller's to verify. */
enum err last_load(const char *folder, const char *boot, struct kexec_set **ret);

/*
 * One signing at a time: a lock beside the set, on a file that only root can open.
 * Closing *ret_fd lets go of it.  ERR_BUSY: somebody has it.  ERR_TAMPERED: as last_load.
 */
enum err last_lock(const char *folder, const char *boot, int *ret_fd);
/* Does somebody have it, as far as can be seen? */
bool last_is_locked(const char *folder, const char *boot);

#endif
