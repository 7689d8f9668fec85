/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch-unlock: the boot run and the keyscript of Debian's initramfs.  The
 * keyscript's key goes to standard output, raw. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/ask_words.h"
#include "core/harden.h"
#include "core/log.h"
#include "crypto/crypto.h"
#include "unlock/boot_left.h"
#include "unlock/heads_key.h"
#include "unlock/main_options.h"
#include "unlock/openssl.h"
#include "unlock/session_tpm.h"
#include "unlock/source.h"
#include "unlock/unlock.h"
#include "unlock/words.h"

enum { SOURCE_MAX = 512 };

static void log_sink_stderr(enum log_level level, const char *line, void *ctx)
{
	(void)level;
	(void)ctx;
	(void)fprintf(stderr, "bootlatch-unlock: %s\n", line);
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
	/* cryptroot comes back many times for a volume that is refused. */
	const bool before = !o->first_try || (o->wish.at_boot && o->name &&
	                                      boot_left_has(BOOT_LEFT_FILE, o->name));
	const struct unlock_goal goal = {
	        .name = o->name,
	        .passphrase_first = o->wish.passphrase_fd >= 0 && o->wish.pin_fd < 0,
	        /* When cryptsetup did not take the first one, no number of wrong ones
	         * shall use up the boot's rounds: they are tried here. */
	        .skip_check = o->first_try || o->tries_given,
	        /* cryptsetup comes back when it does not open the keyslot after all. */
	        .trust_record = o->first_try,
	        .refusal_told = before,
	        .deliver = deliver,
	        .ctx = &out_fd,
	};

	const enum err e = unlock_volume(s, v, &goal, &result);
	*ret_told = (volume_trusted(v) != OK && !before) || e == ERR_PIN_BLOCKED;
	if (e == ERR_USAGE)
		return bad_usage(
		        "Nobody can be asked, or several cards fit: use a terminal, "
		        "--pin-fd, --passphrase-fd or --serial");
	return e;
}

/* cryptsetup gets what we print for that keyslot alone. */
static void keep_keyslot(const struct options *o, struct session *s, struct volume *v)
{
	volume_keep_slot(v, o->keyslot);
	v->typed_slot = o->keyslot;
	if (o->keyslot != LUKS_ANY_SLOT && o->first_try)
		words_say(session_ask(s), WORDS_TAB_KEYSLOT,
		          &(struct words_args){.disk = o->name ? o->name : o->source,
		                               .n = o->keyslot});
}

static enum err open_volume(const struct options *o, const char *device,
                            struct session *s, int out, bool *ret_told)
{
	const struct volume_where where = {
	        .device = device,
	        .header = o->header,
	        .boot_dir = o->boot_dir,
	        .config_dir = o->config_dir,
	};
	struct volume *v = NULL;
	AUTO_SECRET *key = NULL;
	enum err e = volume_load(&where, &v);

	if (e != OK)
		return e;
	keep_keyslot(o, s, v);
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
	bool capped = false;
	enum err e = source_path(o->source, device, sizeof(device));

	if (e != OK)
		return bad_usage("No device: set CRYPTTAB_SOURCE or use --device");
	/* Before anybody is asked: this is a later run of the boot, or the only one. */
	if (o->wish.at_boot)
		(void)cap(o, false, &capped); /* said; and the TPM is not used here */
	/* First: readers are looked for while the header is read. */
	e = open_session(&o->wish, &s);
	if (e == ERR_USAGE)
		return bad_usage("The descriptors or the serial number cannot be used");
	if (e != OK)
		return e;
	if (o->wish.at_boot)
		session_tpm_give_up(s, ERR_TPM_PCRS);
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

	words_clean(o->crypttab ? o->crypttab
	            : o->name   ? o->name
	            : o->source ? o->source
	                        : "start",
	            name, sizeof(name));
	if (told)
		(void)fprintf(stderr, "bootlatch-unlock: %s was not opened.\n", name);
	else
		(void)fprintf(stderr, "bootlatch-unlock: %s: %s. %s\n", name, err_text(e),
		              err_advice(e));
}

static bool is_keyscript(const struct options *o)
{
	return !o->crypttab && !o->below && !o->check_root && !o->check_resume &&
	       !o->cap && !o->image_record;
}

/* A keyscript's run; has_stdout: there was one before harden_process opened what is
 * closed. */
static enum err keyscript(const struct options *o, bool has_stdout, bool *ret_told)
{
	int out = -1;

	if (!has_stdout)
		return bad_usage(
		        "Standard output is closed, and the passphrase would be lost");
	if (isatty(STDOUT_FILENO) == 1)
		return bad_usage(
		        "Standard output is a terminal, and the passphrase would be "
		        "shown there: redirect it");
	enum err e = take_stdout(&o->wish, &out);

	if (e == OK)
		e = run(o, out, ret_told);
	/* A close that fails may have lost the key on its way. */
	if (out >= 0 && close(out) < 0 && e == OK)
		e = err_from_errno(errno);
	return e;
}

/*
 * What opening, mapping and checking takes; nothing else of root's stays.
 *   SYS_ADMIN             calls of device-mapper
 *   IPC_LOCK              secrets in locked memory, beyond the limit
 *   SYS_RESOURCE          the card's child raises that limit before it has no rights
 *   DAC_OVERRIDE          devices, records and terminals of other owners
 *   MKNOD, CHOWN          nodes below /dev/mapper, where udev makes none
 *   SYS_BOOT              what is asked for with --check-root alone
 */
static void drop_capabilities(const struct options *o)
{
	uint64_t keep = 1ULL << CAP_SYS_ADMIN | 1ULL << CAP_IPC_LOCK |
	                1ULL << CAP_SYS_RESOURCE | 1ULL << CAP_DAC_OVERRIDE |
	                1ULL << CAP_MKNOD | 1ULL << CAP_CHOWN;

	if (o->check_root)
		keep |= 1ULL << CAP_SYS_BOOT;
	harden_capabilities(keep);
}

int main(int argc, char **argv)
{
	struct options o = {0};
	bool done = false, told = false;
	const bool has_stdout = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
	enum err e = harden_process();

	log_to(log_sink_stderr, NULL, LOG_WARN);
	if (e == OK)
		e = crypto_init();
	openssl_without_old_names();
	if (e == OK)
		e = parse_options(argc, argv, &o, &done);
	if (done)
		return (int)err_exit(e);
	if (o.debug)
		log_to(log_sink_stderr, NULL, LOG_DEBUG);
	drop_capabilities(&o); /* before any thread or child */
	if (e == OK)
		e = o.below                          ? below(&o, &told)
		    : o.check_root || o.check_resume ? check_below(&o, &told)
		    : o.crypttab                     ? boot(&o, &told)
		    : o.cap                          ? cap(&o, false, &told)
		    : o.image_record                 ? image_record(&o)
		                                     : keyscript(&o, has_stdout, &told);
	/* A boot run has told of each volume. */
	if (e != OK && e != ERR_USAGE && !(told && !is_keyscript(&o)))
		say_end(&o, e, told);
	return (int)err_exit(e);
}
