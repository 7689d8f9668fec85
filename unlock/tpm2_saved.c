/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCRs before the cap: their JSON, strictly, and its file. */
#include "unlock/tpm2_saved.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "unlock/json.h"
#include "unlock/pcrs_json.h"
#include "unlock/store.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char folder[] = "bootlatch";
static const char file[] = "pcrs.json";

/* --- read --- */

static enum err read_capped(const struct json_object *o, struct tpm2_saved *s)
{
	const struct json_object *from = json_at(o, "capped");

	if (!json_is_array(from) || json_count(from) < 1 || json_count(from) > TPM2_PCRS)
		return ERR_FORMAT;
	for (size_t i = 0; i < json_count(from); i++) {
		int pcr = 0;

		const enum err e = json_item_int(from, i, 0, TPM2_PCRS - 1, &pcr);
		if (e != OK)
			return e;
		if (s->capped >> pcr != 0) /* in order, none twice */
			return ERR_FORMAT;
		s->capped |= 1U << pcr;
	}
	return OK;
}

static enum err read_bank(const struct json_object *o, struct tpm2_pcrs *p)
{
	static const char *const names[] = {"bank", "pcrs"};
	const char *text = NULL;

	if (!json_only(o, names, COUNT(names)))
		return ERR_FORMAT;
	enum err e = json_text(o, "bank", &text);
	if (e == OK && (p->bank = tpm2_bank_by_name(text)) == HASH_NONE)
		e = ERR_FORMAT;
	return e == OK ? pcrs_read(json_at(o, "pcrs"), p) : e;
}

static enum err read_banks(const struct json_object *o, struct tpm2_saved *s)
{
	const struct json_object *from = json_at(o, "banks");

	if (!json_is_array(from) || json_count(from) < 1 ||
	    json_count(from) > TPM2_SAVED_BANKS)
		return ERR_FORMAT;
	for (; s->n < json_count(from); s->n++) {
		struct tpm2_pcrs *p = &s->bank[s->n];

		const enum err e = read_bank(json_item(from, s->n), p);
		if (e != OK)
			return e;
		if ((p->mask & s->capped) != s->capped)
			return ERR_FORMAT;
		for (size_t i = 0; i < s->n; i++)
			if (s->bank[i].bank == p->bank)
				return ERR_FORMAT;
	}
	return OK;
}

enum err tpm2_saved_parse(struct bytes json, struct tpm2_saved *ret)
{
	static const char *const names[] = {"version", "capped", "banks"};
	struct tpm2_saved s = {0};
	AUTO_JSON *o = NULL;
	int version = 0;

	enum err e = json_read_only(json, TPM2_SAVED_MAX, names, COUNT(names), &o);
	if (e == OK)
		e = json_int(o, "version", 1, 1, &version);
	if (e == OK)
		e = read_capped(o, &s);
	if (e == OK)
		e = read_banks(o, &s);
	if (e == OK)
		*ret = s;
	return e;
}

/* --- written --- */

/* Errors of `out` are its owner's to ask for. */
static void put_saved(const struct tpm2_saved *s, FILE *out)
{
	const char *comma = "";

	(void)fputs("{\"version\":1,\"capped\":[", out);
	for (unsigned i = 0; i < TPM2_PCRS; i++) {
		if ((s->capped >> i & 1) == 0)
			continue;
		(void)fprintf(out, "%s%u", comma, i);
		comma = ",";
	}
	(void)fputs("],\"banks\":[", out);
	for (size_t i = 0; i < s->n; i++) {
		(void)fprintf(out, "%s{\"bank\":\"%s\",\"pcrs\":", i > 0 ? "," : "",
		              tpm2_bank_name(s->bank[i].bank));
		pcrs_put(&s->bank[i], out);
		(void)fputc('}', out);
	}
	(void)fputs("]}\n", out);
}

enum err tpm2_saved_format(const struct tpm2_saved *s, char **ret_json)
{
	struct tpm2_saved again;
	char *text = NULL;
	size_t n = 0;

	if (s->n > COUNT(s->bank))
		return ERR_BUG;
	FILE *out = open_memstream(&text, &n);
	if (out == NULL)
		return ERR_NOMEM;
	put_saved(s, out);
	const bool whole = ferror(out) == 0;
	enum err e = fclose(out) == 0 && whole ? OK : ERR_NOMEM;
	/* Never write what could not be read again. */
	if (e == OK)
		e = tpm2_saved_parse((struct bytes){(const uint8_t *)text, n}, &again);
	if (e != OK) {
		free(text);
		return e;
	}
	*ret_json = text;
	return OK;
}

/* --- its file --- */

enum err tpm2_saved_write(const char *run, const struct tpm2_saved *s)
{
	char *text = NULL;

	enum err e = tpm2_saved_format(s, &text);
	if (e != OK)
		return e;
	e = store_write(run, folder, file, bytes_of(text));
	free(text);
	return e;
}

/* Ours alone: what another put there is not believed. */
static bool ours(const struct stat *st, mode_t type, mode_t mode)
{
	return (st->st_mode & S_IFMT) == type && st->st_uid == geteuid() &&
	       (st->st_mode & 07777) == mode;
}

static enum err look(int dirfd)
{
	struct stat st;

	if (fstat(dirfd, &st) != 0)
		return err_from_errno(errno);
	if (!ours(&st, S_IFDIR, 0700))
		return ERR_ACCESS;
	if (fstatat(dirfd, file, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return err_from_errno(errno);
	return ours(&st, S_IFREG, 0600) ? OK : ERR_ACCESS;
}

enum err tpm2_saved_read(const char *run, struct tpm2_saved *ret)
{
	uint8_t *text = NULL;
	size_t n = 0;
	int dir = -1;

	enum err e = dir_open(run, &dir);
	if (e != OK)
		return e;
	const int fd =
	        openat(dir, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	e = fd >= 0 ? OK : err_from_errno(errno);
	(void)close(dir); /* read-only */
	if (e != OK)
		return e;
	e = look(fd);
	if (e == OK) /* nobody else may change it meanwhile */
		e = file_read(fd, file, TPM2_SAVED_MAX, &text, &n);
	(void)close(fd); /* read-only */
	if (e == OK)
		e = tpm2_saved_parse((struct bytes){text, n}, ret);
	free(text);
	return e;
}

enum err tpm2_saved_values(const struct tpm2_saved *s, enum hash_alg bank, uint32_t mask,
                           struct tpm2_pcrs *ret)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->bank[i].bank != bank || (s->bank[i].mask & mask) != mask)
			continue;
		*ret = s->bank[i];
		ret->mask = mask;
		return OK;
	}
	return ERR_NOT_FOUND;
}
