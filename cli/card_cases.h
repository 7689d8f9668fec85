/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cases of a self-test: without a PIN, and with it. */
#ifndef CLI_CARD_CASES_H
#define CLI_CARD_CASES_H

#include "cli/card_report.h"
#include "unlock/session.h"

/*
 * What is read without a PIN.  Takes tr over.  f: what card_look() found.  OK when the
 * card answered throughout, whatever came of the cases; else what the connection ended
 * with.
 */
enum err read_cases(struct selftest *t, const struct card_facts *f, struct transport *tr);

/*
 * What needs the PIN: asked for at most as long as session_verify_pin asks.  The session
 * is without a card and finds this one.  writes: send one wrong PIN first and have the
 * card sign, confirmed by the caller.  The errors of the PIN, or of the connection.
 */
enum err pin_cases(struct selftest *t, const struct card_facts *f, struct session *s,
                   bool writes);

#endif
