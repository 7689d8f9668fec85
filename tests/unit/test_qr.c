/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The screen of a recovery key: what is drawn is read back from the terminal, module by
 * module, and held against what libqrencode makes of the same text. */
#include "cli/qr.h"

#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/show_page.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "unlock/recovery.h"

enum { ROWS = 60, COLUMNS = 160, OUT_MAX = 64 * 1024, SIDE = 37, OTHER = 4 };

/* A terminal: of each place which halves are inked, or OTHER; whether it was black on
 * white. */
struct terminal {
	size_t row, column;
	bool white, scrolled;
	uint8_t ink[ROWS][COLUMNS];
	char letter[ROWS][COLUMNS + 1];
	bool on_white[ROWS][COLUMNS];
};

static const char *control(struct terminal *t, const char *p)
{
	unsigned long row = 0, column = 0;
	char *end = NULL;

	if (strncmp(p, "[0;30;47;107m", 13) == 0) {
		t->white = true;
		return p + 13;
	}
	if (strncmp(p, "[0m", 3) == 0) {
		t->white = false;
		return p + 3;
	}
	CHECK(*p == '[');
	row = strtoul(p + 1, &end, 10);
	CHECK(*end == ';');
	column = strtoul(end + 1, &end, 10);
	CHECK(*end == 'H' && row > 0 && column > 0);
	t->row = row - 1;
	t->column = column - 1;
	return end + 1;
}

static const char *character(struct terminal *t, const char *p)
{
	static const struct {
		const char *text;
		uint8_t ink;
	} known[] = {
	        {" ",            0},
                {"\xe2\x96\x80", 1},
                {"\xe2\x96\x84", 2},
                {"\xe2\x96\x88", 3}
        };
	uint8_t ink = OTHER;
	size_t n = 1;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strncmp(p, known[i].text, strlen(known[i].text)) == 0) {
			ink = known[i].ink;
			n = strlen(known[i].text);
		}
	if (t->row < ROWS && t->column < COLUMNS) {
		t->ink[t->row][t->column] = ink;
		t->letter[t->row][t->column] = n == 1 ? *p : ' ';
		t->on_white[t->row][t->column] = t->white;
	}
	t->column++;
	return p + n;
}

static void play(struct terminal *t, const char *p, size_t rows)
{
	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < ROWS; i++)
		memset(t->letter[i], ' ', COLUMNS);
	while (*p != '\0') {
		if (*p == '\033')
			p = control(t, p + 1);
		else if (*p == '\r' || *p == '\n') {
			t->column = 0;
			t->row += *p++ == '\n';
		} else {
			p = character(t, p);
		}
		t->scrolled = t->scrolled || t->row >= rows;
	}
}

/* What the terminal of that room has on it. */
static struct terminal *seen(const struct show_room *room, const struct secret *key,
                             const struct secret *code, const struct show_what *what)
{
	static struct terminal t;
	static char out[OUT_MAX];
	const int fd = memfd_create("page", MFD_CLOEXEC);

	show_page(fd, room, key, code, what);
	const ssize_t n = pread(fd, out, sizeof(out) - 1, 0);
	CHECK(n > 0);
	out[n > 0 ? n : 0] = '\0';
	(void)close(fd); /* read */
	play(&t, out, room->rows);
	return &t;
}

/* Differences between libqrencode's code and what is inked from that corner on, with
 * what is light around it. */
static size_t differences(const struct terminal *t, const QRcode *code, size_t row,
                          size_t column, bool coloured)
{
	size_t wrong = 0;

	for (size_t y = 0; y < SIDE + 2 * QR_QUIET; y++)
		for (size_t x = 0; x < SIDE + 2 * QR_QUIET; x++) {
			const size_t my = y - QR_QUIET, mx = x - QR_QUIET;
			const bool dark = my < SIDE && mx < SIDE &&
			                  (code->data[my * SIDE + mx] & 1) != 0;
			const uint8_t ink = t->ink[row + y / 2][column + x];
			const bool inked = (ink & (y % 2 == 0 ? 1 : 2)) != 0;

			wrong += ink == OTHER || inked != (dark == coloured) ||
			         t->on_white[row + y / 2][column + x] != coloured;
		}
	return wrong;
}

/* Every group, whole. */
static bool letters_are_there(const struct terminal *t, const struct secret *key)
{
	size_t found = 0;

	for (size_t i = 0; i < RECOVERY_GROUPS; i++) {
		const struct bytes g = recovery_group(key, i);

		for (size_t row = 0; row < ROWS; row++)
			found += memmem(t->letter[row], COLUMNS, g.p, g.n) != NULL;
	}
	return found == RECOVERY_GROUPS;
}

static size_t blocks(const struct terminal *t)
{
	size_t n = 0;

	for (size_t y = 0; y < ROWS; y++)
		for (size_t x = 0; x < COLUMNS; x++)
			n += t->ink[y][x] >= 1 && t->ink[y][x] <= 3;
	return n;
}

