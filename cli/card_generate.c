/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch card generate: keys made on the card, with all that OpenPGP wants beside. */
#include <stdio.h>
#include <string.h>

#include "cli/card_names.h"
#include "cli/card_words.h"
#include "cli/card_work.h"
#include "cli/output.h"
#include "core/hex.h"

enum { ALL_SLOTS = (1U << CARD_KEYS) - 1 };

enum todo {
	DO_KEEP, /* there is a key, which stays */
	DO_MEND, /* there is one without its fingerprint */
	DO_MAKE,
};

struct generation {
	struct card_work *w;
	const struct generate_wish *wish;
	uint32_t now;
	enum slot_state state[CARD_KEYS];
	enum todo todo[CARD_KEYS];
	struct card_key_attr attr[CARD_KEYS];
	struct pubkey key[CARD_KEYS]; /* as it was written; body_len 0: not */
};

static bool wanted(const struct generation *g, enum card_key k)
{
	return (g->wish->slots & 1U << k) != 0;
}

/* --- before anything is asked --- */

/* An interrupted run is finished, and nobody's key is lost by it. */
static enum todo plan_one(const struct generation *g, enum card_key k)
{
	if (g->wish->force || g->state[k] == SLOT_EMPTY)
		return DO_MAKE;
	return g->state[k] == SLOT_NO_FPR ? DO_MEND : DO_KEEP;
}

static enum err look(struct generation *g)
{
	for (enum card_key k = CARD_KEY_SIG; k < CARD_KEYS; k++) {
		if (!wanted(g, k))
			continue;
		const enum err e = slot_look(work_card(g->w), k, &g->state[k], NULL);
		if (e != OK)
			return work_why(g->w, e, "tell its keys", "Nothing was changed.");
		if (g->state[k] == SLOT_UNKNOWN && !g->wish->force &&
		    !work_info(g->w)->key[k].present)
			return cli_why(
			        g->w->c, ERR_CARD_REFUSES,
			        "Card %s does not tell whether it has a %s key. "
			        "Nothing was changed: take it out, put it in and try "
			        "again. --force makes one in any case.",
			        g->w->ident, card_key_use(k));
		g->todo[k] = plan_one(g, k);
	}
	return OK;
}

static enum err choose_algorithms(struct generation *g)
{
	const struct card_info *info = work_info(g->w);
	char name[CARD_NAME_LEN];
	struct card_extra x;

	const enum err e = card_read_extra(work_card(g->w), &x);
	if (e != OK)
		return work_why(g->w, e, "tell what it can do", "Nothing was changed.");
	for (enum card_key k = CARD_KEY_SIG; k < CARD_KEYS; k++) {
		g->attr[k] = info->key[k].attr;
		if (!wanted(g, k) || g->todo[k] != DO_MAKE || !g->wish->algorithm)
			continue;
		if (wish_attr(g->wish->algorithm, k, &g->attr[k]) != OK)
			return ERR_BUG;
		card_algorithm(&info->key[k].attr, name);
		if (x.attrs_fixed && !card_attr_same(&g->attr[k], &info->key[k].attr))
			return cli_why(
			        g->w->c, ERR_UNSUPPORTED,
			        "The algorithms of card %s are fixed: its %s key is "
			        "%s. Leave --algorithm out.",
			        g->w->ident, card_key_use(k), name);
	}
	return OK;
}

static enum err tell_kept(struct generation *g)
{
	bool any = false;

	for (enum card_key k = CARD_KEY_SIG; k < CARD_KEYS; k++) {
		if (!wanted(g, k))
			continue;
		any = any || g->todo[k] != DO_KEEP;
	}
	if (!any)
		return cli_why(
		        g->w->c, ERR_REFUSED,
		        "Card %s has %s already, and nothing was changed. New keys "
		        "in their place (--force) end what the old ones open and "
		        "sign, for good.",
		        g->w->ident,
		        g->wish->slots == ALL_SLOTS ? "all three keys" : "such keys");
	for (enum card_key k = CARD_KEY_SIG; k < CARD_KEYS; k++) {
		if (!wanted(g, k))
			continue;
		if (g->todo[k] == DO_KEEP)
			work_note(g->w, "The %s key is there already, and stays.",
			          card_key_use(k));
		if (g->todo[k] == DO_MEND)
			work_note(g->w,
			          "There is a %s key without fingerprint, as an "
			          "interruption "
			          "leaves it: that is written now.",
			          card_key_use(k));
	}
	return OK;
}

