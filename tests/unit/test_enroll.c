/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unlock/enroll.h"

#include <dlfcn.h>
#include <errno.h>
#include <libcryptsetup.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/double_io.h"
#include "tests/unit/softkey.h"
#include "tests/unit/world.h"
/* After ours: a card that says what no card of the product's seam would. */
#include "tests/vcard/priv.h"

/* Two cards, and nothing else that outlives a case. */
static struct vcard *alice, *bob;

static const struct enroll_request plain;

/* How often was the person's passphrase stretched?  The program is linked with these. */
static unsigned stretched;

static void count(const char *pass, size_t n)
{
	stretched += n == strlen(WORLD_PHRASE) && memcmp(pass, WORLD_PHRASE, n) == 0;
}

int crypt_volume_key_get(struct crypt_device *cd, int keyslot, char *key,
                         size_t *key_size, const char *pass, size_t n)
{
	int (*real)(struct crypt_device *, int, char *, size_t *, const char *, size_t);

	*(void **)&real = dlsym(RTLD_NEXT, "crypt_volume_key_get");
	count(pass, n);
	return real(cd, keyslot, key, key_size, pass, n);
}

int crypt_activate_by_passphrase(struct crypt_device *cd, const char *name, int keyslot,
                                 const char *pass, size_t n, uint32_t flags)
{
	int (*real)(struct crypt_device *, const char *, int, const char *, size_t,
	            uint32_t);

	*(void **)&real = dlsym(RTLD_NEXT, "crypt_activate_by_passphrase");
	count(pass, n);
	return real(cd, name, keyslot, pass, n, flags);
}

static void the_passphrase_is_stretched_once(void)
{
	struct world w;

	for (int version = 1; version <= 2; version++) {
		world_make(&w, version);
		stretched = 0;
		CHECK(world_enroll_plain(&w, alice) == OK && stretched == 1);
		CHECK(world_phrase_opens(&w, WORLD_PHRASE) && stretched == 2);
		world_drop(&w);
	}
}

/* What a refused enrolment must leave as it was. */
struct before {
	uint8_t disk[32], files[32];
};

static struct before look(const struct world *w)
{
	struct before b = {0};

	world_disk_digest(w, b.disk);
	world_files_digest(w, b.files);
	return b;
}

static bool unchanged(const struct world *w, const struct before *b)
{
	const struct before now = look(w);

	return memcmp(&now, b, sizeof(now)) == 0;
}

static void enrol_by_card(int version)
{
	struct enroll_result r = {0};
	char ident[CARD_IDENT_LEN];
	struct world w;

	world_make(&w, version);
	CHECK(world_enroll(&w, alice, plain, &r) == OK);
	world_card_ident(alice, ident);
	CHECK(r.keyslot == 2 && r.proven && !r.already && !r.resumed);
	CHECK(strcmp(r.ident, ident) == 0);
	CHECK(world_is_tidy(&w, 1) && world_card_opens(&w, alice, 2));
	CHECK(world_phrase_opens(&w, WORLD_PHRASE));

	const struct before b = look(&w);
	CHECK(world_enroll(&w, alice, plain, &r) == OK && r.already && r.keyslot == 2);
	CHECK(!r.proven && w.person.asked[ASK_USER_PIN] == 0);
	CHECK(unchanged(&w, &b));

	CHECK(world_enroll(&w, bob, plain, &r) == OK && r.keyslot == 3);
	CHECK(world_is_tidy(&w, 2) && world_card_opens(&w, bob, 3));
	CHECK(world_card_opens(&w, alice, 2));
	world_drop(&w);
}

static void a_card_is_enrolled_once_on_luks2(void)
{
	enrol_by_card(2);
}

static void a_card_is_enrolled_once_on_luks1(void)
{
	enrol_by_card(1);
}

