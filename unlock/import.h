/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others left who let a card open the volume: the encrypted key of Debian's
 * keyscript decrypt_gnupg-sc (Purism's smartcard-key-luks makes the same), or a token of
 * luks-root-smartcard in the header.  Not linked into the initramfs program. */
#ifndef UNLOCK_IMPORT_H
#define UNLOCK_IMPORT_H

#include "unlock/volume.h"

/* Where Debian's README.gnupg-sc and smartcard-key-luks have it. */
#define IMPORT_KEY_FILE "/etc/cryptsetup-initramfs/cryptkey.gpg"

enum { IMPORT_MAX = 1 + LUKS_TOKENS_MAX, IMPORT_WHERE_MAX = 256 };

/* One OpenPGP message, whose body is a key of the volume. */
struct import_message {
	char where[IMPORT_WHERE_MAX]; /* what people call it: a path, "token 3 of …" */
	int token;                    /* its number in the header; -1: it is a file */
	uint8_t *p;
	size_t n;
};

struct import {
	struct import_message message[IMPORT_MAX];
	size_t n;
};

/* ERR_NOT_FOUND, ERR_ACCESS; ERR_FORMAT: no message that is encrypted to keys (a card's
 * among them or not), or longer than MESSAGE_MAX; ERR_UNSUPPORTED: a kind of message that
 * we do not read. */
enum err import_add_file(const char *path, struct import *i);
/* Tokens of that kind that hold such a message; others are skipped. */
enum err import_add_tokens(const struct volume *v, struct import *i);
void import_clear(struct import *i); /* a cleared one is fine */

#endif
