/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch revoke: which volumes there are, and which dongle is meant. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "card/pick.h"
#include "cli/revoke.h"
#include "core/file.h"
#include "core/hex.h"
#include "unlock/source.h"
#include "unlock/store.h"

enum { ANSWER_MAX = 8 };

/* --- volumes --- */

static struct revoke_volume *add(struct revocation *r, const char *device,
                                 const char *uuid)
{
	if (r->n == REVOKE_VOLUMES_MAX)
		return NULL;
	struct revoke_volume *rv = &r->volume[r->n++];
	(void)snprintf(rv->device, sizeof(rv->device), "%s", device);
	(void)snprintf(rv->uuid, sizeof(rv->uuid), "%s", uuid);
	return rv;
}

static bool has_uuid(const struct revocation *r, const char *uuid)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->volume[i].uuid, uuid) == 0)
			return true;
	return false;
}

/* A record of a volume that crypttab does not name: a disk that comes and goes. */
static enum err see_record(int dir, const char *name, void *ctx)
{
	static const char end[] = ".json";
	const size_t n = strlen(name), front = n - (sizeof(end) - 1);
	struct revocation *r = ctx;
	char uuid[LUKS_UUID_LEN + 1], source[LUKS_UUID_LEN + 8];
	(void)dir;

	if (n < sizeof(end) || front > LUKS_UUID_LEN || strcmp(name + front, end) != 0)
		return OK;
	memcpy(uuid, name, front);
	uuid[front] = '\0';
	if (has_uuid(r, uuid))
		return OK;
	(void)snprintf(source, sizeof(source), "UUID=%s", uuid);
	struct revoke_volume *rv = add(r, uuid, uuid);
	if (!rv)
		return ERR_NO_SPACE;
	rv->e = source_path(source, rv->device, sizeof(rv->device));
	if (rv->e == OK && access(rv->device, F_OK) != 0)
		rv->e = ERR_NOT_FOUND;
	if (rv->e != OK) {
		(void)snprintf(rv->device, sizeof(rv->device), "%s", source);
		return OK;
	}
	const struct volume_where where = {.device = rv->device,
	                                   .boot_dir = r->c->where.boot_dir,
	                                   .config_dir = r->c->where.config_dir};
	rv->e = volume_load(&where, &rv->v);
	rv->own = true;
	return OK;
}

static enum err see_records(struct revocation *r)
{
	int config = -1, dir = -1;

	enum err e = dir_open(r->c->where.config_dir, &config);
	if (e != OK)
		return e == ERR_NOT_FOUND ? OK : e;
	char path[MACHINE_PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s/%s", r->c->where.config_dir,
	               STORE_VOLUMES);
	e = dir_open(path, &dir);
	(void)close(config); /* only read */
	if (e != OK)
		return e == ERR_NOT_FOUND ? OK : e;
	e = dir_each(dir, see_record, r);
	(void)close(dir); /* only read */
	return e;
}

enum err revoke_find(struct revocation *r)
{
	enum err e = machine_look(r->c, "", &r->m);

	if (e != OK)
		return e;
	for (size_t i = 0; i < r->m->n; i++) {
		struct machine_volume *mv = &r->m->volume[i];
		struct revoke_volume *rv =
		        add(r, mv->device, mv->v ? luks_uuid(mv->v->luks) : "");

		if (!rv)
			return ERR_NO_SPACE;
		rv->v = mv->v;
		rv->e = mv->e;
	}
	return r->c->device ? OK : see_records(r);
}

void revoke_clear(struct revocation *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->volume[i].own)
			r->volume[i].v = volume_free(r->volume[i].v);
	r->n = 0;
	r->m = machine_free(r->m);
}

/* --- ways in --- */

bool revoke_is_meant(const struct revocation *r, const struct volume *v,
                     const struct enrolment *en)
{
	if (!enrolment_is(en, BACKEND_CARD) ||
	    (!en->in_record && v->state != RECORD_MISSING))
		return false;
	for (size_t i = 0; i < r->n_keys; i++)
		if (memcmp(r->key[i], en->fpr, FPR_LEN) == 0)
			return true;
	return false;
}

bool revoke_absent(const struct revocation *r, const struct revoke_volume *rv)
{
	struct record known;

	if (rv->v || record_load(r->c->where.config_dir, rv->uuid, &known) != OK)
		return false;
	for (size_t i = 0; i < known.n; i++)
		for (size_t k = 0; k < r->n_keys; k++)
			if (record_entry_is(&known.entry[i], BACKEND_CARD) &&
			    memcmp(known.entry[i].fpr, r->key[k], FPR_LEN) == 0)
				return true;
	return false;
}

size_t revoke_ways(const struct revocation *r, const struct volume *v)
{
	size_t n = 0;

	for (size_t i = 0; v && i < v->n_enrolled; i++)
		n += revoke_is_meant(r, v, &v->enrolled[i]);
	return n;
}

/* --- the dongle --- */