/* The body of the blob, decrypted by the key's own software. */
static bool softkey_opens(const struct world *w, const struct softkey *k, int slot)
{
	AUTO_SECRET *shared = NULL, *key = NULL, *pass = NULL;
	struct luks *l = NULL;
	struct message m;
	uint8_t *blob = NULL;
	size_t n = 0;
	int opened = -1;

	CHECK(blob_read(w->boot, w->uuid, slot, BLOB_MESSAGE, &blob, &n) == OK);
	if (message_parse((struct bytes){blob, n}, &m) != OK) {
		free(blob);
		return false;
	}
	CHECK(luks_open_snapshot(w->disk, NULL, &l) == OK);
	const bool ok = m.n_pkesk == 1 && softkey_decipher(k, &m.pkesk[0], &shared) &&
	                pkesk_session_ecdh_fpr(&m.pkesk[0], k->pub.curve, k->pub.fpr,
	                                       shared, &key) == OK &&
	                message_decrypt(&m, key, &pass) == OK && secret_len(pass) == 43 &&
	                luks_try(l, slot, pass, &opened) == OK;
	message_free(&m);
	l = luks_close(l);
	free(blob);
	return ok;
}

static void enrol_by_cert(int version)
{
	struct enroll_result r = {0};
	struct softkey one, two;
	struct world w;

	world_make(&w, version);
	CHECK(softkey_ecdh(CURVE_25519, 8, 7, &one) &&
	      softkey_ecdh(CURVE_P256, 8, 9, &two));
	CHECK(world_enroll(&w, NULL, (struct enroll_request){.cert = &one.pub}, &r) ==
	      OK);
	CHECK(r.keyslot == 2 && !r.proven && r.ident[0] == '\0');
	CHECK(w.person.asked[ASK_USER_PIN] == 0);
	CHECK(world_enroll(&w, NULL, (struct enroll_request){.cert = &two.pub}, &r) ==
	      OK);
	CHECK(r.keyslot == 3 && world_is_tidy(&w, 2));
	CHECK(softkey_opens(&w, &one, 2) && softkey_opens(&w, &two, 3));
	CHECK(!softkey_opens(&w, &one, 3));

	const struct before b = look(&w);
	CHECK(world_enroll(&w, NULL, (struct enroll_request){.cert = &one.pub}, &r) ==
	      OK);
	CHECK(r.already && r.keyslot == 2 && unchanged(&w, &b));
	softkey_free(&one);
	softkey_free(&two);
	world_drop(&w);
}

static void certificates_are_enrolled_on_luks2(void)
{
	enrol_by_cert(2);
}

static void certificates_are_enrolled_on_luks1(void)
{
	enrol_by_cert(1);
}

static void the_keyslot_that_was_asked_for_is_taken(void)
{
	struct enroll_request req = {.keyslot = 5};
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll(&w, alice, req, &r) == OK && r.keyslot == 5);
	const struct before b = look(&w);
	CHECK(world_enroll(&w, bob, req, &r) == ERR_EXISTS);
	CHECK(double_ask_said(&w.person, "Keyslot 5 is in use"));
	req.keyslot = 32;
	CHECK(world_enroll(&w, bob, req, &r) == ERR_REFUSED);
	CHECK(unchanged(&w, &b));
	world_drop(&w);
}

