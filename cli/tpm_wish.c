/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of the verbs that have to do with the TPM, parsed strictly. */
#include "cli/tpm_wish.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include "cli/cli.h"

enum { LIMITS = 3, TCTI_MAX = 512 };

enum err take_tpm2(struct cli *c, const char *arg)
{
	(void)arg;
	c->tpm.tpm2 = true;
	return OK;
}

static enum err take_choice(struct cli *c, const struct tpm2_choice *choice, bool *given)
{
	if (c->tpm.has_list || c->tpm.has_profile)
		return cli_why(c, ERR_USAGE, "Give --pcrs or --profile, once.");
	c->tpm.choice = *choice;
	*given = true;
	return OK;
}

enum err take_pcrs(struct cli *c, const char *arg)
{
	struct tpm2_choice choice;

	const enum err e = tpm2_choice_list(arg, &choice);
	if (e == ERR_REFUSED)
		return cli_why(c, e,
		               "--pcrs %s is refused: 16 and 23 anybody can reset who "
		               "runs, nothing that boots measures into 17 to 22, and the "
		               "PCR of the cap says nothing alone.",
		               arg);
	if (e != OK)
		return cli_why(c, e,
		               "--pcrs takes numbers from 0 to 23 joined by \"+\", as "
		               "4+7+8+9, each once, not \"%s\".",
		               arg);
	return take_choice(c, &choice, &c->tpm.has_list);
}

enum err take_profile(struct cli *c, const char *arg)
{
	struct tpm2_choice choice;

	const enum err e = tpm2_choice_profile(arg, &choice);
	if (e != OK)
		return cli_why(c, e, "--profile takes uefi or heads, not \"%s\".", arg);
	return take_choice(c, &choice, &c->tpm.has_profile);
}

enum err take_bank(struct cli *c, const char *arg)
{
	c->tpm.bank = tpm2_bank_by_name(arg);
	if (c->tpm.bank == HASH_NONE)
		return cli_why(c, ERR_USAGE,
		               "--bank takes sha256, sha384 or sha512, not \"%s\".", arg);
	return OK;
}

enum err take_srk(struct cli *c, const char *arg)
{
	if (tpm2_handle(arg, &c->tpm.srk) != OK)
		return cli_why(c, ERR_USAGE,
		               "--srk takes a persistent handle of 8 hexadecimal digits, "
		               "as 81000001, not \"%s\".",
		               arg);
	return OK;
}

static enum err one_of_both(struct cli *c)
{
	return c->tpm.pin && c->tpm.no_pin
	               ? cli_why(c, ERR_USAGE, "Give --pin or --no-pin, not both.")
	               : OK;
}

enum err take_pin(struct cli *c, const char *arg)
{
	(void)arg;
	c->tpm.pin = true;
	return one_of_both(c);
}

enum err take_no_pin(struct cli *c, const char *arg)
{
	(void)arg;
	c->tpm.no_pin = true;
	return one_of_both(c);
}

/* What tss2's loader knows by name; the rest of it is that one's business. */
enum err take_tpm_device(struct cli *c, const char *arg)
{
	static const char *const known[] = {"device", "swtpm", "mssim",
	                                    "tabrmd", "pcap",  "cmd"};
	const size_t n = strcspn(arg, ":");
	bool ok = arg[n] == ':' && arg[n + 1] != '\0' && strlen(arg) < TCTI_MAX;
	bool is_known = false;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		is_known = is_known ||
		           (strlen(known[i]) == n && strncmp(known[i], arg, n) == 0);
	for (const char *p = arg; *p != '\0'; p++)
		ok = ok && *p >= ' ' && *p <= '~';
	if (!ok || !is_known)
		return cli_why(c, ERR_USAGE,
		               "--tpm-device takes how to reach a TPM, as "
		               "\"swtpm:path=/run/tpm\" or \"device:/dev/tpmrm1\", not "
		               "\"%s\".",
		               arg);
	c->tpm.device = arg;
	return OK;
}

/* --- tpm lockout --- */

enum err take_reset(struct cli *c, const char *arg)
{
	(void)arg;
	c->tpm.reset = true;
	return OK;
}

static bool number(const char **p, uint32_t *ret)
{
	char *end = NULL;

	if (**p < '0' || **p > '9' || (**p == '0' && (*p)[1] >= '0' && (*p)[1] <= '9'))
		return false;
	errno = 0;
	const unsigned long n = strtoul(*p, &end, 10);
	if (errno != 0 || n > UINT32_MAX)
		return false;
	*p = end;
	*ret = (uint32_t)n;
	return true;
}

enum err take_limits(struct cli *c, const char *arg)
{
	uint32_t n[LIMITS];
	const char *p = arg;
	bool ok = true;

	for (size_t i = 0; i < LIMITS && ok; i++) {
		ok = number(&p, &n[i]);
		if (ok && i + 1 < LIMITS)
			ok = *p++ == ',';
	}
	if (!ok || *p != '\0')
		return cli_why(c, ERR_USAGE,
		               "--set takes TRIES,SECONDS,SECONDS: how many wrong PINs "
		               "lock the TPM, after how many seconds one is forgotten, "
		               "and how long its lockout password waits after a wrong "
		               "one; not \"%s\".",
		               arg);
	c->tpm.limits = (struct tpm2_limits){n[0], n[1], n[2]};
	c->tpm.has_limits = true;
	return OK;
}

enum err take_new_auth(struct cli *c, const char *arg)
{
	(void)arg;
	c->tpm.new_auth = true;
	return OK;
}

enum err take_auth_fd(struct cli *c, const char *arg)
{
	char *end = NULL;

	errno = 0;
	const long n = strtol(arg, &end, 10);
	if (errno != 0 || *arg < '0' || *arg > '9' || *end != '\0' || n >= INT_MAX ||
	    fcntl((int)n, F_GETFD) < 0)
		return cli_why(c, ERR_USAGE,
		               "--auth-fd takes the number of an open descriptor, not "
		               "\"%s\".",
		               arg);
	c->tpm.auth_fd = (int)n + 1;
	return OK;
}
