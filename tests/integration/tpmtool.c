/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sealing to a TPM at a shell's hands, for tpm2.sh. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/hex.h"
#include "unlock/tpm2_way.h"

static const char usage_text[] =
        "Usage: tpmtool WAY WHAT...          WAY: a TCTI, or - for /dev/tpmrm0\n"
        "  seal MASK FILE [PIN [SALT]]      prints what was sealed; FILE: raw\n"
        "  unseal FILE [PIN [TIMES]]        prints it\n"
        "  show FILE                        handle and name of its storage root key\n"
        "  flag FILE                        turns what FILE says about the PIN\n"
        "  pcrs MASK BANK                   prints them\n"
        "  extend PCR\n"
        "  lockout                          failed max interval recovery locked\n"
        "  way CONFIG DEVICE [PIN]          unseals what a LUKS token of DEVICE has, by "
        "the record\n"
        "  zeros SALT                       a PIN whose auth value ends in a zero byte\n"
        "PIN: - for none.  MASK: hex.  Without an answer in 2 s it gives up.\n";

enum { HEX = 16, LIMIT_MS = 2000, PIN_TRIES = 20000 };

static void put_hex(struct bytes b)
{
	char text[2 * HASH_MAX_LEN + 1];

	hex_encode(b, text);
	(void)puts(text);
}

static enum err pin_of(const char *text, struct secret **ret)
{
	return text && strcmp(text, "-") != 0 ? secret_copy(bytes_of(text), ret) : OK;
}

static enum err read_sealed(const char *path, struct tpm2_sealed *ret)
{
	FILE *f = fopen(path, "re");

	const bool whole = f && fread(ret, sizeof(*ret), 1, f) == 1;
	if (f)
		(void)fclose(f); /* read only */
	return whole ? OK : ERR_IO;
}

static enum err write_sealed(const char *path, const struct tpm2_sealed *s)
{
	FILE *f = fopen(path, "we");

	const bool whole = f && fwrite(s, sizeof(*s), 1, f) == 1;
	return f && fclose(f) == 0 && whole ? OK : ERR_IO;
}

static enum err do_seal(const struct tpm2 *t, char **arg)
{
	struct tpm2_wish w = {
	        .bank = HASH_SHA256,
	        .mask = (uint32_t)strtoul(arg[0], NULL, HEX),
	};
	struct tpm2_sealed s;
	AUTO_SECRET *what = NULL, *pin = NULL;

	enum err e = random_bytes(w.salt, sizeof(w.salt));
	if (e == OK && arg[2] && arg[3])
		e = hex_decode(arg[3], strlen(arg[3]), w.salt, sizeof(w.salt));
	if (e == OK)
		e = random_secret(TPM2_SECRET_LEN, &what);
	if (e == OK)
		e = pin_of(arg[2], &pin);
	if (e == OK)
		e = tpm2_seal(t, &w, what, pin, &s);
	if (e == OK)
		e = write_sealed(arg[1], &s);
	if (e == OK)
		put_hex(secret_view(what));
	return e;
}

static enum err do_unseal(const struct tpm2 *t, char **arg)
{
	struct tpm2_sealed s;
	AUTO_SECRET *out = NULL, *pin = NULL;
	const int times = arg[1] && arg[2] ? atoi(arg[2]) : 1;

	enum err e = read_sealed(arg[0], &s);
	if (e == OK)
		e = pin_of(arg[1], &pin);
	for (int i = 0; e == OK && i < times; i++) {
		out = secret_free(out);
		e = tpm2_unseal(t, &s, pin, &out);
	}
	if (e == OK)
		put_hex(secret_view(out));
	return e;
}

/* What root of a system would do that knows the record, without a look at the PCRs. */
static enum err do_way(const struct tpm2 *t, char **arg)
{
	const struct volume_where where = {
	        .device = arg[1], .boot_dir = "/none", .config_dir = arg[0]};
	AUTO_SECRET *out = NULL, *pin = NULL;
	struct volume *v = NULL;
	struct tpm2_sealed s;

