/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch sign: /boot signed with the dongle, so that Heads and PureBoot take it. */
#include "cli/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/confirm.h"
#include "cli/output.h"
#include "core/file.h"
#include "sign/last.h"

enum { FSTAB_MAX = 1024 * 1024, LARGE = 128 * 1024 };

/* --- the folder --- */

static enum err no_folder(struct signing *x, enum err e)
{
	if (e == ERR_NOT_FOUND)
		return cli_why(x->c, e, "%s is no folder that is there.", x->boot);
	return e;
}

/* Two at once would stage over each other. */
static enum err lock(struct signing *x)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	const char *state = x->seams->state;
	enum err e = ERR_BUSY;

	/* bootlatch pending takes it for a moment, to see whether somebody has it. */
	for (int i = 0; e == ERR_BUSY && i < 5; i++) {
		if (i > 0)
			(void)nanosleep(&pause, NULL);
		e = last_lock(state, x->boot, &x->lock);
	}
	if (e == OK)
		return OK;
	if (e == ERR_BUSY)
		return cli_why(x->c, ERR_REFUSED,
		               "Another bootlatch sign is at work on %s. Wait for it to "
		               "end.",
		               x->boot);
	if (e == ERR_TAMPERED)
		return cli_why(
		        x->c, e,
		        "Others than root may write to %s. See who changed it, then "
		        "chmod go-w it and what is in it.",
		        state);
	return cli_why(x->c, e, "%s could not be written (%s). Run this as root.", state,
	               err_text(e));
}

/* Found out before a PIN is typed. */
static enum err check_writable(struct signing *x)
{
	if (faccessat(x->dir, ".", W_OK, AT_EACCESS) == 0)
		return OK;
	const enum err e = err_from_errno(errno);
	if (e == ERR_READ_ONLY)
		return cli_why(x->c, e,
		               "%s is mounted read-only. Mount it writable (mount -o "
		               "remount,rw %s), then sign again.",
		               x->boot, x->boot);
	return cli_why(x->c, e, "%s may not be written. Run this as root.", x->boot);
}

static bool fstab_has(const char *folder)
{
	uint8_t *text = NULL;
	char device[256], where[256];
	size_t n = 0;
	bool found = false;

	if (file_read_path("/etc/fstab", FSTAB_MAX, &text, &n) != OK)
		return false;
	struct bytes rest = {text, n}, line;
	while (!found && rest.n > 0) {
		const uint8_t *end = memchr(rest.p, '\n', rest.n);
		char own_line[600] = "";

		if (bytes_take(&rest, end ? (size_t)(end - rest.p) + 1 : rest.n, &line) !=
		    OK)
			break;
		if (line.n >= sizeof(own_line))
			continue;
		memcpy(own_line, line.p, line.n);
		found = sscanf(own_line, "%255s %255s", device, where) == 2 &&
		        device[0] != '#' && strcmp(where, folder) == 0;
	}
	free(text);
	return found;
}

/* The empty folder below a /boot that was not mounted is not what anybody boots from. */
static enum err check_mounted(struct signing *x)
{
	struct stat here, above;

	if (x->c->sign.has_boot)
		return OK;
	if (fstatat(x->dir, ".", &here, 0) != 0 || stat("/", &above) != 0)
		return err_from_errno(errno);
	if (here.st_dev != above.st_dev)
		return OK;
	if (fstab_has(x->boot))
		return cli_why(x->c, ERR_REFUSED,
		               "%s has a line in /etc/fstab and is not mounted. Mount it "
		               "(mount %s), then sign again; or name it: --boot %s.",
		               x->boot, x->boot, x->boot);
	cli_say(x->c,
	        "%s is no partition of its own. Heads can only read it if the disk is "
	        "not "
	        "encrypted.",
	        x->boot);
	return OK;
}

static enum err open_folder(struct signing *x)
{
	int fd = -1;

