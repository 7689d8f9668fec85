/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch card selftest: cases, how each ended, and who adds them. */
#ifndef CLI_CARD_SELFTEST_H
#define CLI_CARD_SELFTEST_H

#include <stdio.h>

#include "cli/card_facts.h"
#include "cli/cli.h"
#include "unlock/session.h"

enum outcome { CASE_OK, CASE_FAIL, CASE_SKIP };
enum { CASES_MAX = 64, CASE_WHAT_MAX = 96, CASE_WHY_MAX = 160 };

struct selftest {
	struct cli *c;
	FILE *to; /* where the cases are told as they end */
	struct {
		enum outcome outcome;
		char what[CASE_WHAT_MAX], why[CASE_WHY_MAX];
	} cases[CASES_MAX];
	size_t n, count[CASE_SKIP + 1];
	struct pubkey dec; /* the decryption key, when it is one that we can use */
	bool has_dec;
};

/* What came of one case; said to the person at once.  why: a phrase, or "". */
void case_add(struct selftest *t, const char *what, enum outcome o, const char *why);
/* case_add with err_text(e) when it is not OK. */
void case_err(struct selftest *t, const char *what, enum err e);

/*
 * What is read without a PIN.  Takes tr over.  f: what card_look() found.  OK when the
 * card answered throughout, whatever came of the cases; else what the connection ended
 * with.
 */
enum err read_cases(struct selftest *t, const struct card_facts *f, struct transport *tr);

/*
 * What needs the PIN: asked for at most as long as session_verify_pin asks.  The session
 * is without a card and finds this one.  wrong: send one wrong PIN first, confirmed by
 * the caller.  The errors of the PIN, or of the connection.
 */
enum err pin_cases(struct selftest *t, const struct card_facts *f, struct session *s,
                   bool wrong);

/* --- shared with card status --- */

enum err cli_readers(const struct cli *c, struct readers **ret);
/* card_look as the options say, with a sentence in c->why on failure. */
enum err cli_look(struct cli *c, struct readers *r, struct card_facts *list,
                  size_t *ret_n);

#endif
