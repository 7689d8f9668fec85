/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch tpm lockout: the TPM's protection against guessing, shown and changed. */
#include <stdio.h>

#include "cli/output.h"
#include "cli/tpm_words.h"

enum { TRIES_MIN = 3 };

/* --- the password of the lockout hierarchy --- */

/* One that is set may have come from another program, and be no text. */
static enum err ask_password(struct cli *c, struct ask *a, const char *what,
                             bool set_before, struct secret **ret)
{
	const struct ask_question q = {
	        .kind = ASK_TPM_PIN,
	        .what = what,
	        .about = "the TPM's lockout hierarchy",
	        .tries_left = -1,
	        .min = set_before ? 1 : 0,
	        .max = TPM2_AUTH_MAX,
	        .bytes = set_before ? ASK_ANY : ASK_TYPED,
	};
	const enum err e = ask_wait(a, &q, -1, ret);

	if (e == ERR_PIN_LENGTH)
		return cli_why(c, e, "That password has at most %d characters.",
		               TPM2_AUTH_MAX);
	if (e == ERR_PIN_BYTES)
		return cli_why(c, e,
		               "A password with a NUL or another control character "
		               "can be typed at no terminal. It was not set.");
	return e;
}

static enum err ask_new(struct cli *c, struct ask *a, struct secret **ret)
{
	AUTO_SECRET *fresh = NULL, *again = NULL;

	enum err e = ask_password(c, a, "New password", false, &fresh);
	if (e == OK && c->tpm.auth_fd == 0)
		e = ask_password(c, a, "The same again", false, &again);
	if (e != OK)
		return e;
	if (c->tpm.auth_fd == 0 && !secret_equal(fresh, again))
		return cli_why(c, ERR_REFUSED,
		               "The two are not the same. Nothing was changed.");
	*ret = fresh;
	fresh = NULL;
	return OK;
}

/* From the descriptor or the terminal. */
static enum err open_asker(struct cli *c, struct ask **ret)
{
	const enum err e = c->tpm.auth_fd > 0
	                           ? ask_open_fds(c->tpm.auth_fd - 1, -1, NULL, ret)
	                           : ask_open_tty(ret);

	return e == ERR_NOT_FOUND
	               ? cli_why(c, ERR_USAGE,
	                         "The password is asked for on a terminal, or read with "
	                         "--auth-fd.")
	               : e;
}

static enum err ask_all(struct cli *c, const struct tpm2_lockout *l,
                        struct secret **ret_auth, struct secret **ret_fresh)
{
	struct ask *a = NULL;

	if (l->password == 0 && !c->tpm.new_auth)
		return OK;
	enum err e = open_asker(c, &a);
	if (e == OK && l->password != 0)
		e = ask_password(c, a, "Password", true, ret_auth);
	if (e == OK && c->tpm.new_auth)
		e = ask_new(c, a, ret_fresh);
	a = ask_close(a);
	return e;
}

/* --- what it would mean --- */

static enum err confirm_limits(struct cli *c, const struct tpm2_limits *l)
{
	char hint[CLI_WHY_MAX], one[DURATION_MAX], two[DURATION_MAX];

	if (l->max < TRIES_MIN)
		return cli_why(
		        c, ERR_REFUSED,
		        "Fewer than %d tries are refused: a power cut after a right "
		        "PIN counts as one, too.",
		        TRIES_MIN);
	if (l->interval_s == 0)
		return cli_why(
		        c, ERR_REFUSED,
		        "With 0 seconds the TPM would count no wrong PINs at all, and "
		        "whoever has the machine could try them all.");
	(void)snprintf(
	        hint, sizeof(hint),
	        "After %u wrong PINs the TPM takes none until one is forgotten, which "
	        "takes %s each. That is for all that uses this TPM. A wrong lockout "
	        "password makes that one wait %s.",
	        l->max, words_duration(l->interval_s, one),
	        l->recovery_s == 0 ? "until the machine starts again"
	                           : words_duration(l->recovery_s, two));
	return tpm_confirm(c, "set it", hint);
}

static enum err confirm(struct cli *c)
{
	enum err e = OK;

