/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hex and base64 (RFC 4648) whose running time depends on lengths only. */
#ifndef CORE_HEX_H
#define CORE_HEX_H

#include "core/bytes.h"

/* out holds 2 * in.n characters and a NUL. */
void hex_encode(struct bytes in, char *out);    /* lower case */
void hex_encode_up(struct bytes in, char *out); /* upper case */
/* Exactly 2 * n characters, either case; ERR_FORMAT otherwise. */
enum err hex_decode(const char *text, size_t text_len, uint8_t *out, size_t n);

static inline size_t base64_len(size_t n, bool pad)
{
	return pad ? (n + 2) / 3 * 4 : (n * 4 + 2) / 3;
}
/* out holds base64_len(in.n, pad) characters; no NUL, no newline. */
void base64_encode(struct bytes in, bool pad, uint8_t *out);
/* Strict: the alphabet and canonical padding only (pad: required, else forbidden), no
 * white space, unused bits zero.  *ret_len <= cap; ERR_FORMAT otherwise. */
enum err base64_decode(struct bytes text, bool pad, uint8_t *out, size_t cap,
                       size_t *ret_len);

#endif
