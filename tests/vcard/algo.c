// SPDX-License-Identifier: GPL-2.0-or-later
/* The algorithms of the virtual card and their attributes (C1-C3, FA). */
#include "tests/vcard/priv.h"

#include <string.h>

static const struct algo algos[] = {
        {NULL,                                       0,  NULL,           NULL,              RSA,     2048},
        {NULL,                                       0,  NULL,           NULL,              RSA,     3072},
        {NULL,                                       0,  NULL,           NULL,              RSA,     4096},
        {"\x2A\x86\x48\xCE\x3D\x03\x01\x07",         8,  NULL,           "NIST P-256",      WEIER,   256 },
        {"\x2B\x81\x04\x00\x22",                     5,  NULL,           "NIST P-384",      WEIER,   384 },
        {"\x2B\x81\x04\x00\x23",                     5,  NULL,           "NIST P-521",      WEIER,   521 },
        {"\x2B\x24\x03\x03\x02\x08\x01\x01\x07",     9,  NULL,           "brainpoolP256r1", WEIER,   256 },
        {"\x2B\x24\x03\x03\x02\x08\x01\x01\x0B",     9,  NULL,           "brainpoolP384r1", WEIER,   384 },
        {"\x2B\x24\x03\x03\x02\x08\x01\x01\x0D",     9,  NULL,           "brainpoolP512r1", WEIER,   512 },
        {"\x2B\x81\x04\x00\x0A",                     5,  NULL,           "secp256k1",       WEIER,   256 },
        {"\x2B\x06\x01\x04\x01\xDA\x47\x0F\x01",     9,  "\x2B\x65\x70", "Ed25519",         ED25519,
         256                                                                                             },
        {"\x2B\x06\x01\x04\x01\x97\x55\x01\x05\x01", 10, "\x2B\x65\x6E", "Curve25519",
         X25519,                                                                                     256 },
};

enum { N_ALGOS = sizeof(algos) / sizeof(algos[0]), ATTR_MAX = 16 };

static bool fits(const struct vcard *v, const struct algo *g, unsigned slot)
{
	const unsigned bit = 1U << (unsigned)(g - algos);
	if (v->prof->algos != 0 && (v->prof->algos & bit) == 0)
		return false;
	return g->kind == RSA || g->kind == WEIER ||
	       (g->kind == X25519) == (slot == SLOT_DEC);
}

static size_t attr_of(const struct vcard *v, const struct algo *g, unsigned slot,
                      uint8_t out[ATTR_MAX])
{
	if (g->kind == RSA) {
		const uint8_t e = v->prof->e_bits != 0 ? v->prof->e_bits : 32;
		const uint8_t a[6] = {1, (uint8_t)(g->bits >> 8), (uint8_t)g->bits, 0,
		                      e, v->prof->rsa_format};
		memcpy(out, a, sizeof(a));
		return sizeof(a);
	}
	out[0] = g->kind == ED25519 ? 0x16 : slot == SLOT_DEC ? 0x12 : 0x13;
	memcpy(out + 1, g->oid, g->oid_n);
	return 1 + g->oid_n;
}

const struct algo *algo_find(const struct vcard *v, unsigned slot, const uint8_t *p,
                             size_t n)
{
	for (size_t i = 0; i < N_ALGOS; i++) {
		const struct algo *g = &algos[i];
		uint8_t want[ATTR_MAX];
		size_t len = attr_of(v, g, slot, want);
		if (!fits(v, g, slot))
			continue;
		if (g->kind == RSA && n >= 5 && memcmp(p, want, 3) == 0)
			return g;
		if (g->kind != RSA && n >= len && n <= len + 1 &&
		    memcmp(p, want, len) == 0)
			return g;
		if (g->alt != NULL && v->prof->algos == 0 && n == 4 && p[0] == want[0] &&
		    memcmp(p + 1, g->alt, 3) == 0)
			return g;
	}
	return NULL;
}

const struct algo *algo_of(const struct vcard *v, unsigned slot)
{
	const struct buf *a = obj_get(v, 0xC1 + slot);
	return algo_find(v, slot, a->p, a->n);
}

void algo_defaults(struct vcard *v)
{
	uint8_t a[ATTR_MAX];
	for (unsigned slot = 0; slot < N_KEYS; slot++) {
		size_t n = attr_of(v, &algos[0], slot, a);
		obj_set(v, 0xC1 + slot, a, n);
	}
}

void algo_list(const struct vcard *v, struct buf *out)
{
	uint8_t a[ATTR_MAX];
	for (unsigned slot = 0; slot < N_KEYS; slot++) {
		for (size_t i = 0; i < N_ALGOS; i++) {
			if (fits(v, &algos[i], slot))
				buf_tlv(out, 0xC1 + slot, a,
				        attr_of(v, &algos[i], slot, a));
		}
	}
}
