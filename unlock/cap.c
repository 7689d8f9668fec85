/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values saved, then PCRs extended. */
#include "unlock/cap.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "unlock/record.h"
#include "unlock/store.h"
#include "unlock/token.h"
#include "unlock/tpm2_saved.h"

#define ENDING ".json"
/* The note that this boot could not be capped (docs/FORMAT.md). */
#define NOTE_FOLDER "bootlatch"
#define NOTE_FILE   "uncapped"
#define TRIED_FILE  "tried"

enum { FOLDER_MAX = 4096, NOTE_MAX = 256 };
/* For who was not heard of before. */
enum { USUAL_MS = 5000, LESS = 5, LEAST_MS = 1000 };

static const char note_absent[] = "absent\n", note_open[] = "open\n";
static const char what[] = "bootlatch: no more is unsealed in this boot";

/* --- which --- */

/* Of a file's name in volumes/; false: no record's. */
static bool uuid_of(const char *name, char ret[static LUKS_UUID_LEN + 1])
{
	const size_t n = strlen(name), end = sizeof(ENDING) - 1;

	if (n <= end || n - end > LUKS_UUID_LEN || strcmp(name + n - end, ENDING) != 0)
		return false;
	memcpy(ret, name, n - end);
	ret[n - end] = '\0';
	return true;
}

static void add_record(const char *config_dir, const char *uuid, uint32_t *pcrs)
{
	struct record r = {0};

	const enum err e = record_load(config_dir, uuid, &r);
	if (e != OK)
		log_line(LOG_DEBUG, "cap: record of %s: %s", uuid, err_text(e));
	for (size_t i = 0; e == OK && i < r.n; i++)
		if (strcmp(r.entry[i].backend, BACKEND_TPM2) == 0)
			*pcrs |= 1U << r.entry[i].cap;
	for (size_t i = 0; e == OK && i < r.n_tpm2; i++)
		*pcrs |= 1U << r.tpm2[i].cap;
}

enum err cap_pcrs(const char *config_dir, uint32_t *ret)
{
	char folder[FOLDER_MAX], uuid[LUKS_UUID_LEN + 1];
	uint32_t pcrs = 0;

	const int n = snprintf(folder, sizeof(folder), "%s/volumes", config_dir);
	if (n < 0 || (size_t)n >= sizeof(folder))
		return ERR_USAGE;
	DIR *d = opendir(folder);
	if (!d && errno != ENOENT)
		return err_from_errno(errno);
	for (const struct dirent *f = NULL; d && (f = readdir(d)) != NULL;)
		if (uuid_of(f->d_name, uuid))
			add_record(config_dir, uuid, &pcrs);
	if (d)
		(void)closedir(d); /* read-only */
	*ret = pcrs;
	return OK;
}

/* --- what they were --- */

/* One that did not answer a question has less time for the next: a boot does not wait for
 * it with each. */
static void heed(struct tpm2 *t, enum err e)
{
	const int before = t->limit_ms > 0 ? t->limit_ms : USUAL_MS;

	if (e == ERR_TPM_FAILED)
		t->limit_ms = before / LESS > LEAST_MS ? before / LESS : LEAST_MS;
}

/* After the first extension, also one that was given up, they are no longer what was
 * measured. */
static bool was_tried(const char *run)
{
	uint8_t *text = NULL;
	size_t n = 0;

	const enum err e = store_read(run, NOTE_FOLDER, TRIED_FILE, NOTE_MAX, &text, &n);
	free(text);
	return e != ERR_NOT_FOUND; /* what cannot be read was written */
}

static void note_tried(const char *run)
{
	if (store_write(run, NOTE_FOLDER, TRIED_FILE, bytes_of("tried\n")) != OK)
		log_line(LOG_DEBUG, "cap: that it was tried is not kept");
}

static enum err save(struct tpm2 *t, uint32_t pcrs, const char *run)
{
	static const enum hash_alg banks[TPM2_SAVED_BANKS] = {HASH_SHA256, HASH_SHA384,
	                                                      HASH_SHA512};
	struct tpm2_saved s = {.capped = pcrs};
	enum err e = OK;

	for (size_t i = 0; i < TPM2_SAVED_BANKS; i++) {
		e = tpm2_read_pcrs(t, banks[i], TPM2_PCRS_ALL, &s.bank[s.n]);
		s.n += e == OK;
		if (e != OK && e != ERR_NOT_FOUND)
			break; /* it does not answer, and would not the next time */
	}
	heed(t, e);
	if (s.n > 0)
		e = tpm2_saved_write(run, &s);
	if (e != OK)
		log_line(LOG_DEBUG, "cap: PCRs are not kept: %s", err_text(e));
	return e;
}

/* Those of pcrs that are still as they were saved. */
static uint32_t uncapped(struct tpm2 *t, const struct tpm2_saved *s, uint32_t pcrs)
{
	struct tpm2_pcrs now;
	uint32_t differ = 0;

	const enum err e = tpm2_read_pcrs(t, s->bank[0].bank, pcrs, &now);
	if (e == OK)
		differ = tpm2_pcrs_differ(&now, &s->bank[0]);
	heed(t, e);
	return pcrs & ~(differ & s->capped);
}

bool cap_is_done(const char *run)
{
	struct tpm2_saved s;

	return was_tried(run) || tpm2_saved_read(run, &s) == OK;
}

/* --- what could not be done --- */

enum err cap_failure(const char *run)
{
	uint8_t *text = NULL;
	size_t n = 0;

	enum err e = store_read(run, NOTE_FOLDER, NOTE_FILE, NOTE_MAX, &text, &n);
	if (e != OK)
		return OK;
	e = bytes_equal((struct bytes){text, n}, bytes_of(note_absent)) ? ERR_TPM_ABSENT
	                                                                : ERR_TPM_FAILED;
	free(text);
	return e;
}

/* Where it cannot be noted the next one waits as long as this did. */
static void note(const char *run, enum err e)
{
	const char *text = e == ERR_TPM_ABSENT ? note_absent : note_open;
	enum err noted = OK;

	if (e != OK)
		noted = store_write(run, NOTE_FOLDER, NOTE_FILE, bytes_of(text));
	else if (cap_failure(run) != OK)
		noted = store_remove(run, NOTE_FOLDER, NOTE_FILE);
	if (noted != OK)
		log_line(LOG_DEBUG, "cap: how it ended is not kept: %s", err_text(noted));
}

/* --- the cap --- */

enum err cap_tpm(const struct tpm2 *t, const char *config_dir, const char *run)
{
	struct tpm2_saved before;
	struct tpm2 tpm = *t;
	uint32_t pcrs = 0;

	enum err e = cap_pcrs(config_dir, &pcrs);
	if (e != OK || pcrs == 0)
		return e;
	if (tpm2_saved_read(run, &before) == OK)
		pcrs = uncapped(&tpm, &before, pcrs);
	else if (!was_tried(run) && save(&tpm, pcrs, run) != ERR_TPM_ABSENT)
		note_tried(run);
	for (unsigned i = 0; i < TPM2_PCRS; i++) {
		if ((pcrs >> i & 1) == 0)
			continue;
		const enum err failed = tpm2_extend(&tpm, i, what);
		heed(&tpm, failed);
		if (e == OK)
			e = failed;
	}
	note(run, e);
	return e;
}
