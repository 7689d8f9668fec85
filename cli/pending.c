/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch pending: what happened to /boot since it was signed, for hooks, units and
 * people. */
#include "cli/pending.h"

#include "cli/output.h"

enum { TOLD_MAX = 4, TOLD_TEXT = 512 };

static bool signed_here(const struct cli *c)
{
	return pending_signed_here(c->where.config_dir, c->where.boot_dir);
}

static enum err read_list(struct cli *c, struct pending *ret)
{
	const enum err e = pending_read(PENDING_FOLDER, ret);

	return e == OK ? OK
	               : cli_why(c, e, PENDING_FOLDER ": %s. %s", err_text(e),
	                         err_advice(e));
}

/* --- show --- */

static void tell_trigger(struct cli *c, unsigned found, enum pending_trigger which,
                         const char *name)
{
	if ((found & which) == 0)
		return;
	out_enter(c, "triggers");
	out_text(c, "name", name);
	out_leave(c);
	cli_say(c,
	        "%s/%s: a package's note to Heads. Nobody signed it, so it says nothing "
	        "of "
	        "what changed; a good bootlatch sign removes it.",
	        c->where.boot_dir, name);
}

enum err pending_tell(struct cli *c)
{
	struct pending p = {0};

	if (!signed_here(c))
		return OK;
	const enum err e = read_list(c, &p);
	if (e != OK)
		return e;
	cli_say(c, p.n > 0 ? "/boot: changed since it was signed; run: bootlatch sign"
	                   : "/boot: no change was noted since it was signed");
	for (size_t i = 0; i < p.n; i++) {
		out_enter(c, "pending");
		out_text(c, "when", p.line[i].when);
		out_text(c, "by", p.line[i].by);
		out_text(c, "what", p.line[i].what);
		out_leave(c);
		cli_say(c, "  %.19sZ %s: %s", p.line[i].when, p.line[i].by,
		        p.line[i].what);
	}
	const unsigned found = pending_triggers(c->where.boot_dir);
	tell_trigger(c, found, PENDING_TRIGGER_PRE, PENDING_TRIGGER_PRE_NAME);
	tell_trigger(c, found, PENDING_TRIGGER_POST, PENDING_TRIGGER_POST_NAME);
	return OK;
}

static enum err show(struct cli *c)
{
	const bool here = signed_here(c);

	out_bool(c, "signed_here", here);
	if (!here)
		cli_say(c, "This machine does not sign its /boot.");
	return pending_tell(c);
}

const struct verb verb_pending_show = {
        .name = "pending show",
        .operands = "",
        .opts = OPT_BOOT | OPT_CONFIG | OPT_JSON | OPT_DEBUG | OPT_HELP,
        .summary = "what happened to /boot since it was signed",
        .help = "Lists what package hooks and path units have noted since /boot was "
                "signed; bootlatch\n"
                "sign clears it. It is what was told, not what is there: see bootlatch "
                "verify.",
        .run = show,
};

/* --- notice --- */

static enum err notice(struct cli *c)
{
	struct pending p = {0};
	char text[TOLD_TEXT];

	if (!signed_here(c))
		return OK;
	const enum err e = read_list(c, &p);
	if (e != OK || p.n == 0)
		return e;
	pending_words(&p, TOLD_MAX, text, sizeof(text));
	cli_say(c,
	        "bootlatch: /boot has changed and is not signed yet (%s).\n"
	        "bootlatch: Before the next start, run as root: bootlatch sign",
	        text);
	return OK;
}

const struct verb verb_pending_notice = {
        .name = "pending notice",
        .operands = "",
        .opts = OPT_BOOT | OPT_CONFIG | OPT_DEBUG | OPT_HELP,
        .summary = "two lines if something is pending, else none (for motd and apt)",
        .help = "For the end of apt's output and the message of the day.",
        .run = notice,
};

/* --- record --- */

