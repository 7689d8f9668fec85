/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mapping a volume: what is under /dev/mapper, and putting something there. */
#include <errno.h>
#include <unistd.h>

#include "unlock/luks_internal.h"

bool luks_is_mapped(const char *name)
{
	crypt_set_log_callback(NULL, luks_to_log, NULL);
	const crypt_status_info state = crypt_status(NULL, name);

	return state == CRYPT_ACTIVE || state == CRYPT_BUSY;
}

static uint32_t activation_flags(const struct luks_activation *a)
{
	return (a->readonly ? (uint32_t)CRYPT_ACTIVATE_READONLY : 0) |
	       (a->discard ? (uint32_t)CRYPT_ACTIVATE_ALLOW_DISCARDS : 0) |
	       (a->no_read_workqueue ? (uint32_t)CRYPT_ACTIVATE_NO_READ_WORKQUEUE : 0) |
	       (a->no_write_workqueue ? (uint32_t)CRYPT_ACTIVATE_NO_WRITE_WORKQUEUE : 0) |
	       (a->same_cpu_crypt ? (uint32_t)CRYPT_ACTIVATE_SAME_CPU_CRYPT : 0) |
	       (a->submit_from_crypt_cpus
	                ? (uint32_t)CRYPT_ACTIVATE_SUBMIT_FROM_CRYPT_CPUS
	                : 0);
}

/* The header is the snapshot that was checked: it is never read from the device again. */
enum err luks_activate(struct luks *l, const struct luks_activation *a, int slot,
                       const struct secret *pass)
{
	const struct bytes p = secret_view(pass);
	int opened = -1;

	enum err e = luks_check_cost(l, slot);
	if (e != OK)
		return e;
	/* As cryptsetup itself: dm-crypt takes LUKS2's key from this thread's keyring,
	 * which ends with the program, and no table of the kernel shows it. */
	(void)crypt_volume_key_keyring(l->cd, 1);
	const int r = crypt_activate_by_passphrase(
	        l->cd, a->name, slot, (const char *)p.p, p.n, activation_flags(a));
	(void)crypt_volume_key_keyring(l->cd, 0);
	if (r >= 0)
		return OK;
	/* The passphrase, or what came after it? */
	e = luks_try(l, slot, pass, &opened);
	if (e != OK)
		return e;
	/* libdevmapper makes the node by itself where the kernel has device-mapper. */
	if (access("/dev/mapper/control", F_OK) != 0)
		return ERR_UNSUPPORTED;
	return r == -EPERM ? ERR_ACCESS : luks_err(r);
}
