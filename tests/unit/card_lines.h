/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an ordinary card says, in hexadecimal, for conversations that are written out. */
#ifndef TESTS_CARD_LINES_H
#define TESTS_CARD_LINES_H

#include "card/card.h"
#include "tests/unit/double_script.h"

/* --- commands --- */

#define SELECT "00A4040006D2760001240100"
#define SIX_E  "00CA006E00"
#define GET_C4 "00CA00C400"
#define VERIFY "0020008206313233343536" /* 123456 */

/* --- objects --- */

#define AID_(v, m)      "4F10D27600012401" v m "123456780000"
#define AID             AID_("0302", "000F") /* F9 came with 3.3 */
#define HIST            "5F520A00730000800500900000"
#define C0_(flags)      "C00A" flags "000000080000000000"
#define C0              C0_("7C")
#define C2_P256         "C209122A8648CE3D030107"
#define C4_(tries)      "C407007F7F7F" tries "0003"
#define C4_ALONE(tries) "007F7F7F" tries "00039000"
#define FPR             "0102030405060708090A0B0C0D0E0F1011121314"
#define NO_FPR          "0000000000000000000000000000000000000000"
#define TIMES           "CD0C000000010000000200000003"
#define PARTS           C0 C2_P256 C4_("03") "C53C" FPR FPR FPR TIMES /* 108 bytes */
#define FLAT            AID HIST PARTS
#define NO_KEY          "6A88"

/* 6E with these attributes, tries, fingerprints and more. */
#define SIX_E_(tries, c2, fpr, more)                                                     \
	AID HIST C0 c2 C4_(tries) "C53C" fpr fpr fpr TIMES more "9000"

/* --- whole steps --- */

/* clang-format off */
#define SEL          {SELECT, "9000", OK}
#define INFO(tries)  {SIX_E, SIX_E_(tries, C2_P256, FPR, "D7020020"), OK}
#define VERIFIES(sw) {VERIFY, sw, OK}
#define COUNTS(left) {GET_C4, C4_ALONE(left), OK}
/* clang-format on */

/* --- whole conversations --- */

#define PLAY(...)                                                                        \
	static const struct script_step steps[] = {__VA_ARGS__};                         \
	struct script_log log;                                                           \
	struct card *c = NULL;                                                           \
	const enum err opened = card_open(                                               \
	        double_script(steps, sizeof(steps) / sizeof(steps[0]), &log), &c)

#define END(used_)                                                                       \
	c = card_close(c);                                                               \
	CHECK(log.closed && !log.wrong && log.used == (used_))

enum { SIX_E_CAP = 512 };
/* 6E where the attributes of the deciphering key, with their length, are these. */
void six_e_with(const char *c2, char ret[SIX_E_CAP]);

/* A PIN, to be freed; and VERIFY of it in mode 82. */
struct secret *pin_of(const char *text);
enum err verify_pin(struct card *c, const char *text, bool spend_last);

#endif
