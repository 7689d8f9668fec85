/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of bootlatch-unlock, and what cryptdisks and the initramfs set. */
#include "unlock/main_options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "unlock/luks.h"
#include "unlock/tpm2_saved.h"

#ifndef BOOTLATCH_VERSION
#define BOOTLATCH_VERSION "unreleased"
#endif

#define CONFIG_DIR "/etc/bootlatch"
#define BOOT_DIR   "/boot"

enum { SOURCE_WAIT_S = 10 /* cryptroot: udev's queue and then 5 s */ };

static const char usage[] =
        "Usage: bootlatch-unlock [OPTION]... [KEYFIELD]\n"
        "   or: bootlatch-unlock --crypttab FILE [OPTION]...\n"
        "Open a LUKS volume with an OpenPGP card and write its passphrase to standard "
        "output.\n"
        "A keyscript of crypttab: the device is CRYPTTAB_SOURCE, its name "
        "CRYPTTAB_NAME,\n"
        "a detached header CRYPTTAB_OPTION_header.\n"
        "With --crypttab: open and map every volume of FILE that has this keyscript.\n"
        "\n"
        "  --crypttab FILE       the boot run\n"
        "  --source-wait SECONDS how long to wait for volumes that are late (default "
        "10)\n"
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
        "  --tpm-device TCTI     the TPM, as tss2 names it (default /dev/tpmrm0)\n"
        "  --cap                 nothing more is unsealed in this boot\n"
        "  --run DIR             PCRs before that are kept in DIR/bootlatch (default "
        "/run)\n"
        "  --below DEVICE        print the LUKS volumes that DEVICE lies on (the hook)\n"
        "  --check-root DEVICE   does it lie on those of the image? Else start again\n"
        "  --check-resume DEVICE the same, without a new start\n"
        "  --image-record FILE   print that record as it goes into an image (the hook)\n"
        "  --debug               say what happens, on standard error\n"
        "  --help                this text\n"
        "  --version             the version\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 usage, 3 wrong PIN, 4 PIN blocked, 5 no reader "
        "or card,\n"
        "6 not the enrolled card, 7 verification failed, 8 nothing enrolled, 9 "
        "cancelled, 10 refused.\n";

enum err bad_usage(const char *what)
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
		return bad_usage("A number is needed for --pin-fd, --passphrase-fd, "
		                 "--wait and --source-wait");
	*ret = (int)v;
	return OK;
}

