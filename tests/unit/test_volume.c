/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unlock/volume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "tests/unit/check.h"
#include "tests/unit/luks2_edit.h"
#include "unlock/blob.h"
#include "unlock/enroll_impl.h"
#include "unlock/journal.h"
#include "unlock/store.h"

enum { SLOT = 2 };

static const uint8_t key_a[FPR_LEN] = {0xaa, 1}, key_b[FPR_LEN] = {0xbb, 2};

struct place {
	char dir[40], device[64], boot[64], config[64];
	char uuid[LUKS_UUID_LEN + 1];
	struct volume_where where;
};

static void place_make(struct place *p, int version)
{
	struct luks *l = NULL;

	*p = (struct place){0};
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/test_volume.XXXXXX");
	CHECK(mkdtemp(p->dir) != NULL);
	(void)snprintf(p->device, sizeof(p->device), "%s/device", p->dir);
	(void)snprintf(p->boot, sizeof(p->boot), "%s/boot", p->dir);
	(void)snprintf(p->config, sizeof(p->config), "%s/etc", p->dir);
	CHECK(mkdir(p->boot, 0700) == 0);
	CHECK(luks_make(p->device, version, "right"));
	CHECK(luks_open_snapshot(p->device, NULL, &l) == OK);
	(void)snprintf(p->uuid, sizeof(p->uuid), "%s", luks_uuid(l));
	l = luks_close(l);
	p->where = (struct volume_where){
	        .device = p->device, .boot_dir = p->boot, .config_dir = p->config};
}

static void place_drop(const struct place *p)
{
	char name[STORE_NAME_MAX];

	CHECK(blob_remove(p->boot, p->uuid, SLOT) == OK);
	CHECK(record_delete(p->config, p->uuid) == OK);
	CHECK(journal_name(p->uuid, name) == OK);
	CHECK(store_remove(p->config, STORE_VOLUMES, name) == OK);
	store_prune(p->config, STORE_VOLUMES);
	(void)rmdir(p->config); /* made by some cases only */
	CHECK(rmdir(p->boot) == 0 && unlink(p->device) == 0 && rmdir(p->dir) == 0);
}

static void add_slot(const struct place *p)
{
	AUTO_SECRET *right = NULL, *ours = NULL, *key = NULL;
	struct luks *l = NULL, *w = NULL;
	int opened = -1;

	CHECK(secret_copy((struct bytes){(const uint8_t *)"right", 5}, &right) == OK);
	CHECK(secret_copy((struct bytes){(const uint8_t *)"ours", 4}, &ours) == OK);
	CHECK(luks_open_snapshot(p->device, NULL, &l) == OK);
	CHECK(luks_open_writable(p->device, NULL, l, &w) == OK);
	CHECK(luks_volume_key(w, LUKS_ANY_SLOT, right, &key, &opened) == OK &&
	      opened == 0);
	CHECK(luks_add_slot(w, SLOT, key, ours) == OK);
	w = luks_close(w);
	l = luks_close(l);
}

/* LUKS2: a token in the header; LUKS1: the file beside the blob. */
static void add_token(const struct place *p, int version, const uint8_t *fpr, char blob)
{
	struct token t = {.keyslot = SLOT, .backend = BACKEND_CARD, .n_fpr = 1};
	struct luks *l = NULL, *w = NULL;
	char *json = NULL;
	int id = -1;

	memcpy(t.fpr[0], fpr, FPR_LEN);
	t.blob = malloc(1);
	CHECK(t.blob != NULL);
	if (t.blob == NULL)
		return;
	t.blob[0] = (uint8_t)blob;
	t.blob_len = 1;
	CHECK(token_format(&t, &json) == OK);
	if (version == 1) {
		CHECK(blob_write(p->boot, p->uuid, SLOT, BLOB_TOKEN,
		                 (struct bytes){(const uint8_t *)json, strlen(json)}) ==
		      OK);
	} else {
		CHECK(luks_open_snapshot(p->device, NULL, &l) == OK);
		CHECK(luks_open_writable(p->device, NULL, l, &w) == OK);
		CHECK(luks_token_set(w, json, &id) == OK);
		w = luks_close(w);
		l = luks_close(l);
	}
	free(json);
	token_clear(&t);
}

