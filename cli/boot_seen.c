/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /boot verified for who shows it beside other things. */
#include "cli/boot_seen.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/progress.h"
#include "core/file.h"
#include "sign/pending.h"
#include "sign/signers.h"

static enum err verify(const struct machine *m, const struct signers *s, bool quiet,
                       struct verify_report **ret)
{
	struct progress bar = {0};
	const struct tree_options o = {.progress = progress_step, .ctx = &bar};
	int fd = -1, below = -1;

	enum err e = dir_open(m->boot, &fd);
	if (e != OK)
		return e;
	e = tree_open(fd, &below);
	(void)close(fd); /* only read */
	if (e != OK)
		return e;
	progress_start(&bar, "Verifying /boot", quiet);
	e = boot_verify(below, s->key, s->n, (uint32_t)time(NULL), &o, ret);
	progress_end(&bar);
	(void)close(below); /* only read */
	return e;
}

enum err boot_look(const struct machine *m, bool quiet, struct boot_seen *ret)
{
	struct signers *s = calloc(1, sizeof(*s));

	if (!s)
		return ERR_NOMEM;
	*ret = (struct boot_seen){.signed_here = pending_signed_here(m->config, m->boot)};
	if (ret->signed_here) {
		ret->signers = signers_load(s, m->config, (uint32_t)time(NULL));
		ret->n_keys = ret->signers == OK ? s->n : 0;
		for (size_t i = 0; i < ret->n_keys; i++)
			if (s->key[i].created > ret->key_date)
				ret->key_date = s->key[i].created;
		ret->e = verify(m, s, quiet, &ret->r);
	}
	free(s);
	return ret->e == ERR_NOMEM || ret->signers == ERR_NOMEM ? ERR_NOMEM : OK;
}

void boot_seen_clear(struct boot_seen *b)
{
	b->r = verify_free(b->r);
}

bool boot_is_good(const struct boot_seen *b)
{
	return b->e == OK && verify_ok(b->r) && b->r->hidden == 0;
}
