/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch enroll --recovery: a way in that a person keeps on paper. */
#include "cli/recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/crypttab.h"
#include "cli/heads.h"
#include "cli/output.h"
#include "core/file.h"
#include "unlock/enroll_recovery.h"
#include "unlock/recovery.h"

enum err recovery_take(struct cli *c, const char *arg)
{
	(void)arg;
	c->recovery = true;
	return OK;
}

enum err recovery_take_fd(struct cli *c, const char *arg)
{
	char *end = NULL;

	errno = 0;
	const long fd = strtol(arg, &end, 10);
	if (errno != 0 || *end != '\0' || arg[0] < '0' || arg[0] > '9' || fd > INT_MAX)
		return cli_why(c, ERR_USAGE, "--recovery-fd takes a number, not \"%s\".",
		               arg);
	if (fcntl((int)fd, F_GETFD) < 0)
		return cli_why(c, ERR_USAGE,
		               "--recovery-fd %s: that descriptor is not open.", arg);
	c->recovery = true;
	c->recovery_fd = (int)fd;
	return OK;
}

enum err recovery_take_no_qr(struct cli *c, const char *arg)
{
	(void)arg;
	c->no_qr = true;
	return OK;
}

static enum err check_usage(struct cli *c)
{
	if (c->card || c->n_certs > 0 || c->import || c->crypttab || c->serial ||
	    c->pin_fd >= 0)
		return cli_why(c, ERR_USAGE,
		               "--recovery enrolls no dongle: leave --card, --serial, "
		               "--pin-fd, --cert, --import and --crypttab out.");
	if (c->key_file && c->passphrase_fd >= 0)
		return cli_why(c, ERR_USAGE,
		               "Give --key-file or --passphrase-fd, not both.");
	if (c->recovery_fd >= 0 && isatty(c->recovery_fd) == 1)
		return cli_why(c, ERR_USAGE,
		               "--recovery-fd is a terminal, which would keep the key. "
		               "Leave it out: then it is shown and wiped again.");
	if (c->json && c->recovery_fd < 0)
		return cli_why(c, ERR_USAGE,
		               "With --json nobody is shown the key: add --recovery-fd N "
		               "to have it written to descriptor N.");
	return OK;
}

/* Found out before anything is asked. */
static enum err check_terminal(struct cli *c)
{
	if (c->recovery_fd >= 0)
		return OK;
	const int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return cli_why(c, ERR_REFUSED,
		               "There is no terminal on which the key could be shown. "
		               "Run this at one, or add --recovery-fd N.");
	(void)close(fd); /* nothing was written */
	return OK;
}

/* --- handing it over --- */

static enum err write_out(struct cli *c, const struct secret *key)
{
	const struct bytes b = secret_view(key);
	size_t done = 0;

	while (done < b.n) {
		const ssize_t n = write(c->recovery_fd, b.p + done, b.n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return cli_why(c, ERR_IO,
			               "The key could not be written to descriptor %d. "
			               "Nothing was enrolled.",
			               c->recovery_fd);
		done += (size_t)n;
	}
	if (write(c->recovery_fd, "\n", 1) != 1)
		return cli_why(c, ERR_IO,
		               "The key could not be written to descriptor %d. Nothing "
		               "was enrolled.",
		               c->recovery_fd);
	return OK;
}

static enum err hand_over(struct cli *c, const struct secret *key,
                          const struct show_what *what)
{
	if (c->recovery_fd >= 0)
		return write_out(c, key);
	cli_say(c, "The recovery key is shown once and then wiped from the screen. What "
	           "records\n"
	           "this terminal (script, a log of a serial console, a multiplexer that "
	           "was told\n"
	           "to) keeps it all the same.");
	struct show_what how = *what;
	how.no_qr = c->no_qr;
	const enum err e = show_until_noted(key, &how);
	if (e == ERR_CANCELLED)
		return cli_why(c, e,
		               "The recovery key was not confirmed, so it counts for "
		               "nothing and opens nothing. Nothing was changed.");
	return e;
}

/* others: the same key opens other volumes already. */
static enum err void_again(struct cli *c, const struct volume *v, enum err e, bool others)
{
	const char *is_void = others ? "The key that was shown opens the volumes named "
	                               "above, not this one: keep it"
	                             : "The key that was shown opens nothing: throw it "
	                               "away";

