/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plays the script, complains about anything else. */
#include "tests/unit/double_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "core/hex.h"

enum { CMD_MAX = 4096 };

struct script {
	struct transport base;
	const struct script_step *steps;
	size_t n;
	struct script_log *log;
};

static bool matches(const char *want, struct bytes cmd)
{
	char got[2 * CMD_MAX + 1];

	if (!want)
		return true;
	if (cmd.n > CMD_MAX)
		return false;
	hex_encode(cmd, got);
	const size_t n = strlen(want);
	const bool ok = n > 0 && want[n - 1] == '*' ? strncasecmp(want, got, n - 1) == 0
	                                            : strcasecmp(want, got) == 0;
	if (!ok)
		(void)fprintf(stderr, "script: wanted %s\n           got %s\n", want,
		              got);
	return ok;
}

static enum err play(struct transport *t, struct bytes cmd, uint8_t *resp, size_t cap,
                     size_t *ret_len)
{
	struct script *s = (struct script *)t;

	if (cmd.n > 1 && cmd.p[1] == 0x20)
		s->log->verifies++;
	if (s->log->used == s->n) {
		s->log->wrong = true;
		return ERR_IO;
	}
	const struct script_step *step = &s->steps[s->log->used++];
	if (!matches(step->cmd, cmd)) {
		s->log->wrong = true;
		return ERR_IO;
	}
	if (step->e != OK)
		return step->e;
	const size_t n = strlen(step->resp) / 2;
	if (n > cap)
		return ERR_IO;
	enum err e = hex_decode(step->resp, 2 * n, resp, n);
	if (e == OK)
		*ret_len = n;
	return e;
}

static enum err alive(struct transport *t)
{
	(void)t;
	return OK;
}

static void drop(struct transport *t)
{
	struct script *s = (struct script *)t;

	s->log->closed = true;
	free(s);
}

static const struct transport_ops ops = {
        .name = "script", .transmit = play, .alive = alive, .close = drop};

struct transport *double_script(const struct script_step *steps, size_t n,
                                struct script_log *log)
{
	struct script *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	*log = (struct script_log){0};
	s->base.ops = &ops;
	s->base.reader = "Script";
	s->base.extended = EXTENDED_UNKNOWN;
	s->steps = steps;
	s->n = n;
	s->log = log;
	return &s->base;
}
