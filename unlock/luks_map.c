/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mapping a volume: what is under /dev/mapper, and putting something there. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/bytes.h"
#include "unlock/luks_internal.h"
#include "unlock/stack.h"

bool luks_is_mapped(const char *name)
{
	crypt_set_log_callback(NULL, luks_to_log, NULL);
	const crypt_status_info state = crypt_status(NULL, name);

	return state == CRYPT_ACTIVE || state == CRYPT_BUSY;
}

/* device-mapper's own spelling of a name, which its node has. */
static enum err node_of(const char *name, char *out, size_t cap)
{
	static const char dir[] = "/dev/mapper/", digits[] = "0123456789abcdef";
	struct writer w = {(uint8_t *)out, cap, 0, false};

	put_bytes(&w, dir, sizeof(dir) - 1);
	for (; *name; name++) {
		const uint8_t c = (uint8_t)*name;
		const char hex[4] = {'\\', 'x', digits[c >> 4], digits[c & 15]};

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || strchr("#+-.:=@_", c))
			put_bytes(&w, name, 1);
		else
			put_bytes(&w, hex, sizeof(hex));
	}
	put_bytes(&w, "", 1);
	return writer_ok(&w) ? OK : ERR_FORMAT;
}

enum err luks_mapped_uuid(const char *name, char ret[static LUKS_UUID_LEN + 1])
{
	char node[4 * LUKS_NAME_MAX + 16];
	struct stat st;

	if (node_of(name, node, sizeof(node)) != OK || stat(node, &st) != 0 ||
	    !S_ISBLK(st.st_mode))
		return ERR_NOT_FOUND;
	const int sys = open(STACK_SYSFS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sys < 0)
		return err_from_errno(errno);
	const enum err e = stack_uuid(sys, st.st_rdev, ret);
	(void)close(sys); /* only read */
	return e;
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
