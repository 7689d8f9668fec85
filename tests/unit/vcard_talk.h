/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversations with the virtual card, in hexadecimal, and the commands that recur. */
#ifndef TESTS_UNIT_VCARD_TALK_H
#define TESTS_UNIT_VCARD_TALK_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/vcard/vcard.h"

#define PIN1   "313233343536"
#define PIN3   "3132333435363738"
#define BAD1   "363534333231"
#define SELECT "00A4040006D2760001240100"

#define V81      "0020008106" PIN1
#define V82      "0020008206" PIN1
#define V83      "0020008308" PIN3
#define V81_BAD  "0020008106" BAD1
#define V82_BAD  "0020008206" BAD1
#define V83_BAD  "00200083083131313131313131"
#define BLOCK1   V81_BAD " " V81_BAD " " V81_BAD
#define BLOCK3   V83_BAD " " V83_BAD " " V83_BAD
#define P256_DEC "00DA00C209122A8648CE3D030107"
#define P256_SIG "00DA00C109132A8648CE3D030107"
#define GEN_DEC  "0047800002B80000"
#define GEN_SIG  "0047800002B60000"
#define KILL     V83 " 00E60000"
/* The base point of P-256: the shared secret is then the public key's x. */
#define G256                                                                             \
	"046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"             \
	"4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"
#define ECDH_256 "002A808648A6467F49438641" G256 "00"

struct row {
	const char *what, *profile, *commands, *want;
};

/* The answer in hexadecimal, status word last, in OUT. */
const char *ask(struct vcard *v, const char *command, char *out, size_t cap);
/* Sends commands divided by spaces; whether the last answer is WANT, "*" ending it early.
 */
bool last_is(struct vcard *v, const char *commands, const char *want);
/* Each row on a new card of its profile, selected. */
void check_rows(const struct row *r, size_t n);
#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

#endif