	enum err e = volume_load(&where, &v);
	if (e != OK)
		return e;
	e = ERR_NOT_ENROLLED;
	for (size_t i = 0; i < v->n_enrolled && e == ERR_NOT_ENROLLED; i++)
		if (strcmp(v->enrolled[i].backend, BACKEND_TPM2) == 0)
			e = tpm2_way(&v->enrolled[i], 1, &s);
	if (e == OK && s.needs_pin)
		e = pin_of(arg[2], &pin);
	if (e == OK)
		e = tpm2_unseal(t, &s, pin, &out);
	if (e == OK)
		put_hex(secret_view(out));
	v = volume_free(v);
	return e;
}

static enum err do_show(char **arg)
{
	struct tpm2_sealed s;

	const enum err e = read_sealed(arg[0], &s);
	if (e != OK)
		return e;
	printf("%08x\n", s.srk);
	put_hex((struct bytes){s.srk_name, sizeof(s.srk_name)});
	return OK;
}

static enum err do_flag(char **arg)
{
	struct tpm2_sealed s;

	const enum err e = read_sealed(arg[0], &s);
	if (e != OK)
		return e;
	s.needs_pin = !s.needs_pin;
	return write_sealed(arg[0], &s);
}

static enum err do_pcrs(const struct tpm2 *t, char **arg)
{
	struct tpm2_pcrs p;

	const enum err e =
	        tpm2_read_pcrs(t, arg[1] ? tpm2_bank_by_name(arg[1]) : HASH_SHA256,
	                       (uint32_t)strtoul(arg[0], NULL, HEX), &p);
	for (unsigned i = 0; e == OK && i < TPM2_PCRS; i++) {
		if ((p.mask >> i & 1) == 0)
			continue;
		printf("%u ", i);
		put_hex((struct bytes){p.value[i], hash_len(p.bank)});
	}
	return e;
}

static enum err do_lockout(const struct tpm2 *t)
{
	struct tpm2_lockout l;

	const enum err e = tpm2_lockout(t, &l);
	if (e == OK)
		printf("%u %u %u %u %u\n", l.failed, l.max, l.interval_s, l.recovery_s,
		       l.locked);
	return e;
}

static enum err do_zeros(char **arg)
{
	uint8_t salt[TPM2_SALT_LEN] = {0};

	enum err e = hex_decode(arg[0], strlen(arg[0]), salt, sizeof(salt));
	for (int i = 0; e == OK && i < PIN_TRIES; i++) {
		AUTO_SECRET *pin = NULL, *auth = NULL;
		char text[16];

		(void)snprintf(text, sizeof(text), "%d", i);
		e = secret_copy(bytes_of(text), &pin);
		if (e == OK)
			e = tpm2_auth_value(pin, salt, &auth);
		if (e == OK && secret_len(auth) < TPM2_SECRET_LEN) {
			(void)puts(text);
			return OK;
		}
	}
	return e == OK ? ERR_NOT_FOUND : e;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";
	char **arg = argv + 3;
	enum err e = ERR_USAGE;

	if (crypto_init() != OK)
		return EXIT_FAILED;
	const struct tpm2 t = {
	        .tcti = argc > 1 && strcmp(argv[1], "-") != 0 ? argv[1] : NULL,
	        .limit_ms = LIMIT_MS,
	};
	if (strcmp(what, "seal") == 0 && argc >= 5)
		e = do_seal(&t, arg);
	else if (strcmp(what, "unseal") == 0 && argc >= 4)
		e = do_unseal(&t, arg);
	else if (strcmp(what, "show") == 0 && argc == 4)
		e = do_show(arg);
	else if (strcmp(what, "flag") == 0 && argc == 4)
		e = do_flag(arg);
	else if (strcmp(what, "pcrs") == 0 && argc >= 4)
		e = do_pcrs(&t, arg);
	else if (strcmp(what, "extend") == 0 && argc == 4)
		e = tpm2_extend(&t, (unsigned)atoi(arg[0]), "test");
	else if (strcmp(what, "lockout") == 0)
		e = do_lockout(&t);
	else if (strcmp(what, "way") == 0 && argc >= 5)
		e = do_way(&(struct tpm2){.tcti = t.tcti}, arg);
	else if (strcmp(what, "zeros") == 0 && argc == 4)
		e = do_zeros(arg);
	if (e == ERR_USAGE)
		(void)fputs(usage_text, stderr);
	if (e != OK)
		(void)fprintf(stderr, "%s\n", err_text(e));
	return (int)err_exit(e);
}