	enum err e = dir_open(x->boot, &fd);
	if (e != OK)
		return no_folder(x, e);
	e = tree_open(fd, &x->dir);
	(void)close(fd); /* only read */
	return e == OK ? check_mounted(x) : e;
}

/* --- the course of it --- */

static enum err load_signers(struct signing *x)
{
	x->signers = calloc(1, sizeof(*x->signers));
	if (!x->signers)
		return ERR_NOMEM;
	const enum err e = signers_load(x->signers, x->c->where.config_dir, x->now);

	switch (e) {
	case OK:
	case ERR_NOT_FOUND:
		return OK;
	case ERR_TAMPERED:
		return cli_why(x->c, e,
		               "Others than root may write to %s/signers, so it tells "
		               "nothing. See who changed it, then chmod go-w it.",
		               x->c->where.config_dir);
	case ERR_FORMAT:
		return cli_why(x->c, e,
		               "A key in %s/signers is damaged. Remove it; the next "
		               "signing writes it anew.",
		               x->c->where.config_dir);
	default:
		return e;
	}
}

static enum err confirm(struct signing *x)
{
	char hint[200], n[40], size[40];

	/* Agents show all of it beside the question for the PIN, if that is theirs. */
	if (x->c->sign.yes ||
	    (x->c->sign.agents && !card_has_pad(session_card_handle(x->session))))
		return OK;
	(void)snprintf(hint, sizeof(hint), "Sign %s as it is now (%s, %s)?", x->boot,
	               sign_count(x->files, "file", "files", n),
	               sign_size(x->bytes, size));
	const enum err e = cli_confirm(x->c, session_ask(x->session), "yes", hint);
	/* It may have taken hours, and a PIN would be typed for nothing.  When nobody was
	 * asked the look after the signature says the same. */
	return e == OK ? sign_still_same(x) : e;
}

/* A question that nobody would answer is refused before minutes of hashing. */
static enum err check_person(struct signing *x)
{
	if (x->c->sign.yes || x->c->sign.agents ||
	    session_answer(x->session, ASK_CONFIRM) == ANSWER_PERSON)
		return OK;
	return cli_why(x->c, ERR_USAGE,
	               "Nobody can be asked whether to sign. Run this at a terminal, or "
	               "add --yes.");
}

/* Of a service nobody sees that it waits: so it asks. */
static enum err find_card(struct signing *x)
{
	struct pending p = {0};
	AUTO_SECRET *answer = NULL;
	char words[320];

	if (!x->c->sign.agents)
		return sign_find_card(x);
	enum err e = pending_read(x->seams->state, &p);
	if (e != OK)
		return e;
	pending_words(&p, 3, words, sizeof(words));
	cli_say(x->c, "Sign %s? Noted: %s.", x->boot, *words ? words : "nothing");
	e = sign_find_card(x);
	if (e != ERR_NO_CARD && e != ERR_NO_READER)
		return e;
	const struct ask_question q = {.kind = ASK_CONFIRM,
	                               .about = "",
	                               .hint = "To sign it, insert the dongle.",
	                               .tries_left = -1};
	e = ask_wait(session_ask(x->session), &q, -1, &answer);
	return e == OK ? sign_find_card(x) : e;
}

static enum err prepare(struct signing *x)
{
	enum err e = check_writable(x);

	if (e == OK)
		e = lock(x);
	if (e == OK)
		e = sign_no_stage(x);
	if (e == OK)
		e = x->seams->open(x->c, &x->session);
	if (e == OK)
		e = check_person(x);
	if (e == OK)
		e = find_card(x);
	if (e == OK)
		sign_show_key(x);
	return e;
}

static enum err sign_it(struct signing *x)
{
	enum err e = confirm(x);

	if (e == OK)
		e = sign_with_card(x);
	if (e == OK)
		e = sign_still_same(x);
	return e == OK ? sign_put(x) : e;
}

static enum err course(struct signing *x)
{
	const struct sign_wish *w = &x->c->sign;
	const bool look = w->diff || w->dry_run;

