/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text that the header pin is the SHA-256 of; header_pin() itself is in record.h. */
#ifndef UNLOCK_HEADER_PIN_H
#define UNLOCK_HEADER_PIN_H

#include <stdio.h>

#include "unlock/record.h"

enum err header_pin_text1(struct bytes header, FILE *out);
enum err header_pin_text2(struct bytes metadata, const char *uuid, FILE *out);

#endif
