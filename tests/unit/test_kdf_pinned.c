/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record pins whether and how a card hashes its PIN: a card that says otherwise since
 * is sent no PIN. */
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/world.h"
#include "unlock/backend.h"

static struct world w;
static struct vcard *card;
static struct double_ask person;

/* Iterated and salted, SHA-256, 100,000 bytes, a salt of A's. */
static const uint8_t on[] = {0x81, 1,    3,    0x82, 1,    8,   0x83, 4,
                             0,    1,    0x86, 0xa0, 0x84, 8,   0x41, 0x41,
                             0x41, 0x41, 0x41, 0x41, 0x41, 0x41};
static const uint8_t off[] = {0x81, 1, 0};

static void record_says(enum record_kdf kdf)
{
	struct record r;

	CHECK(record_load(w.config, w.uuid, &r) == OK && r.n == 1);
	r.entry[0].kdf = kdf;
	CHECK(record_save(w.config, &r) == OK);
}

/* The end of the try; VERIFYs are counted into *ret_sent. */
static enum err unlock(unsigned *ret_sent)
{
	struct session_options o = {.poll_ms = 1, .readers = double_vcard_readers()};
	const unsigned before = vcard_verify_count(card);
	AUTO_SECRET *pass = NULL;
	struct volume *v = NULL;
	struct session *s = NULL;

	CHECK(volume_load(&w.where, &v) == OK && v->n_enrolled == 1);
	double_vcard_put(o.readers, 0, "R", card);
	o.ask = double_ask_init(&person);
	double_ask_answer(&person, ASK_USER_PIN, "123456");
	CHECK(session_new(&o, &s) == OK && session_wait_card(s, NULL, 0) == OK);
	const enum err e = backend_card.recover(s, v, &v->enrolled[0], &pass);
	CHECK((pass != NULL) == (e == OK));
	*ret_sent = vcard_verify_count(card) - before;
	s = session_free(s);
	v = volume_free(v);
	return e;
}

static void nothing_is_sent(void)
{
	unsigned sent = 99;

	CHECK(unlock(&sent) == ERR_WRONG_CARD && sent == 0);
	CHECK(person.asked[ASK_USER_PIN] == 0 && double_ask_said(&person, "(KDF)"));
}

static void switched_on_since(void)
{
	unsigned sent = 99;

	CHECK(unlock(&sent) == OK && sent == 1);
	world_card_put(card, 0xf9, on, sizeof(on));
	nothing_is_sent();
}

static void another_salt_since(void)
{
	record_says(RECORD_KDF_PINNED); /* with a digest of nothing */
	nothing_is_sent();
}

static void switched_off_since(void)
{
	world_card_put(card, 0xf9, off, sizeof(off));
	nothing_is_sent();
}

static void as_it_was_enrolled(void)
{
	unsigned sent = 99;

	record_says(RECORD_KDF_NONE);
	CHECK(unlock(&sent) == OK && sent == 1);
	record_says(RECORD_KDF_UNKNOWN); /* enrolled by a certificate */
	CHECK(unlock(&sent) == OK && sent == 1);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"switched on since: no PIN is sent",  switched_on_since },
	        {"another salt since: no PIN is sent", another_salt_since},
	        {"switched off since: no PIN is sent", switched_off_since},
	        {"as it was enrolled: it opens",       as_it_was_enrolled},
	};

	/* It stores F9 and goes on comparing plain PINs, so what is sent is told apart.
	 */
	card = world_card_of("pico-like", CURVE_25519);
	if (crypto_init() != OK)
		return 1;
	world_make(&w, 2);
	CHECK(world_enroll_plain(&w, card) == OK);
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	world_drop(&w);
	vcard_free(card);
	return rc;
}