static const struct show_what one = {.device = {"/dev/sda3"}, .n = 1};

static void what_is_drawn_is_what_libqrencode_makes(void)
{
	static const struct {
		const char *what;
		size_t columns, rows, row, column;
	} rows[] = {
	        {"beside the words", 80,  24, 0,  39},
	        {"a wide terminal",  140, 24, 0,  99},
	        {"below the words",  80,  50, 16, 0 },
	};
	AUTO_SECRET *key = NULL, *code = NULL;

	CHECK(recovery_make(&key) == OK && qr_make(key, &code) == OK);
	if (!code)
		return;
	QRcode *want =
	        QRcode_encodeData(RECOVERY_LEN, secret_view(key).p, 0, QR_ECLEVEL_M);
	CHECK(want && want->width == SIDE && qr_side(code) == SIDE);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const struct show_room room = {.columns = rows[i / 2].columns,
		                               .rows = rows[i / 2].rows,
		                               .utf8 = true,
		                               .coloured = i % 2 == 0};
		const struct terminal *t = seen(&room, key, code, &one);

		CHECK_ROW(differences(t, want, rows[i / 2].row, rows[i / 2].column,
		                      room.coloured) == 0,
		          rows[i / 2].what);
		CHECK_ROW(letters_are_there(t, key) && !t->scrolled, rows[i / 2].what);
	}
	QRcode_free(want);
}

static void it_is_left_out_where_it_has_no_room(void)
{
	static const struct {
		const char *what;
		size_t columns, rows;
		bool utf8, code;
	} rows[] = {
	        {"the usual terminal",       80, 24, true,  true },
	        {"no UTF-8",                 80, 24, false, false},
	        {"a column too few",         73, 30, true,  false},
	        {"the last column",          74, 30, true,  true },
	        {"rows too few",             80, 20, true,  false},
	        {"narrow and high",          45, 60, true,  true },
	        {"narrower than it",         40, 60, true,  false},
	        {"a size that nobody knows", 0,  0,  true,  false},
	};
	AUTO_SECRET *key = NULL, *code = NULL;

	CHECK(recovery_make(&key) == OK && qr_make(key, &code) == OK);
	if (!code)
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct show_room room = {.columns = rows[i].columns,
		                               .rows = rows[i].rows,
		                               .utf8 = rows[i].utf8,
		                               .coloured = true};
		const struct terminal *t = seen(&room, key, code, &one);

		CHECK_ROW((blocks(t) > 0) == rows[i].code, rows[i].what);
		CHECK_ROW(letters_are_there(t, key), rows[i].what);
		CHECK_ROW(!rows[i].code || !t->scrolled, rows[i].what);
	}
	const struct show_room usual = {80, 24, true, true};
	CHECK(blocks(seen(&usual, key, NULL, &one)) == 0);
}

static void many_volumes_and_long_names_spoil_neither(void)
{
	struct show_what what = {.n = SHOW_DEVICES_MAX};
	AUTO_SECRET *key = NULL, *code = NULL;

	for (size_t i = 0; i < what.n; i++)
		what.device[i] = "/dev/disk/by-uuid/5a0c1d9e-3f57-4a52-9d0b-6a3f0c1f2b7d";
	CHECK(recovery_make(&key) == OK && qr_make(key, &code) == OK);
	if (!code)
		return;
	QRcode *want =
	        QRcode_encodeData(RECOVERY_LEN, secret_view(key).p, 0, QR_ECLEVEL_M);
	for (what.n = 1; want && what.n <= SHOW_DEVICES_MAX; what.n += 3)
		for (size_t rows = 20; rows < ROWS; rows++) {
			const struct show_room room = {80, rows, true, true};
			const struct terminal *t = seen(&room, key, code, &what);

			CHECK(letters_are_there(t, key));
			if (blocks(t) == 0)
				continue;
			CHECK(!t->scrolled);
			CHECK(differences(t, want, 0, 39, true) == 0 ||
			      differences(t, want, t->row + 1, 0, true) == 0);
		}
	QRcode_free(want);
}

static void too_much_text_is_refused(void)
{
	AUTO_SECRET *text = NULL, *code = NULL;

	CHECK(secret_new(2000, &text) == OK && secret_set_len(text, 2000) == OK);
	CHECK(qr_make(text, &code) == ERR_UNSUPPORTED && !code);
	CHECK(secret_set_len(text, 200) == OK && qr_make(text, &code) == OK);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"what_is_drawn_is_what_libqrencode_makes",
	         what_is_drawn_is_what_libqrencode_makes                              },
	        {"it_is_left_out_where_it_has_no_room",
	         it_is_left_out_where_it_has_no_room                                  },
	        {"many_volumes_and_long_names_spoil_neither",
	         many_volumes_and_long_names_spoil_neither                            },
	        {"too_much_text_is_refused",                  too_much_text_is_refused},
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
