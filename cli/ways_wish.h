/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of revoke and setup. */
#ifndef CLI_WAYS_WISH_H
#define CLI_WAYS_WISH_H

#include "card/card.h"

struct cli;
struct session;

struct ways_wish {
	bool yes, dry_run;
	bool has_key;
	uint8_t key[FPR_LEN];    /* a decryption key */
	bool image_later;        /* the caller makes the image, once for all volumes */
	bool all_images;         /* of every kernel, not of the newest alone */
	struct session *session; /* that the verbs use instead of one of their own */
	unsigned skip;           /* bits of enum setup_step */
};

/* For struct own_option.take; each sets c->why when it fails. */
enum err ways_take_yes(struct cli *c, const char *arg);
enum err ways_take_dry_run(struct cli *c, const char *arg);
enum err ways_take_fingerprint(struct cli *c, const char *arg);

#endif