static enum err confirm(struct generation *g)
{
	const struct card_info *info = work_info(g->w);
	struct used used;
	bool lost = false;

	for (enum card_key k = CARD_KEY_SIG; k < CARD_KEYS; k++)
		lost = lost || (wanted(g, k) && g->todo[k] == DO_MAKE &&
		                g->state[k] != SLOT_EMPTY);
	if (!lost)
		return OK;
	if (wanted(g, CARD_KEY_DEC) && g->state[CARD_KEY_DEC] != SLOT_EMPTY) {
		card_used_here(g->w->c->where.config_dir, info, &used);
		work_tell_used(g->w, &used);
	}
	if (wanted(g, CARD_KEY_SIG) && g->state[CARD_KEY_SIG] != SLOT_EMPTY)
		work_note(g->w, "What signs /boot would be another key, which Heads and "
		                "this machine have to be told.");
	return work_confirm_card(g->w, "Keys of this card will be destroyed. Nothing "
	                               "brings them back.");
}

/* --- on the card --- */

static const char mend[] =
        "Run bootlatch card generate, without --force: it writes what is missing, makes "
        "keys where there are none, and replaces none.";

static enum err write_facts(struct generation *g, enum card_key k,
                            const struct card_pubkey *pub, uint32_t created)
{
	struct card *c = work_card(g->w);

	enum err e = slot_openpgp(k, pub, created, &g->key[k]);
	if (e == OK)
		e = card_put_created(c, k, created);
	if (e == OK)
		e = card_put_fpr(c, k, g->key[k].fpr);
	if (e == OK)
		return OK;
	g->key[k].body_len = 0;
	return work_why(g->w, e, "write the fingerprint of its new key", mend);
}

static enum err mend_one(struct generation *g, enum card_key k)
{
	const uint32_t told = work_info(g->w)->key[k].created;
	struct card_pubkey pub;

	const enum err e = card_read_pubkey(work_card(g->w), k, &pub);
	if (e != OK)
		return work_why(g->w, e, "tell its key", mend);
	return write_facts(g, k, &pub, told != 0 && told <= g->now ? told : g->now);
}

/* First the old fingerprint goes, so that no interruption leaves a key with another's. */
static enum err forget_old(struct generation *g, enum card_key k)
{
	static const uint8_t none[FPR_LEN];
	struct card *c = work_card(g->w);

	if (!work_info(g->w)->key[k].present)
		return OK;
	return card_put_fpr(c, k, none);
}

static enum err make_one(struct generation *g, enum card_key k)
{
	struct card *c = work_card(g->w);
	char name[CARD_NAME_LEN];
	struct card_pubkey pub;

	card_algorithm(&g->attr[k], name);
	enum err e = forget_old(g, k);
	if (e == OK)
		e = card_set_attr(c, k, &g->attr[k]);
	if (e == ERR_UNSUPPORTED)
		return cli_why(
		        g->w->c, e,
		        "Card %s does not take %s for its %s key. Choose another "
		        "--algorithm; bootlatch card status shows what it is set to.",
		        g->w->ident, name, card_key_use(k));
	if (e != OK)
		return work_why(g->w, e, "choose the algorithm of a key", mend);
	if (g->attr[k].type == CARD_KEY_RSA)
		work_note(
		        g->w,
		        "The card makes the %s key now: %s. That takes up to %d minutes; "
		        "leave it in place.",
		        card_key_use(k), name, g->attr[k].rsa_bits > 2048 ? 15 : 5);
	else
		work_note(g->w, "The card makes the %s key now: %s.", card_key_use(k),
		          name);
	e = card_generate(c, k, &pub);
	if (e != OK)
		return work_why(
		        g->w, e, "make a key",
		        "Run the same command again: if the key was made, it writes "
		        "what is missing, and makes no other.");
	return write_facts(g, k, &pub, g->now);
}

static enum err work_on_card(struct generation *g)
{
	enum err e = work_admin(g->w);

	for (enum card_key k = CARD_KEY_SIG; e == OK && k < CARD_KEYS; k++) {
		if (!wanted(g, k) || g->todo[k] == DO_KEEP)
			continue;
		e = g->todo[k] == DO_MEND ? mend_one(g, k) : make_one(g, k);
	}
	return e;
}

/* --- afterwards --- */

/* What a card says after a reset is what it will say tomorrow. */
static enum err check(struct generation *g)
{
	struct pubkey key;

