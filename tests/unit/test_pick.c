/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which card is taken, and what is said when none is. */
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/pick_room.h"

static void what_is_missing_is_said(void)
{
	struct room m = room_new(&(struct pick_wish){.reader = "gem"});

	double_vcard_scan_err(m.r, ERR_NO_SERVICE);
	CHECK(look(&m) == ERR_NO_SERVICE && m.s.why == PICK_NO_SERVICE);
	double_vcard_scan_err(m.r, OK);
	CHECK(look(&m) == ERR_NO_READER && m.s.why == PICK_NO_READER);
	double_vcard_put(m.r, 0, "Other", m.a);
	CHECK(look(&m) == ERR_NO_READER && m.s.why == PICK_NO_SUCH_READER);
	double_vcard_put(m.r, 1, "A Gemalto", NULL);
	CHECK(look(&m) == ERR_NO_CARD && m.s.why == PICK_NO_CARD);
	double_vcard_put(m.r, 1, "A Gemalto", m.a);
	CHECK(look(&m) == OK && m.s.why == PICK_FOUND && m.s.n_seen == 1);
	room_end(&m);
}

static void a_card_is_handed_out_once(void)
{
	struct room m = room_new(&(struct pick_wish){0});

	double_vcard_put(m.r, 0, "R", m.a);
	CHECK(look(&m) == OK);
	m.c = card_close(m.c);
	CHECK(look(&m) != OK && m.s.why == PICK_USED && double_vcard_connects(m.r) == 1);
	double_vcard_put(m.r, 0, "R", m.a);
	CHECK(look(&m) == OK);
	m.c = card_close(m.c);
	pick_again(m.p);
	CHECK(look(&m) == OK);
	room_end(&m);
}

static void of_several_none_is_taken_unless_wished(void)
{
	struct room m = room_new(&(struct pick_wish){0});
	struct room first = room_new(&(struct pick_wish){.take_first = true});

	double_vcard_put(m.r, 0, "R", m.a);
	double_vcard_put(m.r, 1, "S", m.b);
	CHECK(look(&m) == ERR_USAGE && m.s.why == PICK_SEVERAL && m.s.n_seen == 2 &&
	      !m.c);
	CHECK(look(&m) == ERR_USAGE && double_vcard_connects(m.r) == 2);
	double_vcard_unplug(m.r, 1);
	CHECK(look(&m) == OK);
	room_end(&m);

	double_vcard_put(first.r, 0, "R", first.a);
	double_vcard_put(first.r, 1, "S", first.b);
	CHECK(look(&first) == OK && double_vcard_connects(first.r) == 1);
	room_end(&first);
}

static bool never(const struct card_info *info, void *ctx)
{
	(void)info;
	++*(int *)ctx;
	return false;
}

static void unwanted_cards_are_opened_once(void)
{
	int asked = 0;
	struct room m = room_new(&(struct pick_wish){.fits = never, .ctx = &asked});

	double_vcard_put(m.r, 0, "R", m.a);
	CHECK(look(&m) == ERR_WRONG_CARD && look(&m) == ERR_WRONG_CARD);
	CHECK(m.s.why == PICK_NOT_WANTED && asked == 1 &&
	      double_vcard_connects(m.r) == 1);
	room_end(&m);
}

static void busy_and_mute_readers_are_told_apart(void)
{
	struct room m = room_new(&(struct pick_wish){0});

	double_vcard_put(m.r, 0, "R", m.a);
	double_vcard_connect_err(m.r, 0, ERR_BUSY);
	CHECK(look(&m) == ERR_BUSY && m.s.why == PICK_BUSY);
	double_vcard_connect_err(m.r, 0, OK);
	CHECK(look(&m) == OK);
	m.c = card_close(m.c);
	double_vcard_put(m.r, 0, "R", m.a);
	double_vcard_connect_err(m.r, 0, ERR_CARD_STATE);
	CHECK(look(&m) == ERR_CARD_STATE && m.s.why == PICK_MUTE);
	room_end(&m);
}

static void serial_numbers_match_in_both_spellings(void)
{
	struct pick *p = NULL;

	CHECK(pick_serial_matches("1234abcd", "000F:1234ABCD"));
	CHECK(pick_serial_matches("000f:1234ABCD", "000F:1234ABCD"));
	CHECK(!pick_serial_matches("0006:1234ABCD", "000F:1234ABCD"));
	CHECK(!pick_serial_matches("1234ABC", "000F:1234ABCD"));
	CHECK(!pick_serial_matches("", ""));
	CHECK(pick_new(NULL, &(struct pick_wish){.serial = "12"}, &p) == ERR_USAGE && !p);
	struct room m = room_new(&(struct pick_wish){.serial = "FFFFFFF0"});
	double_vcard_put(m.r, 0, "R", m.a);
	CHECK(look(&m) == ERR_WRONG_CARD && m.s.why == PICK_WRONG_SERIAL);
	room_end(&m);
}

static void every_reason_has_a_text(void)
{
	for (int w = 0; w < PICK_WHYS_; w++) {
		CHECK(pick_why_text((enum pick_why)w)[0] != '\0');
		CHECK((pick_why_err((enum pick_why)w) == OK) == (w == PICK_FOUND));
	}
}

static void waiting_ends(void)
{
	struct room m = room_new(&(struct pick_wish){0});

	CHECK(pick_wait(m.p, 30, &m.s, &m.c) == ERR_NO_READER);
	double_vcard_put(m.r, 0, "R", m.a);
	CHECK(pick_wait(m.p, 30, NULL, &m.c) == OK);
	room_end(&m);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"what is missing is said",                what_is_missing_is_said       },
	        {"a card is handed out once",              a_card_is_handed_out_once     },
	        {"of several none is taken unless wished",
	         of_several_none_is_taken_unless_wished                                  },
	        {"unwanted cards are opened once",         unwanted_cards_are_opened_once},
	        {"busy and mute readers are told apart",
	         busy_and_mute_readers_are_told_apart                                    },
	        {"serial numbers match in both spellings",
	         serial_numbers_match_in_both_spellings                                  },
	        {"every reason has a text",                every_reason_has_a_text       },
	        {"waiting ends",                           waiting_ends                  },
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
