/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every answer of a card falsified in every way that we could think of, by the card or by
 * its reader: whatever follows is an error or a result, and one PIN for each that was
 * typed. */
#include "card/card.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/check.h"
#include "tests/unit/double_vcard.h"

enum { FLIPS = 24 };

struct answer {
	uint8_t *p;
	size_t cap;
	size_t n; /* with the status word */
};

struct lie {
	const char *what;
	void (*tell)(struct answer *a, unsigned arg);
	unsigned arg;
};

static void status(struct answer *a, unsigned sw)
{
	a->p[a->n - 2] = (uint8_t)(sw >> 8);
	a->p[a->n - 1] = (uint8_t)sw;
}

static void only_status(struct answer *a, unsigned sw)
{
	a->n = 2;
	status(a, sw);
}

static void bytes_left(struct answer *a, unsigned n)
{
	a->n = n;
}

static void cut(struct answer *a, unsigned parts)
{
	a->n = 2 + (a->n - 2) / parts;
	status(a, 0x9000);
}

static void twice(struct answer *a, unsigned sw)
{
	const size_t n = a->n - 2;

	if (2 * n + 2 > a->cap)
		return;
	memmove(a->p + n, a->p, n);
	a->n = 2 * n + 2;
	status(a, sw);
}

static void filled(struct answer *a, unsigned with)
{
	memset(a->p, (int)with, a->cap);
	a->n = a->cap;
	status(a, 0x9000);
}

static void claims_more_than_fits(struct answer *a, unsigned n)
{
	a->n = a->cap + n;
}

/* The length after the first tag, in so many bytes, as long as can be. */
static void endless_object(struct answer *a, unsigned width)
{
	if (a->n < 2 + 2 + width)
		return;
	a->p[1] = (uint8_t)(0x80 | width);
	memset(a->p + 2, 0xff, width);
}

static void objects_in_objects(struct answer *a, unsigned tag)
{
	const size_t n = a->cap < 256 ? a->cap : 256;

	for (size_t i = 0; i + 2 < n; i += 2) {
		a->p[i] = (uint8_t)tag;
		a->p[i + 1] = (uint8_t)((n - i) > 0x82 ? 0x7f : n - i - 4);
	}
	a->n = n;
	status(a, 0x9000);
}

static void flipped(struct answer *a, unsigned at)
{
	if (at < a->n)
		a->p[at] = (uint8_t)~a->p[at];
}

static const struct lie lies[] = {
        {"no byte",                      bytes_left,            0      },
        {"one byte",                     bytes_left,            1      },
        {"half of it",                   cut,                   2      },
        {"a third of it",                cut,                   3      },
        {"twice",                        twice,                 0x9000 },
        {"twice, and more to come",      twice,                 0x61ff },
        {"full of 00",                   filled,                0x00   },
        {"full of FF",                   filled,                0xff   },
        {"full of 6E",                   filled,                0x6e   },
        {"more than fits",               claims_more_than_fits, 1      },
        {"much more than fits",          claims_more_than_fits, 1000000},
        {"a length of no known form",    endless_object,        0      },
        {"an object of 255 bytes",       endless_object,        1      },
        {"an object of 64 KiB",          endless_object,        2      },
        {"an object of 16 MiB",          endless_object,        3      },
        {"an object of 4 GiB",           endless_object,        4      },
        {"73 in 73",                     objects_in_objects,    0x73   },
        {"6E in 6E",                     objects_in_objects,    0x6e   },
        {"more to come",                 status,                0x6100 },
        {"another length",               status,                0x6c01 },
        {"another length, no data",      only_status,           0x6cff },
        {"9000 alone",                   only_status,           0x9000 },
        {"more to come alone",           only_status,           0x6100 },
        {"6282",                         only_status,           0x6282 },
        {"6285",                         only_status,           0x6285 },
        {"63C0",                         only_status,           0x63c0 },
        {"63CF",                         only_status,           0x63cf },
        {"6400",                         only_status,           0x6400 },
        {"6581",                         only_status,           0x6581 },
        {"6600",                         only_status,           0x6600 },
        {"6700",                         only_status,           0x6700 },
        {"6881",                         only_status,           0x6881 },
        {"6883",                         only_status,           0x6883 },
        {"6884",                         only_status,           0x6884 },
        {"6982",                         only_status,           0x6982 },
        {"6983",                         only_status,           0x6983 },
        {"6985",                         only_status,           0x6985 },
        {"6A80",                         only_status,           0x6a80 },
        {"6A82",                         only_status,           0x6a82 },
        {"6A88",                         only_status,           0x6a88 },
        {"6B00",                         only_status,           0x6b00 },
        {"6D00",                         only_status,           0x6d00 },
        {"6E00",                         only_status,           0x6e00 },
        {"6F00",                         only_status,           0x6f00 },
        {"0000",                         only_status,           0x0000 },
        {"FFFF",                         only_status,           0xffff },
        {"9000 behind what was refused", status,                0x9000 },
};
enum { LIES = sizeof(lies) / sizeof(lies[0]) };

