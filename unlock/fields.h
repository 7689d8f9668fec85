/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The spellings that record, token and journal share: one each, checked strictly. */
#ifndef UNLOCK_FIELDS_H
#define UNLOCK_FIELDS_H

#include <stdio.h>

#include "card/card.h"

/* Exactly 2 * n digits of one case.  ERR_FORMAT. */
enum err field_hex_upper(const char *text, uint8_t *ret, size_t n);
enum err field_hex_lower(const char *text, uint8_t *ret, size_t n);
enum err field_fpr(const char *text, uint8_t ret[static FPR_LEN]);
void field_put_fpr(const uint8_t fpr[static FPR_LEN], FILE *out); /* with quotes */
/* "MMMM:SSSSSSSS", upper-case hex. */
enum err field_ident(const char *text, char ret[static CARD_IDENT_LEN]);
/* The static text of a backend's name; NULL: not known. */
const char *field_backend(const char *text);
/* 1 to 36 of [0-9a-fA-F-]. */
bool field_uuid_ok(const char *text);

#endif
