/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of each question; text from outside cannot drive the terminal. */
#include "core/ask_words.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { WRITE_WAIT_MS = 1000 };

void words_clean(const char *text, char *out, size_t cap)
{
	size_t n = 0;

	for (; text[n] != '\0' && n + 1 < cap; n++) {
		const unsigned char c = (unsigned char)text[n];

		out[n] = text[n];
		if (c < 0x20 || c == 0x7f)
			out[n] = '?';
		/* C1 controls, as UTF-8 writes them: c2 80 to c2 9f. */
		if (n > 0 && (unsigned char)text[n - 1] == 0xc2 && c >= 0x80 &&
		    c < 0xa0) {
			out[n - 1] = '?';
			out[n] = '?';
		}
	}
	if (text[n] != '\0') {
		while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	}
	out[n] = '\0';
}

static const char *default_about(enum ask_kind kind)
{
	switch (kind) {
	case ASK_USER_PIN:
		return "the card";
	case ASK_TPM_PIN:
		return "the TPM";
	case ASK_PASSPHRASE:
	case ASK_CARD_OR_PASSPHRASE:
		return "the volume";
	case ASK_CONFIRM:
		return "yes";
	}
	return "";
}

static void pin_prompt(const struct ask_question *q, const char *about, char *out,
                       size_t cap)
{
	if (q->again)
		(void)snprintf(out, cap, "Type the PIN again to spend the last try: ");
	else if (q->tries_left >= 0)
		(void)snprintf(out, cap, "PIN for %s (%d %s left): ", about,
		               q->tries_left, q->tries_left == 1 ? "try" : "tries");
	else
		(void)snprintf(out, cap, "PIN for %s: ", about);
}

void words_prompt(const struct ask_question *q, char *out, size_t cap)
{
	char about[256];

	words_clean(q->about ? q->about : default_about(q->kind), about, sizeof(about));
	switch (q->kind) {
	case ASK_USER_PIN:
	case ASK_TPM_PIN:
		pin_prompt(q, about, out, cap);
		return;
	case ASK_PASSPHRASE:
		(void)snprintf(out, cap, "Passphrase for %s: ", about);
		return;
	case ASK_CARD_OR_PASSPHRASE:
		(void)snprintf(
		        out, cap,
		        "Insert the dongle, or type the passphrase for %s: ", about);
		return;
	case ASK_CONFIRM:
		if (about[0] == '\0')
			(void)snprintf(out, cap, "Press Enter to go on: ");
		else
			(void)snprintf(out, cap, "Type \"%s\" to go on: ", about);
		return;
	}
	(void)snprintf(out, cap, "> ");
}

const char *words_warning(const struct ask_question *q)
{
	if (ask_is_pin(q->kind) && q->tries_left == 1)
		return "This is the LAST try: if it is wrong, the PIN is blocked.";
	return NULL;
}

void words_put(int fd, const void *text, size_t n)
{
	struct bytes b = {text, n};

	while (b.n > 0) {
		const ssize_t done = write(fd, b.p, b.n);

		if (done > 0) {
			b.p += done;
			b.n -= (size_t)done;
			continue;
		}
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		if (done == 0 || (errno != EINTR && errno != EAGAIN) ||
		    (errno == EAGAIN && poll(&p, 1, WRITE_WAIT_MS) <= 0))
			return;
	}
}

void words_put_line(int fd, const char *text)
{
	char clean[WORDS_MAX];

	words_clean(text, clean, sizeof(clean));
	words_put(fd, clean, strlen(clean));
	words_put(fd, "\n", 1);
}
