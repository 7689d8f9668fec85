/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of each question; text from outside cannot drive the terminal. */
#include "core/ask_words.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/ask_line.h"

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
	const char *what = q->what ? q->what : "PIN";

	if (q->again)
		(void)snprintf(out, cap,
		               "Type the %s again to spend the last try: ", what);
	else if (q->tries_left >= 0)
		(void)snprintf(out, cap, "%s for %s (%d %s left): ", what, about,
		               q->tries_left, q->tries_left == 1 ? "try" : "tries");
	else
		(void)snprintf(out, cap, "%s for %s: ", what, about);
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
		(void)snprintf(out, cap, "%s for %s: ", q->what ? q->what : "Passphrase",
		               about);
		return;
	case ASK_CARD_OR_PASSPHRASE:
		(void)snprintf(
		        out, cap,
		        "Insert the dongle, or type the passphrase for %s: ", about);
		return;
	case ASK_CONFIRM:
		if (q->what)
			(void)snprintf(out, cap, "%s: ", q->what);
		else if (about[0] == '\0')
			(void)snprintf(out, cap, "Press Enter to go on: ");
		else
			(void)snprintf(out, cap, "Type \"%s\" to go on: ", about);
		return;
	}
	(void)snprintf(out, cap, "> ");
}

const char *words_warning(const struct ask_question *q)
{
	if (q->kind == ASK_TPM_PIN && q->tries_left == 1)
		return "This is the LAST try: if it is wrong, the TPM is locked for a "
		       "time.";
	if (ask_is_pin(q->kind) && q->tries_left == 1)
		return "This is the LAST try: if it is wrong, the PIN is blocked.";
	return NULL;
}

const char words_not_for_this[] =
        "That line was meant for the question before, so it was not used.";
const char words_pipe_begun_before[] =
        "The line in the pipe was begun before the question for the PIN, so nothing was "
        "sent. Write the PIN now.";
const char words_pipe_last_try[] =
        "The last try of the PIN is not spent on a line from the pipe: who wrote it may "
        "not have seen the warning. Write the passphrase, or type the PIN here.";

void words_length(size_t min, size_t max, char *out, size_t cap)
{
	(void)snprintf(out, cap, "The answer has %zu to %zu characters.", min, max);
}

void words_too_short(size_t min, char *out, size_t cap)
{
	(void)snprintf(out, cap, "At least %zu character%s.", min, min == 1 ? "" : "s");
}

void words_too_long(size_t max, char *out, size_t cap)
{
	(void)snprintf(out, cap,
	               "That is too long, so it was not used: at most %zu characters "
	               "(fewer with accents). Type it again.",
	               max);
}

void words_press_enter(const char *prompt, char *out, size_t cap)
{
	(void)snprintf(out, cap, "Press Enter first. Then: %s.", prompt);
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

/* 0: not told, or no terminal. */
static size_t columns(int fd)
{
	struct winsize w = {0};

	return ioctl(fd, TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
}

/* The last blank of a row that would be too long becomes its end.  What has no blank the
 * terminal breaks. */
static void wrap(char *text, size_t row)
{
	char *blank = NULL;
	size_t n = 0;

	for (char *p = text; row > 0 && *p != '\0'; p++) {
		n += ((unsigned char)*p & 0xc0) != 0x80; /* characters, not bytes */
		if (n > row && blank != NULL) {
			*blank = '\n';
			n = line_count((struct bytes){(const uint8_t *)blank + 1,
			                              (size_t)(p - blank)});
			blank = NULL;
		}
		if (*p == ' ')
			blank = p;
	}
}

void words_put_line(int fd, const char *text)
{
	char clean[WORDS_MAX];

	words_clean(text, clean, sizeof(clean));
	wrap(clean, columns(fd));
	words_put(fd, clean, strlen(clean));
	words_put(fd, "\n", 1);
}