static void add_blob(const struct place *p, char blob)
{
	CHECK(blob_write(p->boot, p->uuid, SLOT, BLOB_MESSAGE,
	                 (struct bytes){(const uint8_t *)&blob, 1}) == OK);
}

static void add_record(const struct place *p, const uint8_t *fpr, uint8_t spoil)
{
	struct record r = {.n = 1};
	struct luks *l = NULL;

	CHECK(luks_open_snapshot(p->device, NULL, &l) == OK);
	CHECK(header_pin(l, r.pin) == OK);
	l = luks_close(l);
	r.pin[0] ^= spoil;
	memcpy(r.uuid, p->uuid, sizeof(r.uuid));
	r.entry[0] = (struct record_entry){
	        .keyslot = SLOT, .backend = BACKEND_CARD, .ident = {"000F:12345678"}};
	memcpy(r.entry[0].fpr, fpr, FPR_LEN);
	CHECK(record_save(p->config, &r) == OK);
}

static void add_note(const struct place *p, const uint8_t *fpr)
{
	struct journal j = {.keyslot = SLOT};
	char name[STORE_NAME_MAX];
	char *json = NULL;

	memcpy(j.fpr, fpr, FPR_LEN);
	CHECK(journal_format(&j, &json) == OK && journal_name(p->uuid, name) == OK);
	CHECK(store_write(p->config, STORE_VOLUMES, name,
	                  (struct bytes){(const uint8_t *)json, strlen(json)}) == OK);
	free(json);
}

static const struct enrolment *load(const struct place *p, struct volume **v)
{
	CHECK(volume_load(&p->where, v) == OK);
	return *v != NULL ? volume_find(*v, SLOT) : NULL;
}

static void merge_all(int version)
{
	const struct enrolment *en = NULL;
	struct volume *v = NULL;
	struct place p;

	place_make(&p, version);
	add_blob(&p, 'x');
	CHECK(load(&p, &v) == NULL); /* a blob alone is nothing */
	CHECK(volume_trusted(v) == ERR_NO_RECORD && v->interrupted_slot == -1);
	v = volume_free(v);

	add_note(&p, key_a);
	en = load(&p, &v);
	CHECK(en != NULL && en->has_blob_file && !en->complete);
	CHECK(v->interrupted_slot == SLOT);
	v = volume_free(v);

	add_slot(&p);
	add_token(&p, version, key_a, 'x');
	en = load(&p, &v);
	CHECK(en != NULL && en->has_token && en->slot_active && !en->complete);
	CHECK(en != NULL && en->token_id == (version == 1 ? -1 : 0));
	CHECK(en != NULL && en->blob_len[0] == 1 && en->blob[1] == NULL);
	CHECK(volume_trusted(v) == ERR_NO_RECORD && v->interrupted_slot == SLOT);
	v = volume_free(v);

	add_record(&p, key_a, 0);
	en = load(&p, &v);
	CHECK(en != NULL && en->complete && strcmp(en->ident[0], "000F:12345678") == 0);
	CHECK(volume_trusted(v) == OK && v->interrupted_slot == -1);
	CHECK(volume_has_way(v, SLOT, key_a) && !volume_has_way(v, SLOT, key_b));
	CHECK(volume_reload(v) == OK && volume_has_way(v, SLOT, key_a));
	v = volume_free(v);

	add_blob(&p, 'y');
	en = load(&p, &v);
	CHECK(en != NULL && en->blob_len[0] == 1 && en->blob[0][0] == 'y');
	CHECK(en != NULL && en->blob_len[1] == 1 && en->blob[1][0] == 'x');
	v = volume_free(v);

	add_record(&p, key_b, 0); /* the token is somebody else's now */
	en = load(&p, &v);
	CHECK(en != NULL && !en->has_token && en->complete && en->blob[1] == NULL);
	CHECK(v->interrupted_slot == SLOT); /* the note is about key a */
	v = volume_free(v);

	add_record(&p, key_a, 1);
	en = load(&p, &v);
	CHECK(en != NULL && en->in_record && !en->complete);
	CHECK(v->state == RECORD_DIFFERS && volume_trusted(v) == ERR_TAMPERED);
	v = volume_free(v);
	place_drop(&p);
}

