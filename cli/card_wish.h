/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of the verbs that change a card. */
#ifndef CLI_CARD_WISH_H
#define CLI_CARD_WISH_H

#include "card/alter.h"

struct cli;

enum wish_fd { WISH_ADMIN_PIN, WISH_NEW_PIN, WISH_RESET_CODE, WISH_FDS };

struct card_wish {
	unsigned slots;        /* bits of enum card_key; 0: not given */
	const char *algorithm; /* NULL: not given, as the next three */
	const char *uid, *expires, *output;
	bool admin, code, armor;
	int fd[WISH_FDS]; /* one more than the descriptor; 0: not given */
};

/* For struct own_option.take; each sets c->why when it fails. */
enum err card_take_slots(struct cli *c, const char *arg);
enum err card_take_algorithm(struct cli *c, const char *arg);
enum err card_take_admin(struct cli *c, const char *arg);
enum err card_take_code(struct cli *c, const char *arg);
enum err card_take_admin_pin_fd(struct cli *c, const char *arg);
enum err card_take_new_pin_fd(struct cli *c, const char *arg);
enum err card_take_code_fd(struct cli *c, const char *arg);
enum err card_take_user_id(struct cli *c, const char *arg);
enum err card_take_expires(struct cli *c, const char *arg);
enum err card_take_output(struct cli *c, const char *arg);
enum err card_take_armor(struct cli *c, const char *arg);

/* "sig", "dec", "aut"; CARD_KEYS: no such slot, `att` where it is meant too. */
unsigned wish_slot(const char *word, size_t n);
extern const char *const wish_slots[CARD_UIFS];

/* "rsa2048" and the like: what the three keys become.  ERR_NOT_FOUND: no such word. */
enum err wish_attr(const char *word, enum card_key key, struct card_key_attr *ret);
extern const char wish_algorithms[]; /* all words, for people */

/* "never", "2y", "18m", "52w", "90d", "2030-12-31", from `now` on, in UTC; 0: never.
 * ERR_USAGE: none of these, or not later than now. */
enum err wish_end(const char *word, uint32_t now, uint32_t *ret);

#endif
