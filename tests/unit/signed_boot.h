/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small /boot in a folder of its own, signed with a software key, for tests of signing
 * and verifying. */
#ifndef TESTS_SIGNED_BOOT_H
#define TESTS_SIGNED_BOOT_H

#include "sign/verify.h"
#include "tests/unit/softkey.h"

enum {
	BOOT_SIGNED = SOFTKEY_CREATED + 60, /* when */
	BOOT_NOW = SOFTKEY_CREATED + 100000
};

struct signed_boot {
	char dir[40];
	int fd;
};

/* How it is signed. */
struct boot_signing {
	const struct softkey *by;
	enum kexec_style style;
	bool no_full;    /* as Heads does: an older full manifest stays as it is */
	bool no_lists;   /* only the signature anew */
	bool no_default; /* no default entry; else entry 1 */
	bool armored;
	uint32_t created; /* 0: BOOT_SIGNED */
};

/* Kernels, initrds, a boot menu, a link, folders; not signed. */
void boot_make(struct signed_boot *b);
void boot_drop(struct signed_boot *b);
void boot_sign(struct signed_boot *b, const struct boot_signing *how);
/* The signature's packet alone, over what lies there. */
void boot_signature(struct signed_boot *b, const struct boot_signing *how,
                    struct writer *w);

/* What kexec_read reads, with all content held, whatever becomes of the files. */
struct kexec_set *boot_set(int dirfd);

/* name: a path below it.  Folders and files with these permissions, whatever the umask.
 */
void boot_put(struct signed_boot *b, const char *name, const char *content);
void boot_put_bytes(struct signed_boot *b, const char *name, struct bytes content);
void boot_link(struct signed_boot *b, const char *name, const char *target);
void boot_folder(struct signed_boot *b, const char *name);
void boot_rm(struct signed_boot *b, const char *name);

/* boot_verify by these keys at BOOT_NOW; never NULL. */
struct verify_report *boot_look(struct signed_boot *b, const struct softkey *const *keys,
                                size_t n_keys);
bool boot_found(const struct verify_report *r, enum finding what, const char *path);

#endif
