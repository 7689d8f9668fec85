/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch: the verb table, and the one place where an error becomes words and an exit
 * status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card/choose.h"
#include "cli/output.h"
#include "cli/screen.h"
#include "core/ask_words.h"
#include "core/harden.h"
#include "core/log.h"
#include "crypto/crypto.h"
#include "unlock/openssl.h"

static const struct verb *const verbs[] = {
        &verb_enroll,        &verb_unenroll,       &verb_revoke,
        &verb_setup,         &verb_list,           &verb_status,
        &verb_doctor,        &verb_test,           &verb_unlock,
        &verb_record_show,   &verb_record_renew,   &verb_card_status,
        &verb_card_selftest, &verb_sign,           &verb_verify,
        &verb_pending_show,  &verb_pending_notice, &verb_pending_record,
        &verb_pending_check, &verb_pending_due,    &verb_card_generate,
        &verb_card_passwd,   &verb_card_unblock,   &verb_card_touch,
        &verb_card_cert,     &verb_card_reset,     &verb_tpm_status,
        &verb_tpm_reseal,    &verb_tpm_lockout,    &verb_tpm_forget,
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static void overview(FILE *to)
{
	(void)fprintf(to, "Usage: bootlatch VERB [DEVICE] [OPTION]...\n\n"
	                  "Opens LUKS disks with an OpenPGP card and its PIN.\n\n");
	for (size_t i = 0; i < VERBS; i++)
		(void)fprintf(to, "  %-14s %s\n", verbs[i]->name, verbs[i]->summary);
	(void)fprintf(to, "\nbootlatch VERB --help tells the rest; bootlatch --version "
	                  "the version.\n");
}

/* A verb of one or two words; *ret_words says how many. */
static const struct verb *find(int argc, char **argv, int *ret_words)
{
	for (size_t i = 0; i < VERBS; i++) {
		const char *name = verbs[i]->name;
		const char *space = strchr(name, ' ');

		if (!space && strcmp(argv[1], name) == 0) {
			*ret_words = 1;
			return verbs[i];
		}
		if (space && argc > 2 &&
		    strncmp(argv[1], name, (size_t)(space - name)) == 0 &&
		    argv[1][space - name] == '\0' && strcmp(argv[2], space + 1) == 0) {
			*ret_words = 2;
			return verbs[i];
		}
	}
	return NULL;
}

/* The second word is NULL where there is none. */
static int no_verb(const char *word, const char *second)
{
	char both[64], clean[64];
	const size_t n = strlen(word);
	bool half = false;

	for (size_t i = 0; i < VERBS; i++)
		half = half || (strncmp(verbs[i]->name, word, n) == 0 &&
		                verbs[i]->name[n] == ' ');
	/* An option is no half of a verb. */
	if (half && second && second[0] != '-') {
		(void)snprintf(both, sizeof(both), "%s %s", word, second);
		half = false;
	} else {
		(void)snprintf(both, sizeof(both), "%s", word);
	}
	words_clean(both, clean, sizeof(clean));
	if (half)
		(void)fprintf(stderr,
		              "bootlatch: \"%s\" needs a second word; see bootlatch "
		              "--help.\n",
		              clean);
	else
		(void)fprintf(
		        stderr,
		        "bootlatch: there is no verb \"%s\"; see bootlatch --help.\n",
		        clean);
	return EXIT_USAGE;
}

static void to_stderr(enum log_level level, const char *line, void *ctx)
{
	(void)level;
	(void)ctx;
	(void)fprintf(stderr, "debug: %s\n", line);
}

/* What happened, then what to do. */
static void say_error(const struct cli *c, const struct verb *v, enum err e)
{
	const char *advice = err_advice(e);
	char text[2 * CLI_WHY_MAX];

	if (*c->why)
		(void)snprintf(text, sizeof(text), "bootlatch %s: %s", v->name, c->why);
	else
		(void)snprintf(text, sizeof(text), "bootlatch %s: %s.%s%s", v->name,
		               err_text(e), *advice ? " " : "", advice);
	screen_say(stderr, text);
}

/* What was printed is out, or the program failed: /dev/full is no success. */
static enum err flushed(enum err e)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return e;
	(void)fprintf(stderr, "bootlatch: standard output could not be written.\n");
	return e == OK ? ERR_IO : e;
}

int main(int argc, char **argv)
{
	struct cli c;
	int words = 0;

	enum err e = harden_process();
	if (e == OK)
		e = crypto_init();
	if (e != OK) {
		(void)fprintf(stderr, "bootlatch: cannot start: %s.\n", err_text(e));
		return (int)err_exit(e);
	}
	openssl_without_old_names();
	log_to(to_stderr, NULL, LOG_ERROR);
	/* tss2 writes to standard error by itself, whatever it was told from outside. */
	(void)setenv("TSS2_LOG", "all+NONE", 1);
	if (argc < 2) {
		overview(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		overview(stdout);
		return (int)err_exit(flushed(OK));
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("bootlatch %s\n", BOOTLATCH_VERSION);
		return (int)err_exit(flushed(OK));
	}
	const struct verb *v = find(argc, argv, &words);
	if (!v)
		return no_verb(argv[1], argv[2]);
	e = cli_parse(v, argc - words, argv + words, &c);
	if (e == ERR_CANCELLED)
		return (int)err_exit(flushed(OK));
	if (c.debug)
		log_to(to_stderr, NULL, LOG_DEBUG);
	if (e == OK)
		e = v->run(&c);
	if (e == ERR_NO_SERVICE && !*c.why && c.transport)
		(void)cli_why(&c, e, "%s", readers_choice_lost(c.transport));
	/* The manual would not help: the command line was understood. */
	if (e == ERR_USAGE && !*c.why)
		e = cli_why(
		        &c, e,
		        "It cannot go on without an answer. Run this at a terminal, or "
		        "use --pin-fd, --passphrase-fd or --serial.");
	if (e != OK)
		say_error(&c, v, e);
	if (c.json || c.report) {
		enum err printed = out_print(&c, e);
		if (e == OK)
			e = printed;
	}
	return (int)err_exit(flushed(e));
}
