/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is made for conversations of tests with cards; see card_lines.h. */
#include "tests/unit/card_lines.h"

#include <stdio.h>

#include "tests/unit/check.h"

void six_e_with(const char *c2, char ret[SIX_E_CAP])
{
	(void)snprintf(ret, SIX_E_CAP, "%sC2%s%sC53C%s%s%s%s9000", AID HIST C0, c2,
	               C4_("03"), FPR, FPR, FPR, TIMES);
}

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
