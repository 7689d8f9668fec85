/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why no card is taken: what each way to fail is told as, the same card seen twice, and a
 * card that is no longer what it was. */
#include <string.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/pick_room.h"
/* After ours: a card that says less than any make of it. */
#include "tests/vcard/priv.h"

static void what_connecting_ends_with_is_told(void)
{
	static const struct {
		const char *what;
		enum err connect, e;
		enum pick_why why;
		size_t n_seen;
	} rows[] = {
	        {"held by another program", ERR_BUSY,       ERR_BUSY,       PICK_BUSY,    1},
	        {"taken out meanwhile",     ERR_NO_CARD,    ERR_NO_CARD,    PICK_NO_CARD, 0},
	        {"and its reader with it",  ERR_NO_READER,  ERR_NO_CARD,    PICK_NO_CARD, 0},
	        {"the service ended",       ERR_NO_SERVICE, ERR_NO_CARD,    PICK_NO_CARD, 0},
	        {"the wrong way round",     ERR_CARD_STATE, ERR_CARD_STATE, PICK_MUTE,    1},
	        {"no answer in time",       ERR_CARD_MUTE,  ERR_CARD_MUTE,  PICK_HANGS,   1},
	        {"noise",                   ERR_IO,         ERR_IO,         PICK_FAILED,  1},
	        {"no memory",               ERR_NOMEM,      ERR_NOMEM,      PICK_NO_CARD, 0},
	        {"a bug",                   ERR_BUG,        ERR_BUG,        PICK_NO_CARD, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct room m = room_new(&(struct pick_wish){0});

		double_vcard_put(m.r, 0, "R", m.a);
		double_vcard_connect_err(m.r, 0, rows[i].connect);
		CHECK_ROW(look(&m) == rows[i].e && !m.c, rows[i].what);
		CHECK_ROW(m.s.why == rows[i].why, rows[i].what);
		CHECK_ROW(m.s.n_seen == rows[i].n_seen, rows[i].what);
		if (rows[i].n_seen == 1)
			CHECK_ROW(m.s.seen[0].e == rows[i].connect &&
			                  m.s.seen[0].why == rows[i].why,
			          rows[i].what);
		room_end(&m);
	}
}

static void what_opening_ends_with_is_told(void)
{
	static const struct {
		enum err e;
		enum card_flaw flaw;
		enum pick_why why;
	} rows[] = {
	        {OK,              CARD_FLAW_NONE,     PICK_FOUND      },
	        {ERR_WRONG_CARD,  CARD_FLAW_NONE,     PICK_NOT_OPENPGP},
	        {ERR_CARD_STATE,  CARD_FLAW_NONE,     PICK_TERMINATED },
	        {ERR_BUSY,        CARD_FLAW_NONE,     PICK_BUSY       },
	        {ERR_CARD_MUTE,   CARD_FLAW_NONE,     PICK_HANGS      },
	        {ERR_CARD_LOST,   CARD_FLAW_NONE,     PICK_FAILED     },
	        {ERR_FORMAT,      CARD_FLAW_NONE,     PICK_FAILED     },
	        {ERR_UNSUPPORTED, CARD_FLAW_OLD,      PICK_OLD        },
	        {ERR_UNSUPPORTED, CARD_FLAW_BLOCK_2,  PICK_BLOCK_2    },
	        {ERR_FORMAT,      CARD_FLAW_COUNTERS, PICK_NO_COUNTERS},
	        {ERR_FORMAT,      CARD_FLAW_KDF,      PICK_NO_KDF     },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_ROW(pick_why_open(rows[i].e, rows[i].flaw) == rows[i].why,
		          err_text(rows[i].e));
		if (rows[i].e != OK)
			CHECK_ROW(pick_why_connect(rows[i].e) != PICK_FOUND,
			          err_text(rows[i].e));
	}
	CHECK(pick_why_connect(ERR_NO_SERVICE) == PICK_NO_SERVICE);
}

/* What will not change when the card is put in again, does not ask for that. */
static void each_flaw_has_its_sentence(void)
{
	static const struct {
		enum card_flaw flaw;
		const char *says;
	} rows[] = {
	        {CARD_FLAW_OLD,      "version 1" },
	        {CARD_FLAW_BLOCK_2,  "format 2"  },
	        {CARD_FLAW_COUNTERS, "tries"     },
	        {CARD_FLAW_KDF,      "PIN hashed"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const enum pick_why why = pick_why_open(ERR_UNSUPPORTED, rows[i].flaw);

		CHECK_ROW(pick_why_err(why) == ERR_UNSUPPORTED, rows[i].says);
		CHECK_ROW(strstr(pick_why_text(why), rows[i].says), rows[i].says);
		CHECK_ROW(!strstr(pick_why_text(why), "put it in again"), rows[i].says);
		CHECK(pick_why_open(OK, rows[i].flaw) == PICK_FOUND);
	}
}

/* A dongle that shows itself as two readers. */
static void one_card_in_two_readers_is_one(void)
{
	struct room m = room_new(&(struct pick_wish){0});

	double_vcard_put(m.r, 0, "R", m.a);
	double_vcard_put(m.r, 1, "R again", m.a);
	CHECK(look(&m) == OK && m.s.why == PICK_FOUND && m.s.n_seen == 1);
	room_end(&m);
}

static void a_card_handed_out_is_not_another_one_elsewhere(void)
{
	struct room m = room_new(&(struct pick_wish){0});

	double_vcard_put(m.r, 0, "R", m.a);
	CHECK(look(&m) == OK);
	m.c = card_close(m.c);
	double_vcard_put(m.r, 1, "S", m.a);
	CHECK(look(&m) == ERR_NO_CARD && m.s.why == PICK_USED && !m.c);
	double_vcard_put(m.r, 1, "S", m.b);
	CHECK(look(&m) == OK && m.s.n_seen == 2);
	room_end(&m);
}

/* Looked at before the reader whose card was handed out. */
static void nor_is_it_another_one_in_a_reader_before(void)
{
	struct room m = room_new(&(struct pick_wish){0});

	double_vcard_put(m.r, 0, "R", NULL);
	double_vcard_put(m.r, 1, "S", m.a);
	CHECK(look(&m) == OK);
	m.c = card_close(m.c);
	double_vcard_put(m.r, 0, "R", m.a);
	CHECK(look(&m) == ERR_NO_CARD && m.s.why == PICK_USED && !m.c);
	CHECK(m.s.n_seen == 1 && m.s.seen[0].why == PICK_USED);
	room_end(&m);
}

static bool never(const struct card_info *info, void *ctx)
{
	(void)info;
	(void)ctx;
	return false;
}

/* It may be the one, for all that anybody knows. */
static void a_card_that_does_not_tell_its_keys_is_no_stranger(void)
{
	struct room m = room_new(&(struct pick_wish){.fits = never});
	struct profile mute = *m.a->prof;

	mute.missing = 0xc5;
	m.a->prof = &mute;
	double_vcard_put(m.r, 0, "R", m.a);
	CHECK(look(&m) == ERR_UNSUPPORTED && m.s.why == PICK_NO_FINGERPRINTS);
	CHECK(strstr(pick_why_text(m.s.why), "C5") &&
	      strstr(pick_why_text(m.s.why), "Leave its keys as they are"));
	double_vcard_put(m.r, 0, "R", m.b);
	CHECK(look(&m) == ERR_WRONG_CARD && m.s.why == PICK_NOT_WANTED);
	room_end(&m);
}

/* Both fitted, so neither was held; of the one that stays nobody knows what it is by now.
 */
static void the_one_that_is_left_is_opened_anew(void)
{
	static const enum err ends[] = {ERR_BUSY, ERR_CARD_MUTE, ERR_NOMEM};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct room m = room_new(&(struct pick_wish){0});

		double_vcard_put(m.r, 0, "R", m.a);
		double_vcard_put(m.r, 1, "S", m.b);
		CHECK(look(&m) == ERR_USAGE && m.s.why == PICK_SEVERAL);
		double_vcard_unplug(m.r, 1);
		double_vcard_connect_err(m.r, 0, ends[i]);
		CHECK_ROW(look(&m) == ends[i] && !m.c, err_text(ends[i]));
		double_vcard_connect_err(m.r, 0, OK);
		double_vcard_put(m.r, 0, "R", m.a);
		CHECK_ROW(look(&m) == OK, err_text(ends[i]));
		room_end(&m);
	}
}

static void what_is_no_serial_number_is_refused(void)
{
	static const char *const rows[] = {"",
	                                   "1234567",
	                                   "123456789",
	                                   "1234567g",
	                                   "000F-12345678",
	                                   "000G:12345678",
	                                   "000F:1234567",
	                                   "000F:1234567x"};
	struct pick *p = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(pick_new(NULL, &(struct pick_wish){.serial = rows[i]}, &p) ==
		                          ERR_USAGE &&
		                  !p,
		          rows[i]);
}

/* --- readers that count wrongly --- */

static enum err scan_too_many(struct readers *r, struct reader_list *ret)
{
	(void)r;
	*ret = (struct reader_list){.n = READERS_MAX + 1};
	return OK;
}

static void a_list_that_is_too_long_is_a_bug(void)
{
	static const struct readers_ops ops = {.name = "many", .scan = scan_too_many};
	struct readers many = {.ops = &ops};
	struct pick_status s;
	struct card *c = NULL;
	struct pick *p = NULL;

	CHECK(pick_new(&many, &(struct pick_wish){0}, &p) == OK);
	CHECK(pick_step(p, &s, &c) == ERR_BUG && !c && s.n_seen == 0);
	p = pick_free(p);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"what connecting ends with is told",                 what_connecting_ends_with_is_told},
	        {"what opening ends with is told",                    what_opening_ends_with_is_told   },
	        {"each flaw has its sentence",                        each_flaw_has_its_sentence       },
	        {"one card in two readers is one",                    one_card_in_two_readers_is_one   },
	        {"a card handed out is not another one elsewhere",
	         a_card_handed_out_is_not_another_one_elsewhere                                        },
	        {"nor is it another one in a reader before",
	         nor_is_it_another_one_in_a_reader_before                                              },
	        {"a card that does not tell its keys is no stranger",
	         a_card_that_does_not_tell_its_keys_is_no_stranger                                     },
	        {"the one that is left is opened anew",
	         the_one_that_is_left_is_opened_anew                                                   },
	        {"what is no serial number is refused",
	         what_is_no_serial_number_is_refused                                                   },
	        {"a list that is too long is a bug",                  a_list_that_is_too_long_is_a_bug },
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
