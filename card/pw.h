/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands with PINs in them, for the files that send them; others use card/alter.h. */
#ifndef CARD_PW_H
#define CARD_PW_H

#include "card/admin.h"

enum {
	PW_INS_VERIFY = 0x20,
	PW_INS_CHANGE = 0x24,
	PW_INS_UNBLOCK = 0x2c,
	PW_INS_PUT = 0xda,
	PW1 = 0x81,
	PW3 = 0x83,
	PW_MAX = 127,
	PW_BODY_MAX = 255,
};

/* One command with a PIN in it, or two. */
struct pw_command {
	uint8_t ins, p1, p2;
	bool counted;       /* the first one is compared, and spends a try when wrong */
	enum card_pw which; /* what the first one is */
	const struct secret *first;
	enum card_pw sets;
	const struct secret *fresh; /* behind it, what is set; NULL: the first one is */
};

int *pw_counter(struct card_info *info, enum card_pw which);

/* The command, each PIN through its KDF.  ERR_PIN_LENGTH: more than one command holds. */
enum err pw_lay_out(struct card *c, const struct pw_command *p, struct secret **ret);

/* Errors of these as card/alter.h has them. */
enum err pw_counted(struct card *c, const struct pw_command *p, bool spend_last);
/* Of what the Admin PIN allows. */
enum err pw_allowed(struct card *c, const struct pw_command *p);

/* Parts of pw_counted, for what is typed on a pad. */
/* The card is there, and its counters are those of now. */
enum err pw_before(struct card *c);
enum err pw_may(struct card *c, enum card_pw which, const struct secret *pin,
                bool spend_last);
/* What a refusal means, by the counter as it was before. */
enum err pw_judge(struct card *c, const struct pw_command *p, int before, uint16_t sw);
/* There was no answer: the try counts as spent.  ERR_PIN_UNKNOWN. */
enum err pw_lost(struct card *c, const struct pw_command *p);

#endif
