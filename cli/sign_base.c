/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch sign: from which signed set it is told what has changed.  Who writes to /boot
 * can spoil its signature; the set that is kept here tells all the same. */
#include <stdlib.h>
#include <string.h>

#include "cli/sign.h"
#include "sign/last.h"

struct judged {
	enum kexec_style style;
	struct detached by;
	bool ahead; /* good but for its date, which is still to come */
};

bool sign_is_trigger(const char *name)
{
	return strcmp(name, PENDING_TRIGGER_PRE_NAME) == 0 ||
	       strcmp(name, PENDING_TRIGGER_POST_NAME) == 0;
}

bool sign_is_made_anew(const char *name)
{
	return strcmp(name, KEXEC_HASHES) == 0 || strcmp(name, KEXEC_TREE) == 0 ||
	       strcmp(name, KEXEC_FULL) == 0 || strcmp(name, KEXEC_SORTED) == 0;
}

bool sign_has_old(const struct signing *x)
{
	if (x->old->sig)
		return true;
	for (size_t i = 0; i < x->old->n; i++)
		if (!sign_is_trigger(x->old->file[i].name))
			return true;
	return false;
}

/* ERR_NOT_FOUND, ERR_SIGNATURE: it is not signed by a known key. */
static enum err judge(const struct signing *x, const struct kexec_set *s,
                      struct judged *ret)
{
	const struct signers *k = x->signers;
	struct judged j = {0};

	enum err e = kexec_verify(s, k->key, k->n, x->now, &j.style, &j.by);
	if (e == ERR_SIGNATURE) {
		e = kexec_verify(s, k->key, k->n, UINT32_MAX, &j.style, &j.by);
		j.ahead = true;
		if (e == OK && j.by.created <= x->now)
			e = ERR_SIGNATURE;
	}
	if (e == OK)
		*ret = j;
	return e;
}

/* A package's trigger is not signed, and its being there says nothing of the rest. */
static enum err judge_without_triggers(const struct signing *x, struct judged *ret)
{
	struct kexec_set s = {.sig = x->old->sig, .sig_n = x->old->sig_n};

	s.file = calloc(x->old->n + 1, sizeof(*s.file));
	if (!s.file)
		return ERR_NOMEM;
	for (size_t i = 0; i < x->old->n; i++)
		if (!sign_is_trigger(x->old->file[i].name))
			s.file[s.n++] = x->old->file[i]; /* whose bytes stay its own */
	const enum err e = s.n < x->old->n ? judge(x, &s, ret) : ERR_SIGNATURE;
	free(s.file);
	return e;
}

static enum err judge_boot(const struct signing *x, enum sign_base *ret_kind,
                           struct judged *ret)
{
	enum err e = judge(x, x->old, ret);

	if (e == OK)
		*ret_kind = ret->ahead ? BASE_AHEAD : BASE_BOOT;
	if (e != ERR_SIGNATURE)
		return e;
	e = judge_without_triggers(x, ret);
	if (e == OK)
		*ret_kind = BASE_TRIGGER;
	return e;
}

static bool is_none(enum err e)
{
	return e == ERR_NOT_FOUND || e == ERR_SIGNATURE;
}

/* What was signed here last, when a known key signed it. */
static enum err load_last(struct signing *x, struct judged *ret)
{
	enum err e = last_load(x->seams->state, x->boot, &x->own_base);

	if (e == ERR_TAMPERED)
		cli_say(x->c,
		        "What was signed here last is not used: others than root "
		        "may write to %s.",
		        x->seams->state);
	else if (e != OK && e != ERR_NOT_FOUND && e != ERR_NOMEM)
		cli_say(x->c, "What was signed here last cannot be read in %s (%s).",
		        x->seams->state, err_text(e));
	if (e != OK)
		return e == ERR_NOMEM ? e : ERR_NOT_FOUND;
	return judge(x, x->own_base, ret);
}

static void take(struct signing *x, const struct kexec_set *base, enum sign_base kind,
                 const struct judged *j)
{
	x->base = base;
	x->base_kind = kind;
	x->last = j->by;
	x->last_style = j->style;
	x->good = kind == BASE_BOOT;
}

enum err sign_find_base(struct signing *x)
{
	struct judged boot = {0}, last = {0};
	enum sign_base kind = BASE_NONE;

	const enum err on_boot = judge_boot(x, &kind, &boot);
	if (on_boot != OK && !is_none(on_boot))
		return on_boot;
	const enum err here = load_last(x, &last);
	if (here != OK && !is_none(here))
		return here;
	if (on_boot == OK && (here != OK || boot.by.created >= last.by.created))
		take(x, x->old, kind, &boot);
	else if (here == OK)
		take(x, x->own_base, on_boot == OK ? BASE_OLDER : BASE_VOID, &last);
	if (x->base != x->own_base)
		x->own_base = kexec_free(x->own_base);
	return OK;
}
