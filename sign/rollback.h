/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kexec_rollback.txt and the TPM counter that it pins (HEADS.md, "Rollback counter"). */
#ifndef SIGN_ROLLBACK_H
#define SIGN_ROLLBACK_H

#include "core/buffer.h"

enum {
	ROLLBACK_LINE_MAX = 128,
	ROLLBACK_ID_MAX = 16,
	ROLLBACK_HASH_LEN = 32, /* SHA-256 */
};

struct rollback {
	uint8_t sha256[ROLLBACK_HASH_LEN]; /* of the text "ID: VALUE\n" */
	bool tpm2;                         /* else TPM 1.2: a decimal id, 8 hex digits */
	uint32_t index; /* TPM2: the NV index 0x1RRRRRR; TPM 1.2: the counter's id */
};

/* ERR_FORMAT: not such a line, alone in its file.  An id of seven hex digits, the first
 * of them 1, is a TPM 2.0's; any other must be decimal. */
enum err rollback_parse(struct bytes in, struct rollback *ret);
/* The line for this value.  ERR_USAGE: it has more digits than the counter can have. */
enum err rollback_line(const struct rollback *r, uint64_t value, struct buffer *out);
/* Does the line pin this value? */
bool rollback_pins(const struct rollback *r, uint64_t value);
/* The id as it stands in the line: "13d55da". */
void rollback_id(const struct rollback *r, char out[static ROLLBACK_ID_MAX]);

/*
 * The counter itself; tests bring their own.
 *
 * ERR_UNSUPPORTED: no TPM 2.0 here, a TPM 1.2 line, or built without.  ERR_NOT_FOUND: no
 * such counter, or nothing has ever counted with it.  ERR_FORMAT: something else lies at
 * its index.  ERR_ACCESS: it has a password, or we may not talk to the TPM.  ERR_BUSY:
 * the TPM has no time now.  ERR_IO: the TPM is broken or went away; after increment the
 * counter may have been incremented, so read it.
 */
struct counter_ops {
	enum err (*read)(const void *ctx, const struct rollback *r, uint64_t *ret);
	/* By one; *ret is the value then. */
	enum err (*increment)(const void *ctx, const struct rollback *r, uint64_t *ret);
	const void *ctx;
};
/* By tss2-esys on /dev/tpmrm0; ctx, when it is no longer NULL, is the name of another way
 * to a TPM (a TCTI, as in tss2-tctildr).  ERR_UNSUPPORTED from both where it was built
 * without. */
extern const struct counter_ops counter_tpm2;
/* What one of these errors means of a counter: a sentence for a person. */
const char *counter_text(enum err e);

#endif
