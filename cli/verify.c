/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch verify: is /boot what was signed?  No card, no network, nothing is written.
 */
#include "sign/verify.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/progress.h"
#include "core/ask_words.h"
#include "core/file.h"
#include "core/hex.h"
#include "sign/signers.h"

enum { DATE_LEN = 32, PATH_SHOWN = 512, LARGE = 128 * 1024 };

static const char *const verdicts[] = {
        [VERIFY_GOOD] = "good",
        [VERIFY_HEADS_GOOD] = "heads-good",
        [VERIFY_RESIGNED] = "resigned",
        [VERIFY_BAD] = "bad",
};

static void date_of(uint32_t when, char out[static DATE_LEN])
{
	const time_t t = (time_t)when;
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    strftime(out, DATE_LEN, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		(void)snprintf(out, DATE_LEN, "%lu", (unsigned long)when);
}

/* --- whose signature counts --- */

static enum err add_cert(struct cli *c, const char *path, uint32_t now, struct signers *s)
{
	const char *why = "";
	uint8_t *data = NULL;
	size_t n = 0;

	enum err e = file_read_path(path, SIGNERS_FILE_MAX, &data, &n);
	if (e != OK)
		return cli_why(c, e, "%s: %s.", path, err_text(e));
	e = signers_add(s, (struct bytes){data, n}, false, now, &why);
	free(data);
	if (e == ERR_NOT_FOUND)
		return cli_why(c, ERR_SIGNATURE, "%s: %s", path, why);
	if (e != OK)
		return cli_why(c, e, "%s: %s. %s", path, err_text(e), why);
	return OK;
}

static enum err find_signers(struct cli *c, uint32_t now, struct signers *s)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < c->n_certs; i++)
		e = add_cert(c, c->cert[i], now, s);
	if (c->n_certs > 0)
		return e;
	e = signers_load(s, c->where.config_dir, now);
	if (e == ERR_NOT_FOUND)
		return cli_why(c, ERR_SIGNATURE,
		               "Nothing says whose signature counts: %s/signers has no "
		               "key. Name a certificate with --cert, or sign once with "
		               "bootlatch sign.",
		               c->where.config_dir);
	if (e == ERR_TAMPERED)
		return cli_why(c, e,
		               "Others than root can write to %s/signers or a file in "
		               "it: it says nothing. Look who did, then make it "
		               "root's alone, or use --cert.",
		               c->where.config_dir);
	if (e != OK)
		return cli_why(c, e, "%s/signers: %s.", c->where.config_dir, err_text(e));
	return OK;
}

/* --- what is said --- */

/* cli_say takes colours out. */
static void say_coloured(const struct cli *c, const char *colour, const char *line)
{
	const char *no = getenv("NO_COLOR");
	char clean[WORDS_MAX];

	if (c->json || isatty(STDOUT_FILENO) != 1 || (no && *no)) {
		cli_say(c, "%s", line);
		return;
	}
	words_clean(line, clean, sizeof(clean));
	printf("\033[%sm%s\033[0m\n", colour, clean);
}

static void say_finding(struct cli *c, const struct verify_finding *f)
{
	const bool seen = finding_heads_sees(f->what, f->path);
	char path[PATH_SHOWN] = "";

	if (f->path)
		words_clean(f->path, path, sizeof(path));
	out_enter(c, "findings");
	out_text(c, "what", finding_name(f->what));
	out_text(c, "path", f->path);
	out_bool(c, "heads_sees", seen);
	out_leave(c);
	cli_say(c, "  %-24s %s%s", finding_text(f->what, f->path), path,
	        seen ? "" : "  (stock Heads does not see this)");
}

