/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The screen with a recovery key, laid out for the room that there is. */
#include "cli/show_page.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli/qr.h"
#include "core/ask_words.h"
#include "unlock/recovery.h"

enum {
	GROUPS_A_ROW = 3,
	VOLUMES_MAX = 8, /* rows: a screen has 24, and the key is what counts */
	GAP = 2,         /* columns between words and code */
	NARROWEST = 31,  /* GROUPS_A_ROW groups */
};

/* --- the terminal --- */

static bool is_utf8(void)
{
	const locale_t l = newlocale(LC_CTYPE_MASK, "", (locale_t)0);

	if (l == (locale_t)0)
		return false;
	const bool utf8 = strcmp(nl_langinfo_l(CODESET, l), "UTF-8") == 0;
	freelocale(l);
	return utf8;
}

struct show_room show_room(int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize size = {0};
	struct show_room room = {0};

	if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
		room.columns = size.ws_col;
		room.rows = size.ws_row;
	}
	room.utf8 = term && strcmp(term, "dumb") != 0 && is_utf8();
	/* What calls itself a vt100 or vt220 knows none. */
	room.coloured =
	        room.utf8 && (!no || !*no) &&
	        !(strncmp(term, "vt", 2) == 0 && term[2] >= '0' && term[2] <= '9');
	return room;
}

/* --- words --- */

struct page {
	int fd;         /* -1: it is only measured */
	size_t columns; /* 0: not told */
	size_t rows;    /* so far */
};

static void end_row(struct page *p)
{
	if (p->fd >= 0)
		words_put(p->fd, "\r\n", 2);
	p->rows++;
}

/* Bytes of the first row: up to a blank, or cut where there is none. */
static size_t row_bytes(const char *text, size_t columns)
{
	size_t at = 0, n = 0, blank = 0;

	for (; text[at] != '\0'; at++) {
		if (((unsigned char)text[at] & 0xc0) == 0x80)
			continue; /* of the character before */
		if (text[at] == ' ')
			blank = at;
		if (columns > 0 && n == columns)
			return blank > 0 ? blank : at;
		n++;
	}
	return at;
}

static void put_words(struct page *p, const char *text)
{
	char clean[WORDS_MAX];
	const char *rest = clean;

	words_clean(text, clean, sizeof(clean));
	do {
		const size_t n = row_bytes(rest, p->columns);

		if (p->fd >= 0)
			words_put(p->fd, rest, n);
		end_row(p);
		rest += n;
		rest += *rest == ' ';
	} while (*rest != '\0');
}

static void put_volumes(struct page *p, const struct show_what *what)
{
	char text[WORDS_MAX];

	if (what->n == 1) {
		(void)snprintf(text, sizeof(text), "Recovery key of %s", what->device[0]);
		put_words(p, text);
		return;
	}
	(void)snprintf(text, sizeof(text), "Recovery key of these %zu volumes:", what->n);
	put_words(p, text);
	for (size_t i = 0; i < what->n && i < VOLUMES_MAX; i++) {
		const bool more = i + 1 == VOLUMES_MAX && what->n > VOLUMES_MAX;

		(void)snprintf(text, sizeof(text), more ? "    and more" : "    %s",
		               what->device[i]);
		put_words(p, text);
	}
}

static void put_key(struct page *p, const struct secret *key)
{
	end_row(p);
	for (size_t i = 0; i < RECOVERY_GROUPS; i++) {
		const struct bytes group = recovery_group(key, i);
		const bool last = i + 1 == RECOVERY_GROUPS;

		if (p->fd >= 0) {
			words_put(p->fd, "    ", i % GROUPS_A_ROW == 0 ? 4 : 0);
			words_put(p->fd, group.p, group.n);
			words_put(p->fd, "-", last ? 0 : 1);
		}
		if (last || i % GROUPS_A_ROW == GROUPS_A_ROW - 1)
			end_row(p);
	}
	end_row(p);
}

/* Returns the rows that it takes. */
static size_t put_page(int fd, size_t columns, const struct secret *key, bool with_code,
                       const struct show_what *what)
{
	struct page p = {.fd = fd, .columns = columns};

	put_volumes(&p, what);
	put_key(&p, key);
	put_words(&p, "Write it on paper, and keep that apart from the machine: whoever "
	              "has it opens the disk, without a dongle and a PIN.");
	if (with_code)
		put_words(&p,
		          "The code says the same: what scans it has the key as well.");
	put_words(&p, "It is typed wherever a passphrase is asked for. Dashes and "
	              "capitals make no difference there. Other programs take it as "
	              "one line, in small letters and with the dashes: 80 characters.");
	end_row(&p);
	put_words(&p, "Press Enter when it is written down. Then it is wiped from the "
	              "screen, and two of its nine groups are asked for.");
	return p.rows;
}

/* --- the code --- */

static void go_to(int fd, size_t row, size_t column)
{
	char text[48];
	const int n = snprintf(text, sizeof(text), "\033[%zu;%zuH", row + 1, column + 1);

	words_put(fd, text, (size_t)n);
}

/* Leaves the cursor in the first place of the screen. */
static void put_code(int fd, const struct secret *code, bool coloured, size_t row,
                     size_t column)
{
	/* Bright white where it is known, else what is called white. */
	static const char on[] = "\033[0;30;47;107m", off[] = "\033[0m";
	AUTO_SECRET *text = NULL;

	if (secret_new(QR_ROW_MAX, &text) != OK)
		return; /* the letters are enough */
	for (size_t i = 0; i < qr_rows(code); i++) {
		struct writer w = {secret_buf(text), QR_ROW_MAX, 0, false};

		qr_row(code, i, coloured, &w);
		go_to(fd, row + i, column);
		words_put(fd, on, coloured ? sizeof(on) - 1 : 0);
		words_put(fd, w.p, w.n);
		words_put(fd, off, coloured ? sizeof(off) - 1 : 0);
	}
	go_to(fd, 0, 0);
}

void show_page(int fd, const struct show_room *room, const struct secret *key,
               const struct secret *code, const struct show_what *what)
{
	const size_t columns = room->columns, rows = room->rows;
	const size_t wide = code ? qr_columns(code) : 0, high = code ? qr_rows(code) : 0;

	if (!code || !room->utf8 || wide > columns || high > rows) {
		(void)put_page(fd, columns, key, false, what);
		return;
	}
	/* The row below the words is the cursor's; who sees their end sees all. */
	const size_t full = put_page(-1, columns, key, true, what);
	if (full + 1 + high <= rows) {
		put_code(fd, code, room->coloured, full + 1, 0);
		(void)put_page(fd, columns, key, true, what);
		return;
	}
	const size_t left = columns - wide < GAP ? 0 : columns - wide - GAP;
	if (left < NARROWEST || put_page(-1, left, key, true, what) >= rows) {
		(void)put_page(fd, columns, key, false, what);
		return;
	}
	put_code(fd, code, room->coloured, 0, left + GAP);
	(void)put_page(fd, left, key, true, what);
}
