/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch-unlock: the keyscript of Debian's initramfs.  The key goes to standard
 * output, raw. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ask_words.h"
#include "core/harden.h"
#include "core/log.h"
#include "crypto/crypto.h"
#include "unlock/heads_key.h"
#include "unlock/open_session.h"
#include "unlock/source.h"
#include "unlock/unlock.h"

#ifndef BOOTLATCH_VERSION
#define BOOTLATCH_VERSION "unreleased"
#endif

#define CONFIG_DIR    "/etc/bootlatch"
#define BOOT_IN_IMAGE "/etc/bootlatch/boot"
#define BOOT_DIR      "/boot"

enum { SOURCE_MAX = 512 };

struct options {
	const char *key_field; /* crypttab's third field, or NULL */
	const char *source, *name;
	const char *header, *boot_dir, *config_dir;
	bool first_try;
	bool debug;
	struct session_wish wish;
};

static const char usage[] =
        "Usage: bootlatch-unlock [OPTION]... [KEYFIELD]\n"
        "Open a LUKS volume with an OpenPGP card and write its passphrase to standard "
        "output.\n"
        "A keyscript of crypttab: the device is CRYPTTAB_SOURCE, its name "
        "CRYPTTAB_NAME,\n"
        "a detached header CRYPTTAB_OPTION_header.\n"
        "\n"
        "  --device DEVICE       instead of CRYPTTAB_SOURCE: a path, UUID=, LABEL=, "
        "PARTUUID=,\n"
        "                        PARTLABEL=\n"
        "  --header FILE         a detached LUKS header\n"
        "  --boot DIR            key blobs are in DIR/bootlatch (default " BOOT_IN_IMAGE
        ",\n"
        "                        else " BOOT_DIR ")\n"
        "  --config DIR          records are in DIR/volumes (default " CONFIG_DIR ")\n"
        "  --pin-fd N            read the PIN from descriptor N\n"
        "  --passphrase-fd N     read the passphrase from descriptor N\n"
        "  --reader NAME         only readers with NAME in their name\n"
        "  --serial S            only the card with this serial number\n"
        "  --transport HOW       auto (the default), pcsc, ccid (no pcscd), or "
        "LIBRARY@CHANNEL\n"
        "  --wait SECONDS        how long to wait for a card\n"
        "  --debug               say what happens, on standard error\n"
        "  --help                this text\n"
        "  --version             the version\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 usage, 3 wrong PIN, 4 PIN blocked, 5 no reader "
        "or card,\n"
        "6 not the enrolled card, 7 verification failed, 8 nothing enrolled, 9 "
        "cancelled, 10 refused.\n";

static void log_sink_stderr(enum log_level level, const char *line, void *ctx)
{
	(void)level;
	(void)ctx;
	(void)fprintf(stderr, "bootlatch-unlock: %s\n", line);
}

static enum err bad_usage(const char *what)
{
	(void)fprintf(stderr, "bootlatch-unlock: %s. See bootlatch-unlock --help.\n",
	              what);
	return ERR_USAGE;
}

static enum err number(const char *text, int *ret)
{
	char *end = NULL;

	errno = 0;
	const long v = strtol(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || v > INT_MAX)
		return bad_usage(
		        "A number is needed for --pin-fd, --passphrase-fd and --wait");
	*ret = (int)v;
	return OK;
}

