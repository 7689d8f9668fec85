// SPDX-License-Identifier: GPL-2.0-or-later
/* Conversations with the virtual card, in hexadecimal. */
#include "tests/unit/vcard_talk.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/check.h"

static size_t unhex(const char *hex, uint8_t *out, size_t cap)
{
	size_t n = 0;
	for (; hex[0] != '\0' && hex[1] != '\0' && n < cap; hex += 2) {
		unsigned x = 0;
		if (sscanf(hex, "%2x", &x) != 1)
			break;
		out[n++] = (uint8_t)x;
	}
	return n;
}

const char *ask(struct vcard *v, const char *command, char *out, size_t cap)
{
	static const char digit[] = "0123456789ABCDEF";
	uint8_t cmd[1100], resp[5000];
	const size_t n = unhex(command, cmd, sizeof(cmd));
	const size_t got = vcard_apdu(v, cmd, n, resp, sizeof(resp));
	size_t at = 0;
	for (size_t i = 0; i < got && at + 2 < cap; i++) {
		out[at++] = digit[resp[i] >> 4];
		out[at++] = digit[resp[i] & 15];
	}
	out[at] = '\0';
	return out;
}

bool last_is(struct vcard *v, const char *commands, const char *want)
{
	char copy[2400], out[10100] = "", *rest = copy, *one = NULL;
	(void)snprintf(copy, sizeof(copy), "%s", commands);
	while ((one = strsep(&rest, " ")) != NULL) {
		if (*one != '\0')
			(void)ask(v, one, out, sizeof(out));
	}
	const size_t n = strlen(want);
	const bool open = n > 0 && want[n - 1] == '*';
	const bool same = open ? strncmp(out, want, n - 1) == 0 : strcmp(out, want) == 0;
	if (!same)
		(void)fprintf(stderr, "  %s: got %.80s, not %s\n", commands, out, want);
	return same;
}

static bool answers(const char *profile, const char *commands, const char *want)
{
	char all[2400];
	struct vcard *v = vcard_new(profile, NULL);
	if (v == NULL)
		return false;
	(void)snprintf(all, sizeof(all), SELECT " %s", commands);
	const bool same = last_is(v, all, want);
	vcard_free(v);
	return same;
}

void check_rows(const struct row *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char what[160];
		(void)snprintf(what, sizeof(what), "%s: %s", r[i].profile, r[i].what);
		CHECK_ROW(answers(r[i].profile, r[i].commands, r[i].want), what);
	}
}