static void reserved_keyslots_are_refused(void)
{
	static const struct {
		int version, slot;
		const char *what;
	} rows[] = {
	        {2, 1,  "LUKS2, 1" },
                {2, 31, "LUKS2, 31"},
                {1, 1,  "LUKS1, 1" },
	        {1, 7,  "LUKS1, 7" },
                {1, 8,  "LUKS1, 8" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct enroll_request req = {.keyslot = rows[i].slot};
		struct enroll_result r = {0};
		struct world w;

		world_make(&w, rows[i].version);
		const struct before b = look(&w);
		CHECK_ROW(world_enroll(&w, alice, req, &r) == ERR_REFUSED, rows[i].what);
		CHECK_ROW(err_exit(ERR_REFUSED) == EXIT_REFUSED, rows[i].what);
		CHECK_ROW(double_ask_said(&w.person, "is not for a dongle"),
		          rows[i].what);
		CHECK_ROW(unchanged(&w, &b), rows[i].what);
		req.force = true;
		const enum err e = world_enroll(&w, alice, req, &r);
		CHECK_ROW(rows[i].slot == 8 ? e == ERR_REFUSED
		                            : e == OK && r.keyslot == rows[i].slot,
		          rows[i].what);
		world_drop(&w);
	}
}

static void full_header(int version, int last)
{
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, version);
	for (int i = 1; i <= last; i++)
		world_add_slot(&w, i, "other", 1100);
	const struct before b = look(&w);
	CHECK(world_enroll(&w, alice, plain, &r) == ERR_NO_SPACE);
	CHECK(double_ask_said(&w.person, "are all in use"));
	CHECK(unchanged(&w, &b));
	world_drop(&w);
}

static void a_full_header_is_left_as_it_was(void)
{
	full_header(1, 7);
	full_header(2, 31);
	full_header(2, 30); /* 31 is free, and not for us */
}

static void without_room_for_a_token_all_is_taken_back(void)
{
	struct token t = {.backend = BACKEND_CARD, .n_fpr = 1, .blob_len = 1};
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	t.blob = (uint8_t[]){'x'};
	for (int i = 0; i < LUKS_TOKENS_MAX; i++)
		world_write_token(&w, &t);
	CHECK(world_enroll(&w, alice, plain, &r) == ERR_NO_SPACE);
	CHECK(double_ask_said(&w.person, "There is no room for the token"));
	CHECK(!double_ask_said(&w.person, "Not everything could be taken back"));
	CHECK(world_slots(&w) == 1 && world_tokens(&w) == LUKS_TOKENS_MAX);
	world_remove_tokens(&w);
	CHECK(world_is_tidy(&w, 0));
	world_drop(&w);
}

static void a_wrong_passphrase_changes_nothing(void)
{
	AUTO_SECRET *wrong = NULL;
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	const struct before b = look(&w);
	CHECK(secret_copy((struct bytes){(const uint8_t *)"wrong", 5}, &wrong) == OK);
	CHECK(world_enroll(&w, alice, (struct enroll_request){.key = wrong}, &r) ==
	      ERR_PASSPHRASE);
	CHECK(unchanged(&w, &b));
	world_drop(&w);
}

/* --- cards that will not do --- */

static void refused_card(struct vcard *c, enum err want, const char *what)
{
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	const struct before b = look(&w);
	const unsigned verifies = vcard_verify_count(c);
	CHECK_ROW(world_enroll(&w, c, plain, &r) == want, what);
	CHECK_ROW(unchanged(&w, &b), what);
	CHECK_ROW(vcard_verify_count(c) == verifies, what);
	world_drop(&w);
}

static void a_card_without_a_decryption_key_is_refused(void)
{
	struct vcard *c = vcard_new("default", NULL);

	refused_card(c, ERR_CARD_STATE, "no key");
	vcard_free(c);
}

static void a_key_of_an_unknown_algorithm_is_refused(void)
{
	static const uint8_t attr[] = {0x12, 0x2b, 0x81, 4, 0, 10}; /* secp256k1 */
	struct vcard *c = world_card(CURVE_25519);

	obj_set(c, 0xc2, attr, sizeof(attr));
	refused_card(c, ERR_UNSUPPORTED, "secp256k1");
	vcard_free(c);
}

static void a_fingerprint_that_is_not_the_key_s_is_refused(void)
{
	static const uint8_t later[4] = {0x60, 0, 0, 1};
	struct vcard *c = world_card(CURVE_25519);
	uint8_t fpr[FPR_LEN];

	world_card_fpr(bob, fpr);
	world_card_put(c, 0xc8, fpr, sizeof(fpr));
	refused_card(c, ERR_CARD_STATE, "another key's fingerprint");
	vcard_free(c);
	c = world_card(CURVE_25519);
	world_card_put(c, 0xcf, later, sizeof(later));
	refused_card(c, ERR_CARD_STATE, "another time");
	vcard_free(c);
}

