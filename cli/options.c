/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One option table for all verbs: parsing and --help are drawn from it, so they cannot
 * differ. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card/choose.h"
#include "cli/cli.h"

static const struct row {
	enum cli_opt bit;
	const char *name;
	const char *arg; /* NULL: takes none; "[=…": may be left out */
	const char *help;
} rows[] = {
        {OPT_CARD,              "card",              NULL,
         "enroll the card in the reader (the default without --cert)"                                         },
        {OPT_CERT,              "cert",              "FILE",
         "enroll the encryption key of this OpenPGP certificate; again for more"                              },
        {OPT_KEYSLOT,           "keyslot",           "N",       "this keyslot"                                },
        {OPT_KEY_FILE,          "key-file",          "FILE",
         "a file whose bytes open the volume (- for standard input)"                                          },
        {OPT_PASSPHRASE_FD,     "passphrase-fd",     "N",
         "read the passphrase from descriptor N, to a newline or its end"                                     },
        {OPT_PIN_FD,            "pin-fd",            "N",
         "read the PIN from descriptor N, to a newline or its end"                                            },
        {OPT_READER,            "reader",            "NAME",    "only readers with NAME in their name"        },
        {OPT_SERIAL,            "serial",            "S",
         "only the card of this serial number (12345678 or 000F:12345678)"                                    },
        {OPT_WAIT,              "wait",              "SECONDS", "how long to wait for reader and card"        },
        {OPT_TRANSPORT,         "transport",         "HOW",
         "auto (the default), pcsc, ccid (no pcscd), or LIBRARY@CHANNEL"                                      },
        {OPT_BOOT,              "boot",              "DIR",     "another folder than /boot"                   },
        {OPT_CONFIG,            "config",            "DIR",
         "another folder than /etc/bootlatch (records, known signers)"                                        },
        {OPT_HEADER,            "header",            "FILE",    "a detached LUKS header"                      },
        {OPT_NO_RECORD,         "no-record",         NULL,
         "open a volume that this machine has no record of, after asking"                                     },
        {OPT_READONLY,          "readonly",          NULL,      "map the volume read-only"                    },
        {OPT_FORCE,             "force",             NULL,      "do it although it was refused to protect you"},
        {OPT_DESTRUCTIVE,       "destructive",       NULL,
         "send a wrong PIN and sign too, after asking for the serial number"                                  },
        {OPT_REPORT,            "report",            "FILE",    "write FILE.txt and FILE.json, to be sent in" },
        {OPT_WITH_SERIAL,       "with-serial",       NULL,
         "tell serial number, fingerprints and times too"                                                     },
        {OPT_CRYPTTAB,          "crypttab",          NULL,
         "open it at boot: put our keyscript into crypttab, make the image anew"                              },
        {OPT_CRYPTTAB_NAME,     "crypttab-name",     "NAME",
         "the line of this mapping, which is added if there is none"                                          },
        {OPT_CRYPTTAB_FILE,     "crypttab-file",     "FILE",
         "another crypttab (default /etc/crypttab)"                                                           },
        {OPT_REPLACE_KEYSCRIPT, "replace-keyscript", NULL,
         "also where the line has another keyscript"                                                          },
        {OPT_NO_INITRAMFS,      "no-initramfs",      NULL,
         "leave the image of the next boot as it is"                                                          },
        {OPT_IMPORT,            "import",            "[=FILE]",
         "take over what decrypt_gnupg-sc or a gpg-token opens it with"                                       },
        {OPT_FILES_LIST,        "files-list",        "FILE",
         "another list of what an image needs (default " BOOTLATCH_LIBDIR "/files.list)"                      },
        {OPT_JSON,              "json",              NULL,      "print the result as JSON"                    },
        {OPT_DEBUG,             "debug",             NULL,
         "say on standard error what the layers below do (never a secret)"                                    },
        {OPT_HELP,              "help",              NULL,      "this text"                                   },
};

enum {
	ROWS = sizeof(rows) / sizeof(rows[0]),
	FIRST_VAL = 256,
	FIRST_OWN = FIRST_VAL + ROWS
};

static_assert(1 << (ROWS - 1) == OPT_HELP, "one row an option");

static size_t own_options(const struct verb *v)
{
	size_t n = 0;

	while (v->own && v->own[n].name && n < OWN_OPTIONS_MAX)
		n++;
	return n;
}

static void usage_line(const char *name, const char *arg, const char *help)
{
	char left[40];

	(void)snprintf(left, sizeof(left), "--%s%s%s", name,
	               arg && *arg != '[' ? " " : "", arg ? arg : "");
	printf("  %-20s %s\n", left, help);
}

