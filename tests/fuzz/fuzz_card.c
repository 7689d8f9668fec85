/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hostile card: every answer is two length bytes and that much of the input. */
#include "card/card.h"
#include "crypto/crypto.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct hostile {
	struct transport base;
	struct bytes in;
	unsigned verifies, allowed;
};

static enum err transmit(struct transport *t, struct bytes cmd, uint8_t *resp, size_t cap,
                         size_t *ret_len)
{
	struct hostile *h = (struct hostile *)t;
	struct bytes part;
	uint32_t n;

	if (cmd.n > 1 && cmd.p[1] == 0x20 && ++h->verifies > h->allowed)
		__builtin_trap(); /* one call, one VERIFY */
	if (bytes_take_be(&h->in, 2, &n) != OK)
		return ERR_CARD_LOST;
	if (n == 0xffff)
		return ERR_CARD_RESET;
	if (n < 2 || n > cap || bytes_take(&h->in, n, &part) != OK)
		return ERR_IO;
	memcpy(resp, part.p, part.n);
	*ret_len = part.n;
	return OK;
}

static enum err verify_on_pad(struct transport *t, struct bytes template,
                              uint16_t *ret_sw)
{
	struct hostile *h = (struct hostile *)t;
	uint32_t sw;

	if (template.n != PAD_TEMPLATE || ++h->verifies > h->allowed)
		__builtin_trap();
	if (bytes_take_be(&h->in, 2, &sw) != OK)
		return ERR_CARD_LOST;
	*ret_sw = (uint16_t)sw;
	return OK;
}

static enum err alive(struct transport *t)
{
	(void)t;
	return OK;
}

static void drop(struct transport *t)
{
	free(t);
}

static const struct transport_ops ops = {
        .name = "hostile", .transmit = transmit, .alive = alive, .close = drop};
static const struct transport_ops pad_ops = {.name = "hostile",
                                             .transmit = transmit,
                                             .verify_on_pad = verify_on_pad,
                                             .alive = alive,
                                             .close = drop};

static void sign(struct card *c, struct hostile *h, const struct secret *pin)
{
	static const uint8_t digest[64] = {1};
	struct bytes sig;

	h->allowed = h->verifies + 1;
	if (card_verify_sign(c, pin, false) != OK) {
		if (card_signs(c))
			__builtin_trap();
		return;
	}
	if (card_sign(c, HASH_SHA512, (struct bytes){digest, 64}, &sig) == OK &&
	    (sig.n == 0 || sig.n > 8192))
		__builtin_trap();
}

static void use(struct card *c, struct hostile *h)
{
	static const uint8_t zeros[65] = {4};
	AUTO_SECRET *pin = NULL;
	AUTO_SECRET *out = NULL;
	AUTO_SECRET *x = NULL;
	struct card_pubkey k;

	if (card_read_pubkey(c, CARD_KEY_DEC, &k) == OK && k.type == CARD_KEY_NONE)
		__builtin_trap();
	if (secret_copy((struct bytes){(const uint8_t *)"123456", 6}, &pin) != OK)
		return;
	if (card_info(c)->kdf.count > 4096) /* slow is no finding */
		return;
	h->allowed = 1;
	if ((card_has_pad(c) ? card_verify_on_pad(c, true)
	                     : card_verify_user(c, pin, true)) != OK) {
		sign(c, h, pin);
		return;
	}
	if (card_decipher_ecdh(c, (struct bytes){zeros, 65}, 32, &x) == OK &&
	    secret_len(x) != 32)
		__builtin_trap();
	(void)(card_decipher_rsa(c, (struct bytes){zeros, 65}, &out) == OK);
	sign(c, h, pin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hostile *h = calloc(1, sizeof(*h));
	struct card *c = NULL;

	if (!h || crypto_init() != OK)
		abort();
	h->base.ops = size % 8 < 2 ? &pad_ops : &ops;
	h->base.reader = "hostile";
	h->base.extended = size % 2 ? EXTENDED_UNKNOWN : EXTENDED_NO;
	h->base.t0 = size % 4 == 0;
	h->in = (struct bytes){data, size};
	if (card_open(&h->base, &c) == OK)
		use(c, h);
	card_close(c);
	return 0;
}
