/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log lines: formatted, cleaned of control characters, handed to the sink of main(). */
#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>

static void to_stderr(enum log_level level, const char *line, void *ctx)
{
	(void)level;
	(void)ctx;
	(void)fprintf(stderr, "%s\n", line);
}

/* Mutable file-scope state (core/ask_quiet.c has the other); set once, by main(). */
static struct {
	log_sink *sink;
	void *ctx;
	enum log_level max;
} out = {to_stderr, NULL, LOG_WARN};

void log_to(log_sink *sink, void *ctx, enum log_level max)
{
	out.sink = sink ? sink : to_stderr;
	out.ctx = ctx;
	out.max = max;
}

bool log_wants(enum log_level level)
{
	return level <= out.max;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[512] = "";
	va_list ap;

	if (!log_wants(level))
		return;
	va_start(ap, fmt);
	const int n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	/* Text of a card or a header must not drive the terminal. */
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	out.sink(level, line, out.ctx);
}