static void a_luks2_way_in_is_merged_from_all_places(void)
{
	merge_all(2);
}

static void a_luks1_way_in_is_merged_from_all_places(void)
{
	merge_all(1);
}

static void a_damaged_record_is_not_trusted(void)
{
	struct volume *v = NULL;
	char name[STORE_NAME_MAX];
	struct place p;

	place_make(&p, 2);
	CHECK(store_name(p.uuid, ".json", name) == OK);
	CHECK(store_write(p.config, STORE_VOLUMES, name,
	                  (struct bytes){(const uint8_t *)"{", 1}) == OK);
	CHECK(load(&p, &v) == NULL && v->state == RECORD_BROKEN);
	CHECK(volume_trusted(v) == ERR_TAMPERED);
	v = volume_free(v);
	place_drop(&p);
}

static void a_changed_header_is_noticed(void)
{
	struct volume *v = NULL;
	struct place p;

	place_make(&p, 2);
	add_slot(&p);
	add_record(&p, key_a, 0);
	CHECK(load(&p, &v) != NULL && volume_trusted(v) == OK);
	CHECK(luks2_edit(p.device, "\"encryption\":\"aes-xts-plain64\",\"sector_size\"",
	                 "\"encryption\":\"cipher_null-ecb\",\"sector_size\""));
	CHECK(volume_reload(v) == ERR_TAMPERED && v->state == RECORD_MATCHES);
	v = volume_free(v);
	CHECK(load(&p, &v) != NULL && v->state == RECORD_DIFFERS && v->strange != NULL);
	CHECK(volume_trusted(v) == ERR_TAMPERED);
	v = volume_free(v);
	place_drop(&p);
}

static void a_keyslot_is_chosen(void)
{
	bool taken[LUKS_SLOTS_MAX] = {true};
	int got = -1;

	CHECK(keyslot_choose(2, taken, -1, false, &got) == OK && got == 2);
	taken[2] = true;
	CHECK(keyslot_choose(1, taken, -1, false, &got) == OK && got == 3);
	CHECK(keyslot_choose(2, taken, 2, true, &got) == ERR_EXISTS);
	CHECK(keyslot_choose(2, taken, 0, true, &got) == ERR_REFUSED);
	CHECK(keyslot_choose(2, taken, 1, false, &got) == ERR_REFUSED);
	CHECK(keyslot_choose(2, taken, 1, true, &got) == OK && got == 1);
	CHECK(keyslot_choose(2, taken, 31, false, &got) == ERR_REFUSED);
	CHECK(keyslot_choose(2, taken, 31, true, &got) == OK && got == 31);
	CHECK(keyslot_choose(2, taken, 32, true, &got) == ERR_REFUSED);
	CHECK(keyslot_choose(1, taken, 7, false, &got) == ERR_REFUSED);
	CHECK(keyslot_choose(1, taken, 7, true, &got) == OK && got == 7);
	CHECK(keyslot_choose(1, taken, 8, true, &got) == ERR_REFUSED);
	memset(taken, true, sizeof(taken));
	CHECK(keyslot_choose(2, taken, -1, true, &got) == ERR_NO_SPACE);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a_luks2_way_in_is_merged_from_all_places",
	         a_luks2_way_in_is_merged_from_all_places                                   },
	        {"a_luks1_way_in_is_merged_from_all_places",
	         a_luks1_way_in_is_merged_from_all_places                                   },
	        {"a_damaged_record_is_not_trusted",          a_damaged_record_is_not_trusted},
	        {"a_changed_header_is_noticed",              a_changed_header_is_noticed    },
	        {"a_keyslot_is_chosen",                      a_keyslot_is_chosen            },
	};
	log_to(NULL, NULL, LOG_WARN);
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