	if (c->tpm.has_limits)
		e = confirm_limits(c, &c->tpm.limits);
	if (e == OK && c->tpm.new_auth)
		e = tpm_confirm(
		        c, "new password",
		        "Whoever knows this password resets the count of wrong PINs. Who "
		        "forgets it cannot, and only clearing the TPM in the firmware's "
		        "setup removes it, with all that is sealed. Windows and Heads "
		        "set "
		        "one of their own.");
	return e;
}

/* --- done --- */

static enum err told(struct cli *c, enum err e)
{
	if (e == ERR_TPM_PIN)
		return cli_why(
		        c, e,
		        "That is not the password of the TPM's lockout hierarchy. It "
		        "takes none now until its waiting time is over. Nothing was "
		        "changed.");
	if (e == ERR_TPM_LOCKED)
		return cli_why(
		        c, e,
		        "The lockout hierarchy itself waits after a wrong password. "
		        "Nothing was changed.");
	return tpm_why(c, e, NULL);
}

static enum err act(struct cli *c, const struct tpm2 *t, const struct secret *auth,
                    const struct secret *fresh)
{
	enum err e = OK;

	if (c->tpm.reset)
		e = tpm2_lockout_reset(t, auth);
	if (e == OK && c->tpm.reset)
		cli_say(c, "All wrong PINs are forgotten.");
	if (e == OK && c->tpm.has_limits)
		e = tpm2_lockout_limits(t, auth, &c->tpm.limits);
	if (e == OK && c->tpm.new_auth)
		e = tpm2_lockout_password(t, auth, fresh);
	return e == OK ? OK : told(c, e);
}

static enum err change(struct cli *c, const struct tpm2 *t, const struct tpm2_lockout *l)
{
	AUTO_SECRET *auth = NULL, *fresh = NULL;

	enum err e = confirm(c);
	if (e == OK)
		e = ask_all(c, l, &auth, &fresh);
	return e == OK ? act(c, t, auth, fresh) : e;
}

static enum err run(struct cli *c)
{
	const struct tpm2 t = {.tcti = c->tpm.device};
	const bool changes = c->tpm.reset || c->tpm.has_limits || c->tpm.new_auth;
	struct tpm2_lockout l = {0};
	char time[DURATION_MAX];

	if (!changes && c->tpm.auth_fd > 0)
		return cli_why(c, ERR_USAGE,
		               "--auth-fd goes with --reset, --set or --password.");
	enum err e = tpm2_lockout(&t, &l);
	if (e == OK && changes) {
		e = change(c, &t, &l);
		if (e == OK)
			e = tpm2_lockout(&t, &l);
	}
	if (e != OK)
		return tpm_why(c, e, NULL);
	tpm_out_lockout(c, &l);
	tpm_say_lockout(c, &l);
	cli_say(c,
	        "Its lockout hierarchy has %s password, and waits %s after a wrong one.",
	        l.password != 0 ? "a" : "no",
	        l.recovery_s == 0 ? "until the machine starts again"
	                          : words_duration(l.recovery_s, time));
	return OK;
}

static const struct own_option own[] = {
        {"reset",                  NULL, "forget all wrong PINs", take_reset},
        {"set", "N,S,S",
         "tries, seconds until one is forgotten, seconds after a wrong password", take_limits},
        {"password",                        NULL, "give the lockout hierarchy another password (empty: none)",
         take_new_auth},
        {"auth-fd",                 "N", "read its password, then the new one, from descriptor N",
         take_auth_fd},
        {"tpm-device",             "TCTI", TPM_DEVICE_HELP, take_tpm_device},
        {0              },
};

const struct verb verb_tpm_lockout = {
        .name = "tpm lockout",
        .operands = "",
        .opts = OPT_JSON | OPT_DEBUG | OPT_HELP,
        .own = own,
        .summary = "how the TPM answers wrong PINs",
        .help = "Shows how many wrong PINs the TPM has counted, how many lock it and "
                "when one "
                "is forgotten.\n"
                "A power cut without an orderly shutdown after a right PIN counts as "
                "one, "
                "too. With --reset all\n"
                "are forgotten, with --set the numbers are changed, for all that uses "
                "this "
                "TPM, and with\n"
                "--password the password is set that this takes from then on. The last "
                "two "
                "are confirmed with\n"
                "words typed on a terminal. Nothing of this is ever done unasked.",
        .run = run,
};
