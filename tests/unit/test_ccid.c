/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual reader: messages of CCID at the levels of whole APDUs. */
#include <string.h>

#include "tests/unit/check.h"
#include "tests/unit/double_host.h"

static void an_apdu_passes_whole(void)
{
	static struct reader r;
	static const uint8_t ok[] = {0x90, 0x00};

	host_start(&r, LEVEL_SHORT, false, 271);
	CHECK(r.got_n == CCID_HEAD + 21 && r.got[CCID_HEAD] == 0x3B);
	host_xfr(&r, host_select, sizeof(host_select));
	CHECK(host_gives(&r, ok, sizeof(ok)));
	CHECK(r.cmd_n == sizeof(host_select) && memcmp(r.cmd, host_select, r.cmd_n) == 0);
	ccid_free(r.c);
}

static void long_apdus_come_and_go_in_parts(void)
{
	static struct reader r;
	uint8_t cmd[700];

	memset(cmd, 0x5A, sizeof(cmd));
	host_start(&r, LEVEL_EXTENDED, false, 271);
	r.answers = 598;
	host_put(&r, XFR, 1, cmd, 261);
	host_take(&r);
	CHECK(r.got_n == CCID_HEAD && r.got[9] == 0x10);
	host_put(&r, XFR, 3, cmd + 261, 261);
	host_take(&r);
	CHECK(r.got_n == CCID_HEAD && r.got[9] == 0x10);
	CHECK(r.n_apdus == 0);
	host_put(&r, XFR, 2, cmd + 522, 178);
	host_finish(&r);
	CHECK(r.cmd_n == sizeof(cmd) && memcmp(r.cmd, cmd, sizeof(cmd)) == 0);
	CHECK(r.got_n == 271 && r.got[9] == 1);
	host_put(&r, XFR, 0x10, NULL, 0);
	host_take(&r);
	CHECK(r.got_n == 271 && r.got[9] == 3);
	host_put(&r, XFR, 0x10, NULL, 0);
	host_take(&r);
	CHECK(r.got_n == CCID_HEAD + 600 - 2 * 261 && r.got[9] == 2);
	CHECK(r.got[r.got_n - 2] == 0x90);
	CHECK(r.n_apdus == 1);
	ccid_free(r.c);
}

static void what_is_malformed_is_refused(void)
{
	static struct reader r;
	const uint8_t wrong_slot[CCID_HEAD] = {XFR, 0, 0, 0, 0, 1, 9};
	const uint8_t wrong_length[CCID_HEAD] = {XFR, 4, 0, 0, 0, 0, 9};

	host_start(&r, LEVEL_EXTENDED, false, 271);
	ccid_put(r.c, wrong_slot, sizeof(wrong_slot));
	host_take(&r);
	CHECK(host_fails(&r, 5));
	ccid_put(r.c, wrong_length, sizeof(wrong_length));
	host_take(&r);
	CHECK(host_fails(&r, 1));
	host_put(&r, XFR, 2, host_select,
	         sizeof(host_select)); /* ends what never began */
	host_take(&r);
	CHECK(host_fails(&r, 8));
	host_put(&r, 0x69, 0, NULL, 0); /* Secure: there is no PIN pad */
	host_take(&r);
	CHECK(host_fails(&r, 0));
	host_put(&r, POWER_OFF, 0, NULL, 0);
	host_take(&r);
	host_xfr(&r, host_select, sizeof(host_select));
	CHECK(host_fails(&r, 0xFE));
	CHECK(r.n_apdus == 0);
	ccid_free(r.c);
}

static void a_new_command_voids_an_old_answer(void)
{
	static struct reader r;

	host_start(&r, LEVEL_SHORT, false, 271);
	host_put(&r, XFR, 0, host_select, sizeof(host_select));
	ccid_run(r.c);
	ccid_done(r.c);
	host_put(&r, SLOT, 0, NULL, 0);
	host_take(&r);
	CHECK(r.got[0] == 0x81 && r.got[6] == r.seq);
	host_take(&r);
	CHECK(r.got_n == 0);
	ccid_free(r.c);
}

static void while_the_card_works_time_is_asked_for(void)
{
	static struct reader r;

	host_start(&r, LEVEL_SHORT, false, 271);
	host_put(&r, XFR, 0, host_select, sizeof(host_select));
	CHECK(ccid_job(r.c));
	ccid_extend(r.c);
	host_take(&r);
	CHECK(r.got_n == CCID_HEAD && r.got[7] == 0x80 && r.got[6] == r.seq);
	host_finish(&r);
	CHECK(host_gives(&r, "\x90\x00", 2));
	ccid_free(r.c);
}

static void who_gives_up_gets_no_late_answer(void)
{
	static struct reader r;

	host_start(&r, LEVEL_SHORT, false, 271);
	host_put(&r, XFR, 0, host_select, sizeof(host_select));
	host_put(&r, XFR, 0, host_select, sizeof(host_select));
	host_take(&r);
	CHECK(host_fails(&r, 0xE0));
	CHECK(ccid_dropped(r.c));
	host_finish(&r);
	CHECK(r.got_n == 0);
	host_put(&r, XFR, 0, host_select, sizeof(host_select));
	host_put(&r, POWER_ON, 0, NULL, 0); /* is answered when the card is free */
	host_take(&r);
	CHECK(r.got_n == 0);
	host_finish(&r);
	CHECK(r.got_n == CCID_HEAD + 21 && r.got[6] == r.seq);
	ccid_free(r.c);
}

static void faults_hit_the_answer_that_they_name(void)
{
	static struct reader r;

	host_start(&r, LEVEL_SHORT, false, 271);
	CHECK(!ccid_fault(r.c, "frame@x:cut"));
	CHECK(!ccid_fault(r.c, "frame@2:nonsense"));
	CHECK(!ccid_fault(r.c, "VERIFY@1:drop"));
	CHECK(ccid_fault(r.c, "frame@2:seq"));
	host_xfr(&r, host_select, sizeof(host_select));
	CHECK(host_gives(&r, "\x90", 2));
	host_xfr(&r, host_select, sizeof(host_select));
	CHECK(!host_gives(&r, "\x90", 2) && r.got_n == CCID_HEAD + 2);
	host_xfr(&r, host_select, sizeof(host_select));
	CHECK(host_gives(&r, "\x90", 2));
	ccid_free(r.c);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"an_apdu_passes_whole",                   an_apdu_passes_whole             },
	        {"long_apdus_come_and_go_in_parts",        long_apdus_come_and_go_in_parts  },
	        {"what_is_malformed_is_refused",           what_is_malformed_is_refused     },
	        {"a_new_command_voids_an_old_answer",      a_new_command_voids_an_old_answer},
	        {"while_the_card_works_time_is_asked_for",
	         while_the_card_works_time_is_asked_for                                     },
	        {"who_gives_up_gets_no_late_answer",       who_gives_up_gets_no_late_answer },
	        {"faults_hit_the_answer_that_they_name",
	         faults_hit_the_answer_that_they_name                                       },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
