/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Editing of the line that is typed: straight in its secret, never elsewhere. */
#include "core/ask_line.h"

enum {
	KEY_EOF = 0x04,
	KEY_BS = 0x08,
	KEY_KILL = 0x15,
	KEY_WORD = 0x17,
	KEY_ESC = 0x1b,
	KEY_DEL = 0x7f
};

static bool continues(uint8_t b)
{
	return (b & 0xc0) == 0x80;
}

enum err line_start(struct line *l, size_t max)
{
	struct secret *s = NULL;
	const enum err e = secret_new(max > 0 ? max : 1, &s);

	if (e != OK)
		return e;
	*l = (struct line){.text = s, .max = max};
	return OK;
}

void line_end(struct line *l)
{
	l->text = secret_free(l->text);
	l->escape = ESC_NONE;
}

size_t line_count(struct bytes text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += !continues(text.p[i]);
	return n;
}

size_t line_chars(const struct line *l)
{
	return line_count(secret_view(l->text));
}

bool line_starts_anew(uint8_t key)
{
	return key == '\r' || key == '\n' || key == KEY_KILL || key == KEY_WORD;
}

/* True: the byte belongs to an escape sequence and is swallowed. */
static bool in_escape(struct line *l, uint8_t key)
{
	switch (l->escape) {
	case ESC_NONE:
		if (key != KEY_ESC)
			return false;
		l->escape = ESC_BEGUN;
		return true;
	case ESC_BEGUN:
		l->escape = key == '[' ? ESC_CSI : key == 'O' ? ESC_SS3 : ESC_NONE;
		/* A lone Escape swallows nothing but [ and O. */
		return l->escape != ESC_NONE;
	case ESC_SS3:
		l->escape = ESC_NONE;
		return key >= 0x20;
	case ESC_CSI:
		if (key < 0x20) {
			l->escape = ESC_NONE;
			return false;
		}
		if (key >= 0x40 && key <= 0x7e)
			l->escape = ESC_NONE;
		return true;
	}
	return false;
}

/* Only ever shrinks, which cannot fail. */
static void shrink(struct line *l, size_t len)
{
	(void)!secret_set_len(l->text, len);
}

static enum line_event back_space(struct line *l)
{
	const struct bytes b = secret_view(l->text);
	size_t n = b.n;

	if (n == 0)
		return LINE_NOTHING;
	do
		n--;
	while (n > 0 && continues(b.p[n]));
	shrink(l, n);
	return LINE_REMOVED;
}

static enum line_event add(struct line *l, uint8_t key)
{
	const size_t n = secret_len(l->text);

	/* Once cut, nothing fits any more: back-space makes room for what comes next, but
	 * does not bring back what is missing before it. */
	if (l->cut || n >= l->max || secret_set_len(l->text, n + 1) != OK) {
		l->cut = true;
		return LINE_FULL;
	}
	secret_buf(l->text)[n] = key;
	return continues(key) ? LINE_NOTHING : LINE_ADDED;
}

enum line_event line_key(struct line *l, uint8_t key)
{
	if (in_escape(l, key))
		return LINE_NOTHING;
	switch (key) {
	case '\r':
	case '\n':
		return LINE_ENTER;
	case KEY_EOF:
		return secret_len(l->text) == 0 ? LINE_EOF : LINE_NOTHING;
	case KEY_BS:
	case KEY_DEL:
		return back_space(l);
	case KEY_KILL:
	case KEY_WORD:
		shrink(l, 0);
		l->cut = false;
		return LINE_CLEARED;
	default:
		return key < 0x20 ? LINE_NOTHING : add(l, key);
	}
}