	enum err e = look ? OK : prepare(x);
	if (e == OK)
		e = sign_read_boot(x);
	if (e == OK)
		e = sign_show_since(x);
	if (e != OK || w->diff)
		return e;
	e = sign_plan(x);
	if (e != OK)
		return e;
	sign_show_plan(x);
	if (sign_nothing_to_do(x)) {
		out_bool(x->c, "published", false);
		cli_say(x->c, "The signature is good and nothing is to be done.");
		if (!w->dry_run)
			sign_forget_pending(x);
		return OK;
	}
	if (!w->dry_run)
		return sign_it(x);
	sign_show_files(x);
	out_bool(x->c, "published", false);
	return OK;
}

static enum err resume(struct signing *x)
{
	enum err e = check_writable(x);

	if (e == OK)
		e = lock(x);
	return e == OK ? sign_resume(x) : e;
}

static enum err check_wish(struct cli *c)
{
	const struct sign_wish *w = &c->sign;

	if (w->resume && (w->diff || w->dry_run || w->has_style || w->has_key ||
	                  w->entry != DEFAULT_KEEP || w->rollback != ROLLBACK_AUTO))
		return cli_why(c, ERR_USAGE,
		               "--resume finishes what was signed before: nothing can be "
		               "chosen any more.");
	if (w->resume && w->agents)
		return cli_why(c, ERR_USAGE, "--resume asks at the terminal only.");
	if (w->diff && w->dry_run)
		return cli_why(c, ERR_USAGE, "Either --diff or --dry-run.");
	return OK;
}

static void finish(struct signing *x)
{
	x->c->hears = NULL; /* it is the session's */
	x->session = session_free(x->session);
	x->entries = entries_free(x->entries);
	x->set = kexec_free(x->set);
	x->old = kexec_free(x->old);
	x->own_base = kexec_free(x->own_base);
	x->tree = tree_free(x->tree);
	free(x->signers);
	if (x->dir >= 0)
		(void)close(x->dir); /* what was written was synced */
	if (x->lock >= 0)
		(void)close(x->lock); /* not written to; lets go of it */
}

enum err sign_run(struct cli *c, const struct sign_seams *seams)
{
	struct signing x = {
	        .c = c,
	        .counter = seams->counter,
	        .seams = seams,
	        .boot = c->where.boot_dir,
	        .dir = -1,
	        .lock = -1,
	        .now = (uint32_t)time(NULL),
	};

	/* What is large is given back when it is freed. */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
	enum err e = check_wish(c);
	if (e == OK)
		e = open_folder(&x);
	if (e == OK)
		e = load_signers(&x);
	if (e == OK)
		e = c->sign.resume ? resume(&x) : course(&x);
	finish(&x);
	return e;
}

static enum err run(struct cli *c)
{
	const struct counter_ops counter = {.read = counter_tpm2.read,
	                                    .increment = counter_tpm2.increment,
	                                    .ctx = c->tpm.device};
	const struct sign_seams seams = {.counter = &counter,
	                                 .open = cli_session,
	                                 .state = PENDING_FOLDER,
	                                 .ask = ask_open_tty};

	return sign_run(c, &seams);
}

const struct verb verb_sign = {
        .name = "sign",
        .operands = "",
        .opts = OPT_CONFIG | OPT_PIN_FD | OPT_READERS,
        .own = sign_options,
        .summary = "sign /boot with the dongle, for Heads and PureBoot",
        .help = "Shows what has changed in /boot since it was signed last, asks once, "
                "and "
                "signs\n"
                "it with the dongle's signing key: what Heads and PureBoot verify, and a "
                "full\n"
                "manifest beside it. The default entry is found again after an update, "
                "and the\n"
                "rollback counter goes up. Whatever interrupts it leaves the old "
                "signature or the\n"
                "new; what was cut short in between, --resume finishes without a PIN. "
                "--diff and\n"
                "--dry-run need no dongle, write nothing and end with status 0, whatever "
                "changed.",
        .run = run,
};
