/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --json prints: built here, printed once, at the end, by main. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/cli.h"

/* All of these do nothing without --json or --report.  Memory that cannot be had ends the
 * program. */
void out_text(struct cli *c, const char *key, const char *value); /* NULL value: null */
void out_number(struct cli *c, const char *key, long value);
void out_bool(struct cli *c, const char *key, bool value);
void out_hex(struct cli *c, const char *key, struct bytes value); /* lower case */
/* What follows goes into a new object at the end of the list `key`, until out_leave(). */
void out_enter(struct cli *c, const char *key);
/* The same into a new object that is itself the value of `key`. */
void out_object(struct cli *c, const char *key);
void out_leave(struct cli *c);
/* Everything that list and record show tell of a volume. */
void out_volume(struct cli *c, const struct volume *v);
/* One object, pretty-printed, with "ok", "status" and on failure "error" and "message".
 */
enum err out_print(struct cli *c, enum err e);
/* What has been built so far, with those members; valid until the next call of these. */
const char *out_string(struct cli *c, enum err e);

const char *record_state_text(enum record_state s); /* "matches", "missing", ... */

#endif
