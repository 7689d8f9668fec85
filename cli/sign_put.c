/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch sign: from a signed set to /boot, with the counter in between. */
#include <signal.h>
#include <string.h>

#include "cli/output.h"
#include "cli/sign.h"
#include "sign/last.h"
#include "sign/publish.h"

enum err sign_with_resume(struct signing *x, enum err e, const char *what)
{
	return cli_why(x->c, e,
	               "%s (%s). What is signed waits in %s: run bootlatch sign --resume "
	               "before the next boot. It asks for no PIN.",
	               what, err_text(e), x->boot);
}

/* --- the counter --- */

/* The TPM may have counted before it failed. */
static enum err after_failure(struct signing *x, enum err e)
{
	uint64_t count = 0;

	if (x->counter->read(x->counter->ctx, &x->rollback, &count) != OK)
		return sign_with_resume(x, e, "The TPM failed while its counter went up");
	if (count == x->count + 1)
		return OK;
	(void)stage_drop(x->dir); /* whatever is left of it is thrown away next time */
	return cli_why(
	        x->c, e,
	        "The TPM's counter did not go up (%s). Nothing was changed; to sign "
	        "without it: bootlatch sign --rollback keep.",
	        err_text(e));
}

/* The stage is durable, and pins one more than the counter says. */
enum err sign_raise_counter(struct signing *x)
{
	uint64_t count = 0;

	enum err e = x->counter->increment(x->counter->ctx, &x->rollback, &count);
	if (e != OK)
		return after_failure(x, e);
	if (count == x->count + 1)
		return OK;
	(void)stage_drop(x->dir);
	return cli_why(
	        x->c, ERR_REFUSED,
	        "Something else raised the TPM's counter meanwhile, and Heads will "
	        "refuse to boot until %s is signed: sign again now.",
	        x->boot);
}

/* --- what lies there now --- */

/* The signed bytes and the signature behind them. */
static enum err digest_of(const struct kexec_set *set, enum kexec_style style,
                          uint8_t ret[static TREE_HASH_LEN])
{
	AUTO_BUFFER all = {0};

	enum err e = kexec_manifest(set, style, &all);
	buffer_add(&all, set->sig, set->sig_n);
	if (e == OK)
		e = buffer_ok(&all);
	return e == OK ? hash_all(HASH_SHA256, buffer_bytes(&all), ret, TREE_HASH_LEN)
	               : e;
}

/* Every signed byte, read again and not kept from before. */
static enum err check_set(struct signing *x)
{
	uint8_t want[TREE_HASH_LEN], is[TREE_HASH_LEN] = {0};
	enum kexec_style style = KEXEC_RELATIVE;
	struct kexec_set *now = NULL;
	struct detached d = {0};

	enum err e = digest_of(x->set, x->style, want);
	x->set = kexec_free(x->set);
	if (e == OK)
		e = kexec_read(x->dir, &now, NULL);
	if (e == OK)
		e = kexec_verify(now, &x->key, 1, x->now, &style, &d);
	if (e == OK)
		e = digest_of(now, x->style, is);
	if (e == OK && memcmp(want, is, sizeof(is)) != 0)
		e = ERR_SIGNATURE;
	x->set = now;
	return e;
}

/* And nothing else was written meanwhile. */
static enum err check_published(struct signing *x)
{
	struct stamp stamp;

	enum err e = check_set(x);
	if (e == OK)
		e = stamp_take(x->dir, &stamp);
	if (e == OK && memcmp(stamp.tree, x->stamp.tree, TREE_HASH_LEN) != 0)
		return cli_why(
		        x->c, ERR_SIGNATURE,
		        "%s was signed, but something there was changed meanwhile: "
		        "Heads would refuse it. Sign again.",
		        x->boot);
	if (e == OK)
		return OK;
	return cli_why(x->c, e == ERR_IO ? e : ERR_SIGNATURE,
	               "What lies in %s now is not what was signed (%s). Look into the "
	               "kernel's log (dmesg), then sign again before the next boot.",
	               x->boot, err_text(e));
}

/* --- publishing --- */

static enum err not_staged(struct signing *x, enum err e)
{
	if (e == ERR_NO_SPACE)
		return cli_why(x->c, e,
		               "%s has no room for the new manifests. Nothing was "
		               "changed: remove an old kernel, then sign again.",
		               x->boot);
	if (e == ERR_ACCESS || e == ERR_READ_ONLY)
		return e;
	return cli_why(x->c, e, "%s could not be written (%s). Nothing was changed.",
	               x->boot, err_text(e));
}

static enum err not_published(struct signing *x, enum err e)
{
	if (e != ERR_NO_SPACE || x->bump)
		return sign_with_resume(x, e,
		                        "The new files could not all be put in place");
	(void)stage_drop(x->dir);
	return not_staged(x, e);
}

/* Signals wait: what ends it in here would leave it for --resume. */
static enum err stage_and_move(struct signing *x)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	enum err e = stage_write(x->dir, x->set);
	if (e != OK)
		e = not_staged(x, e);
	else if (x->bump)
		e = sign_raise_counter(x);
	if (e == OK) {
		e = stage_publish(x->dir);
		if (e != OK)
			e = not_published(x, e);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return e;
}

void sign_forget_pending(struct signing *x)
{
	/* Hooks speak of /boot and of no other folder. */
	const enum err e = strcmp(x->boot, "/boot") == 0
	                           ? pending_clear(x->seams->state, &x->pending)
	                           : OK;

	if (e != OK && e != ERR_NOT_FOUND)
		cli_say(x->c, "What was pending could not be forgotten (%s).",
		        err_text(e));
}

/* What changes from now on is told from it, whatever becomes of /boot. */
static void keep(struct signing *x)
{
	const enum err e = last_save(x->seams->state, x->boot, x->set);

	if (e != OK)
		cli_say(x->c,
		        "What was signed could not be kept in %s (%s): what changes is "
		        "told "
		        "next time from %s alone.",
		        x->seams->state, err_text(e), x->boot);
}

enum err sign_finish(struct signing *x)
{
	const enum err e = check_published(x);

	if (e != OK)
		return e;
	keep(x);
	out_bool(x->c, "published", true);
	cli_say(x->c, "Signed %s, and verified what lies there now.", x->boot);
	sign_forget_pending(x);
	return OK;
}

/* Before /boot is touched: --resume must know whose signature it may publish. */
static enum err remember(struct signing *x)
{
	const enum err e = signers_remember(x->c->where.config_dir, &x->key);

	if (e == OK)
		return OK;
	return cli_why(
	        x->c, e,
	        "The key could not be remembered in %s/signers (%s). Nothing in %s "
	        "was changed.",
	        x->c->where.config_dir, err_text(e), x->boot);
}

enum err sign_put(struct signing *x)
{
	enum err e = remember(x);

	if (e == OK)
		e = stage_and_move(x);
	return e == OK ? sign_finish(x) : e;
}