	if (e == ERR_NO_SPACE)
		return cli_why(
		        c, e,
		        "No keyslot of %s is free, or its file systems have no room. "
		        "%s.",
		        v->where.device, is_void);
	if (e == ERR_EXISTS || e == ERR_REFUSED)
		return cli_why(c, e,
		               "Keyslot %d is taken, or not for a recovery key. Leave "
		               "--keyslot out. %s.",
		               c->keyslot, is_void);
	return cli_why(c, e, "It could not be enrolled: %s. %s. Run: bootlatch list %s.",
	               err_text(e), is_void, v->where.device);
}

enum err recovery_add(struct cli *c, struct volume *v, const struct show_what *what,
                      const struct secret *volume_key, int existing_slot,
                      struct secret **key, int *ret_keyslot)
{
	AUTO_SECRET *fresh = NULL;
	const bool others = *key != NULL;
	enum err e = OK;

	if (!*key) {
		e = recovery_make(&fresh);
		if (e == OK)
			e = hand_over(c, fresh, what);
		if (e != OK)
			return e;
		*key = fresh;
		fresh = NULL;
	}
	const struct recovery_request req = {
	        .volume_key = volume_key,
	        .key = *key,
	        .existing_slot = existing_slot,
	        .keyslot = c->keyslot,
	        .force = c->force,
	};
	e = recovery_enroll(v, &req, ret_keyslot);
	return e == OK ? OK : void_again(c, v, e, others);
}

/* --- the verb --- */

static enum err load(struct cli *c, struct volume **ret)
{
	AUTO_VOLUME *v = NULL;

	enum err e = cli_volume(c, &v);
	if (e != OK)
		return e;
	e = volume_trusted(v);
	if (e != OK && e != ERR_NO_RECORD)
		return cli_untrusted(c, v, e);
	e = recovery_settle(v);
	if (e != OK)
		return e;
	*ret = v;
	v = NULL;
	return OK;
}

static enum err open_it(struct cli *c, struct volume *v, struct secret **ret,
                        int *ret_slot)
{
	AUTO_SESSION *s = NULL; /* ended before the key is shown on its terminal */
	AUTO_SECRET *given = NULL;
	enum err e = OK;

	if (c->key_file) {
		e = file_read_secret(c->key_file, CLI_KEY_FILE_MAX, &given);
		if (e != OK)
			return cli_why(c, e, "The key file %s cannot be read: %s.",
			               c->key_file, err_text(e));
	} else {
		e = cli_session(c, &s);
	}
	if (e == OK)
		e = enroll_volume_key(s, v, given, ret, ret_slot);
	if (e == ERR_PASSPHRASE && c->key_file)
		return cli_why(c, e, "The key file %s does not open %s.", c->key_file,
		               c->device);
	return e;
}

static void tell(struct cli *c, const struct volume *v, int keyslot)
{
	out_number(c, "keyslot", keyslot);
	cli_say(c,
	        "The recovery key opens keyslot %d of %s. Whoever finds the paper needs "
	        "no dongle and no\n"
	        "PIN. To void it: bootlatch unenroll %s --keyslot %d",
	        keyslot, v->where.device, v->where.device, keyslot);
	crypttab_remind(c, v);
}

enum err recovery_run(struct cli *c)
{
	AUTO_VOLUME *v = NULL;
	AUTO_SECRET *volume_key = NULL, *key = NULL;
	int existing = -1, keyslot = -1;

	enum err e = check_usage(c);
	if (e == OK)
		e = load(c, &v);
	if (e != OK || !v)
		return e;
	const int there = recovery_keyslot(v);
	if (there >= 0 && !c->force)
		return cli_why(c, ERR_EXISTS,
		               "Keyslot %d of %s has a recovery key. If it is lost: "
		               "bootlatch unenroll %s --keyslot %d, then run this again. "
		               "For a second one add --force.",
		               there, c->device, c->device, there);
	e = check_terminal(c);
	if (e == OK) {
		heads_warn(c);
		e = open_it(c, v, &volume_key, &existing);
	}
	const struct show_what what = {.device = {v->where.device}, .n = 1};
	if (e == OK)
		e = recovery_add(c, v, &what, volume_key, existing, &key, &keyslot);
	if (e == OK)
		tell(c, v, keyslot);
	return e;
}
