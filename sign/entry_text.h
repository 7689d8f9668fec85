/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a shell script would make of a line, without a shell: words, fields, variables
 * that are not set.  What only a shell could tell is said to be so, never guessed. */
#ifndef SIGN_ENTRY_TEXT_H
#define SIGN_ENTRY_TEXT_H

#include "sign/entry.h"

/* Starts as {0}. */
struct text {
	char s[ENTRY_LINE_MAX];
	size_t n;
	bool over; /* it was longer: s is its beginning */
	bool nul;  /* a NUL byte was left out */
};

void text_set(struct text *t, struct bytes b);
void text_to_show(struct text *t, struct bytes b); /* '?' for control characters */
void text_add(struct text *t, struct bytes b);
static inline void text_put(struct text *t, const char *s)
{
	text_add(t, bytes_of(s));
}
static inline struct bytes text_bytes(const struct text *t)
{
	return (struct bytes){(const uint8_t *)t->s, t->n};
}

/*
 * The next line as "read" of the shell gives it, its words one blank apart: a backslash
 * goes and protects what follows, also the newline.  A last line without a newline is
 * none.  ERR_NOT_FOUND: there are no more.
 */
enum err text_line(struct bytes *in, struct text *ret);

/* As cut does: field `nth` (1 on), or all from it on; the whole line when it has no such
 * separator, empty when it has too few fields. */
struct bytes text_field(struct bytes line, char separator, size_t nth);
struct bytes text_from_field(struct bytes line, char separator, size_t nth);
struct bytes text_trim(struct bytes b); /* blanks at both ends */

/* Without what stands in parentheses, and they. */
void text_without_parens(struct bytes in, struct text *ret);
/* Every "---" and the blanks around it become one blank; none at the ends. */
void text_without_dashes(struct bytes in, struct text *ret);

/*
 * What becomes of it between double quotes of a shell that has none of its variables:
 * variables go, inner double quotes too, words end one blank apart.  NULL, or why this
 * cannot be told without a shell; *ret is then the text as it was, without control
 * characters.
 */
const char *text_expand(const struct text *in, struct text *ret);

#endif
