/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a block device lies on: the LUKS volumes below it, as the kernel's sysfs tells. */
#ifndef UNLOCK_STACK_H
#define UNLOCK_STACK_H

#include <sys/types.h>

#include "core/err.h"
#include "unlock/luks.h"

#define STACK_SYSFS "/sys/dev/block"

enum { STACK_MAX = 64 /* devices that are looked at */ };

/* UUIDs in small letters, with dashes, each once. */
struct stack {
	char uuid[STACK_MAX][LUKS_UUID_LEN + 1];
	size_t n;
};

/*
 * sys: the folder STACK_SYSFS.  Walks down from the device, through LVM, RAID and
 * partitions, to the first LUKS mapping on each way.  ERR_NOT_FOUND: some of it lies on
 * none.  ERR_UNSUPPORTED: more than STACK_MAX devices.
 */
enum err stack_look(int sys, dev_t device, struct stack *ret);
/* Of the device itself.  ERR_NOT_FOUND: it is no LUKS mapping, or there is none such. */
enum err stack_uuid(int sys, dev_t device, char ret[static LUKS_UUID_LEN + 1]);

#endif