	enum err e = work_again(g->w);
	for (enum card_key k = CARD_KEY_SIG; e == OK && k < CARD_KEYS; k++) {
		enum slot_state now = SLOT_UNKNOWN;

		if (g->key[k].body_len == 0)
			continue;
		e = slot_look(work_card(g->w), k, &now, &key);
		if (e == OK && (now != SLOT_WHOLE ||
		                memcmp(key.fpr, g->key[k].fpr, sizeof(key.fpr)) != 0))
			e = cli_why(
			        g->w->c, ERR_CARD_STATE,
			        "Card %s does not tell the %s key that was made on it "
			        "just now. See bootlatch card selftest.",
			        g->w->ident, card_key_use(k));
	}
	return work_why(g->w, e, "tell its new keys", "See bootlatch card status.");
}

static void report(struct generation *g)
{
	static const char *const done[] = {"kept", "mended", "made"};
	char fpr[2 * FPR_LEN + 1], name[CARD_NAME_LEN], day[WORK_DAY_LEN];
	struct cli *c = g->w->c;

	for (enum card_key k = CARD_KEY_SIG; k < CARD_KEYS; k++) {
		const struct pubkey *key = &g->key[k];

		if (key->body_len == 0)
			continue;
		hex_encode_up((struct bytes){key->fpr, FPR_LEN}, fpr);
		card_algorithm(&work_info(g->w)->key[k].attr, name);
		cli_say(c, "%-14s  %s, %s\n                %s", card_key_use(k), name,
		        work_day(key->created, day), fpr);
		out_enter(c, "keys");
		out_text(c, "use", card_key_use(k));
		out_text(c, "done", done[g->todo[k]]);
		out_text(c, "fingerprint", fpr);
		out_text(c, "algorithm", name);
		out_number(c, "created", key->created);
		out_leave(c);
	}
	if (g->w->factory[CARD_PW_ADMIN] && !g->wish->pins_next)
		cli_say(c,
		        "The Admin PIN is that of every new card: change it with "
		        "bootlatch card passwd --admin, and the PIN with bootlatch card "
		        "passwd.");
}

enum err work_generate(struct card_work *w, const struct generate_wish *wish)
{
	struct generation g = {.w = w, .wish = wish};

	enum err e = work_clock(w, &g.now);
	if (e == OK)
		e = look(&g);
	if (e == OK)
		e = choose_algorithms(&g);
	if (e == OK)
		e = tell_kept(&g);
	if (e == OK)
		e = confirm(&g);
	if (e == OK)
		e = work_on_card(&g);
	if (e == OK)
		e = check(&g);
	if (e == OK)
		report(&g);
	return e;
}

static enum err generate(struct cli *c)
{
	const struct generate_wish wish = {
	        .slots = c->card_wish.slots ? c->card_wish.slots : ALL_SLOTS,
	        .algorithm = c->card_wish.algorithm,
	        .force = c->force,
	};
	AUTO_SESSION *s = NULL;
	AUTO_WORK w = {0};

	enum err e = cli_session(c, &s);
	if (e == OK)
		e = work_begin(c, s, &w);
	if (e != OK)
		return e;
	e = work_generate(&w, &wish);
	work_counters(&w);
	return e;
}

static const struct own_option options[] = {
        {"slots",        "LIST", "which keys: of sig, dec and aut (default all three)",
         card_take_slots                                                                                   },
        {"algorithm",    "A",
         "rsa2048, rsa3072, rsa4096, nistp256, nistp384, nistp521, brainpoolP256r1, "
         "brainpoolP384r1, brainpoolP512r1, cv25519",                                   card_take_algorithm},
        {"admin-pin-fd", "N",    "read the Admin PIN from descriptor N",
         card_take_admin_pin_fd                                                                            },
        {NULL,           NULL,   NULL,                                                  NULL               },
};

const struct verb verb_card_generate = {
        .name = "card generate",
        .operands = "",
        .opts = OPT_READERS | OPT_CONFIG | OPT_FORCE,
        .own = options,
        .summary = "have the card make its keys",
        .help = "The card makes a signature key, a decryption key and an authentication "
                "key, which never leave it;\n"
                "fingerprints and times are written as gpg does. Without --algorithm "
                "they "
                "are of the kind that\n"
                "the card is set to. Keys that are there stay; with --force they are "
                "replaced, after it was said\n"
                "which volumes of this machine would lose their way in, and the card's "
                "number was typed. A run\n"
                "that was interrupted is finished by the same command. The Admin PIN is "
                "asked for.",
        .run = generate,
};
