/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bar in one line of standard error, drawn over itself and taken away at the end. */
#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/clock.h"

enum {
	AFTER_MS = 1000, /* what is done sooner needs no bar */
	LINE_MAX_ = 256,
	COLUMNS_USUAL = 80,
	COLUMNS_MIN = 20,
	BAR_MAX = 40,
	MEGA = 1000 * 1000,
};

void progress_start(struct progress *p, const char *what, bool quiet)
{
	const char *term = getenv("TERM");

	*p = (struct progress){.what = what, .start = clock_ms()};
	p->on = !quiet && isatty(STDERR_FILENO) == 1 && term && strcmp(term, "dumb") != 0;
}

static unsigned columns(void)
{
	struct winsize size = {0};

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return COLUMNS_USUAL;
	return size.ws_col;
}

static unsigned percent(const struct tree_progress *at)
{
	if (at->bytes_all == 0)
		return 0;
	const double part = (double)at->bytes_done / (double)at->bytes_all;

	return part >= 1 ? 100 : (unsigned)(part * 100);
}

void progress_line(const char *what, const struct tree_progress *at, unsigned columns,
                   char *out, size_t cap)
{
	char numbers[96], bar[BAR_MAX + 3] = "";
	const unsigned done = percent(at);

	(void)snprintf(numbers, sizeof(numbers), " %3u %%  %llu of %llu MB", done,
	               (unsigned long long)(at->bytes_done / MEGA),
	               (unsigned long long)(at->bytes_all / MEGA));
	const size_t taken = strlen(what) + strlen(numbers) + 4;
	size_t room = columns > taken ? columns - taken : 0;

	if (room > BAR_MAX)
		room = BAR_MAX;
	if (room >= 4) {
		const size_t full = room * done / 100;

		bar[0] = '[';
		memset(bar + 1, '#', full);
		memset(bar + 1 + full, '.', room - full);
		bar[1 + room] = ']';
		bar[2 + room] = '\0';
	}
	(void)snprintf(out, cap, "%s %s%s", what, bar, numbers);
	/* A line that wraps could not be drawn over. */
	if (columns > 0 && columns < cap && strlen(out) >= columns)
		out[columns - 1] = '\0';
}

bool progress_step(const struct tree_progress *at, void *ctx)
{
	struct progress *p = ctx;
	const unsigned wide = columns();
	char line[LINE_MAX_];

	if (!p->on || wide < COLUMNS_MIN || at->bytes_all == 0 ||
	    clock_ms() - p->start < AFTER_MS)
		return true;
	progress_line(p->what, at, wide, line, sizeof(line));
	(void)fprintf(stderr, "\r%s\033[K", line);
	(void)fflush(stderr);
	p->shown = true;
	return true;
}

void progress_end(struct progress *p)
{
	if (p->shown)
		(void)fprintf(stderr, "\r\033[K");
	p->shown = false;
	(void)fflush(stderr);
}