/* Those with a text, those with a number, the rest. */
enum {
	OPT_CRYPTTAB = 256,
	OPT_DEVICE,
	OPT_HEADER,
	OPT_BOOT,
	OPT_CONFIG,
	OPT_READER,
	OPT_SERIAL,
	OPT_TRANSPORT,
	OPT_TPM_DEVICE,
	OPT_RUN,
	OPT_BELOW,
	OPT_CHECK_ROOT,
	OPT_CHECK_RESUME,
	OPT_IMAGE_RECORD,
	OPT_PIN_FD,
	OPT_PASSPHRASE_FD,
	OPT_WAIT,
	OPT_SOURCE_WAIT,
	OPT_CAP,
	OPT_DEBUG,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option longs[] = {
        {"crypttab",         required_argument, NULL, OPT_CRYPTTAB},
        {"device",              required_argument, NULL, OPT_DEVICE},
        {"header",                  required_argument, NULL, OPT_HEADER},
        {"boot",required_argument, NULL, OPT_BOOT},
        {"config",        required_argument, NULL, OPT_CONFIG},
        {"pin-fd",           required_argument, NULL, OPT_PIN_FD},
        {"passphrase-fd",              required_argument, NULL, OPT_PASSPHRASE_FD},
        {"reader",                  required_argument, NULL, OPT_READER},
        {"serial",              required_argument, NULL, OPT_SERIAL},
        {"transport",          required_argument, NULL, OPT_TRANSPORT},
        {"wait",           required_argument, NULL, OPT_WAIT},
        {"source-wait",              required_argument, NULL, OPT_SOURCE_WAIT},
        {"below",                  required_argument, NULL, OPT_BELOW},
        {"check-root",required_argument, NULL, OPT_CHECK_ROOT},
        {"image-record",        required_argument, NULL, OPT_IMAGE_RECORD},
        {"check-resume",    required_argument, NULL, OPT_CHECK_RESUME},
        {"tpm-device",              required_argument, NULL, OPT_TPM_DEVICE},
        {"run",                  required_argument, NULL, OPT_RUN},
        {"cap",no_argument, NULL, OPT_CAP},
        {"debug",        no_argument, NULL, OPT_DEBUG},
        {"help",           no_argument, NULL, OPT_HELP},
        {"version",              no_argument, NULL, OPT_VERSION},
        {0                 },
};

static bool is_in_image(void)
{
	struct stat st;

	return stat(BOOT_IN_IMAGE, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The only place that reads the environment. */
static enum err from_environment(struct options *o)
{
	const char *tried = getenv("CRYPTTAB_TRIED");
	const char *tries = getenv("CRYPTTAB_OPTION_tries");
	const char *keyslot = getenv("CRYPTTAB_OPTION_keyslot");

	o->source = getenv("CRYPTTAB_SOURCE");
	o->name = getenv("CRYPTTAB_NAME");
	o->header = getenv("CRYPTTAB_OPTION_header");
	if (o->header && o->header[0] == '\0')
		o->header = NULL;
	o->first_try = !tried || tried[0] == '\0' || strcmp(tried, "0") == 0;
	o->tries_given = tries && tries[0] != '\0';
	o->keyslot = LUKS_ANY_SLOT;
	if (!keyslot || keyslot[0] == '\0')
		return OK;
	char *end = NULL;
	const long n = strtol(keyslot, &end, 10);

	if (keyslot[0] < '0' || keyslot[0] > '9' || *end != '\0' || n >= LUKS_SLOTS_MAX)
		return bad_usage("CRYPTTAB_OPTION_keyslot is no keyslot");
	o->keyslot = (int)n;
	return OK;
}

static enum err one_option(int c, struct options *o, bool *ret_done)
{
	const char **const texts[] = {
	        &o->crypttab,     &o->source,      &o->header,      &o->boot_dir,
	        &o->config_dir,   &o->wish.reader, &o->wish.serial, &o->wish.transport,
	        &o->wish.tpm,     &o->wish.run,    &o->below,       &o->check_root,
	        &o->check_resume, &o->image_record};
	int *const numbers[] = {&o->wish.pin_fd, &o->wish.passphrase_fd, &o->wish.wait_s,
	                        &o->source_wait_s};

	if (c >= OPT_CRYPTTAB && c <= OPT_IMAGE_RECORD) {
		*texts[c - OPT_CRYPTTAB] = optarg;
		return OK;
	}
	if (c >= OPT_PIN_FD && c <= OPT_SOURCE_WAIT)
		return number(optarg, numbers[c - OPT_PIN_FD]);
	switch (c) {
	case OPT_CAP:
		o->cap = true;
		return OK;
	case OPT_DEBUG:
		o->debug = true;
		return OK;
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

/* crypttab says it all by itself. */
static enum err check_boot(const struct options *o, const struct options *environment)
{
	if (o->source_wait_s < 0 || o->source_wait_s > INT_MAX / 1000)
		return bad_usage("--source-wait is too long");
	if (o->crypttab && (o->key_field || o->source != environment->source ||
	                    o->header != environment->header))
		return bad_usage(
		        "--crypttab goes without KEYFIELD, --device and --header");
	return OK;
}

enum err parse_options(int argc, char **argv, struct options *ret, bool *ret_done)
{
	const bool in_image = is_in_image();
	struct options o = {
	        .source_wait_s = SOURCE_WAIT_S,
	        .boot_dir = in_image ? BOOT_IN_IMAGE : BOOT_DIR,
	        .config_dir = CONFIG_DIR,
	        .wish = {.pin_fd = -1,
	                 .passphrase_fd = -1,
	                 .wait_s = -1,
	                 .run = TPM2_SAVED_RUN,
	                 .at_boot = in_image},
	};
	int c;

	const enum err in_environment = from_environment(&o);
	if (in_environment != OK)
		return in_environment;
	const struct options environment = o;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		const enum err e = one_option(c, &o, ret_done);

		if (e != OK || *ret_done)
			return e;
	}
	if (argc - optind > 1)
		return bad_usage("Only one key field can be given");
	o.key_field = optind < argc ? argv[optind] : NULL;
	const enum err e = check_boot(&o, &environment);

	if (e == OK)
		*ret = o;
	return e;
}