/* OK: go on, or (*ret_done) the text that was asked for is printed. */
static enum err parse_options(int argc, char **argv, struct options *o, bool *ret_done)
{
	/* Those with a text, those with a number, the rest. */
	enum {
		OPT_DEVICE = 256,
		OPT_HEADER,
		OPT_BOOT,
		OPT_CONFIG,
		OPT_READER,
		OPT_SERIAL,
		OPT_TRANSPORT,
		OPT_PIN_FD,
		OPT_PASSPHRASE_FD,
		OPT_WAIT,
		OPT_DEBUG,
		OPT_HELP,
		OPT_VERSION,
	};
	const char **const texts[] = {&o->source,        &o->header,      &o->boot_dir,
	                              &o->config_dir,    &o->wish.reader, &o->wish.serial,
	                              &o->wish.transport};
	int *const numbers[] = {&o->wish.pin_fd, &o->wish.passphrase_fd, &o->wish.wait_s};
	static const struct option longs[] = {
	        {"device",           required_argument, NULL, OPT_DEVICE},
	        {"header",              required_argument, NULL, OPT_HEADER},
	        {"boot",                  required_argument, NULL, OPT_BOOT},
	        {"config",required_argument, NULL, OPT_CONFIG},
	        {"pin-fd",        required_argument, NULL, OPT_PIN_FD},
	        {"passphrase-fd",             required_argument, NULL, OPT_PASSPHRASE_FD},
	        {"reader",              required_argument, NULL, OPT_READER},
	        {"serial",                  required_argument, NULL, OPT_SERIAL},
	        {"transport",              required_argument, NULL, OPT_TRANSPORT},
	        {"wait",        required_argument, NULL, OPT_WAIT},
	        {"debug",           no_argument, NULL, OPT_DEBUG},
	        {"help",              no_argument, NULL, OPT_HELP},
	        {"version",                  no_argument, NULL, OPT_VERSION},
	        {0},
	};
	enum err e = OK;
	int c;

	while (e == OK && (c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c >= OPT_DEVICE && c <= OPT_TRANSPORT) {
			*texts[c - OPT_DEVICE] = optarg;
			continue;
		}
		if (c >= OPT_PIN_FD && c <= OPT_WAIT) {
			e = number(optarg, numbers[c - OPT_PIN_FD]);
			continue;
		}
		switch (c) {
		case OPT_DEBUG:
			o->debug = true;
			break;
		case OPT_HELP:
			(void)fputs(usage, stdout);
			*ret_done = true;
			return OK;
		case OPT_VERSION:
			(void)puts("bootlatch-unlock " BOOTLATCH_VERSION);
			*ret_done = true;
			return OK;
		default:
			return ERR_USAGE; /* getopt_long said why */
		}
	}
	if (e != OK)
		return e;
	if (argc - optind > 1)
		return bad_usage("Only one key field can be given");
	o->key_field = optind < argc ? argv[optind] : NULL;
	return OK;
}

static const char *boot_default(void)
{
	struct stat st;

	return stat(BOOT_IN_IMAGE, &st) == 0 && S_ISDIR(st.st_mode) ? BOOT_IN_IMAGE
	                                                            : BOOT_DIR;
}

/* The only place that reads the environment: what cryptdisks_start and the initramfs set.
 */
static void from_environment(struct options *o)
{
	const char *tried = getenv("CRYPTTAB_TRIED");

	o->source = getenv("CRYPTTAB_SOURCE");
	o->name = getenv("CRYPTTAB_NAME");
	o->header = getenv("CRYPTTAB_OPTION_header");
	if (o->header && o->header[0] == '\0')
		o->header = NULL;
	o->first_try = !tried || tried[0] == '\0' || strcmp(tried, "0") == 0;
}

static enum err write_all(int fd, struct bytes b)
{
	struct bytes part;

	while (b.n > 0) {
		const ssize_t n = write(fd, b.p, b.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? err_from_errno(errno) : ERR_IO;
		const enum err e = bytes_take(&b, (size_t)n, &part);

		if (e != OK)
			return e;
	}
	return OK;
}

static enum err deliver(void *ctx, struct volume *v, int slot, const struct secret *pass)
{
	const int *out = ctx;

	(void)v;
	(void)slot;
	return write_all(*out, secret_view(pass));
}

/* *ret_told: why it was refused has been said, in better words than the error's. */
static enum err unlock(const struct options *o, struct session *s, struct volume *v,
                       int out, bool *ret_told)
{
	struct unlock_result result = {0};
	int out_fd = out;
	const struct unlock_goal goal = {
	        .name = o->name,
	        .passphrase_first = o->wish.passphrase_fd >= 0 && o->wish.pin_fd < 0,
	        .skip_check = true,
	        /* cryptsetup comes back when it does not open the keyslot after all. */
	        .trust_record = o->first_try,
	        .deliver = deliver,
	        .ctx = &out_fd,
	};

	const enum err e = unlock_volume(s, v, &goal, &result);
	*ret_told = volume_trusted(v) != OK || e == ERR_PIN_BLOCKED;
	if (e == ERR_USAGE)
		return bad_usage(
		        "Nobody can be asked, or several cards fit: use a terminal, "
		        "--pin-fd, --passphrase-fd or --serial");
	return e;
}

static enum err open_volume(const struct options *o, const char *device,
                            struct session *s, int out, bool *ret_told)
{
	const struct volume_where where = {
	        .device = device,
	        .header = o->header,
	        .boot_dir = o->boot_dir ? o->boot_dir : boot_default(),
	        .config_dir = o->config_dir ? o->config_dir : CONFIG_DIR,
	};
	struct volume *v = NULL;
	AUTO_SECRET *key = NULL;
	enum err e = volume_load(&where, &v);

