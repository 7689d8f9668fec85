/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A card that wants to be touched: said before, said afterwards, and waited for again
 * only when the person says so. */
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/world.h"
#include "unlock/backend.h"

static struct world w;
static struct vcard *card;
static struct double_ask person;

/* With the PIN, and what she answers when the touch was missed. */
static enum err unlock(const char *press, const char *const *answers, size_t n)
{
	struct session_options o = {.poll_ms = 1, .readers = double_vcard_readers()};
	const unsigned before = vcard_verify_count(card);
	AUTO_SECRET *pass = NULL;
	struct volume *v = NULL;
	struct session *s = NULL;

	CHECK(volume_load(&w.where, &v) == OK && vcard_press(card, press, 0));
	double_vcard_put(o.readers, 0, "R", card);
	o.ask = double_ask_init(&person);
	double_ask_answer(&person, ASK_USER_PIN, "123456");
	for (size_t i = 0; i < n; i++)
		double_ask_answer(&person, ASK_CONFIRM, answers[i]);
	person.nobody[ASK_CONFIRM] = n == 0;
	CHECK(session_new(&o, &s) == OK && session_wait_card(s, NULL, 0) == OK);
	CHECK(v->n_enrolled == 1);
	const enum err e = backend_card.recover(s, v, &v->enrolled[0], &pass);
	CHECK((pass != NULL) == (e == OK));
	CHECK(vcard_verify_count(card) == before + 1);
	s = session_free(s);
	v = volume_free(v);
	return e;
}

static unsigned touches(void)
{
	static unsigned before;
	const unsigned now = vcard_touch_count(card), n = now - before;

	before = now;
	return n;
}

static void it_is_said_before(void)
{
	(void)touches();
	CHECK(unlock("auto", NULL, 0) == OK && touches() == 1);
	CHECK(double_ask_said(&person, "Touch the dongle now"));
}

static void nobody_there_waits_once(void)
{
	CHECK(unlock("never", NULL, 0) == ERR_TOUCH && touches() == 1);
	CHECK(person.asked[ASK_CONFIRM] == 0);
}

static void the_person_decides_whether_to_wait_again(void)
{
	static const char *const twice[] = {"", "", NULL}, *const no[] = {"no"};

	CHECK(unlock("never", twice, 3) == ERR_TOUCH && touches() == 3);
	CHECK(person.asked[ASK_CONFIRM] == 3);
	CHECK(unlock("never", no, 1) == ERR_TOUCH && touches() == 1);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"it is said before",                        it_is_said_before      },
	        {"nobody there: it is waited for once",      nobody_there_waits_once},
	        {"the person decides whether to wait again",
	         the_person_decides_whether_to_wait_again                           },
	};
	static const uint8_t on[] = {1, 0x20};

	card = world_card(CURVE_25519);
	if (crypto_init() != OK)
		return 1;
	world_make(&w, 2);
	CHECK(world_enroll_plain(&w, card) == OK);
	world_card_put(card, 0xd7, on, sizeof(on));
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	world_drop(&w);
	vcard_free(card);
	return rc;
}