static void a_way_in_that_is_not_proven_is_taken_back(void)
{
	static const char *const faults[] = {"DECIPHER:garbage", "DECIPHER:sw=6A80",
	                                     "DECIPHER:drop", "DECIPHER:pull"};

	for (int version = 1; version <= 2; version++)
		for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
			struct vcard *c = world_card(CURVE_25519);
			struct enroll_result r = {.keyslot = -7};
			struct world w;

			world_make(&w, version);
			CHECK(vcard_fault(c, faults[i]));
			CHECK_ROW(world_enroll(&w, c, plain, &r) != OK, faults[i]);
			CHECK_ROW(r.keyslot == -7, faults[i]);
			CHECK_ROW(!double_ask_said(&w.person,
			                           "Not everything could be taken back"),
			          faults[i]);
			CHECK_ROW(world_is_tidy(&w, 0), faults[i]);
			CHECK_ROW(world_phrase_opens(&w, WORLD_PHRASE), faults[i]);
			vcard_free(c);
			world_drop(&w);
		}
}

/* A key whose private half is not on the card although the card says so. */
static void a_card_that_deciphers_with_another_key_is_found_out(void)
{
	struct vcard *c = world_card(CURVE_25519), *other = world_card(CURVE_25519);
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	const struct buf *secret = obj_get(other, OBJ_SECRET + 1);
	obj_set(c, OBJ_SECRET + 1, secret->p, secret->n);
	CHECK(world_enroll(&w, c, plain, &r) != OK);
	CHECK(world_is_tidy(&w, 0) && world_phrase_opens(&w, WORLD_PHRASE));
	vcard_free(c);
	vcard_free(other);
	world_drop(&w);
}

/* --- what was there before --- */

static void lost_record(int version)
{
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, version);
	CHECK(world_enroll(&w, bob, plain, &r) == OK && r.keyslot == 2);
	CHECK(world_enroll(&w, alice, plain, &r) == OK && r.keyslot == 3);
	CHECK(world_unenroll(&w, 2, NULL, false) == OK);
	CHECK(record_delete(w.config, w.uuid) == OK);
	CHECK(world_enroll(&w, alice, plain, &r) == OK && !r.already);
	/* The same number: another machine may know it by that. */
	CHECK(r.keyslot == 3 && world_slots(&w) == 9);
	CHECK(world_is_tidy(&w, 1) && world_card_opens(&w, alice, 3));
	world_drop(&w);
}

static void after_a_lost_record_no_keyslot_is_orphaned(void)
{
	lost_record(1);
	lost_record(2);
}

static void a_forged_token_kills_no_keyslot_when_enrolling(void)
{
	struct token t = {.backend = BACKEND_CARD, .n_fpr = 1, .blob_len = 1};
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	world_add_slot(&w, 2, "a person's", 1100); /* does not look like ours */
	world_add_slot(&w, 1, "key file",
	               LUKS_OUR_ITERATIONS); /* is not where ours are */
	world_card_fpr(alice, t.fpr[0]);
	t.blob = (uint8_t[]){'x'};
	for (t.keyslot = 0; t.keyslot <= 2; t.keyslot++)
		world_write_token(&w, &t);
	CHECK(world_enroll(&w, alice, plain, &r) == OK && r.keyslot == 3);
	CHECK(world_slots(&w) == 0xf && world_card_opens(&w, alice, 3));
	CHECK(world_phrase_opens(&w, WORLD_PHRASE));
	CHECK(world_phrase_opens(&w, "a person's") && world_phrase_opens(&w, "key file"));
	world_drop(&w);
}

