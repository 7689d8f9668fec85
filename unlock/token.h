/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The LUKS2 token of type "bootlatch", version 1 (docs/FORMAT.md); LUKS1 keeps the same
 * JSON beside the blob. */
#ifndef UNLOCK_TOKEN_H
#define UNLOCK_TOKEN_H

#include "card/card.h"
#include "core/bytes.h"

enum { TOKEN_JSON_MAX = 12 * 1024, TOKEN_BLOB_MAX = 8 * 1024, TOKEN_RECIPIENTS = 4 };

#define TOKEN_TYPE       "bootlatch"
#define BACKEND_CARD     "openpgp-card"
#define BACKEND_TPM2     "tpm2"
#define BACKEND_RECOVERY "recovery" /* a recovery key that a person keeps */

struct token {
	int keyslot; /* -1: the slot was killed behind our back ("keyslots": []) */
	const char *backend; /* static text */
	/* tpm2: one, the identity of the sealed object (tpm2_id); recovery: one, see
	 * docs/FORMAT.md. */
	uint8_t fpr[TOKEN_RECIPIENTS][FPR_LEN];
	size_t n_fpr;
	char ident[CARD_IDENT_LEN]; /* "" when enrolled from a certificate */
	uint8_t *blob; /* malloc'ed: OpenPGP message; tpm2: unlock/sealed.h, canonical;
	                  recovery: none */
	size_t blob_len;
};

enum err token_parse(struct bytes json, struct token *ret);
enum err token_format(const struct token *t, char **ret_json); /* malloc'ed */
void token_clear(struct token *t);

#endif
