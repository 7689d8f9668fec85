/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cases of a self-test: how each ended, and the report of them. */
#ifndef CLI_CARD_REPORT_H
#define CLI_CARD_REPORT_H

#include <stdio.h>

#include "cli/card_facts.h"
#include "cli/cli.h"
#include "openpgp/pubkey.h"

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
	struct pubkey sig; /* the same of the signing key */
	bool has_sig;
};

/* What came of one case; said to the person at once.  why: a phrase, or "". */
void case_add(struct selftest *t, const char *what, enum outcome o, const char *why);
/* case_add with err_text(e) when it is not OK. */
void case_err(struct selftest *t, const char *what, enum err e);

/*
 * The summary; the cases as members of the JSON object that is being built; with --report
 * the files, in which `how` is the end of the test.  Nothing when no case ended.  Errors:
 * of writing, with a sentence in c->why.
 */
enum err cases_report(struct selftest *t, const struct card_facts *f, enum err how);

#endif
