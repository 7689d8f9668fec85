/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scripted person: answers in order by kind, and remembers what was asked and said. */
#ifndef TESTS_DOUBLE_ASK_H
#define TESTS_DOUBLE_ASK_H

#include "core/ask.h"

enum { DOUBLE_ASK_ANSWERS = 16, DOUBLE_ASK_KINDS = ASK_CONFIRM + 1 };

struct double_ask {
	struct ask base; /* closed by its owner; the struct itself is the test's */
	struct {
		enum ask_kind kind;
		const char *text; /* NULL: she gives up */
	} answer[DOUBLE_ASK_ANSWERS];
	size_t n, next;
	bool nobody[DOUBLE_ASK_KINDS]; /* this kind cannot be answered */
	unsigned asked[DOUBLE_ASK_KINDS];
	unsigned last_asked_again; /* questions that would spend the last try */
	unsigned patience; /* looks at a question without an answer before she gives up */
	void (*tick)(void *ctx, unsigned left); /* at each of these looks; may be NULL */
	void *ctx;
	int fd; /* to poll; 0: none */
	bool standing, closed;
	enum ask_kind kind;
	char said[4096]; /* all notes, a line each */
};

struct ask *double_ask_init(struct double_ask *d);
void double_ask_answer(struct double_ask *d, enum ask_kind kind, const char *text);
bool double_ask_said(const struct double_ask *d, const char *part);

#endif
