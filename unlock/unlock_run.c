/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the unlock loop share: its clock, its words, its end. */
#include "unlock/unlock_run.h"

void run_say(struct run *r, enum words w)
{
	const struct card_info *info = session_card(r->s);

	words_say(
	        session_ask(r->s), w,
	        &(struct words_args){.disk = r->disk, .card = info ? info->ident : NULL});
}

enum err run_deliver(struct run *r, const char *backend, int slot,
                     const struct secret *pass)
{
	const struct card_info *info = session_card(r->s);

	r->result = (struct unlock_result){.backend = backend, .keyslot = slot};
	if (info && backend == backend_card.type)
		memcpy(r->result.ident, info->ident, sizeof(r->result.ident));
	r->done = true;
	return r->goal->deliver ? r->goal->deliver(r->goal->ctx, r->v, slot, pass) : OK;
}