void cli_usage(const struct verb *v)
{
	printf("Usage: bootlatch %s%s%s [OPTION]...\n\n%s\n\nOptions:\n", v->name,
	       *v->operands ? " " : "", v->operands, v->help);
	for (size_t i = 0; i < own_options(v); i++)
		usage_line(v->own[i].name, v->own[i].arg, v->own[i].help);
	for (size_t i = 0; i < ROWS; i++)
		if ((v->opts & rows[i].bit) != 0)
			usage_line(rows[i].name, rows[i].arg, rows[i].help);
	printf("\nExit status: 0 done, 1 failed, 2 usage, 3 wrong PIN, 4 PIN blocked, 5 "
	       "no reader or\n"
	       "card, 6 not the enrolled card, 7 verification failed, 8 nothing "
	       "enrolled,\n"
	       "9 cancelled or timed out, 10 refused to protect you,\n"
	       "11 warnings (doctor).\n");
}

/* A decimal number of 0..max and nothing else. */
static enum err number(struct cli *c, const char *name, const char *text, long max,
                       int *ret)
{
	char *end = NULL;

	errno = 0;
	const long v = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || v < 0 || v > max ||
	    text[0] < '0' || text[0] > '9')
		return cli_why(c, ERR_USAGE,
		               "--%s takes a number from 0 to %ld, not \"%s\".", name,
		               max, text);
	*ret = (int)v;
	return OK;
}

static enum err descriptor(struct cli *c, const char *name, const char *text, int *ret)
{
	enum err e = number(c, name, text, INT_MAX, ret);
	if (e == OK && fcntl(*ret, F_GETFD) < 0)
		e = cli_why(c, ERR_USAGE, "--%s %s: that descriptor is not open.", name,
		            text);
	return e;
}

/* As cards print it: 8 digits, or with the maker's 4 and a colon before them. */
static enum err serial(struct cli *c, const char *text)
{
	const size_t n = strspn(text, "0123456789ABCDEFabcdef");

	if (!(n == 8 && text[n] == '\0') &&
	    !(n == 4 && text[n] == ':' &&
	      strspn(text + 5, "0123456789ABCDEFabcdef") == 8 && text[13] == '\0'))
		return cli_why(c, ERR_USAGE,
		               "--serial takes 8 hexadecimal digits, as in gpg "
		               "--card-status or bootlatch list, not \"%s\".",
		               text);
	c->serial = text;
	return OK;
}

static enum err transport(struct cli *c, const char *text)
{
	if (!readers_choice_ok(text))
		return cli_why(c, ERR_USAGE,
		               "--transport takes auto, pcsc, ccid or LIBRARY@CHANNEL, "
		               "not \"%s\".",
		               text);
	c->transport = text;
	return OK;
}

enum err cli_take_cert(struct cli *c, const char *arg)
{
	if (c->n_certs == CLI_CERTS_MAX)
		return cli_why(c, ERR_USAGE, "At most %d --cert at once.", CLI_CERTS_MAX);
	c->cert[c->n_certs++] = arg;
	return OK;
}

static int takes(const struct row *r)
{
	if (!r->arg)
		return no_argument;
	return *r->arg == '[' ? optional_argument : required_argument;
}

/* arg: "" where none was given. */
static enum err take(struct cli *c, const struct row *r, bool given, const char *arg)
{
	if (given && *arg == '\0')
		return cli_why(c, ERR_USAGE, "--%s needs a value that is not empty.",
		               r->name);
	switch (r->bit) {
	case OPT_BOOT:
		c->where.boot_dir = arg;
		return OK;
	case OPT_CONFIG:
		c->where.config_dir = arg;
		return OK;
	case OPT_HEADER:
		c->where.header = arg;
		return OK;
	case OPT_PIN_FD:
		return descriptor(c, r->name, arg, &c->pin_fd);
	case OPT_PASSPHRASE_FD:
		return descriptor(c, r->name, arg, &c->passphrase_fd);
	case OPT_READER:
		c->reader = arg;
		return OK;
	case OPT_SERIAL:
		return serial(c, arg);
	case OPT_TRANSPORT:
		return transport(c, arg);
	case OPT_WAIT:
		return number(c, r->name, arg, 86400, &c->wait_s);
	case OPT_KEY_FILE:
		c->key_file = arg;
		return OK;
	case OPT_KEYSLOT:
		return number(c, r->name, arg, LUKS_SLOTS_MAX - 1, &c->keyslot);
	case OPT_CARD:
		c->card = true;
		return OK;
	case OPT_FORCE:
		c->force = true;
		return OK;
	case OPT_NO_RECORD:
		c->no_record = true;
		return OK;
	case OPT_READONLY:
		c->readonly = true;
		return OK;
	case OPT_DESTRUCTIVE:
		c->destructive = true;
		return OK;
	case OPT_WITH_SERIAL:
		c->with_serial = true;
		return OK;
	case OPT_REPORT:
		c->report = arg;
		return OK;
	case OPT_CRYPTTAB:
		c->crypttab = true;
		return OK;
	case OPT_CRYPTTAB_NAME:
		c->crypttab_name = arg;
		c->crypttab = true;
		return OK;
	case OPT_CRYPTTAB_FILE:
		c->crypttab_file = arg;
		return OK;
	case OPT_REPLACE_KEYSCRIPT:
		c->replace_keyscript = true;
		c->crypttab = true;
		return OK;
	case OPT_NO_INITRAMFS:
		c->no_initramfs = true;
		return OK;
	case OPT_IMPORT:
		c->import = true;
		c->import_file = given ? arg : NULL;
		return OK;
	case OPT_FILES_LIST:
		c->files_list = arg;
		return OK;
	case OPT_JSON:
		c->json = true;
		return OK;
	case OPT_DEBUG:
		c->debug = true;
		return OK;
	case OPT_CERT:
		return cli_take_cert(c, arg);
	case OPT_HELP:
	case OPT_VOLUME:
	case OPT_READERS:
		break;
	}
	return ERR_BUG;
}

