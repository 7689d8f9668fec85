/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows for a terminal of 80 columns. */
#include "cli/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/ask_words.h"

enum { LABEL = 14, TEXT_AT = LABEL + 1, LINE_MORE = 4 };

/* The end of a pipe is not for reading at a glance. */
static size_t columns(void)
{
	return isatty(STDOUT_FILENO) == 1 ? (size_t)SCREEN_COLUMNS : SIZE_MAX;
}

static bool coloured(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) == 1 && (!no || !*no) && term &&
	       strcmp(term, "dumb") != 0;
}

static void put_marked(enum screen_mark m, const char *text)
{
	static const char *const on[] = {
	        [SCREEN_GOOD] = "\x1b[32m",
	        [SCREEN_WARN] = "\x1b[33m",
	        [SCREEN_BAD] = "\x1b[1;31m",
	};

	if (m == SCREEN_PLAIN || !coloured())
		(void)fputs(text, stdout);
	else
		(void)printf("%s%s\x1b[0m", on[m], text);
}

/* Bytes of a word, and the columns it takes: bytes that go on a character take none. */
static size_t word_at(const char *p, size_t *ret_columns)
{
	size_t n = 0;

	*ret_columns = 0;
	for (; p[n] != '\0' && p[n] != ' '; n++)
		*ret_columns += ((unsigned char)p[n] & 0xc0) != 0x80;
	return n;
}

void screen_break(const char *text, size_t from, size_t indent, size_t columns_max,
                  char *out, size_t cap)
{
	struct writer w = {(uint8_t *)out, cap - 1, 0, false};
	size_t at = from, wide = 0;
	bool first = true; /* of its line */

	while (*text != '\0' && writer_ok(&w)) {
		const size_t n = word_at(text, &wide);

		if (!first && n > 0 && at + 1 + wide > columns_max) {
			put_string(&w, "\n");
			for (at = 0; at < indent; at++)
				put_string(&w, " ");
			first = true;
		}
		if (!first) {
			put_string(&w, " ");
			at++;
		}
		put_bytes(&w, text, n);
		at += wide;
		first = false;
		text += n;
		text += *text == ' ';
	}
	out[w.n] = '\0';
}

__attribute__((format(printf, 4, 0))) static void
put_row(enum screen_mark m, size_t from, size_t indent, const char *fmt, va_list ap)
{
	char text[SCREEN_TEXT_MAX], clean[SCREEN_TEXT_MAX], lines[2 * SCREEN_TEXT_MAX];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	words_clean(text, clean, sizeof(clean));
	screen_break(clean, from, indent, columns(), lines, sizeof(lines));
	put_marked(m, lines);
	(void)fputs("\n", stdout);
}

void screen_line(const struct cli *c, enum screen_mark m, const char *fmt, ...)
{
	va_list ap;

	if (c->json)
		return;
	va_start(ap, fmt);
	put_row(m, 0, LINE_MORE, fmt, ap);
	va_end(ap);
}

void screen_row(const struct cli *c, enum screen_mark m, const char *label,
                const char *fmt, ...)
{
	char clean[LABEL + 1];
	va_list ap;

	if (c->json)
		return;
	words_clean(label, clean, sizeof(clean));
	(void)printf("%-*s ", LABEL, clean);
	va_start(ap, fmt);
	put_row(m, TEXT_AT, TEXT_AT, fmt, ap);
	va_end(ap);
}

size_t screen_width(FILE *to)
{
	struct winsize w = {0};

	if (ioctl(fileno(to), TIOCGWINSZ, &w) != 0)
		return 0;
	return w.ws_col < SCREEN_WIDEST ? w.ws_col : SCREEN_WIDEST;
}

void screen_say(FILE *to, const char *line)
{
	const size_t wide = screen_width(to), indent = strspn(line, " ");
	char rows[2 * SCREEN_TEXT_MAX];

	if (wide <= indent || strlen(line) >= SCREEN_TEXT_MAX) {
		(void)fprintf(to, "%s\n", line);
		return;
	}
	screen_break(line + indent, indent, indent, wide, rows, sizeof(rows));
	(void)fprintf(to, "%*s%s\n", (int)indent, "", rows);
}

void screen_gap(const struct cli *c)
{
	if (!c->json)
		(void)fputs("\n", stdout);
}
