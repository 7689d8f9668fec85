/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world of the tests of enrolling: files kept, put back and counted; commands run. */
#include "tests/unit/world.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <libcryptsetup.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"
#include "tests/unit/luks2_edit.h"
#include "unlock/backend.h"

#define READER "Virtual reader 00 00"

enum {
	DISK_KEPT = 3 * 1024 * 1024, /* headers and the first keyslots */
	FILES_MAX = 24,
	FILE_MAX = 64 * 1024,
	DIGEST_LEN = 32,
	CREATED = 0x60000000,
};

struct kept_file {
	const char *sub; /* the folder in w->dir */
	char name[128];
	uint8_t *p;
	size_t n;
};

struct world_kept {
	uint8_t disk[DISK_KEPT];
	struct kept_file file[FILES_MAX];
	size_t n;
};

/* --- files --- */

static const char *const folders[] = {"boot/bootlatch", "config/volumes"};

static void path_of(const struct world *w, const char *sub, const char *name, char *ret,
                    size_t cap)
{
	const int n = snprintf(ret, cap, "%s/%s/%s", w->dir, sub, name);

	CHECK(n > 0 && (size_t)n < cap);
}

static void read_one(const struct world *w, struct kept_file *f)
{
	char path[256];

	path_of(w, f->sub, f->name, path, sizeof(path));
	f->p = malloc(FILE_MAX);
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	const ssize_t n = fd >= 0 && f->p != NULL ? read(fd, f->p, FILE_MAX) : -1;
	CHECK(n >= 0);
	f->n = n > 0 ? (size_t)n : 0;
	(void)close(fd);
}

static size_t read_files(const struct world *w, struct kept_file *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char path[256];
		const struct dirent *d = NULL;

		path_of(w, folders[i], "", path, sizeof(path));
		DIR *dir = opendir(path);
		while (dir != NULL && (d = readdir(dir)) != NULL) {
			if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
				continue;
			CHECK(n < FILES_MAX);
			if (n == FILES_MAX)
				break;
			ret[n].sub = folders[i];
			(void)snprintf(ret[n].name, sizeof(ret[n].name), "%.120s",
			               d->d_name);
			read_one(w, &ret[n++]);
		}
		if (dir != NULL)
			(void)closedir(dir);
	}
	return n;
}