static void say_signature(struct cli *c, const struct verify_report *r,
                          const struct signers *s)
{
	char fpr[2 * PGP_FPR_LEN + 1], date[DATE_LEN];

	out_bool(c, "signature_good", r->signature_good);
	if (!r->signature_good)
		return;
	hex_encode_up((struct bytes){s->key[r->key].fpr, PGP_FPR_LEN}, fpr);
	date_of(r->created, date);
	out_text(c, "signer", fpr);
	out_number(c, "signed_at", (long)r->created);
	out_text(c, "style", kexec_style_text(r->style));
	cli_say(c, "signed by %s\non %s, with %s names", fpr, date,
	        kexec_style_text(r->style));
}

static void say_verdict(struct cli *c, const struct verify_report *r)
{
	const bool ok = verify_ok(r) && r->hidden == 0;
	char line[WORDS_MAX];

	(void)snprintf(line, sizeof(line), "%s (%zu files, %.1f MB): %s",
	               c->where.boot_dir, r->files, (double)r->bytes / 1e6,
	               ok ? "as it was signed" : "NOT AS IT WAS SIGNED");
	say_coloured(c, ok ? "32" : "31", line);
	if (r->verdict == VERIFY_HEADS_GOOD)
		cli_say(c,
		        "Permissions, owners, links and files named kexec* are signed by "
		        "nobody: Heads does not look at them. bootlatch sign adds them.");
	if (r->verdict == VERIFY_RESIGNED)
		cli_say(c,
		        "Heads signed it again since bootlatch did: %zu entries are "
		        "otherwise than then, and as Heads signed them. bootlatch sign "
		        "takes them over.",
		        r->since);
}

static void say_mounts(struct cli *c, const struct verify_report *r)
{
	char path[PATH_SHOWN];

	for (size_t i = 0; i < r->n_mounts; i++) {
		words_clean(r->mount[i], path, sizeof(path));
		out_enter(c, "not_looked_below");
		out_text(c, "path", r->mount[i]);
		out_leave(c);
		cli_say(c,
		        "  below %s: not looked at, as something is mounted there; "
		        "run as root",
		        path);
	}
}

static void say(struct cli *c, const struct verify_report *r, const struct signers *s)
{
	out_text(c, "boot", c->where.boot_dir);
	out_text(c, "verdict", verdicts[r->verdict]);
	out_number(c, "files", (long)r->files);
	out_number(c, "bytes", (long)r->bytes);
	out_number(c, "since", r->verdict == VERIFY_RESIGNED ? (long)r->since : 0);
	out_number(c, "left_out", (long)r->left_out);
	say_verdict(c, r);
	say_signature(c, r, s);
	for (size_t i = 0; i < r->n; i++)
		say_finding(c, &r->finding[i]);
	if (r->left_out > 0)
		cli_say(c, "  and %zu more", r->left_out);
	say_mounts(c, r);
}