/* The passphrase that was typed is in a keyslot that looks just like ours. */
static void the_keyslot_that_opened_the_volume_is_never_dropped(void)
{
	AUTO_SECRET *typed = NULL;
	struct token t = {
	        .keyslot = 2, .backend = BACKEND_CARD, .n_fpr = 1, .blob_len = 1};
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	world_add_slot(&w, 2, "typed", LUKS_OUR_ITERATIONS);
	world_card_fpr(alice, t.fpr[0]);
	t.blob = (uint8_t[]){'x'};
	world_write_token(&w, &t);
	CHECK(secret_copy((struct bytes){(const uint8_t *)"typed", 5}, &typed) == OK);
	CHECK(world_enroll(&w, alice, (struct enroll_request){.key = typed}, &r) == OK);
	CHECK(r.keyslot == 3 && world_phrase_opens(&w, "typed"));
	world_drop(&w);
}

static void rewrite_kdf(const struct world *w, enum record_kdf kdf)
{
	struct record r;

	CHECK(record_load(w->config, w->uuid, &r) == OK && r.n == 1);
	r.entry[0].kdf = kdf;
	CHECK(record_save(w->config, &r) == OK);
}

static void a_card_whose_kdf_changed_is_enrolled_anew(void)
{
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll(&w, alice, (struct enroll_request){.keyslot = 4}, &r) == OK);
	rewrite_kdf(&w, RECORD_KDF_PINNED);
	CHECK(!world_card_opens(&w, alice, 4));
	CHECK(world_enroll(&w, alice, plain, &r) == OK && !r.already && r.keyslot == 4);
	CHECK(world_is_tidy(&w, 1) && world_card_opens(&w, alice, 4));
	rewrite_kdf(&w, RECORD_KDF_UNKNOWN);
	CHECK(world_enroll(&w, alice, plain, &r) == OK && r.already);
	world_drop(&w);
}

static void a_recorded_keyslot_that_a_person_took_is_not_dropped(void)
{
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll(&w, alice, plain, &r) == OK);
	world_kill_slot(&w, 2);
	world_remove_tokens(&w);
	world_add_slot(&w, 2, "a person's", 1100);
	CHECK(blob_remove(w.boot, w.uuid, 2) == OK);
	CHECK(world_enroll(&w, alice, plain, &r) == ERR_EXISTS);
	CHECK(double_ask_said(&w.person, "is not as we made it"));
	CHECK(world_phrase_opens(&w, "a person's"));
	world_drop(&w);
}

static void a_changed_header_is_not_enrolled_to(void)
{
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll(&w, alice, plain, &r) == OK);
	world_set_discards(&w);
	const struct before b = look(&w);
	const unsigned apdus = vcard_apdu_count(bob);
	CHECK(world_enroll(&w, bob, plain, &r) == ERR_TAMPERED);
	CHECK(unchanged(&w, &b) && vcard_apdu_count(bob) == apdus);
	world_drop(&w);
}

/* --- the disk --- */

static void a_disk_that_cannot_be_synced_is_told(void)
{
	for (int version = 1; version <= 2; version++) {
		struct enroll_result r = {0};
		struct world w;
		struct double_io io = {.kinds = IO_SYNC, .error = EIO};

		world_make(&w, version);
		io.below = w.disk;
		double_io_plan(&io);
		CHECK(world_enroll(&w, alice, plain, &r) == ERR_IO);
		double_io_plan(NULL);
		CHECK(io.hit > 0);
		CHECK(double_ask_said(&w.person, "Not everything could be taken back"));
		CHECK(world_enroll(&w, alice, plain, &r) == OK && world_is_tidy(&w, 1));
		io.hit = 0;
		double_io_plan(&io);
		CHECK(world_unenroll(&w, 2, NULL, false) == ERR_IO && io.hit > 0);
		double_io_plan(NULL);
		CHECK(world_unenroll(&w, 2, NULL, false) == OK && world_is_tidy(&w, 0));
		world_drop(&w);
	}
}

