/* SPDX-License-Identifier: GPL-2.0-or-later */
/* card status against virtual cards: what is listed, and what is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/card.h"
#include "cli/card_words.h"
#include "tests/unit/card_seen.h"
#include "tests/unit/check.h"

enum { TOLD_MAX = 8192 };

static const struct look_wish any = {0};

/* --- what is found --- */

static void every_card_is_listed_and_what_cannot_be_read_is_said(void)
{
	static struct card_facts list[READERS_MAX];
	struct readers *r = double_vcard_readers();
	struct vcard *a = vcard_new("default", NULL), *b = vcard_new("gnuk", NULL);
	struct look_end end;
	size_t n = 99;

	CHECK(card_look(r, &any, list, &n, &end) == ERR_NO_READER &&
	      end.why == PICK_NO_READER);
	double_vcard_put(r, 0, "empty", NULL);
	CHECK(card_look(r, &any, list, &n, &end) == ERR_NO_CARD && n == 99);
	double_vcard_put(r, 1, "one", a);
	double_vcard_put(r, 2, "two", b);
	double_vcard_put(r, 3, "three", b);
	double_vcard_connect_err(r, 3, ERR_BUSY);
	CHECK(card_look(r, &any, list, &n, &end) == OK && n == 3);
	CHECK(strcmp(list[0].reader, "one") == 0 && list[0].why == PICK_FOUND);
	CHECK(list[0].info.version == 0x0304 && list[1].info.version == 0x0200);
	CHECK(list[2].why == PICK_BUSY && list[2].e == ERR_BUSY);
	CHECK(strstr(card_obstacle(&list[2]), "gpgconf") != NULL);
	CHECK(list[0].touch[CARD_KEY_DEC] == 0 &&
	      list[0].origin[CARD_KEY_DEC] == 0); /* there are no keys */
	CHECK(list[0].atr_len > 0);
	CHECK(vcard_verify_count(a) == 0 && vcard_verify_count(b) == 0);
	r = readers_close(r);
	vcard_free(a);
	vcard_free(b);
}

static void reader_and_serial_number_narrow_it_down(void)
{
	static struct card_facts list[READERS_MAX];
	const struct look_wish other = {.serial = "DEADBEEF"}, two = {.reader = "TWO"};
	const struct look_wish none = {.reader = "four"};
	struct readers *r = double_vcard_readers();
	struct vcard *v = vcard_new("default", NULL);
	struct look_end end;
	size_t n = 0;

	double_vcard_put(r, 0, "one", v);
	double_vcard_put(r, 1, "two", v);
	CHECK(card_look(r, &two, list, &n, &end) == OK && n == 1);
	CHECK(strcmp(list[0].reader, "two") == 0);
	const struct look_wish this = {.serial = list[0].info.ident};
	CHECK(card_look(r, &this, list, &n, &end) == OK && n == 2);
	CHECK(card_look(r, &other, list, &n, &end) == ERR_WRONG_CARD &&
	      end.why == PICK_WRONG_SERIAL);
	CHECK(card_look(r, &none, list, &n, &end) == ERR_NO_READER &&
	      end.why == PICK_NO_SUCH_READER);
	r = readers_close(r);
	vcard_free(v);
}

static void a_look_that_found_nothing_says_where_it_looked(void)
{
	static struct card_facts list[READERS_MAX];
	struct cli c = {.wait_s = 0, .transport = "ccid"};
	struct readers *r = double_vcard_readers();
	struct look_end end;
	size_t n = 0;

	CHECK(cli_look(&c, r, list, &n, &end) == ERR_NO_READER && end.readers.n == 0);
	CHECK(strstr(c.why, "Looked through libccid, without pcscd.") != NULL);
	double_vcard_put(r, 0, "one", NULL);
	double_vcard_put(r, 1, "t\033wo", NULL);
	c.transport = "pcsc";
	CHECK(cli_look(&c, r, list, &n, &end) == ERR_NO_CARD && end.readers.n == 2);
	CHECK(strstr(c.why, "Looked through pcscd: one, t?wo.") != NULL);
	c.reader = "three";
	CHECK(cli_look(&c, r, list, &n, &end) == ERR_NO_READER);
	CHECK(strstr(c.why, "three") && strstr(c.why, "pcscd: one, t?wo."));
	r = readers_close(r);
}

static void the_way_that_auto_took_is_told(void)
{
	struct cli c = {0};
	struct readers *r = NULL;

	CHECK(cli_readers(&c, &r) == OK && c.transport != NULL);
	CHECK(c.transport &&
	      (strcmp(c.transport, "pcsc") == 0 || strcmp(c.transport, "ccid") == 0));
	r = readers_close(r);
	c.transport = "/x.so@1";
	CHECK(cli_readers(&c, &r) == OK && strcmp(card_route(&c), "/x.so@1") == 0);
	r = readers_close(r);
}