static enum err conclude(struct cli *c, int dir, const struct verify_report *r)
{
	if (verify_ok(r) && r->hidden == 0)
		return OK;
	if (verify_ok(r))
		return cli_why(
		        c, ERR_SIGNATURE,
		        "What was signed below %s was not looked at: run this as root, "
		        "or unmount what lies over it.",
		        r->mount[0]);
	if (faccessat(dir, STAGE_FOLDER, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return cli_why(
		        c, ERR_SIGNATURE,
		        "%s is not what was signed, and a signing of it was "
		        "interrupted. Finish it (bootlatch sign --resume, without a "
		        "PIN) and verify again.",
		        c->where.boot_dir);
	if (r->verdict == VERIFY_RESIGNED || r->verdict == VERIFY_HEADS_GOOD)
		return cli_why(c, ERR_SIGNATURE,
		               "Heads' part is good, but Heads does not look at what is "
		               "listed above, and it is not as bootlatch signs it. If an "
		               "update did that, run bootlatch sign; if you do not know, "
		               "do not.");
	if (r->n > 0 && r->finding[0].what == FINDING_SIG_DATE)
		return cli_why(
		        c, ERR_SIGNATURE,
		        "The signature is dated in the future, or before its key was "
		        "made. Set the clock right and verify again; if it is right, "
		        "somebody signed with a wrong one: sign again.");
	return cli_why(
	        c, ERR_SIGNATURE,
	        "%s is not what was signed. If an update or you changed it, look at "
	        "the difference and sign it: bootlatch sign. If not, do not start "
	        "from it: somebody else may have changed it.",
	        c->where.boot_dir);
}

static enum err not_looked(struct cli *c, enum err e, const char *culprit)
{
	char shown[PATH_SHOWN] = "";

	words_clean(culprit, shown, sizeof(shown));
	if (e == ERR_BUSY)
		return cli_why(
		        c, ERR_SIGNATURE,
		        "%s changed while it was read (%s): nothing is verified. Try "
		        "again when nothing writes there.",
		        c->where.boot_dir, *shown ? shown : KEXEC_SIG);
	return cli_why(c, e, "%s is not verified: %s%s%s. %s", c->where.boot_dir, shown,
	               *shown ? ": " : "", err_text(e), err_advice(e));
}

static enum err look(struct cli *c, int dir, const struct signers *s, uint32_t now)
{
	char culprit[TREE_PATH_MAX] = "";
	struct progress bar = {0};
	const struct tree_options o = {
	        .progress = progress_step, .ctx = &bar, .ret_culprit = culprit};
	struct verify_report *r = NULL;

	progress_start(&bar, "Verifying /boot", c->json);
	enum err e = boot_verify(dir, s->key, s->n, now, &o, &r);
	progress_end(&bar);
	if (e != OK)
		return not_looked(c, e, culprit);
	say(c, r, s);
	e = conclude(c, dir, r);
	r = verify_free(r);
	return e;
}

/* Without what is mounted below it, as Heads will see it. */
static enum err open_boot(const char *path, int *ret)
{
	int fd = -1;

	enum err e = dir_open(path, &fd);
	if (e != OK)
		return e;
	e = tree_open(fd, ret); /* no more than fd itself, when we may not */
	(void)close(fd);        /* only read */
	return e;
}

/* What cannot be found out is not verified either, whatever the reason. */
static enum err as_status(enum err e)
{
	switch (e) {
	case OK:
	case ERR_CANCELLED:
	case ERR_NOMEM:
	case ERR_USAGE:
		return e;
	default:
		return ERR_SIGNATURE;
	}
}

static enum err run(struct cli *c)
{
	const uint32_t now = (uint32_t)time(NULL);
	struct signers *s = calloc(1, sizeof(*s));
	int dir = -1;

	if (!s)
		return ERR_NOMEM;
	/* What is large is given back when it is freed. */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
	enum err e = find_signers(c, now, s);
	if (e == OK) {
		e = open_boot(c->where.boot_dir, &dir);
		if (e != OK)
			(void)cli_why(c, e, "%s is not verified: %s.", c->where.boot_dir,
			              err_text(e));
	}
	if (e == OK)
		e = look(c, dir, s, now);
	if (dir >= 0)
		(void)close(dir); /* only read */
	free(s);
	return as_status(e);
}

static const struct own_option options[] = {
        {"cert", "FILE", "signatures of this OpenPGP certificate count; again for more",
         cli_take_cert                                                                       },
        {NULL,   NULL,   NULL,                                                           NULL},
};

const struct verb verb_verify = {
        .name = "verify",
        .operands = "",
        .min_operands = 0,
        .max_operands = 0,
        .opts = OPT_BOOT | OPT_CONFIG | OPT_JSON | OPT_DEBUG | OPT_HELP,
        .own = options,
        .summary = "is /boot what was signed?",
        .help = "Compares all of /boot with what is signed there, and the signature with "
                "the keys of\n"
                "/etc/bootlatch/signers, or with those of the certificates that --cert "
                "names (OpenPGP;\n"
                "neither expired nor revoked today). Lists what differs, and what of it "
                "stock Heads\n"
                "would not see. Needs no card; writes nothing. Exit status 7 when "
                "anything is not as\n"
                "it was signed, or cannot be told.",
        .run = run,
};