static void a_read_only_folder_is_told_and_nothing_else(void)
{
	for (int boot = 0; boot <= 1; boot++) {
		struct double_io io = {.kinds = IO_ALL, .error = EROFS};
		struct enroll_result r = {0};
		struct world w;

		world_make(&w, 2);
		CHECK(world_enroll(&w, bob, plain, &r) == OK); /* the folders are there */
		const struct before b = look(&w);
		io.below = boot ? w.boot : w.config;
		double_io_plan(&io);
		CHECK(world_enroll(&w, alice, plain, &r) == ERR_READ_ONLY && io.hit > 0);
		double_io_plan(NULL);
		CHECK(!double_ask_said(&w.person, "Not everything could be taken back"));
		CHECK(unchanged(&w, &b));
		world_drop(&w);
	}
}

static void a_detached_header_is_enrolled_to(void)
{
	char header[80];
	uint8_t before[32], after[32];
	struct enroll_result r = {0};
	struct world w, data;

	world_make(&w, 2);
	world_make(&data, 2);
	(void)snprintf(header, sizeof(header), "%s", w.disk);
	w.where.header = header;
	w.where.device = data.disk;
	world_disk_digest(&data, before);
	CHECK(world_enroll(&w, alice, plain, &r) == OK && r.keyslot == 2);
	world_disk_digest(&data, after);
	CHECK(memcmp(before, after, sizeof(after)) == 0 && world_is_tidy(&w, 1));
	CHECK(world_card_opens(&w, alice, 2));
	CHECK(world_unenroll(&w, 2, NULL, false) == OK && world_is_tidy(&w, 0));
	world_drop(&data);
	world_drop(&w);
}

/* --- who is asked --- */

static void the_passphrase_is_asked_for_three_times(void)
{
	struct double_ask person;
	struct session_options o = {.poll_ms = 1};
	const struct enroll_request req = {.keyslot = -1};
	struct enroll_result r = {0};
	struct session *s = NULL;
	struct volume *v = NULL;
	struct world w;

	world_make(&w, 2);
	const struct before b = look(&w);
	for (int right = 0; right <= 1; right++) {
		o.readers = double_vcard_readers();
		double_vcard_put(o.readers, 0, "reader", alice);
		o.ask = double_ask_init(&person);
		double_ask_answer(&person, ASK_USER_PIN, "123456");
		double_ask_answer(&person, ASK_PASSPHRASE, "wrong");
		double_ask_answer(&person, ASK_PASSPHRASE, "wrong too");
		double_ask_answer(&person, ASK_PASSPHRASE,
		                  right ? WORLD_PHRASE : "and again");
		double_ask_answer(&person, ASK_PASSPHRASE, WORLD_PHRASE);
		CHECK(session_new(&o, &s) == OK && volume_load(&w.where, &v) == OK);
		CHECK(enroll(s, v, &req, &r) == (right ? OK : ERR_PASSPHRASE));
		CHECK(person.asked[ASK_PASSPHRASE] == 3);
		CHECK(double_ask_said(&person, "does not open the volume"));
		CHECK(right || unchanged(&w, &b));
		v = volume_free(v);
		s = session_free(s);
	}
	CHECK(world_is_tidy(&w, 1));
	world_drop(&w);
}

