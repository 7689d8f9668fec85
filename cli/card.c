/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch card status: what every card here says of itself. */
#include <stdio.h>
#include <stdlib.h>

#include "card/child.h"
#include "card/choose.h"
#include "cli/card.h"
#include "cli/card_words.h"
#include "cli/output.h"

enum { WAIT_MS = 2000 }; /* a reader that was just found may still be starting its card */

/* " Looked through pcscd: one, two." */
static void looked_at(const struct cli *c, const struct reader_list *l, char *out,
                      size_t cap)
{
	size_t n = (size_t)snprintf(out, cap, " Looked through %s%s", card_route(c),
	                            l->n > 0 ? ": " : "");

	for (size_t i = 0; i < l->n && n < cap; i++)
		n += (size_t)snprintf(out + n, cap - n, "%s%s", i > 0 ? ", " : "",
		                      l->slot[i].name);
	if (n < cap)
		(void)snprintf(out + n, cap - n, ".");
}

enum err cli_look(struct cli *c, struct readers *r, struct card_facts *list,
                  size_t *ret_n, struct look_end *end)
{
	const struct look_wish w = {
	        .reader = c->reader,
	        .serial = c->serial,
	        .wait_ms = c->wait_s >= 0 ? c->wait_s * 1000 : WAIT_MS,
	};
	char at[CLI_WHY_MAX];

	const enum err e = card_look(r, &w, list, ret_n, end);
	if (e == OK || e == ERR_NOMEM || e == ERR_BUG)
		return e;
	looked_at(c, &end->readers, at, sizeof(at));
	if (end->why == PICK_WRONG_SERIAL)
		return cli_why(c, e,
		               "Card %s is not here. Insert it, or see bootlatch "
		               "card status.%s",
		               c->serial, at);
	if (end->why == PICK_NO_SUCH_READER)
		return cli_why(
		        c, e,
		        "No reader with \"%s\" in its name is here. Plug it in, or "
		        "leave --reader out.%s",
		        c->reader, at);
	return cli_why(c, e, "%s%s",
	               end->why == PICK_NO_SERVICE && c->transport
	                       ? readers_choice_lost(c->transport)
	                       : pick_why_text(end->why),
	               at);
}

enum err cli_readers(struct cli *c, struct readers **ret)
{
	/* Decided here, so that what is told is what was done. */
	c->transport = readers_choice_now(c->transport ? c->transport : "auto");
	return readers_open_child(readers_open_choice, c->transport, NULL, ret);
}

static void tell_readers(struct cli *c, const struct reader_list *l)
{
	out_text(c, "transport", c->transport);
	for (size_t i = 0; i < l->n; i++) {
		out_enter(c, "readers");
		out_text(c, "reader", l->slot[i].name);
		out_bool(c, "card", l->slot[i].card_present);
		out_leave(c);
	}
}

static enum err tell(struct cli *c, const struct card_facts *list, size_t n)
{
	size_t readable = 0;

	for (size_t i = 0; i < n; i++) {
		out_enter(c, "cards");
		card_json(c, &list[i], true);
		out_leave(c);
		if (!c->json) {
			if (i > 0)
				card_print(stdout, PAINT_GOOD, "", "%s", "");
			card_describe(stdout, c, &list[i], true);
		}
		readable += list[i].why == PICK_FOUND;
	}
	if (readable > 0)
		return OK;
	return cli_why(c, pick_why_err(list[0].why), "%s", card_obstacle(&list[0]));
}

static enum err status(struct cli *c)
{
	struct card_facts *list = calloc(READERS_MAX, sizeof(*list));
	struct readers *r = NULL;
	struct look_end end = {0};
	size_t n = 0;

	enum err e = list ? cli_readers(c, &r) : ERR_NOMEM;
	if (e == OK) {
		e = cli_look(c, r, list, &n, &end);
		tell_readers(c, &end.readers);
	}
	(void)readers_close(r);
	if (e == OK)
		e = tell(c, list, n);
	free(list);
	return e;
}

const struct verb verb_card_status = {
        .name = "card status",
        .operands = "",
        .opts = OPT_READERS,
        .summary = "show the cards that are here, without a PIN",
        .help = "Shows every OpenPGP card in every reader: maker, version, keys, PIN "
                "tries left, what it and\n"
                "its reader can do and how it is reached, and whether it can be "
                "enrolled; where there is none,\n"
                "which readers were looked into. Asks for no PIN, sends none and "
                "changes nothing.",
        .run = status,
};