/* So that a usage error is JSON too when JSON was asked for. */
static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

/* Of what getopt_long stopped at.  In a cluster of letters it names the letter. */
static enum err not_understood(struct cli *c, const struct verb *v, char **argv,
                               bool no_value)
{
	const char letter[] = {'-', (char)optopt, '\0'};
	const bool is_letter = optopt > ' ' && optopt < FIRST_VAL;

	return cli_why(c, ERR_USAGE, "\"%s\" %s; see bootlatch %s --help.",
	               is_letter    ? letter
	               : optind > 1 ? argv[optind - 1]
	                            : argv[optind],
	               no_value ? "needs a value" : "is not understood here", v->name);
}

/* What getopt_long may find: the verb's own, and those of the table that it takes. */
static void long_options(const struct verb *v, struct option *longs)
{
	const size_t own = own_options(v);
	size_t n = 0;

	for (size_t i = 0; i < own; i++)
		longs[n++] = (struct option){
		        v->own[i].name, v->own[i].arg ? required_argument : no_argument,
		        NULL, (int)i + FIRST_OWN};
	for (size_t i = 0; i < ROWS; i++)
		if ((v->opts & rows[i].bit) != 0)
			longs[n++] = (struct option){rows[i].name, takes(&rows[i]), NULL,
			                             (int)i + FIRST_VAL};
}

static enum err take_own(struct cli *c, const struct own_option *o, const char *arg)
{
	if (arg && *arg == '\0')
		return cli_why(c, ERR_USAGE, "--%s needs a value that is not empty.",
		               o->name);
	return o->take(c, arg);
}

enum err cli_parse(const struct verb *v, int argc, char **argv, struct cli *c)
{
	struct option longs[OWN_OPTIONS_MAX + ROWS + 1] = {0};

	*c = (struct cli){
	        .where = {.boot_dir = "/boot", .config_dir = "/etc/bootlatch"},
	        .crypttab_file = "/etc/crypttab",
	        .files_list = BOOTLATCH_LIBDIR "/files.list",
	        .pin_fd = -1,
	        .passphrase_fd = -1,
	        .recovery_fd = -1,
	        .wait_s = -1,
	        .keyslot = -1,
	        .json = wants_json(argc, argv),
	};
	long_options(v, longs);
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	for (;;) {
		const int i = getopt_long(argc, argv, ":h", longs, NULL);
		if (i == -1)
			break;
		if (i == 'h' || (i >= FIRST_VAL && i < FIRST_OWN &&
		                 rows[i - FIRST_VAL].bit == OPT_HELP)) {
			cli_usage(v);
			return ERR_CANCELLED;
		}
		if (i == '?' || i == ':')
			return not_understood(c, v, argv, i == ':');
		enum err e = i >= FIRST_OWN ? take_own(c, &v->own[i - FIRST_OWN], optarg)
		                            : take(c, &rows[i - FIRST_VAL],
		                                   optarg != NULL, optarg ? optarg : "");
		if (e != OK)
			return e;
	}
	const int operands = argc - optind;
	if (operands < v->min_operands || operands > v->max_operands)
		return cli_why(
		        c, ERR_USAGE,
		        "Usage: bootlatch %s%s%s [OPTION]...; see bootlatch %s --help.",
		        v->name, *v->operands ? " " : "", v->operands, v->name);
	c->device = operands > 0 ? argv[optind] : NULL;
	c->name = operands > 1 ? argv[optind + 1] : NULL;
	c->where.device = c->device;
	if (c->pin_fd >= 0 && c->pin_fd == c->passphrase_fd)
		return cli_why(c, ERR_USAGE,
		               "--pin-fd and --passphrase-fd need two descriptors.");
	return OK;
}
