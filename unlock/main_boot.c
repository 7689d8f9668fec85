/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch-unlock --crypttab: one run that opens every volume of the boot. */
#include <stdio.h>
#include <stdlib.h>

#include "core/file.h"
#include "unlock/boot.h"
#include "unlock/boot_left.h"
#include "unlock/cap.h"
#include "unlock/heads_key.h"
#include "unlock/main_options.h"
#include "unlock/session_tpm.h"

enum { CMDLINE_MAX = 64 * 1024 };

static enum err read_table(const char *path, struct crypttab *ret)
{
	uint8_t *text = NULL;
	size_t n = 0;

	enum err e = file_read_path(path, CRYPTTAB_MAX, &text, &n);
	if (e != OK)
		return e;
	e = crypttab_parse((struct bytes){text, n}, ret);
	free(text);
	return e;
}

/* With cryptopts= on the kernel's command line cryptroot makes a table of its own from
 * that: this one does not count. */
static bool is_overruled(void)
{
	struct bytes rest = {NULL, 0}, part;
	uint8_t *text = NULL;
	bool found = false;

	if (file_read_path("/proc/cmdline", CMDLINE_MAX, &text, &rest.n) != OK)
		return false;
	rest.p = text;
	while (rest.n > 0 && !found) {
		size_t n = 0;

		while (n < rest.n && rest.p[n] != ' ' && rest.p[n] != '\n')
			n++;
		if (bytes_take(&rest, n, &part) != OK)
			break;
		found = bytes_begin(part, "cryptopts=");
		if (bytes_take(&rest, 1, &part) != OK)
			break;
	}
	free(text);
	return found;
}

static bool caps(const struct options *o)
{
	return o->wish.at_boot || o->cap;
}

/* Cryptroot's rounds: it has asked since the boot run, for what was not checked by us.
 * The TPM is not used any more, even where it could not be capped. */
static bool is_later_run(const struct options *o)
{
	return caps(o) && o->source_wait_s == 0;
}

/* *ret_hung: the TPM did. */
static enum err run(const struct options *o, const struct boot_wish *w, bool *ret_told,
                    bool *ret_hung)
{
	struct session *s = NULL;

	enum err e = open_session(&o->wish, &s);
	if (e == ERR_USAGE)
		return bad_usage("The descriptors or the serial number cannot be used");
	if (e != OK)
		return e;
	if (is_later_run(o) || (o->wish.at_boot && cap_is_done(o->wish.run)))
		session_tpm_give_up(s, ERR_TPM_PCRS);
	e = boot_run(s, w);
	*ret_hung = session_tpm_end(s) == ERR_TPM_FAILED;
	(void)session_free(s);
	*ret_told = true;
	return e;
}

static enum err run_table(const struct options *o, const struct crypttab *t,
                          bool *ret_told, bool *ret_hung)
{
	const struct boot_wish w = {
	        .table = t,
	        .boot_dir = o->boot_dir,
	        .config_dir = o->config_dir,
	        .passphrase_first = o->wish.passphrase_fd >= 0 && o->wish.pin_fd < 0,
	        .source_wait_ms = o->source_wait_s * 1000,
	        .left = o->wish.at_boot ? BOOT_LEFT_FILE : NULL,
	        .heads_key = heads_key,
	};

	return boot_count(&w) > 0 ? run(o, &w, ret_told, ret_hung) : OK;
}

static enum err open_all(const struct options *o, bool *ret_told, bool *ret_hung)
{
	struct crypttab t = {0};

	if (o->wish.at_boot && is_overruled()) {
		(void)fprintf(stderr, "bootlatch-unlock: The kernel's command line has "
		                      "cryptopts=, so crypttab is left to cryptroot.\n");
		return OK;
	}
	enum err e = read_table(o->crypttab, &t);
	if (e == OK)
		e = run_table(o, &t, ret_told, ret_hung);
	crypttab_clear(&t);
	return e;
}

enum err boot(const struct options *o, bool *ret_told)
{
	bool capped = false, hung = false;

	if (is_later_run(o))
		(void)cap(o, false, &capped); /* said; and the TPM is not used here */
	const enum err e = open_all(o, ret_told, &hung);
	/* Cryptroot asks next, and what it opens was not checked by us. */
	if (caps(o) && !is_later_run(o))
		(void)cap(o, hung, &capped); /* said; nothing that follows uses the TPM */
	return e;
}
