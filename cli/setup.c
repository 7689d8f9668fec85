/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch setup: from a passphrase to a dongle, by the functions of the other verbs. */
#include "cli/setup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/heads.h"
#include "cli/output.h"
#include "cli/recovery.h"
#include "core/file.h"
#include "unlock/enroll.h"
#include "unlock/enroll_recovery.h"

enum { ANSWER_MAX = 64 };

const char *const setup_names[SETUP_STEPS] = {"recovery", "keys", "pins", "enroll",
                                              "second",   "boot", "sign", "doctor"};
static const char *const titles[SETUP_STEPS] = {
        "recovery key",  "keys on the dongle", "PINs of the dongle", "ways in",
        "second dongle", "the boot",           "sign /boot",         "check"};
static const char *const states[] = {
        [SETUP_DUE] = "to do",  [SETUP_DONE] = "done",     [SETUP_NOT] = "not here",
        [SETUP_SKIPPED] = "no", [SETUP_FAILED] = "FAILED",
};

/* --- telling --- */

static void tell_plan(struct setup *x)
{
	struct cli *c = x->c;

	cli_say(c, "Volumes:");
	for (size_t i = 0; i < x->m->n; i++)
		if (x->wanted[i])
			cli_say(c, "  %s%s", x->m->volume[i].device,
			        x->m->volume[i].root ? " (root)" : "");
		else if (x->m->volume[i].v)
			cli_say(c, "  %s: left as it is, its line has a key file",
			        x->m->volume[i].device);
	cli_say(c, "Steps:");
	for (int i = 0; i < SETUP_STEPS; i++)
		cli_say(c, "  %d  %-8s %-18s  %s", i + 1, states[x->state[i]], titles[i],
		        x->why[i]);
}

static void out_steps(struct setup *x)
{
	for (int i = 0; i < SETUP_STEPS; i++) {
		out_enter(x->c, "steps");
		out_text(x->c, "step", setup_names[i]);
		out_text(x->c, "state", states[x->state[i]]);
		out_leave(x->c);
	}
}

/* --- confirming --- */

/* "yes", or numbers of steps that are left out, or taken in again. */
static bool toggle(struct setup *x, struct bytes answer)
{
	bool any = false;

	for (size_t i = 0; i < answer.n; i++) {
		const int step = answer.p[i] - '1';

		if (answer.p[i] == ' ' || answer.p[i] == ',')
			continue;
		if (step < 0 || step >= SETUP_STEPS)
			return false;
		if (x->state[step] == SETUP_DUE)
			x->state[step] = SETUP_SKIPPED;
		else if (x->state[step] == SETUP_SKIPPED)
			x->state[step] = SETUP_DUE;
		any = true;
	}
	return any;
}

static enum err confirm(struct setup *x)
{
	if (x->c->ways.yes)
		return OK;
	if (session_answer(x->s, ASK_CONFIRM) != ANSWER_PERSON)
		return cli_why(
		        x->c, ERR_USAGE,
		        "Nobody can be asked. Run this at a terminal, or add --yes.");
	for (;;) {
		AUTO_SECRET *answer = NULL;
		const struct ask_question q = {
		        .kind = ASK_CONFIRM,
		        .what = "yes, no, or numbers to leave out",
		        .tries_left = -1,
		        .min = 1,
		        .max = ANSWER_MAX,
		};

		const enum err e = ask_wait(session_ask(x->s), &q, -1, &answer);
		if (e != OK && e != ERR_CANCELLED)
			return e;
		if (e == OK && bytes_equal(secret_view(answer), bytes_of("yes")))
			return OK;
		if (e != OK || bytes_equal(secret_view(answer), bytes_of("no")))
			return cli_why(x->c, ERR_CANCELLED,
			               "Not confirmed. Nothing was changed.");
		if (toggle(x, secret_view(answer)))
			tell_plan(x);
	}
}

/* --- the course --- */

/* The keys cannot be shown where nobody sees them. */
static void check_recovery(struct setup *x)
{
	const int fd = x->c->recovery_fd >= 0
	                       ? -1
	                       : open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0)
		(void)close(fd); /* nothing was written */
	if (x->state[SETUP_RECOVERY] != SETUP_DUE || fd >= 0 || x->c->recovery_fd >= 0)
		return;
	x->state[SETUP_RECOVERY] = SETUP_SKIPPED;
	(void)snprintf(x->why[SETUP_RECOVERY], SETUP_WHY_MAX,
	               "no terminal; bootlatch enroll --recovery");
}

static bool needs_phrase(const struct setup *x)
{
	return x->state[SETUP_RECOVERY] == SETUP_DUE ||
	       x->state[SETUP_ENROLL] == SETUP_DUE || x->state[SETUP_SECOND] == SETUP_DUE;
}

static enum err ask_phrase(struct setup *x)
{
	struct cli *c = x->c;
	int slot = -1;

	if (!needs_phrase(x))
		return OK;
	if (c->key_file) {
		const enum err e =
		        file_read_secret(c->key_file, CLI_KEY_FILE_MAX, &x->phrase);

		return e == OK ? OK
		               : cli_why(c, e, "The key file %s cannot be read: %s.",
		                         c->key_file, err_text(e));
	}
	for (size_t i = 0; i < x->m->n; i++)
		if (x->wanted[i])
			return enroll_ask_key(x->s, x->m->volume[i].v, &x->phrase, &slot);
	return ERR_BUG;
}

/* Shows a key on the terminal that the session would hold. */
static enum err recovery_alone(struct setup *x)
{
	enum err e = OK;

