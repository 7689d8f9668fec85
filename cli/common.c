/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several verbs do alike: loading the volume, opening the session, telling what is
 * wrong. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/screen.h"
#include "core/ask_words.h"
#include "unlock/open_session.h"

enum err cli_why(struct cli *c, enum err e, const char *fmt, ...)
{
	char text[CLI_WHY_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	words_clean(text, c->why, sizeof(c->why));
	return e;
}

/* Our own newlines, set apart from those of a path or another stranger's text. */
enum { MARK = '\x1e' };
static const char marks[] = {MARK, '\0'};

__attribute__((format_arg(1))) static const char *with_marks(const char *fmt, char *out,
                                                             size_t cap)
{
	size_t n = 0;

	for (; fmt[n] != '\0' && n + 1 < cap; n++) {
		out[n] = fmt[n];
		if (fmt[n] == '\n')
			out[n] = MARK;
	}
	out[n] = '\0';
	return out;
}

static size_t count_of(const char *text, char what)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == what;
	return n;
}

/* A row of a paragraph, as the source breaks it, that the next one goes on. */
static bool goes_on(const char *line, const char *next)
{
	enum { FULL_ROW = 60 };

	return strlen(line) >= FULL_ROW && isalnum((unsigned char)*next);
}

void cli_say(const struct cli *c, const char *fmt, ...)
{
	FILE *to = c->json ? stderr : stdout;
	char text[2 * CLI_WHY_MAX], marked[sizeof(text)], clean[sizeof(text)];
	char *rest = text;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), with_marks(fmt, marked, sizeof(marked)), ap);
	va_end(ap);
	/* More marks than ours: a stranger's.  Then none of them ends a line. */
	const char *ends = count_of(text, MARK) > count_of(marked, MARK) ? "" : marks;
	while (rest) {
		char *line = strsep(&rest, ends);

		while (rest && screen_width(to) > 0 && goes_on(line, rest)) {
			rest[-1] = ' ';
			(void)strsep(&rest, ends);
		}
		words_clean(line, clean, sizeof(clean));
		if (c->hears)
			c->hears->ops->note(c->hears, clean);
		else
			screen_say(to, clean);
	}
	(void)fflush(to);
}

enum err cli_volume(struct cli *c, struct volume **ret)
{
	enum err e = volume_load(&c->where, ret);

	if (e == ERR_FORMAT)
		return cli_why(c, e,
		               "%s is not a LUKS volume that can be read. Name the "
		               "encrypted partition or file.",
		               c->device);
	if (e == ERR_NOT_FOUND && c->where.header && access(c->device, F_OK) == 0)
		return cli_why(c, e, "The header %s does not exist.", c->where.header);
	if (e == ERR_NOT_FOUND)
		return cli_why(c, e, "%s does not exist.", c->device);
	if (e == ERR_ACCESS)
		return cli_why(c, e, "%s may not be opened. Run this as root.",
		               c->device);
	return e;
}

enum err cli_untrusted(struct cli *c, const struct volume *v, enum err e)
{
	if (v->strange && (e == ERR_TAMPERED || e == ERR_UNSUPPORTED))
		return cli_why(c, ERR_TAMPERED,
		               "%s is refused. %s Do not type a passphrase; compare with "
		               "a header backup.",
		               c->device, v->strange);
	if (v->state == RECORD_BROKEN && e == ERR_TAMPERED && geteuid() != 0)
		return cli_why(c, ERR_ACCESS,
		               "The record of %s cannot be read. Run this as root.",
		               c->device);
	if (v->state == RECORD_BROKEN && (e == ERR_TAMPERED || e == ERR_FORMAT))
		return cli_why(c, ERR_TAMPERED,
		               "The record of %s cannot be read. Make it anew: bootlatch "
		               "record renew %s.",
		               c->device, c->device);
	if (e == ERR_TAMPERED)
		return cli_why(c, e,
		               "The LUKS header of %s is not the one that was enrolled. "
		               "If you changed it yourself "
		               "(cryptsetup reencrypt), run: bootlatch record renew %s. "
		               "If not, it may have been "
		               "tampered with.",
		               c->device, c->device);
	if (e == ERR_NO_RECORD)
		return cli_why(c, e,
		               "This machine has no record of %s. For a disk that was "
		               "moved here: bootlatch unlock "
		               "--no-record %s, then bootlatch record renew %s.",
		               c->device, c->device, c->device);
	return e;
}

enum err cli_session(struct cli *c, struct session **ret)
{
	if (c->ways.session) {
		*ret = session_hold(c->ways.session);
		return OK;
	}
	const struct session_wish w = {
	        .pin_fd = c->pin_fd,
	        .passphrase_fd = c->passphrase_fd,
	        .transport = c->transport,
	        .reader = c->reader,
	        .serial = c->serial,
	        .wait_s = c->wait_s,
	        .tpm = c->tpm.device,
	        .no_card = c->no_card,
	        .agents = c->sign.agents,
	};

	const enum err e = open_session(&w, ret);
	if (e == OK && w.agents)
		c->hears = session_ask(*ret);
	return e;
}
