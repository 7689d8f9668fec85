/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sealed object of a TPM as JSON, in tokens and on /boot (docs/FORMAT.md, "Sealed
 * object"). */
#ifndef UNLOCK_SEALED_H
#define UNLOCK_SEALED_H

#include "unlock/tpm2.h"

enum { SEALED_JSON_MAX = 8 * 1024 };

struct json_object;

/*
 * Strict.  What anybody may have written: srk_name stays zero, and needs_pin is what the
 * object itself says; the record has the last word on both.  ERR_FORMAT also where
 * tpm2_sealed_check fails.
 */
enum err sealed_read(const struct json_object *o, struct tpm2_sealed *ret);
enum err sealed_parse(struct bytes json, struct tpm2_sealed *ret);
/* In the canonical form; malloc'ed. */
enum err sealed_format(const struct tpm2_sealed *s, char **ret_json);

#endif