	if (e != OK)
		return e;
	/* When it is not trusted, unlock_volume says so and refuses. */
	if (o->key_field && strcmp(o->key_field, HEADS_KEY) == 0 && o->first_try &&
	    volume_trusted(v) == OK && heads_key(&key) == OK)
		e = write_all(out, secret_view(key));
	else
		e = unlock(o, s, v, out, ret_told);
	(void)volume_free(v);
	return e;
}

static enum err run(const struct options *o, int out, bool *ret_told)
{
	char device[SOURCE_MAX];
	struct session *s = NULL;
	enum err e = source_path(o->source, device, sizeof(device));

	if (e != OK)
		return bad_usage("No device: set CRYPTTAB_SOURCE or use --device");
	/* First: readers are looked for while the header is read. */
	e = open_session(&o->wish, &s);
	if (e == ERR_USAGE)
		return bad_usage("The descriptors or the serial number cannot be used");
	if (e != OK)
		return e;
	e = open_volume(o, device, s, out, ret_told);
	(void)session_free(s);
	return e;
}

/* The key's way out is a descriptor of its own; what a library prints goes to standard
 * error. */
static enum err take_stdout(const struct session_wish *w, int *ret)
{
	const int highest = w->pin_fd > w->passphrase_fd ? w->pin_fd : w->passphrase_fd;
	/* Never a number that the caller named: it might be one that is not open. */
	const int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC,
	                     highest > 2 && highest < INT_MAX ? highest + 1 : 3);

	if (fd < 0)
		return err_from_errno(errno);
	if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		const enum err e = err_from_errno(errno);

		(void)close(fd); /* nothing was written */
		return e;
	}
	*ret = fd;
	return OK;
}

static void say_end(const struct options *o, enum err e, bool told)
{
	char name[SOURCE_MAX];

	words_clean(o->name     ? o->name
	            : o->source ? o->source
	                        : "start",
	            name, sizeof(name));
	if (told)
		(void)fprintf(stderr, "bootlatch-unlock: %s was not opened.\n", name);
	else
		(void)fprintf(stderr, "bootlatch-unlock: %s: %s. %s\n", name, err_text(e),
		              err_advice(e));
}

int main(int argc, char **argv)
{
	struct options o = {
	        .wish = {.pin_fd = -1, .passphrase_fd = -1, .wait_s = -1}
        };
	bool done = false, told = false;
	int out = -1;
	/* harden_process opens what is closed: a key must not go nowhere. */
	const bool has_stdout = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
	enum err e = harden_process();

	log_to(log_sink_stderr, NULL, LOG_WARN);
	if (e == OK)
		e = crypto_init();
	if (e != OK)
		goto end;
	from_environment(&o);
	e = parse_options(argc, argv, &o, &done);
	if (e != OK || done)
		return (int)err_exit(e);
	if (!has_stdout) {
		e = bad_usage(
		        "Standard output is closed, and the passphrase would be lost");
		return (int)err_exit(e);
	}
	if (isatty(STDOUT_FILENO) == 1) {
		e = bad_usage("Standard output is a terminal, and the passphrase would "
		              "be shown "
		              "there: redirect it");
		return (int)err_exit(e);
	}
	if (o.debug)
		log_to(log_sink_stderr, NULL, LOG_DEBUG);
	e = take_stdout(&o.wish, &out);
	if (e == OK)
		e = run(&o, out, &told);
	/* A close that fails may have lost the key on its way. */
	if (out >= 0 && close(out) < 0 && e == OK)
		e = err_from_errno(errno);
end:
	if (e != OK && e != ERR_USAGE)
		say_end(&o, e, told);
	return (int)err_exit(e);
}
