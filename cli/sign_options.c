/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that bootlatch sign alone knows. */
#include <stdlib.h>
#include <string.h>

#include "cli/sign.h"
#include "cli/tpm_wish.h"
#include "core/hex.h"

static enum err take_boot(struct cli *c, const char *arg)
{
	c->where.boot_dir = arg;
	c->sign.has_boot = true;
	return OK;
}

static enum err take_manifest(struct cli *c, const char *arg)
{
	static const char *const words[] = {
	        [KEXEC_RELATIVE] = "relative",
	        [KEXEC_ABSOLUTE] = "absolute",
	};

	c->sign.has_style = false;
	if (strcmp(arg, "auto") == 0)
		return OK;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(arg, words[i]) != 0)
			continue;
		c->sign.has_style = true;
		c->sign.style = (enum kexec_style)i;
		return OK;
	}
	return cli_why(c, ERR_USAGE,
	               "--manifest takes auto, relative or absolute, not \"%s\".", arg);
}

/* 40 hexadecimal digits, with or without the spaces that gpg prints between them. */
static enum err take_key(struct cli *c, const char *arg)
{
	char digits[2 * FPR_LEN];
	size_t n = 0;

	for (const char *p = arg; *p != '\0'; p++) {
		if (*p == ' ')
			continue;
		if (n == sizeof(digits)) {
			n++;
			break;
		}
		digits[n++] = *p;
	}
	if (n != sizeof(digits) || hex_decode(digits, n, c->sign.key, FPR_LEN) != OK)
		return cli_why(c, ERR_USAGE,
		               "--key takes the whole fingerprint of the signing key, 40 "
		               "hexadecimal digits (gpg --card-status), not \"%s\".",
		               arg);
	c->sign.has_key = true;
	return OK;
}

static enum err take_default(struct cli *c, const char *arg)
{
	struct sign_wish *w = &c->sign;
	char *end = NULL;

	if (strcmp(arg, "keep") == 0) {
		w->entry = DEFAULT_KEEP;
	} else if (strcmp(arg, "first") == 0) {
		w->entry = DEFAULT_FIRST;
	} else if (strcmp(arg, "none") == 0) {
		w->entry = DEFAULT_NONE;
	} else {
		w->entry = DEFAULT_NUMBER;
		w->number = strspn(arg, "0123456789") < 8 ? strtoul(arg, &end, 10) : 0;
		if (w->number == 0 || !end || *end != '\0' || arg[0] < '0' ||
		    arg[0] > '9')
			return cli_why(
			        c, ERR_USAGE,
			        "--default takes the number of an entry from 1 on, "
			        "keep, first or none, not \"%s\".",
			        arg);
	}
	return OK;
}

static enum err take_menu(struct cli *c, const char *arg)
{
	c->sign.has_menu = strcmp(arg, "auto") != 0;
	c->sign.sorted = strcmp(arg, "sorted") == 0;
	if (!c->sign.has_menu || c->sign.sorted || strcmp(arg, "file") == 0)
		return OK;
	return cli_why(c, ERR_USAGE, "--menu takes auto, file or sorted, not \"%s\".",
	               arg);
}

static enum err take_rollback(struct cli *c, const char *arg)
{
	static const char *const words[] = {
	        [ROLLBACK_BUMP] = "bump",
	        [ROLLBACK_KEEP] = "keep",
	        [ROLLBACK_NONE] = "none",
	};

	for (size_t i = ROLLBACK_BUMP; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(arg, words[i]) != 0)
			continue;
		c->sign.rollback = (enum rollback_wish)i;
		return OK;
	}
	return cli_why(c, ERR_USAGE, "--rollback takes bump, keep or none, not \"%s\".",
	               arg);
}

static enum err take_dry_run(struct cli *c, const char *arg)
{
	(void)arg;
	c->sign.dry_run = true;
	return OK;
}

static enum err take_diff(struct cli *c, const char *arg)
{
	(void)arg;
	c->sign.diff = true;
	return OK;
}

static enum err take_resume(struct cli *c, const char *arg)
{
	(void)arg;
	c->sign.resume = true;
	return OK;
}

static enum err take_agents(struct cli *c, const char *arg)
{
	(void)arg;
	c->sign.agents = true;
	return OK;
}

static enum err take_yes(struct cli *c, const char *arg)
{
	(void)arg;
	c->sign.yes = true;
	return OK;
}

const struct own_option sign_options[] = {
        {"boot",                                                                  "DIR", "the folder to sign (default /boot)", take_boot},
        {"manifest",                                   "STYLE",
         "auto (as signed before, else relative), relative, absolute", take_manifest},
        {"key",                                                                       "FPR", "sign with this key, known on this machine or not", take_key},
        {"default",                              "N", "the entry to boot: its number, keep, first or none",
         take_default},
        {"menu",                                                          "ORDER",
         "how Heads counts it: auto (as signed before, else file), file, sorted", take_menu},
        {"rollback",                                                                   "HOW", "bump (the default with a counter and a TPM 2.0), keep, none",
         take_rollback},
        {"tpm-device",                     "TCTI", TPM_DEVICE_HELP, take_tpm_device},
        {"dry-run",                                                                       NULL, "show what would be signed and written, and stop",
         take_dry_run},
        {"diff",                                       NULL, "list all that has changed since it was signed, and stop",
         take_diff},
        {"resume",                                                            NULL, "finish a signing that was interrupted; needs no dongle",
         take_resume},
        {"yes",                                                                  NULL, "do not ask before signing", take_yes},
        {"agents", NULL, "ask through systemd's password agents (for the unit)",
         take_agents},
        {0                                                                      }
};
