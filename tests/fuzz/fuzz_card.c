/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile card.  First byte: what its reader can do and how it is used (the bits of
 * enum how); then every answer is two length bytes and that much of the input.  What is
 * left after the PIN and the keys were used answers what changes a card.
 */
#include "card/alter.h"
#include "crypto/crypto.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum how {
	HAS_PAD = 1,
	MAY_EXTEND = 2,  /* the reader does not say */
	MUST_EXTEND = 4, /* it says so, and so does the answer to reset */
	IS_T0 = 8,
	MONTGOMERY = 16,  /* Curve25519, else P-256 */
	SPENDS_LAST = 32, /* the person said yes to the last try */
	RESETS = 64,      /* another program resets the card before the first PIN */
	SHA256 = 128,     /* what is signed, else SHA-512 */
};

struct hostile {
	struct transport base;
	struct bytes in;
	struct card *card;
	uint32_t how;
	unsigned verifies, allowed, looks;
	enum card_pw which; /* whose try the next command with a PIN spends */
};

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

/* One call, one VERIFY, and never the last one unasked. */
static void spend(struct hostile *h)
{
	check(h->card && ++h->verifies <= h->allowed);
	const int tries = card_tries(card_info(h->card), h->which);
	check(tries > 1 || (tries == 1 && (h->how & SPENDS_LAST)));
}

static enum err transmit(struct transport *t, struct bytes cmd, uint8_t *resp, size_t cap,
                         size_t *ret_len)
{
	struct hostile *h = (struct hostile *)t;
	struct bytes part;
	uint32_t n;

	if (cmd.n > 3 &&
	    (cmd.p[1] == 0x20 || cmd.p[1] == 0x24 || (cmd.p[1] == 0x2c && cmd.p[2] == 0)))
		spend(h);
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

	spend(h);
	check(template.n == PAD_TEMPLATE);
	if (bytes_take_be(&h->in, 2, &sw) != OK)
		return ERR_CARD_LOST;
	*ret_sw = (uint16_t)sw;
	return OK;
}

static enum err alive(struct transport *t)
{
	struct hostile *h = (struct hostile *)t;

