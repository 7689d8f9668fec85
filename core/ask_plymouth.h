/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions on the boot splash: a client of plymouthd. */
#ifndef CORE_ASK_PLYMOUTH_H
#define CORE_ASK_PLYMOUTH_H

#include "core/ask.h"

enum {
	PLYMOUTH_ANSWER_MAX = 16 * 1024, /* bytes; more than that is no daemon of ours */
	PLYMOUTH_HEAD = 5,               /* type and length of an answer */
};

/* What plymouthd replies to a request; one byte each, an answer has more behind it. */
enum plymouth_reply {
	PLYMOUTH_MORE,   /* not whole yet */
	PLYMOUTH_ACK,    /* 06: done */
	PLYMOUTH_NAK,    /* 15: not for you */
	PLYMOUTH_NONE,   /* 05: this splash cannot ask */
	PLYMOUTH_ANSWER, /* 02, length in 4 bytes (little end first), the bytes; no NUL */
	PLYMOUTH_BAD,    /* nothing that it says to what we send */
};

/* The reply at the front of `in`, cut off there; both change on a whole reply only. */
enum plymouth_reply plymouth_parse(struct bytes *in, struct bytes *ret_answer);

struct plymouth;

/* `name`: of its abstract socket, without the NUL before it.  ERR_NOT_FOUND: it does not
 * run, or what listens there is not root's. */
enum err plymouth_open(const char *name, struct plymouth **ret);
struct plymouth *plymouth_free(struct plymouth *p); /* NULL is fine; returns NULL */
int plymouth_fd(const struct plymouth *p);          /* to poll while a question stands */

/*
 * As the functions of an asker (core/ask.h), but for what they return when plymouthd does
 * not serve.  ERR_NOT_FOUND: it is gone.  ERR_UNSUPPORTED: its splash cannot ask.  To
 * withdraw is to step no more.
 *
 * plymouthd knows no way to take a prompt back, and writes the answer to a connection
 * that was closed into memory that it has freed.  So a withdrawn prompt stays, and what
 * is typed at it counts for no other question: the next one begins with the next Enter.
 */
enum err plymouth_begin(struct plymouth *p, const struct ask_question *q);
enum err plymouth_step(struct plymouth *p, struct secret **ret_answer);
void plymouth_note(struct plymouth *p, const char *text);

#endif