enum err revoke_add_key(struct revocation *r, const uint8_t fpr[static FPR_LEN])
{
	for (size_t i = 0; i < r->n_keys; i++)
		if (memcmp(r->key[i], fpr, FPR_LEN) == 0)
			return OK;
	if (r->n_keys == REVOKE_KEYS_MAX)
		return ERR_NO_SPACE;
	memcpy(r->key[r->n_keys++], fpr, FPR_LEN);
	return OK;
}

/* Goes through the ways in of dongles that count. */
struct each {
	size_t volume, way;
};
static const struct enrolment *next(const struct revocation *r, struct each *at)
{
	for (; at->volume < r->n; at->volume++, at->way = 0) {
		const struct volume *v = r->volume[at->volume].v;

		while (v && at->way < v->n_enrolled) {
			const struct enrolment *en = &v->enrolled[at->way++];

			if (enrolment_is(en, BACKEND_CARD) &&
			    (en->in_record || v->state == RECORD_MISSING))
				return en;
		}
	}
	return NULL;
}

static bool has_card(const struct enrolment *en, const char *serial)
{
	for (size_t i = 0; i < RECORD_SERIALS && *en->ident[i]; i++)
		if (pick_serial_matches(serial, en->ident[i]))
			return true;
	return false;
}

static enum err by_serial(struct revocation *r, const char *serial)
{
	const struct enrolment *en;
	struct each at = {0};
	enum err e = OK;

	while (e == OK && (en = next(r, &at)) != NULL)
		if (has_card(en, serial))
			e = revoke_add_key(r, en->fpr);
	return e;
}

static enum err by_key(struct revocation *r, const uint8_t fpr[static FPR_LEN])
{
	const struct enrolment *en;
	struct each at = {0};

	while ((en = next(r, &at)) != NULL)
		if (memcmp(en->fpr, fpr, FPR_LEN) == 0)
			return revoke_add_key(r, fpr);
	return OK;
}

struct choice {
	uint8_t fpr[FPR_LEN];
	char ident[CARD_IDENT_LEN];
	size_t n; /* ways in */
};

static size_t choices(const struct revocation *r, struct choice *list)
{
	const struct enrolment *en;
	struct each at = {0};
	size_t n = 0;

	while ((en = next(r, &at)) != NULL) {
		size_t i = 0;

		while (i < n && memcmp(list[i].fpr, en->fpr, FPR_LEN) != 0)
			i++;
		if (i == REVOKE_KEYS_MAX)
			continue;
		if (i == n) {
			list[i] = (struct choice){.n = 0};
			n++;
			memcpy(list[i].fpr, en->fpr, FPR_LEN);
		}
		if (!*list[i].ident)
			memcpy(list[i].ident, en->ident[0], sizeof(list[i].ident));
		list[i].n++;
	}
	return n;
}

static enum err ask_which(struct revocation *r, const struct choice *list, size_t n)
{
	struct ask *a = NULL;
	AUTO_SECRET *answer = NULL;

	enum err e = ask_open_tty(&a);
	if (e == ERR_NOT_FOUND)
		return cli_why(
		        r->c, ERR_USAGE,
		        "Say which dongle is lost: --serial S or --fingerprint F.");
	if (e != OK)
		return e;
	const struct ask_question q = {
	        .kind = ASK_CONFIRM,
	        .what = "Number of the lost dongle",
	        .tries_left = -1,
	        .min = 1,
	        .max = ANSWER_MAX,
	};
	e = ask_wait(a, &q, -1, &answer);
	a = ask_close(a);
	if (e != OK)
		return e;
	const struct bytes b = secret_view(answer);
	size_t chosen = 0;
	for (size_t i = 0; i < b.n; i++)
		chosen = b.p[i] >= '0' && b.p[i] <= '9' && chosen <= n
		                 ? 10 * chosen + (size_t)(b.p[i] - '0')
		                 : n + 1;
	if (chosen < 1 || chosen > n)
		return cli_why(r->c, ERR_CANCELLED,
		               "That is no number of the list. Nothing was changed.");
	return revoke_add_key(r, list[chosen - 1].fpr);
}

static enum err from_list(struct revocation *r)
{
	struct choice list[REVOKE_KEYS_MAX];
	const size_t n = choices(r, list);

	for (size_t i = 0; i < n; i++) {
		char fpr[2 * FPR_LEN + 1];

		hex_encode_up((struct bytes){list[i].fpr, FPR_LEN}, fpr);
		cli_say(r->c, "%3zu  card %-13s  opens %zu volume%s\n     key %s", i + 1,
		        *list[i].ident ? list[i].ident : "not seen", list[i].n,
		        list[i].n == 1 ? "" : "s", fpr);
	}
	return n == 0 ? OK : ask_which(r, list, n);
}

enum err revoke_choose(struct revocation *r)
{
	if (r->c->serial)
		return by_serial(r, r->c->serial);
	if (r->c->ways.has_key)
		return by_key(r, r->c->ways.key);
	return r->again ? OK : from_list(r);
}