static void what_keeps_a_card_from_being_enrolled_is_said(void)
{
	static const uint8_t wrong[FPR_LEN] = {1, 2, 3};
	struct vcard *bare = vcard_new("default", NULL), *v = world_card(CURVE_25519);

	const struct card_facts none = card_seen(bare);
	CHECK(strstr(why_not_enrolled(&none), "no decryption key") != NULL);
	struct card_facts f = card_seen(v);
	CHECK(why_not_enrolled(&f) == NULL && f.origin[CARD_KEY_DEC] == 1);
	f.info.tries_user = 0;
	CHECK(strstr(why_not_enrolled(&f), "blocked") != NULL);
	CHECK(vcard_fault(v, "read-key:sw=6F00"));
	f = card_seen(v); /* nobody is told to make a key anew */
	CHECK(strstr(why_not_enrolled(&f), "leave it as it is") != NULL);
	CHECK(vcard_fault(v, ""));
	world_card_put(v, 0xc8, wrong, sizeof(wrong));
	f = card_seen(v);
	CHECK(f.dec_key == ERR_CRYPTO);
	CHECK(strstr(why_not_enrolled(&f), "fingerprint") != NULL);
	vcard_free(bare);
	vcard_free(v);
}

static void describe(const struct card_facts *f, bool personal, char out[static TOLD_MAX])
{
	const struct cli c = {.transport = "pcsc"};
	FILE *to = fmemopen(out, TOLD_MAX, "w");

	CHECK(to != NULL);
	card_describe(to, &c, f, personal);
	CHECK(fclose(to) == 0);
}

static void a_report_names_nobody(void)
{
	static char all[TOLD_MAX], part[TOLD_MAX];
	struct vcard *v = world_card(CURVE_25519);
	const struct card_facts f = card_seen(v);
	char number[9];

	(void)snprintf(number, sizeof(number), "%08X", (unsigned)f.info.serial);
	describe(&f, true, all);
	describe(&f, false, part);
	CHECK(strstr(all, f.info.ident) && strstr(all, "000034AB"));
	CHECK(strstr(all, "2021-01-14")); /* 0x60000000 */
	CHECK(!strstr(part, number) && !strstr(part, "000034AB"));
	CHECK(!strstr(part, "2021-01-1") && strstr(part, "Nitrokey Pro () 00 00"));
	CHECK(strstr(part, "reached by      pcscd\n"));
	CHECK(strstr(part, "Curve25519") && strstr(part, "generated"));
	vcard_free(v);
}

static void few_tries_are_warned_of(void)
{
	static char told[TOLD_MAX];
	struct vcard *v = world_card(CURVE_25519);
	struct card_facts f = card_seen(v);

	describe(&f, true, told);
	CHECK(!strstr(told, "WARNING"));
	f.info.tries_user = 1;
	describe(&f, true, told);
	CHECK(strstr(told, "WARNING") && strstr(told, "1 try left"));
	CHECK(!strchr(told, '\x1b')); /* no terminal, no colour */
	f.info.tries_user = 3;
	f.info.tries_admin = 0;
	describe(&f, true, told);
	CHECK(strstr(told, "Admin PIN is blocked"));
	vcard_free(v);
}

/* Only what the card still allows is advised, with the same words everywhere. */
static void the_ways_out_of_a_blocked_pin_are_those_that_are_left(void)
{
	static const struct {
		int admin, code;
		const char *says, *not ;
	} rows[] = {
	        {3, 3, "or with the reset code", "factory"           },
	        {3, 0, "card unblock).",         "--reset-code"      },
	        {0, 3, "--reset-code).",         "with the Admin PIN"},
	        {0, 0, "factory reset",          "gpg"               },
	};
	static char told[TOLD_MAX];
	struct vcard *v = world_card(CURVE_25519);
	struct card_facts f = card_seen(v);

	f.info.tries_user = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		f.info.tries_admin = rows[i].admin;
		f.info.tries_reset = rows[i].code;
		describe(&f, true, told);
		CHECK_ROW(strstr(told, rows[i].says), rows[i].says);
		CHECK_ROW(!strstr(told, rows[i].not ), rows[i].says);
	}
	vcard_free(v);
}

/* 4.0 is used as 3.4, and the person knows. */
static void a_version_to_come_is_warned_of(void)
{
	static char told[TOLD_MAX];
	struct vcard *v = world_card(CURVE_25519);
	struct card_facts f = card_seen(v);

	f.info.version = 0x0400;
	describe(&f, true, told);
	CHECK(strstr(told, "used as one of 3.4"));
	vcard_free(v);
}

/* Not "no key": a person might make one. */
static void keys_that_are_not_told_are_not_called_missing(void)
{
	static char told[TOLD_MAX];
	struct vcard *v = world_card(CURVE_25519);
	struct card_facts f = card_seen(v);

	f.info.fpr_told = f.info.key[CARD_KEY_DEC].present = false;
	describe(&f, true, told);
	CHECK(strstr(told, "key not told (set to "));
	CHECK(!strstr(told, "no key"));
	vcard_free(v);
}

#define CASE(name)                                                                       \
	{                                                                                \
#name, name                                                              \
	}

int main(void)
{
	static const struct check_case cases[] = {
	        CASE(every_card_is_listed_and_what_cannot_be_read_is_said),
	        CASE(reader_and_serial_number_narrow_it_down),
	        CASE(a_look_that_found_nothing_says_where_it_looked),
	        CASE(the_way_that_auto_took_is_told),
	        CASE(what_keeps_a_card_from_being_enrolled_is_said),
	        CASE(a_report_names_nobody),
	        CASE(few_tries_are_warned_of),
	        CASE(the_ways_out_of_a_blocked_pin_are_those_that_are_left),
	        CASE(a_version_to_come_is_warned_of),
	        CASE(keys_that_are_not_told_are_not_called_missing),
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
