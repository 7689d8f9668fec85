// SPDX-License-Identifier: GPL-2.0-or-later
/* The KDF-DO of the virtual card (F9), in the ways that makes of card treat it. */
#include "tests/vcard/priv.h"

#include <gcrypt.h>
#include <string.h>

/* SHA-256 over salt and PIN again and again, COUNT bytes in all. */
static void hash_pin(const uint8_t salt[8], const struct buf *pin, size_t count,
                     uint8_t out[32])
{
	struct buf b = {0};
	while (b.n < count) {
		buf_put(&b, salt, 8);
		buf_put(&b, pin->p, pin->n);
	}
	gcry_md_hash_buffer(GCRY_MD_SHA256, out, b.p, count);
	buf_free(&b);
}

void kdf_factory(struct vcard *v)
{
	enum { COUNT = 0x10000 };
	static const uint8_t count[4] = {0, 1, 0, 0};
	uint8_t salt[8], user[32], admin[32];
	struct buf b = {0};
	gcry_create_nonce(salt, sizeof(salt));
	hash_pin(salt, obj_get(v, OBJ_PIN + PIN_USER), COUNT, user);
	hash_pin(salt, obj_get(v, OBJ_PIN + PIN_ADMIN), COUNT, admin);
	buf_tlv(&b, 0x81, "\3", 1);
	buf_tlv(&b, 0x82, "\10", 1); /* SHA-256 is number 8 */
	buf_tlv(&b, 0x83, count, sizeof(count));
	buf_tlv(&b, 0x84, salt, sizeof(salt));
	buf_tlv(&b, 0x87, user, sizeof(user));
	buf_tlv(&b, 0x88, admin, sizeof(admin));
	pin_set(v, PIN_USER, user, sizeof(user));
	pin_set(v, PIN_ADMIN, admin, sizeof(admin));
	obj_set(v, 0xF9, b.p, b.n);
	buf_free(&b);
}

/* 4.3.2: 82 the hash, 83 the number of bytes, 84 the salt, 85 and 86 more of them. */
static bool well_formed(const uint8_t *p, size_t n)
{
	const uint8_t *x = NULL;
	size_t len = 0;
	return tlv_find(p, n, 0x82, &x, &len) && len == 1 && (x[0] == 8 || x[0] == 10) &&
	       tlv_find(p, n, 0x83, &x, &len) && len == 4 &&
	       tlv_find(p, n, 0x84, &x, &len) && len == 8;
}

/* The hashes in 87 and 88 become the PINs; without KDF those of a new card are back. */
static void set_pins(struct vcard *v, const uint8_t *p, size_t n, bool on)
{
	const uint8_t *x = NULL;
	size_t len = 0;
	if (!on) {
		pin_set(v, PIN_USER, "123456", 6);
		pin_set(v, PIN_ADMIN, "12345678", 8);
	}
	if (on && tlv_find(p, n, 0x87, &x, &len))
		pin_set(v, PIN_USER, x, len);
	if (on && tlv_find(p, n, 0x88, &x, &len))
		pin_set(v, PIN_ADMIN, x, len);
	pin_set(v, PIN_RESET, NULL, 0);
	v->ok81 = v->ok82 = v->ok83 = false;
}

uint16_t kdf_put(struct vcard *v, const uint8_t *p, size_t n)
{
	if (!v->prof->kdf)
		return 0x6A88;
	if (v->prof->kdf_single || (v->prof->kdf_before_keys && keys_any(v)))
		return 0x6985;
	const uint8_t *x = NULL;
	size_t len = 0;
	if (n > 0 && (!tlv_find(p, n, 0x81, &x, &len) || len != 1))
		return 0x6A80;
	const bool on = n > 0 && x[0] == 3;
	if ((n > 0 && x[0] != 0 && x[0] != 3) || (on && !well_formed(p, n)))
		return 0x6A80;
	obj_set(v, 0xF9, p, on ? n : 0);
	if (v->prof->kdf_sets_pins)
		set_pins(v, p, n, on);
	return 0x9000;
}
