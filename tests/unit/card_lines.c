/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PINs for cards in tests; see card_lines.h. */
#include "tests/unit/card_lines.h"

#include "tests/unit/check.h"

struct secret *pin_of(const char *text)
{
	struct secret *s = NULL;

	CHECK(secret_copy((struct bytes){(const uint8_t *)text, strlen(text)}, &s) == OK);
	return s;
}

enum err verify_pin(struct card *c, const char *text, bool spend_last)
{
	AUTO_SECRET *pin = pin_of(text);

	return card_verify_user(c, pin, spend_last);
}
