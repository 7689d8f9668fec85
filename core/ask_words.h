/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the questions are worded and written on a terminal. */
#ifndef CORE_ASK_WORDS_H
#define CORE_ASK_WORDS_H

#include "core/ask.h"

enum { WORDS_MAX = 512 };

static inline bool ask_is_pin(enum ask_kind k)
{
	return k == ASK_USER_PIN || k == ASK_TPM_PIN;
}

/* Copy cleaned: control characters become '?', too long is cut at a whole character. */
void words_clean(const char *text, char *out, size_t cap);
/* The prompt that the answer is typed behind. */
void words_prompt(const struct ask_question *q, char *out, size_t cap);
/* The warning before the prompt, or NULL. */
const char *words_warning(const struct ask_question *q);

/* What askers say by themselves. */
void words_length(size_t min, size_t max, char *out, size_t cap); /* of the answer */
void words_too_short(size_t min, char *out, size_t cap);
void words_too_long(size_t max, char *out, size_t cap);
void words_press_enter(const char *prompt, char *out, size_t cap);
extern const char words_not_for_this[], words_pipe_begun_before[], words_pipe_last_try[];

/* To a terminal; one that does not take it in time loses it: a question must not hang. */
void words_put(int fd, const void *text, size_t n);
/* Cleaned, with a newline; on a terminal that tells its width broken between words. */
void words_put_line(int fd, const char *text);

#endif