static enum err record(struct cli *c)
{
	if (!signed_here(c))
		return OK;
	const enum err e =
	        pending_record(PENDING_FOLDER, c->device, c->name ? c->name : "changed");
	if (e == ERR_USAGE)
		return cli_why(c, e,
		               "Who notes something is told in small letters, digits and "
		               "'-', at most %d of them.",
		               PENDING_BY_MAX - 1);
	if (e != OK)
		return cli_why(
		        c, e,
		        "It cannot be noted that /boot has changed (" PENDING_FOLDER
		        ": %s). Before the next start, run as root: bootlatch sign",
		        err_text(e));
	return OK;
}

const struct verb verb_pending_record = {
        .name = "pending record",
        .operands = "BY [WHAT]",
        .min_operands = 1,
        .max_operands = 2,
        .opts = OPT_BOOT | OPT_CONFIG | OPT_DEBUG | OPT_HELP,
        .summary = "note that /boot has changed (for hooks)",
        .help = "Asks nothing and waits for nobody. Does nothing where /boot is not "
                "signed: where no\n"
                "signer is known in /etc/bootlatch/signers and /boot/kexec.sig is "
                "not there.",
        .run = record,
};

/* --- check --- */

static enum err check(struct cli *c)
{
	bool clean = false;

	if (!signed_here(c))
		return OK;
	enum err e = pending_settle(c);
	if (e == OK)
		e = pending_look(c, &clean);
	if (e == OK)
		cli_say(c, clean ? "/boot is as it was signed."
		                 : "/boot is not as it was signed; that is noted.");
	return e;
}

static enum err take_settle(struct cli *c, const char *arg)
{
	size_t n = strspn(arg, "0123456789");

	if (n == 0 || n > 4 || arg[n] != '\0')
		return cli_why(c, ERR_USAGE, "--settle takes 0 to 9999 seconds.");
	c->wait_s = 0;
	for (size_t i = 0; i < n; i++)
		c->wait_s = 10 * c->wait_s + (arg[i] - '0');
	return OK;
}

static const struct own_option own[] = {
        {"settle",                                                 "SECONDS", "how long nothing may have happened before (default 5)",
         take_settle},
        {0},
};

const struct verb verb_pending_check = {
        .name = "pending check",
        .operands = "",
        .opts = OPT_BOOT | OPT_CONFIG | OPT_DEBUG | OPT_HELP,
        .own = own,
        .summary = "compare /boot with its signature, note what differs (for a unit)",
        .help = "Waits until dpkg is done. Where /boot is as it was signed, what was "
                "pending before is\n"
                "forgotten. Asks nothing, needs no card.",
        .run = check,
};

/* --- due --- */

static enum err due(struct cli *c)
{
	struct pending p = {0};
	bool clean = false;

	enum err e = signed_here(c) ? pending_settle(c) : OK;
	if (e == OK && signed_here(c))
		e = read_list(c, &p);
	if (e == OK && p.n > 0 && pending_look(c, &clean) == OK && !clean)
		e = read_list(c, &p);
	if (e != OK)
		return e;
	if (p.n == 0 || clean)
		return cli_why(c, ERR_NOT_FOUND, "Nothing is pending.");
	if (pending_triggers(c->where.boot_dir) != 0)
		return cli_why(c, ERR_REFUSED,
		               "A note that nobody signed lies on /boot. Look what "
		               "changed, then run: bootlatch sign");
	if (!pending_somebody_here())
		return cli_why(c, ERR_NOT_FOUND, "Nobody is here to be asked.");
	if (pending_was_asked(PENDING_FOLDER, &p))
		return cli_why(c, ERR_EXISTS,
		               "This was asked before. Run: bootlatch sign");
	e = pending_set_asked(PENDING_FOLDER, &p);
	return e == OK ? OK : cli_why(c, e, PENDING_FOLDER ": %s", err_text(e));
}

const struct verb verb_pending_due = {
        .name = "pending due",
        .operands = "",
        .opts = OPT_BOOT | OPT_CONFIG | OPT_DEBUG | OPT_HELP,
        .own = own,
        .summary = "should somebody be asked to sign now? (for a unit)",
        .help = "Status 0 when a change is pending that nobody was asked about yet, dpkg "
                "is done, and\n"
                "somebody is logged in. That it was asked is noted then: it is asked "
                "once.",
        .run = due,
};