/* Nothing but enrolling anew mends a way in whose blob is lost and whose token too. */
static void a_way_in_whose_blob_is_ruined_is_enrolled_anew(void)
{
	struct enroll_result r;
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll_plain(&w, alice) == OK);
	world_remove_tokens(&w);
	CHECK(blob_write(w.boot, w.uuid, 2, BLOB_MESSAGE,
	                 (struct bytes){(const uint8_t *)"ruined", 6}) == OK);
	CHECK(!world_card_opens(&w, alice, 2));
	CHECK(world_enroll(&w, alice, (struct enroll_request){.keyslot = -1}, &r) == OK);
	CHECK(!r.already && world_is_tidy(&w, 1));
	CHECK(world_card_opens(&w, alice, r.keyslot));
	CHECK(world_phrase_opens(&w, WORLD_PHRASE));
	world_drop(&w);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a_way_in_whose_blob_is_ruined_is_enrolled_anew",
	         a_way_in_whose_blob_is_ruined_is_enrolled_anew                                          },
	        {"a_card_is_enrolled_once_on_luks2",                     a_card_is_enrolled_once_on_luks2},
	        {"a_card_is_enrolled_once_on_luks1",                     a_card_is_enrolled_once_on_luks1},
	        {"certificates_are_enrolled_on_luks2",
	         certificates_are_enrolled_on_luks2	                                              },
	        {"certificates_are_enrolled_on_luks1",
	         certificates_are_enrolled_on_luks1	                                              },
	        {"the_keyslot_that_was_asked_for_is_taken",
	         the_keyslot_that_was_asked_for_is_taken                                                 },
	        {"reserved_keyslots_are_refused",                        reserved_keyslots_are_refused   },
	        {"a_full_header_is_left_as_it_was",                      a_full_header_is_left_as_it_was },
	        {"without_room_for_a_token_all_is_taken_back",
	         without_room_for_a_token_all_is_taken_back                                              },
	        {"the_passphrase_is_stretched_once",                     the_passphrase_is_stretched_once},
	        {"a_wrong_passphrase_changes_nothing",
	         a_wrong_passphrase_changes_nothing	                                              },
	        {"the_passphrase_is_asked_for_three_times",
	         the_passphrase_is_asked_for_three_times                                                 },
	        {"a_card_without_a_decryption_key_is_refused",
	         a_card_without_a_decryption_key_is_refused                                              },
	        {"a_key_of_an_unknown_algorithm_is_refused",
	         a_key_of_an_unknown_algorithm_is_refused                                                },
	        {"a_fingerprint_that_is_not_the_key_s_is_refused",
	         a_fingerprint_that_is_not_the_key_s_is_refused                                          },
	        {"a_way_in_that_is_not_proven_is_taken_back",
	         a_way_in_that_is_not_proven_is_taken_back                                               },
	        {"a_card_that_deciphers_with_another_key_is_found_out",
	         a_card_that_deciphers_with_another_key_is_found_out                                     },
	        {"after_a_lost_record_no_keyslot_is_orphaned",
	         after_a_lost_record_no_keyslot_is_orphaned                                              },
	        {"a_forged_token_kills_no_keyslot_when_enrolling",
	         a_forged_token_kills_no_keyslot_when_enrolling                                          },
	        {"the_keyslot_that_opened_the_volume_is_never_dropped",
	         the_keyslot_that_opened_the_volume_is_never_dropped                                     },
	        {"a_card_whose_kdf_changed_is_enrolled_anew",
	         a_card_whose_kdf_changed_is_enrolled_anew                                               },
	        {"a_recorded_keyslot_that_a_person_took_is_not_dropped",
	         a_recorded_keyslot_that_a_person_took_is_not_dropped                                    },
	        {"a_changed_header_is_not_enrolled_to",
	         a_changed_header_is_not_enrolled_to	                                             },
	        {"a_disk_that_cannot_be_synced_is_told",
	         a_disk_that_cannot_be_synced_is_told                                                    },
	        {"a_read_only_folder_is_told_and_nothing_else",
	         a_read_only_folder_is_told_and_nothing_else                                             },
	        {"a_detached_header_is_enrolled_to",                     a_detached_header_is_enrolled_to},
	};

	log_to(NULL, NULL, LOG_WARN);
	if (crypto_init() != OK)
		return 1;
	alice = world_card(CURVE_25519);
	bob = world_card(CURVE_25519);
	const int failed = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	vcard_free(alice);
	vcard_free(bob);
	return failed;
}