/* --- a transport that lies once, or from then on --- */

struct liar {
	struct transport base;
	struct transport *inner;
	unsigned sent, at;
	bool always;
	const struct lie *lie;
	bool *closed;
};

static enum err transmit(struct transport *t, struct bytes cmd, uint8_t *resp, size_t cap,
                         size_t *ret_len)
{
	struct liar *l = (struct liar *)t;
	struct answer a = {resp, cap, 0};

	const enum err e = l->inner->ops->transmit(l->inner, cmd, resp, cap, &a.n);
	if (e != OK)
		return e;
	l->sent++;
	if (l->lie && (l->sent == l->at || (l->always && l->sent > l->at)))
		l->lie->tell(&a, l->lie->arg);
	*ret_len = a.n;
	return OK;
}

static enum err alive(struct transport *t)
{
	(void)t;
	return OK;
}

static void drop(struct transport *t)
{
	struct liar *l = (struct liar *)t;

	*l->closed = true;
	transport_close(l->inner);
	free(l);
}

static const struct transport_ops ops = {
        .name = "liar", .transmit = transmit, .alive = alive, .close = drop};

/* --- what is done with the card --- */

static void raw(struct vcard *v, const uint8_t *cmd, size_t n)
{
	uint8_t resp[4096];

	const size_t len = vcard_apdu(v, cmd, n, resp, sizeof(resp));
	CHECK(len >= 2 && (resp[len - 2] == 0x90 || resp[len - 2] == 0x61));
}

static const uint8_t sel[] = {0, 0xa4, 4, 0, 6, 0xd2, 0x76, 0, 1, 0x24, 1};

/* P-256 keys for deciphering and signing, or RSA. */
static void make_keys(struct vcard *v, bool rsa)
{
	static const uint8_t adm[] = {0,   0x20, 0,   0x83, 8,   '1', '2',
	                              '3', '4',  '5', '6',  '7', '8'};
	static const uint8_t c1[] = {0,    0xda, 0,    0xc1, 9, 0x13, 0x2a,
	                             0x86, 0x48, 0xce, 0x3d, 3, 1,    7};
	static const uint8_t c2[] = {0,    0xda, 0,    0xc2, 9, 0x12, 0x2a,
	                             0x86, 0x48, 0xce, 0x3d, 3, 1,    7};
	static const uint8_t gen_sig[] = {0, 0x47, 0x80, 0, 2, 0xb6, 0, 0};
	static const uint8_t gen_dec[] = {0, 0x47, 0x80, 0, 2, 0xb8, 0, 0};

	raw(v, sel, sizeof(sel));
	raw(v, adm, sizeof(adm));
	if (!rsa) {
		raw(v, c1, sizeof(c1));
		raw(v, c2, sizeof(c2));
	}
	raw(v, gen_sig, sizeof(gen_sig));
	raw(v, gen_dec, sizeof(gen_dec));
	vcard_reset(v);
}