	return (h->how & RESETS) && h->looks++ == 0 ? ERR_CARD_RESET : OK;
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

static void read_keys(struct card *c)
{
	for (enum card_key k = CARD_KEY_SIG; k < CARD_KEYS; k++) {
		struct card_pubkey key;

		check(card_read_pubkey(c, k, &key) != OK || key.type != CARD_KEY_NONE);
	}
}

static void decipher(struct card *c, const struct hostile *h)
{
	static const uint8_t zeros[65] = {4};
	const bool montgomery = (h->how & MONTGOMERY) != 0;
	AUTO_SECRET *out = NULL;
	AUTO_SECRET *x = NULL;

	if (card_decipher_ecdh(c, (struct bytes){zeros, montgomery ? 32 : 65}, 32, &x) ==
	    OK)
		check(secret_len(x) == 32);
	(void)(card_decipher_rsa(c, (struct bytes){zeros, 65}, &out) == OK);
}

static void sign(struct card *c, struct hostile *h, const struct secret *pin)
{
	static const uint8_t digest[64] = {1};
	const enum hash_alg alg = h->how & SHA256 ? HASH_SHA256 : HASH_SHA512;
	const bool may = (h->how & SPENDS_LAST) != 0;
	struct bytes sig;

	h->allowed = h->verifies + 1;
	const enum err e = card_has_pad(c) ? card_verify_sign_on_pad(c, may)
	                                   : card_verify_sign(c, pin, may);
	check(e == OK || !card_signs(c));
	for (int i = 0; e == OK && i < 2; i++)
		if (card_sign(c, alg, (struct bytes){digest, hash_len(alg)}, &sig) == OK)
			check(sig.n > 0 && sig.n <= 8192);
}

/* What needs the Admin PIN is sent once it was taken, and only then. */
static void change_keys(struct card *c)
{
	static const struct card_key_attr rsa = {.type = CARD_KEY_RSA, .rsa_bits = 3072};
	static const uint8_t fpr[FPR_LEN] = {1};
	struct card_pubkey key;
	struct card_extra x;

	if (card_read_extra(c, &x) == OK)
		check(x.code_max > 0 && x.code_max < 128 && x.admin_max < 128);
	(void)(card_set_attr(c, CARD_KEY_SIG, &rsa) == OK);
	if (card_generate(c, CARD_KEY_DEC, &key) == OK)
		check(key.type != CARD_KEY_NONE);
	(void)(card_put_created(c, CARD_KEY_DEC, 1) == OK);
	(void)(card_put_fpr(c, CARD_KEY_DEC, fpr) == OK);
	(void)(card_put_touch(c, CARD_KEY_AUT, UIF_ON, 0x20) == OK);
}

static void change(struct card *c, struct hostile *h, const struct secret *pin)
{
	const bool may = (h->how & SPENDS_LAST) != 0;
	AUTO_SECRET *fresh = NULL;

	if (secret_copy((struct bytes){(const uint8_t *)"87654321", 8}, &fresh) != OK)
		return;
	h->which = CARD_PW_ADMIN;
	h->allowed = h->verifies + 1;
	enum err e = card_has_pad(c) ? card_verify_admin_on_pad(c, may)
	                             : card_verify_admin(c, fresh, may);
	check((e == OK) == card_admin_holds(c));
	change_keys(c);
	(void)(card_unblock_by_admin(c, fresh) == OK);
	(void)(card_set_code(c, fresh) == OK);
	h->which = CARD_PW_CODE;
	h->allowed = h->verifies + 1;
	(void)(card_unblock_by_code(c, fresh, pin, may) == OK);
	h->which = CARD_PW_USER;
	h->allowed = h->verifies + 1;
	(void)(card_change_pin(c, CARD_PW_USER, pin, fresh, may) == OK);
	(void)(card_terminate(c) == OK);
}

static void use(struct card *c, struct hostile *h)
{
	AUTO_SECRET *pin = NULL;
	const bool may = (h->how & SPENDS_LAST) != 0;

	h->card = c;
	read_keys(c);
	if (secret_copy((struct bytes){(const uint8_t *)"123456", 6}, &pin) != OK ||
	    card_info(c)->kdf.count > 4096) /* slow is no finding */
		return;
	h->allowed = 1;
	if ((card_has_pad(c) ? card_verify_on_pad(c, may)
	                     : card_verify_user(c, pin, may)) == OK)
		decipher(c, h);
	sign(c, h, pin);
	change(c, h, pin);
}

static struct hostile *make(uint32_t how, struct bytes in)
{
	/* of a YubiKey 5: extended length */
	static const uint8_t atr[] = {0x3b, 0xfd, 0x13, 0x00, 0x00, 0x81, 0x31, 0xfe,
	                              0x15, 0x80, 0x73, 0xc0, 0x21, 0xc0, 0x57, 0x59,
	                              0x75, 0x62, 0x69, 0x4b, 0x65, 0x79, 0x40};
	struct hostile *h = calloc(1, sizeof(*h));

	if (!h)
		abort();
	h->how = how;
	h->in = in;
	h->base.ops = how & HAS_PAD ? &pad_ops : &ops;
	h->base.reader = "hostile";
	h->base.extended = how & MUST_EXTEND  ? EXTENDED_YES
	                   : how & MAY_EXTEND ? EXTENDED_UNKNOWN
	                                      : EXTENDED_NO;
	h->base.t0 = (how & IS_T0) != 0;
	if (how & MUST_EXTEND) {
		memcpy(h->base.atr, atr, sizeof(atr));
		h->base.atr_len = sizeof(atr);
	}
	return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	struct card *c = NULL;
	uint32_t how;

	if (crypto_init() != OK)
		abort();
	if (bytes_take_be(&in, 1, &how) != OK)
		return 0;
	struct hostile *h = make(how, in);
	if (card_open(&h->base, &c) == OK)
		use(c, h);
	card_close(c);
	return 0;
}
