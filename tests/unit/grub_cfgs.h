/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files as grub-mkconfig and installers write them, for tests of entries. */
#ifndef TESTS_GRUB_CFGS_H
#define TESTS_GRUB_CFGS_H

#include <stddef.h>

struct grub_cfg {
	const char *what, *text;
	size_t entries; /* in Heads' menu */
};

extern const struct grub_cfg grub_cfgs[];
extern const size_t grub_cfgs_n;

#endif