/* All tries again: a card that lies about its KDF gets a hash for a PIN. */
static void restore_tries(struct vcard *v)
{
	static const uint8_t pin[] = {0, 0x20, 0, 0x82, 6, '1', '2', '3', '4', '5', '6'};

	raw(v, sel, sizeof(sel));
	raw(v, pin, sizeof(pin));
	vcard_reset(v);
}

/* At most one PIN for each of the two calls, whatever happens. */
static void use(struct card *c, struct vcard *v, const char *what)
{
	static const uint8_t zeros[512] = {4}, digest[32] = {1};
	const unsigned before = vcard_verify_count(v);
	AUTO_SECRET *pin = NULL, *x = NULL, *m = NULL;
	struct card_pubkey k;
	struct bytes sig;

	if (card_info(c)->kdf.count > 100000) /* slow is no finding */
		return;
	(void)(card_read_pubkey(c, CARD_KEY_DEC, &k) == OK);
	CHECK(secret_copy((struct bytes){(const uint8_t *)"123456", 6}, &pin) == OK);
	enum err e = card_verify_user(c, pin, true);
	CHECK_ROW(vcard_verify_count(v) - before <= 1, what);
	if (e == OK && card_decipher_ecdh(c, (struct bytes){zeros, 65}, 32, &x) == OK)
		CHECK_ROW(secret_len(x) == 32, what);
	if (e == OK && card_decipher_rsa(c, (struct bytes){zeros, 256}, &m) == OK)
		CHECK_ROW(secret_len(m) > 0 && secret_len(m) <= 245, what);
	e = card_verify_sign(c, pin, true);
	CHECK_ROW(vcard_verify_count(v) - before <= 2, what);
	if (e == OK &&
	    card_sign(c, HASH_SHA256, (struct bytes){digest, sizeof(digest)}, &sig) == OK)
		CHECK_ROW(sig.n > 0 && sig.n <= 512, what);
}

/* How many commands were sent. */
static unsigned run(struct vcard *v, const struct lie *lie, unsigned at, bool always,
                    const char *what)
{
	struct liar *l = calloc(1, sizeof(*l));
	struct card *c = NULL;
	bool closed = false;
	unsigned sent = 0;

	if (!l)
		abort();
	l->inner = double_vcard_transport(v, "R");
	l->base = *l->inner;
	l->base.ops = &ops;
	l->at = at;
	l->always = always;
	l->lie = lie;
	l->closed = &closed;
	if (card_open(&l->base, &c) == OK)
		use(c, v, what);
	if (c)
		sent = l->sent;
	c = card_close(c);
	CHECK_ROW(closed, what);
	return sent;
}

static void lies_of(const char *profile, bool rsa)
{
	struct vcard *v = vcard_new(profile, NULL);
	char what[128];

	make_keys(v, rsa);
	const unsigned n = run(v, NULL, 0, false, profile);
	CHECK_ROW(n >= 7, profile);
	for (unsigned at = 1; at <= n; at++)
		for (unsigned i = 0; i < 2 * LIES + FLIPS; i++) {
			const struct lie flip = {"flipped", flipped, i - 2 * LIES};
			const struct lie *lie = i < 2 * LIES ? &lies[i / 2] : &flip;
			const bool always = i < 2 * LIES && i % 2 == 1;

			(void)snprintf(what, sizeof(what), "%s, command %u: %s %u%s",
			               profile, at, lie->what, lie->arg,
			               always ? ", and so on" : "");
			(void)run(v, lie, at, always, what);
			restore_tries(v);
		}
	vcard_free(v);
}

static void curves(void)
{
	lies_of("default", false);
	lies_of("gnuk-like", false);
}

static void rsa(void)
{
	lies_of("canokey-like", true);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a card with keys on curves lies at every command", curves},
	        {"a card with RSA keys lies at every command",       rsa   },
	};
	/* The virtual card starts libgcrypt with quick random numbers. */
	vcard_free(vcard_new("default", NULL));
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
