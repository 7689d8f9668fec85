/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers that hold virtual cards in this process. */
#ifndef TESTS_DOUBLE_VCARD_H
#define TESTS_DOUBLE_VCARD_H

#include "card/transport.h"
#include "tests/vcard/vcard.h"

/* A connection to v, which belongs to the caller and outlives it. */
struct transport *double_vcard_transport(struct vcard *v, const char *reader);

struct readers *double_vcard_readers(void);
/* Reader number i (they are in the list in this order); v NULL: an empty reader. */
void double_vcard_put(struct readers *r, size_t i, const char *name, struct vcard *v);
void double_vcard_unplug(struct readers *r, size_t i);
/* What connecting to reader i ends with. */
void double_vcard_connect_err(struct readers *r, size_t i, enum err e);
/* What scanning ends with. */
void double_vcard_scan_err(struct readers *r, enum err e);
/* Readers get a PIN pad, at which `pin` is typed; NULL: nothing, until the time is up. */
void double_vcard_pad(struct readers *r, const char *pin);
unsigned double_vcard_connects(const struct readers *r);

#endif