	x->s = session_free(x->s);
	if (x->state[SETUP_RECOVERY] == SETUP_DUE) {
		e = setup_do(x, SETUP_RECOVERY);
		x->state[SETUP_RECOVERY] = e == OK ? SETUP_DONE : SETUP_FAILED;
	}
	return e;
}

static enum err with_dongle(struct setup *x)
{
	enum err e = cli_session(x->c, &x->s);

	if (e == OK)
		e = setup_look_card(x);
	x->c->ways.session = x->s;
	for (enum setup_step i = SETUP_KEYS; e == OK && i < SETUP_STEPS; i++) {
		if (x->state[i] != SETUP_DUE)
			continue;
		cli_say(x->c, "\n--- %s", titles[i]);
		e = setup_do(x, i);
		if (e != OK)
			x->state[i] = SETUP_FAILED;
		else if (x->state[i] == SETUP_DUE)
			x->state[i] = SETUP_DONE;
	}
	setup_end_work(x);
	x->c->ways.session = NULL;
	return e;
}

static enum err left(struct setup *x, enum err e)
{
	char before[CLI_WHY_MAX], list[CLI_WHY_MAX / 4] = "";
	struct cli *c = x->c;
	size_t n = 0;

	for (int i = 0; i < SETUP_STEPS; i++)
		if ((x->state[i] == SETUP_DUE || x->state[i] == SETUP_FAILED) &&
		    n < sizeof(list))
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s",
			                      n > 0 ? ", " : "", titles[i]);
	memcpy(before, c->why, sizeof(before));
	return cli_why(c, e,
	               "%.300s%s Left to do: %s. The disk opens as before; run this "
	               "again, and it goes on from there.",
	               *before ? before : err_text(e), *before ? "" : ".", list);
}

/* What a run before this one did not come to: the note of a way in that stands. */
static enum err settle(struct setup *x)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < x->m->n; i++)
		if (x->wanted[i])
			e = recovery_settle(x->m->volume[i].v);
	return e;
}

static enum err course(struct setup *x)
{
	struct cli *c = x->c;

	enum err e = setup_look_volumes(x);
	if (e == OK)
		e = cli_session(c, &x->s);
	if (e == OK)
		e = setup_look_card(x);
	if (e != OK)
		return e;
	setup_look_steps(x);
	check_recovery(x);
	tell_plan(x);
	if (c->ways.dry_run) {
		out_steps(x);
		return OK;
	}
	e = confirm(x);
	if (e != OK)
		return e;
	heads_warn(c);
	e = settle(x);
	if (e == OK)
		e = ask_phrase(x);
	if (e == OK)
		e = recovery_alone(x);
	if (e == OK)
		e = with_dongle(x);
	out_steps(x);
	if (e != OK)
		return left(x, e);
	cli_say(c, "\nDone. At the next start put the dongle in and type its PIN.");
	return OK;
}

static enum err run(struct cli *c)
{
	struct setup *x = calloc(1, sizeof(*x));

	if (!x)
		return ERR_NOMEM;
	if (c->key_file && c->passphrase_fd >= 0) {
		free(x);
		return cli_why(c, ERR_USAGE,
		               "Give --key-file or --passphrase-fd, not both.");
	}
	x->c = c;
	const enum err e = course(x);
	x->phrase = secret_free(x->phrase);
	x->s = session_free(x->s);
	x->m = machine_free(x->m);
	free(x);
	return e;
}

static enum err take_skip(struct cli *c, const char *arg)
{
	for (int i = 0; i < SETUP_STEPS; i++)
		if (strcmp(arg, setup_names[i]) == 0) {
			c->ways.skip |= 1U << i;
			return OK;
		}
	return cli_why(c, ERR_USAGE,
	               "--skip takes recovery, keys, pins, enroll, second, boot, sign or "
	               "doctor, not \"%s\".",
	               arg);
}

static const struct own_option own[] = {
        {"skip",                                 "STEP", "leave this step out; again for more", take_skip},
        {"recovery-fd", "N", "write the recovery key to descriptor N", recovery_take_fd},
        {"no-qr",                                      NULL, "show that key without a QR code", recovery_take_no_qr},
        {"algorithm",                                   "WORD", "of keys that are made on the dongle", card_take_algorithm},
        {"admin-pin-fd",                      "N", "read the Admin PIN from descriptor N",
         card_take_admin_pin_fd},
        {"new-pin-fd",                                "N", "read new PINs from descriptor N", card_take_new_pin_fd},
        {"dry-run",     NULL, "only show what would be done", ways_take_dry_run},
        {"yes",                                      NULL, "do not ask whether to do it", ways_take_yes},
        {0},
};

const struct verb verb_setup = {
        .name = "setup",
        .operands = "[DEVICE]",
        .min_operands = 0,
        .max_operands = 1,
        .opts = OPT_VOLUME | OPT_KEY_FILE | OPT_CRYPTTAB_FILE | OPT_CRYPTTAB_NAME |
                OPT_REPLACE_KEYSCRIPT | OPT_NO_INITRAMFS | OPT_FILES_LIST,
        .own = own,
        .summary = "set everything up, step by step",
        .help = "From a disk that a passphrase opens to one that the dongle opens, for "
                "every LUKS volume\n"
                "of /etc/crypttab, or DEVICE alone: a recovery key for the safe; keys "
                "on the dongle and PINs\n"
                "of your own, where it has none; its way into every volume; a second "
                "dongle; crypttab and the\n"
                "images of all kernels; /boot signed, where it is signed; and what "
                "bootlatch doctor says. What\n"
                "will be done is shown and confirmed first, and every step can be left "
                "out. What is done\n"
                "already is found by looking, so that it can be run again whenever "
                "something cut it short. Until\n"
                "the end, and after it, the passphrase opens the disk as before.",
        .run = run,
};
