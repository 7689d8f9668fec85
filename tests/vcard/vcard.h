/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual OpenPGP card 3.4: the card itself, without a reader around it. */
#ifndef TESTS_VCARD_VCARD_H
#define TESTS_VCARD_VCARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vcard;

/* NULL: no such profile, or the state file cannot be read. No file: memory only. */
struct vcard *vcard_new(const char *profile, const char *state_file);
void vcard_free(struct vcard *v);

/* Power off and on: the card forgets what was verified. */
void vcard_reset(struct vcard *v);
size_t vcard_atr(const struct vcard *v, uint8_t *out, size_t cap);

/* The answer with its status word; 0: the card vanished. */
size_t vcard_apdu(struct vcard *v, const uint8_t *cmd, size_t n, uint8_t *resp,
                  size_t cap);

unsigned vcard_verify_count(const struct vcard *v); /* VERIFY with a PIN */
unsigned vcard_apdu_count(const struct vcard *v);

unsigned vcard_touch_count(const struct vcard *v); /* presses that were waited for */

/*
 * Who presses the button when a key wants it (UIF): "auto" at once (as it is from the
 * start), "never", else a file that is removed when it appears. Waits WAIT_MS, or as long
 * as the make of card does if that is negative. False: no memory, or an empty name.
 */
bool vcard_press(struct vcard *v, const char *how, int wait_ms);

/* Adds faults, e.g. "verify:drop,at=7:sw=6F00"; "" removes all. False: not understood. */
bool vcard_fault(struct vcard *v, const char *spec);

#endif
