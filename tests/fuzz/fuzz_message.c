/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outside of messages; and the inside, the input wrapped under a key of zeros. */
#include <stdlib.h>

#include "openpgp/message.h"

enum { PREFIX = 18, MDC = 22 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const uint8_t zeros[33] = {CIPHER_AES128};

static void outside(struct bytes in, const struct secret *session)
{
	AUTO_SECRET *body = NULL;
	struct message m;

	if (message_parse(in, &m) != OK)
		return;
	if (m.n_pkesk > MESSAGE_RECIPIENTS || message_decrypt(&m, session, &body) == OK)
		abort(); /* nobody forges an MDC by chance */
	for (size_t i = 0; i < m.n_pkesk; i++) {
		AUTO_SECRET *key = NULL;

		if (m.pkesk[i].alg == PGP_ECDH &&
		    pkesk_session_ecdh_fpr(&m.pkesk[i], curve_by_id(CURVE_P256), zeros,
		                           session, &key) == OK)
			abort();
	}
	message_free(&m);
}

static void inside(struct bytes in, const struct secret *session,
                   const struct secret *key)
{
	const size_t n = PREFIX + in.n + MDC;
	uint8_t *p = calloc(1, n);
	AUTO_SECRET *body = NULL;
	struct message m = {
	        .seipd = {p, n}
        };

	if (p == NULL)
		return;
	if (in.n > 0)
		memcpy(p + PREFIX, in.p, in.n);
	p[n - MDC] = 0xd3;
	p[n - MDC + 1] = 0x14;
	if (hash_all(HASH_SHA1, (struct bytes){p, n - 20}, p + n - 20, 20) != OK ||
	    cfb_encrypt(CIPHER_AES128, key, (struct bytes){p, n}, p) != OK)
		abort();
	if (message_decrypt(&m, session, &body) == OK &&
	    secret_len(body) > MESSAGE_BODY_MAX)
		abort();
	free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static bool ready;
	AUTO_SECRET *session = NULL, *key = NULL;

	if (!ready && crypto_init() != OK)
		abort();
	ready = true;
	if (secret_copy((struct bytes){zeros, 17}, &session) != OK ||
	    secret_copy((struct bytes){zeros + 1, 16}, &key) != OK)
		return 0;
	outside((struct bytes){data, n}, session);
	inside((struct bytes){data, n}, session, key);
	return 0;
}
