/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch sign: from a signed set to /boot, with the counter in between; and what an
 * interrupted signing left, finished. */
#include <signal.h>
#include <string.h>

#include "cli/output.h"
#include "cli/sign.h"
#include "sign/publish.h"

static enum err with_resume(struct signing *x, enum err e, const char *what)
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
		return with_resume(x, e, "The TPM failed while its counter went up");
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
static enum err raise_counter(struct signing *x)
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
	(void)kexec_free(now);
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
		return with_resume(x, e, "The new files could not all be put in place");
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
		e = raise_counter(x);
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
	                           ? pending_clear(PENDING_FOLDER, &x->pending)
	                           : OK;

	if (e != OK && e != ERR_NOT_FOUND)
		cli_say(x->c, "What was pending could not be forgotten (%s).",
		        err_text(e));
}

static enum err tell_done(struct signing *x)
{
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
	if (e == OK)
		e = check_published(x);
	return e == OK ? tell_done(x) : e;
}

/* --- what was interrupted --- */

enum err sign_no_stage(struct signing *x)
{
	struct kexec_set *set = NULL;

	enum err e = stage_read(x->dir, &set);
	(void)kexec_free(set);
	if (e == OK)
		return cli_why(x->c, ERR_REFUSED,
		               "A signing of %s was interrupted when it was nearly done. "
		               "Finish it first, without a PIN: bootlatch sign --resume.",
		               x->boot);
	return OK; /* what else there is, stage_write throws away */
}

static enum err drop(struct signing *x, const char *why)
{
	const enum err e = stage_drop(x->dir);

	if (e != OK)
		return e;
	return cli_why(x->c, ERR_REFUSED,
	               "%s It was thrown away: sign again (bootlatch sign).", why);
}

static bool says(const struct kexec_set *set, const char *name,
                 enum err (*write)(const struct tree *t, struct buffer *out),
                 const struct tree *t)
{
	const struct kexec_file *f = kexec_find(set, name);
	AUTO_BUFFER text = {0};

	return f && write(t, &text) == OK && buffer_ok(&text) == OK &&
	       bytes_equal(buffer_bytes(&text), (struct bytes){f->data, f->n});
}

/* Is it signed by a known key, and over what lies there now? */
static enum err check_stage(struct signing *x)
{
	enum err e = kexec_verify(x->set, x->signers->key, x->signers->n, x->now,
	                          &x->style, &x->last);
	if (e == ERR_NOT_FOUND || e == ERR_SIGNATURE)
		return drop(x, "What was staged is not signed by a key that is known on "
		               "this machine.");
	if (e != OK)
		return e;
	pubkey_copy(&x->key, &x->signers->key[x->last.key]);
	e = stamp_take(x->dir, &x->stamp);
	if (e == OK)
		e = sign_walk(x, &x->tree);
	if (e != OK)
		return e;
	if (!says(x->set, KEXEC_HASHES, manifest_hashes, x->tree) ||
	    !says(x->set, KEXEC_TREE, manifest_tree, x->tree) ||
	    !says(x->set, KEXEC_FULL, manifest_full, x->tree))
		return drop(x, "Files have changed since what was staged was signed.");
	return OK;
}

static bool in_place(const struct signing *x, const char *name)
{
	const struct kexec_file *a = kexec_find(x->set, name);
	const struct kexec_file *b = kexec_find(x->old, name);

	return a && b && memcmp(a->sha256, b->sha256, TREE_HASH_LEN) == 0;
}

/* Does the counter still have to go up?  The line that lies there already was put there
 * after that, or it stays as it was. */
static enum err check_counter(struct signing *x)
{
	const struct kexec_file *f = kexec_find(x->set, KEXEC_ROLLBACK);

	if (!f || in_place(x, KEXEC_ROLLBACK))
		return OK;
	enum err e = rollback_parse((struct bytes){f->data, f->n}, &x->rollback);
	if (e == OK)
		e = x->counter->read(x->counter->ctx, &x->rollback, &x->count);
	if (e != OK)
		return with_resume(x, e, "The TPM's counter cannot be read");
	if (rollback_pins(&x->rollback, x->count))
		return OK;
	x->bump = rollback_pins(&x->rollback, x->count + 1);
	return x->bump ? OK : drop(x, "What was staged is for another count of the TPM.");
}

static enum err read_stage(struct signing *x)
{
	const enum err e = stage_read(x->dir, &x->set);

	switch (e) {
	case ERR_FORMAT:
		return drop(x, "What was staged is damaged.");
	case ERR_EXISTS:
		return drop(x, "Somebody has signed since what was staged was signed.");
	default:
		return e;
	}
}

enum err sign_resume(struct signing *x)
{
	enum err e = read_stage(x);

	if (e == ERR_NOT_FOUND) {
		cli_say(x->c, "No signing of %s was interrupted: nothing to finish.",
		        x->boot);
		out_bool(x->c, "published", false);
		return stage_drop(x->dir); /* one that was never finished */
	}
	if (e == OK)
		e = kexec_read(x->dir, &x->old, NULL);
	if (e == OK)
		e = check_stage(x);
	if (e == OK)
		e = check_counter(x);
	if (e == OK && x->bump)
		e = raise_counter(x);
	if (e == OK) {
		e = stage_publish(x->dir);
		if (e != OK)
			e = with_resume(x, e,
			                "The new files could not all be put in place");
	}
	if (e == OK)
		e = check_published(x);
	return e == OK ? tell_done(x) : e;
}