static void free_files(struct kept_file *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(f[i].p);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *path)
{
	CHECK(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

void world_files_digest(const struct world *w, uint8_t ret[static 32])
{
	struct kept_file f[FILES_MAX] = {0};
	const size_t n = read_files(w, f);

	/* In any order: the sum of the digests of each. */
	memset(ret, 0, DIGEST_LEN);
	for (size_t i = 0; i < n; i++) {
		uint8_t one[DIGEST_LEN], name[DIGEST_LEN];

		CHECK(hash_all(HASH_SHA256, (struct bytes){f[i].p, f[i].n}, one,
		               sizeof(one)) == OK);
		CHECK(hash_all(HASH_SHA256,
		               (struct bytes){(uint8_t *)f[i].name, strlen(f[i].name)},
		               name, sizeof(name)) == OK);
		for (size_t k = 0; k < DIGEST_LEN; k++)
			ret[k] =
			        (uint8_t)(ret[k] + (one[k] ^ name[(k + 1) % DIGEST_LEN]));
	}
	free_files(f, n);
}

static void read_disk(const struct world *w, uint8_t *to)
{
	const int fd = open(w->disk, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0 && pread(fd, to, DISK_KEPT, 0) == DISK_KEPT);
	(void)close(fd);
}

void world_disk_digest(const struct world *w, uint8_t ret[static 32])
{
	uint8_t *p = malloc(DISK_KEPT);

	CHECK(p != NULL);
	read_disk(w, p);
	CHECK(hash_all(HASH_SHA256, (struct bytes){p, DISK_KEPT}, ret, DIGEST_LEN) == OK);
	free(p);
}

static void drop_kept(struct world *w)
{
	if (w->kept != NULL)
		free_files(w->kept->file, w->kept->n);
	free(w->kept);
	w->kept = NULL;
}

void world_keep(struct world *w)
{
	drop_kept(w);
	w->kept = calloc(1, sizeof(*w->kept));
	if (w->kept == NULL)
		abort();
	read_disk(w, w->kept->disk);
	w->kept->n = read_files(w, w->kept->file);
}

void world_restore(struct world *w)
{
	const struct world_kept *k = w->kept;
	const int disk = open(w->disk, O_WRONLY | O_CLOEXEC);

	CHECK(disk >= 0 && pwrite(disk, k->disk, DISK_KEPT, 0) == DISK_KEPT);
	(void)close(disk);
	remove_tree(w->boot);
	remove_tree(w->config);
	CHECK(mkdir(w->boot, 0700) == 0 && mkdir(w->config, 0700) == 0);
	for (size_t i = 0; i < k->n; i++) {
		char path[256];

		path_of(w, k->file[i].sub, "", path, sizeof(path));
		(void)mkdir(path, 0700);
		path_of(w, k->file[i].sub, k->file[i].name, path, sizeof(path));
		const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		CHECK(fd >= 0 &&
		      write(fd, k->file[i].p, k->file[i].n) == (ssize_t)k->file[i].n);
		(void)close(fd);
	}
}

/* --- the volume --- */

void world_make(struct world *w, int version)
{
	struct luks *l = NULL;

	*w = (struct world){0};
	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/test_enroll.XXXXXX");
	CHECK(mkdtemp(w->dir) != NULL);
	(void)snprintf(w->disk, sizeof(w->disk), "%s/disk", w->dir);
	(void)snprintf(w->boot, sizeof(w->boot), "%s/boot", w->dir);
	(void)snprintf(w->config, sizeof(w->config), "%s/config", w->dir);
	CHECK(mkdir(w->boot, 0700) == 0 && mkdir(w->config, 0700) == 0);
	CHECK(luks_make(w->disk, version, WORLD_PHRASE));
	CHECK(luks_open_snapshot(w->disk, NULL, &l) == OK);
	(void)snprintf(w->uuid, sizeof(w->uuid), "%s", luks_uuid(l));
	l = luks_close(l);
	w->where = (struct volume_where){
	        .device = w->disk, .boot_dir = w->boot, .config_dir = w->config};
}

void world_drop(struct world *w)
{
	drop_kept(w);
	remove_tree(w->dir);
}

static struct volume *load(const struct world *w)
{
	struct volume *v = NULL;

	CHECK(volume_load(&w->where, &v) == OK);
	return v;
}

uint32_t world_slots(const struct world *w)
{
	struct luks *l = NULL;
	uint32_t ret = 0;

	CHECK(luks_open_snapshot(w->disk, NULL, &l) == OK);
	for (int i = 0; i < luks_slots(l); i++) {
		struct luks_slot s;

		if (luks_slot(l, i, &s) == OK && s.active)
			ret |= 1U << i;
	}
	l = luks_close(l);
	return ret;
}

static struct crypt_device *open_raw(const struct world *w)
{
	struct crypt_device *cd = NULL;

	CHECK(crypt_init(&cd, w->disk) == 0 && crypt_load(cd, CRYPT_LUKS, NULL) == 0);
	return cd;
}

static bool is_luks2(struct crypt_device *cd)
{
	return strcmp(crypt_get_type(cd), CRYPT_LUKS2) == 0;
}

unsigned world_tokens(const struct world *w)
{
	struct crypt_device *cd = open_raw(w);
	unsigned n = 0;

	for (int i = 0; is_luks2(cd) && i < LUKS_TOKENS_MAX; i++)
		n += crypt_token_status(cd, i, NULL) != CRYPT_TOKEN_INACTIVE;
	crypt_free(cd);
	return n;
}

void world_add_slot(const struct world *w, int slot, const char *phrase,
                    uint32_t iterations)
{
	const struct crypt_pbkdf_type kdf = {
	        .type = CRYPT_KDF_PBKDF2,
	        .hash = "sha256",
	        .iterations = iterations,
	        .flags = CRYPT_PBKDF_NO_BENCHMARK,
	};
	struct crypt_device *cd = open_raw(w);

	CHECK(crypt_set_pbkdf_type(cd, &kdf) == 0);
	CHECK(crypt_keyslot_add_by_passphrase(cd, slot, WORLD_PHRASE,
	                                      strlen(WORLD_PHRASE), phrase,
	                                      strlen(phrase)) == slot);
	crypt_free(cd);
}

void world_kill_slot(const struct world *w, int slot)
{
	struct crypt_device *cd = open_raw(w);

	CHECK(crypt_keyslot_destroy(cd, slot) == 0);
	crypt_free(cd);
}

void world_write_token(const struct world *w, const struct token *t)
{
	struct crypt_device *cd = open_raw(w);
	char *json = NULL;

	CHECK(token_format(t, &json) == OK);
	if (is_luks2(cd))
		CHECK(crypt_token_json_set(cd, CRYPT_ANY_TOKEN, json) >= 0);
	else
		CHECK(blob_write(w->boot, w->uuid, t->keyslot, BLOB_TOKEN,
		                 (struct bytes){(uint8_t *)json, strlen(json)}) == OK);
	free(json);
	crypt_free(cd);
}

void world_remove_tokens(const struct world *w)
{
	struct crypt_device *cd = open_raw(w);

	for (int i = 0; i < LUKS_TOKENS_MAX; i++)
		if (crypt_token_status(cd, i, NULL) != CRYPT_TOKEN_INACTIVE)
			CHECK(crypt_token_json_set(cd, i, NULL) >= 0);
	crypt_free(cd);
}

bool world_read_token(const struct world *w, int slot, struct token *ret)
{
	struct volume *v = load(w);
	bool found = false;

	for (int i = 0; !found && i < LUKS_TOKENS_MAX; i++) {
		if (volume_token(v, i, ret) != OK)
			continue;
		found = ret->keyslot == slot;
		if (!found)
			token_clear(ret);
	}
	v = volume_free(v);
	return found;
}

void world_set_discards(const struct world *w)
{
	struct crypt_device *cd = open_raw(w);

	CHECK(crypt_persistent_flags_set(cd, CRYPT_FLAGS_ACTIVATION,
	                                 CRYPT_ACTIVATE_ALLOW_DISCARDS) == 0);
	crypt_free(cd);
}

/* --- the journal --- */

void world_write_raw_journal(const struct world *w, const char *text)
{
	char name[STORE_NAME_MAX];

	CHECK(journal_name(w->uuid, name) == OK);
	CHECK(store_write(w->config, STORE_VOLUMES, name,
	                  (struct bytes){(const uint8_t *)text, strlen(text)}) == OK);
}

void world_write_journal(const struct world *w, int slot, const uint8_t *fpr)
{
	struct journal j = {.keyslot = slot};
	char *text = NULL;

	memcpy(j.fpr, fpr, sizeof(j.fpr));
	CHECK(journal_format(&j, &text) == OK);
	world_write_raw_journal(w, text);
	free(text);
}

bool world_has_journal(const struct world *w)
{
	struct journal j;

	return journal_load(w->config, w->uuid, &j) != ERR_NOT_FOUND;
}

/* --- cards --- */

static void apdu(struct vcard *c, const uint8_t *cmd, size_t n)
{
	uint8_t resp[4096];
	const size_t len = vcard_apdu(c, cmd, n, resp, sizeof(resp));

	CHECK(len >= 2 && (resp[len - 2] == 0x90 || resp[len - 2] == 0x61));
}

static void as_admin(struct vcard *c)
{
	static const uint8_t sel[] = {0, 0xa4, 4, 0, 6, 0xd2, 0x76, 0, 1, 0x24, 1};
	static const uint8_t adm[] = {0,   0x20, 0,   0x83, 8,   '1', '2',
	                              '3', '4',  '5', '6',  '7', '8'};

	apdu(c, sel, sizeof(sel));
	apdu(c, adm, sizeof(adm));
}

void world_card_put(struct vcard *c, uint8_t tag, const uint8_t *p, size_t n)
{
	uint8_t cmd[64];
	struct writer out = {cmd, sizeof(cmd), 0, false};

	put_bytes(&out, (const uint8_t[]){0, 0xda, 0, tag, (uint8_t)n}, 5);
	put_bytes(&out, p, n);
	as_admin(c);
	apdu(c, cmd, out.n);
	vcard_reset(c);
}

void world_card_generate(struct vcard *c, const uint8_t *attr, size_t n)
{
	static const uint8_t gen[] = {0, 0x47, 0x80, 0, 2, 0xb8, 0, 0};
	static const uint8_t made[] = {CREATED >> 24, 0, 0, 0};

	world_card_put(c, 0xc2, attr, n);
	as_admin(c);
	apdu(c, gen, sizeof(gen));
	vcard_reset(c);
	world_card_put(c, 0xcf, made, sizeof(made));
}

struct vcard *world_card(enum curve_id id)
{
	const struct curve *curve = curve_by_id(id);
	struct vcard *v = vcard_new("default", NULL);
	struct card_pubkey pub = {0};
	struct card *c = NULL;
	struct pubkey key;
	uint8_t attr[24] = {0x12};

	CHECK(v != NULL && curve->oid.n < sizeof(attr));
	memcpy(attr + 1, curve->oid.p, curve->oid.n);
	world_card_generate(v, attr, 1 + curve->oid.n);
	CHECK(card_open(double_vcard_transport(v, READER), &c) == OK);
	CHECK(c != NULL && card_read_pubkey(c, CARD_KEY_DEC, &pub) == OK);
	CHECK(pubkey_make_ecdh(CREATED, curve, curve->oid, pub.point, 8, 7, &key) == OK);
	c = card_close(c);
	world_card_put(v, 0xc8, key.fpr, sizeof(key.fpr));
	return v;
}

void world_card_fpr(struct vcard *v, uint8_t ret[static FPR_LEN])
{
	struct card *c = NULL;

	CHECK(card_open(double_vcard_transport(v, READER), &c) == OK);
	memcpy(ret, card_info(c)->key[CARD_KEY_DEC].fpr, FPR_LEN);
	c = card_close(c);
}

void world_card_ident(struct vcard *v, char ret[static CARD_IDENT_LEN])
{
	struct card *c = NULL;

	CHECK(card_open(double_vcard_transport(v, READER), &c) == OK);
	memcpy(ret, card_info(c)->ident, CARD_IDENT_LEN);
	c = card_close(c);
}

/* --- commands --- */

static struct secret *words_of(const char *text)
{
	struct secret *s = NULL;

	CHECK(secret_copy((struct bytes){(const uint8_t *)text, strlen(text)}, &s) == OK);
	return s;
}

static struct session *begin(struct world *w, struct vcard *card)
{
	struct session_options o = {.poll_ms = 1};
	struct session *s = NULL;

	w->readers = double_vcard_readers();
	double_vcard_put(w->readers, 0, READER, card);
	o.readers = w->readers;
	o.ask = double_ask_init(&w->person);
	double_ask_answer(&w->person, ASK_USER_PIN, "123456");
	CHECK(session_new(&o, &s) == OK);
	return s;
}

enum err world_enroll(struct world *w, struct vcard *card, struct enroll_request req,
                      struct enroll_result *ret)
{
	AUTO_SECRET *key = words_of(WORLD_PHRASE);
	struct volume *v = load(w);
	struct session *s = begin(w, card);

	if (req.keyslot == 0)
		req.keyslot = -1;
	if (req.key == NULL)
		req.key = key;
	const enum err e = enroll(s, v, &req, ret);
	s = session_free(s);
	v = volume_free(v);
	return e;
}

enum err world_enroll_plain(struct world *w, struct vcard *card)
{
	struct enroll_result done;

	return world_enroll(w, card, (struct enroll_request){0}, &done);
}

enum err world_unenroll(struct world *w, int keyslot, const char *serial, bool force)
{
	const struct unenroll_request req = {keyslot, serial, force};
	struct volume *v = load(w);
	int killed = -1;

	const enum err e = unenroll(v, &req, &killed);
	CHECK((e == OK) == (killed >= 0));
	v = volume_free(v);
	return e;
}

enum err world_renew(struct world *w, const char *phrase, struct record *ret)
{
	AUTO_SECRET *pass = words_of(phrase);
	struct volume *v = load(w);

	const enum err e = record_renew(v, pass, ret);
	v = volume_free(v);
	return e;
}

bool world_card_opens(struct world *w, struct vcard *card, int keyslot)
{
	AUTO_SECRET *pass = NULL;
	struct volume *v = load(w);
	struct session *s = begin(w, card);
	const struct enrolment *en = volume_find(v, keyslot);
	int opened = -1;

	const bool ok = volume_trusted(v) == OK && en != NULL && en->complete &&
	                session_wait_card(s, &en->fpr, 1) == OK &&
	                backend_card.recover(s, v, en, &pass) == OK &&
	                luks_try(v->luks, keyslot, pass, &opened) == OK;
	s = session_free(s);
	v = volume_free(v);
	return ok;
}

bool world_phrase_opens(const struct world *w, const char *phrase)
{
	AUTO_SECRET *pass = words_of(phrase);
	struct luks *l = NULL;
	int slot = -1;

	CHECK(luks_open_snapshot(w->disk, NULL, &l) == OK);
	const bool ok = luks_try(l, LUKS_ANY_SLOT, pass, &slot) == OK;
	l = luks_close(l);
	return ok;
}

static bool ends_in(const char *name, const char *end)
{
	const size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

static bool files_are_tidy(const struct world *w, size_t blobs, size_t tokens)
{
	struct kept_file f[FILES_MAX] = {0};
	const size_t n = read_files(w, f);
	size_t boot_pgp = 0, boot_json = 0, records = 0;

	for (size_t i = 0; i < n; i++) {
		const bool boot = f[i].sub == folders[0];

		boot_pgp += boot && f[i].name[0] != '.' && ends_in(f[i].name, ".pgp");
		boot_json += boot && f[i].name[0] != '.' && ends_in(f[i].name, ".json");
		records += !boot && f[i].name[0] != '.' && ends_in(f[i].name, ".json");
	}
	free_files(f, n);
	return boot_pgp == blobs && boot_json == tokens && records <= 1 &&
	       boot_pgp + boot_json + records == n;
}

bool world_is_tidy(const struct world *w, size_t ways)
{
	struct volume *v = load(w);
	uint32_t slots = 1;

	bool ok = v->n_enrolled == ways && v->interrupted_slot == -1;
	for (size_t i = 0; i < v->n_enrolled; i++) {
		const struct enrolment *en = &v->enrolled[i];

		slots |= 1U << en->keyslot;
		ok = ok && en->complete && en->has_token && en->has_blob_file &&
		     en->blob[1] == NULL;
	}
	const size_t in_header = luks_version(v->luks) == 2 ? ways : 0;
	v = volume_free(v);
	return ok && world_slots(w) == slots && world_tokens(w) == in_header &&
	       files_are_tidy(w, ways, ways - in_header);
}
