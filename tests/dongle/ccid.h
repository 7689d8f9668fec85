/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A CCID reader with a card in it: messages in, messages out, no USB and no clock. */
#ifndef TESTS_DONGLE_CCID_H
#define TESTS_DONGLE_CCID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ccid_level { LEVEL_TPDU, LEVEL_SHORT, LEVEL_EXTENDED };

enum { CCID_HEAD = 10, CCID_MESSAGE_MAX = 65544 + CCID_HEAD };

struct ccid_config {
	enum ccid_level level;
	bool t0;            /* else T=1 */
	size_t max_message; /* dwMaxCCIDMessageLength */
};

/* The card behind it; apdu may run in another thread than the rest. */
struct ccid_card {
	void *ctx;
	void (*reset)(void *ctx);
	size_t (*atr)(void *ctx, uint8_t *out, size_t cap);
	size_t (*apdu)(void *ctx, const uint8_t *cmd, size_t n, uint8_t *resp,
	               size_t cap); /* 0: no answer will come */
};

struct ccid;

struct ccid *ccid_new(const struct ccid_config *c, const struct ccid_card *card);
void ccid_free(struct ccid *c);
void ccid_reset(struct ccid *c); /* as after plugging in; not while a job runs */
/* "frame@3:cut" and the like; false: not understood. */
bool ccid_fault(struct ccid *c, const char *spec);

/* One whole PC_to_RDR message, and how long it is by its first 10 bytes. */
void ccid_put(struct ccid *c, const uint8_t *p, size_t n);
size_t ccid_length(const uint8_t head[CCID_HEAD]);

/* What is to be sent next; 0: nothing. Valid until the next call of another function. */
size_t ccid_peek(const struct ccid *c, const uint8_t **ret);
void ccid_sent(struct ccid *c);

/*
 * A command for the card: when ccid_job says so, ccid_run has the card execute it (in any
 * thread), then ccid_done makes the answer of it. Meanwhile ccid_extend asks the host for
 * more time, and ccid_dropped says that the host no longer waits.
 */
bool ccid_job(const struct ccid *c);
void ccid_run(struct ccid *c);
void ccid_done(struct ccid *c);
void ccid_extend(struct ccid *c);
bool ccid_dropped(const struct ccid *c);

#endif
