/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of the asker of the initramfs: a plymouthd of ours, a pipe in a folder of
 * ours. */
#ifndef TESTS_ASK_SCENE_H
#define TESTS_ASK_SCENE_H

#include "core/ask_boot.h"
#include "tests/unit/check.h"

extern const struct ask_question pin, last_pin, pass;

/* A boot: the folder, the daemon's socket, the asker. */
struct scene {
	char dir[64], fifo[96], console[96], name[64];
	int listener;      /* -1: plymouthd does not run */
	int daemon, notes; /* its two connections; -1: not yet */
	struct ask *a;
};

void scene_prepare(struct scene *s); /* nothing runs yet */
enum err scene_ask(struct scene *s, bool with_pipe);
void scene_open(struct scene *s, bool plymouth, bool pipe);
void scene_close(struct scene *s);

bool readable(int fd);
void close_it(int *fd); /* -1 afterwards */

/* --- the asker --- */

enum err begin(struct scene *s, const struct ask_question *q);
enum err step(struct scene *s);
bool is_text(const struct secret *s, const char *want);
/* The descriptor calls, and the step brings this. */
bool answers(struct scene *s, const char *want);

/* --- the daemon --- */

int listen_at(const char *name);
/* The next request on a connection is this one; the text may be a part. */
bool requested(int fd, char letter, const char *text);
bool told(struct scene *s, const char *text);

/* --- who writes to the pipe --- */

int writer(const struct scene *s);
void put(int fd, const char *text);
void write_line(const struct scene *s, const char *text);

/* --- the cases --- */

/* Runs them in a child, for they must not find the terminal of whoever runs them; its
 * status is to be main's. */
int without_terminal(const struct check_case *cases, size_t n);

#define CASE(f)                                                                          \
	{                                                                                \
#f, f                                                                    \
	}

#endif
