/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8 as Unicode wants it (Unicode 15, table 3-7): no overlong forms, no surrogates. */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include "core/bytes.h"

/* Bytes of the character at the front of b, 1 to 4; 0: there is none. */
size_t utf8_len(struct bytes b);
/* Nothing but characters, and no NUL among them? */
bool utf8_is_text(struct bytes b);

#endif
