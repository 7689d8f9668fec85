/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Enrolling on a fresh volume: what it makes, and that a failure changes nothing. */
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

static void stretches_once(void)
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

	const struct world_digest b = world_digest(&w);
	CHECK(world_enroll(&w, alice, plain, &r) == OK && r.already && r.keyslot == 2);
	CHECK(!r.proven && w.person.asked[ASK_USER_PIN] == 0);
	CHECK(world_is_unchanged(&w, &b));

	CHECK(world_enroll(&w, bob, plain, &r) == OK && r.keyslot == 3);
	CHECK(world_is_tidy(&w, 2) && world_card_opens(&w, bob, 3));
	CHECK(world_card_opens(&w, alice, 2));
	world_drop(&w);
}

static void enrols_a_card(void)
{
	enrol_by_card(1);
	enrol_by_card(2);
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

	const struct world_digest b = world_digest(&w);
	CHECK(world_enroll(&w, NULL, (struct enroll_request){.cert = &one.pub}, &r) ==
	      OK);
	CHECK(r.already && r.keyslot == 2 && world_is_unchanged(&w, &b));
	softkey_free(&one);
	softkey_free(&two);
	world_drop(&w);
}

static void enrols_certificates(void)
{
	enrol_by_cert(1);
	enrol_by_cert(2);
}

static void takes_the_keyslot_asked_for(void)
{
	struct enroll_request req = {.keyslot = 5};
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll(&w, alice, req, &r) == OK && r.keyslot == 5);
	const struct world_digest b = world_digest(&w);
	CHECK(world_enroll(&w, bob, req, &r) == ERR_EXISTS);
	CHECK(double_ask_said(&w.person, "Keyslot 5 is in use"));
	req.keyslot = 32;
	CHECK(world_enroll(&w, bob, req, &r) == ERR_REFUSED);
	CHECK(world_is_unchanged(&w, &b));
	world_drop(&w);
}

static void refuses_reserved_keyslots(void)
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
		const struct world_digest b = world_digest(&w);
		CHECK_ROW(world_enroll(&w, alice, req, &r) == ERR_REFUSED, rows[i].what);
		CHECK_ROW(err_exit(ERR_REFUSED) == EXIT_REFUSED, rows[i].what);
		CHECK_ROW(double_ask_said(&w.person, "is not for a dongle"),
		          rows[i].what);
		CHECK_ROW(world_is_unchanged(&w, &b), rows[i].what);
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
	const struct world_digest b = world_digest(&w);
	CHECK(world_enroll(&w, alice, plain, &r) == ERR_NO_SPACE);
	CHECK(double_ask_said(&w.person, "are all in use"));
	CHECK(world_is_unchanged(&w, &b));
	world_drop(&w);
}

static void leaves_a_full_header(void)
{
	full_header(1, 7);
	full_header(2, 31);
	full_header(2, 30); /* 31 is free, and not for us */
}

static void needs_room_for_a_token(void)
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

static void refuses_a_wrong_passphrase(void)
{
	AUTO_SECRET *wrong = NULL;
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	const struct world_digest b = world_digest(&w);
	CHECK(secret_copy((struct bytes){(const uint8_t *)"wrong", 5}, &wrong) == OK);
	CHECK(world_enroll(&w, alice, (struct enroll_request){.key = wrong}, &r) ==
	      ERR_PASSPHRASE);
	CHECK(world_is_unchanged(&w, &b));
	world_drop(&w);
}

/* --- the disk --- */

static void tells_of_a_failed_sync(void)
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

static void tells_of_read_only(void)
{
	for (int boot = 0; boot <= 1; boot++) {
		struct double_io io = {.kinds = IO_ALL, .error = EROFS};
		struct enroll_result r = {0};
		struct world w;

		world_make(&w, 2);
		CHECK(world_enroll(&w, bob, plain, &r) == OK); /* the folders are there */
		const struct world_digest b = world_digest(&w);
		io.below = boot ? w.boot : w.config;
		double_io_plan(&io);
		CHECK(world_enroll(&w, alice, plain, &r) == ERR_READ_ONLY && io.hit > 0);
		double_io_plan(NULL);
		CHECK(!double_ask_said(&w.person, "Not everything could be taken back"));
		CHECK(world_is_unchanged(&w, &b));
		world_drop(&w);
	}
}

static void enrols_to_a_detached_header(void)
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

static void asks_three_times(void)
{
	struct double_ask person;
	struct session_options o = {.poll_ms = 1};
	const struct enroll_request req = {.keyslot = -1};
	struct enroll_result r = {0};
	struct session *s = NULL;
	struct volume *v = NULL;
	struct world w;

	world_make(&w, 2);
	const struct world_digest b = world_digest(&w);
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
		CHECK(right || world_is_unchanged(&w, &b));
		v = volume_free(v);
		s = session_free(s);
	}
	CHECK(world_is_tidy(&w, 1));
	world_drop(&w);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"the passphrase is stretched once",            stretches_once             },
	        {"a card is enrolled once",                     enrols_a_card              },
	        {"certificates are enrolled",                   enrols_certificates        },
	        {"the keyslot that was asked for is taken",     takes_the_keyslot_asked_for},
	        {"reserved keyslots are refused",               refuses_reserved_keyslots  },
	        {"a full header is left as it was",             leaves_a_full_header       },
	        {"without room for a token all is taken back",  needs_room_for_a_token     },
	        {"a wrong passphrase changes nothing",          refuses_a_wrong_passphrase },
	        {"a disk that cannot be synced is told",        tells_of_a_failed_sync     },
	        {"a read-only folder is told and nothing else", tells_of_read_only         },
	        {"a detached header is enrolled to",            enrols_to_a_detached_header},
	        {"the passphrase is asked for three times",     asks_three_times           },
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
