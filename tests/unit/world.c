/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world of the tests of enrolling: it is made, its cards, and commands that are run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/check.h"
#include "tests/unit/luks2_edit.h"
#include "tests/unit/world_impl.h"
#include "unlock/backend.h"

#define READER "Virtual reader 00 00"

enum { CREATED = 0x60000000 };

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

struct volume *world_load(const struct world *w)
{
	struct volume *v = NULL;

	CHECK(volume_load(&w->where, &v) == OK);
	return v;
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
	return world_card_of("default", id);
}

struct vcard *world_card_of(const char *profile, enum curve_id id)
{
	const struct curve *curve = curve_by_id(id);
	struct vcard *v = vcard_new(profile, NULL);
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
	struct volume *v = world_load(w);
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
	struct volume *v = world_load(w);
	int killed = -1;

	const enum err e = unenroll(v, &req, &killed);
	CHECK((e == OK) == (killed >= 0));
	v = volume_free(v);
	return e;
}

enum err world_renew(struct world *w, const char *phrase, struct record *ret)
{
	AUTO_SECRET *pass = words_of(phrase);
	struct volume *v = world_load(w);

	const enum err e = record_renew(v, pass, ret);
	v = volume_free(v);
	return e;
}

bool world_card_opens(struct world *w, struct vcard *card, int keyslot)
{
	AUTO_SECRET *pass = NULL;
	struct volume *v = world_load(w);
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

bool world_is_tidy(const struct world *w, size_t ways)
{
	struct volume *v = world_load(w);
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
	       world_files_are_tidy(w, ways, ways - in_header);
}
