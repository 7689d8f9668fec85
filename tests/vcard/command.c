// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands of the virtual card and who carries them out. */
#include "tests/vcard/priv.h"

#include <gcrypt.h>
#include <string.h>

static bool terminated(const struct vcard *v)
{
	return obj_byte(v, OBJ_LCS) == 3;
}

/* Applications of a dongle that are not this one: it is left for them. They know no
 * command; one-time passwords tell the firmware when they are selected, and ykman asks
 * there. */
static bool other_app(struct vcard *v, const struct apdu *a)
{
	static const uint8_t piv[] = {0xA0, 0x00, 0x00, 0x03, 0x08};
	static const uint8_t otp[] = {0xA0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01};
	const bool is_piv =
	        a->lc >= sizeof(piv) && memcmp(a->data, piv, sizeof(piv)) == 0;
	const bool is_otp =
	        a->lc >= sizeof(otp) && memcmp(a->data, otp, sizeof(otp)) == 0;
	if (!v->prof->other_apps || (!is_piv && !is_otp))
		return false;
	vcard_reset(v);
	if (is_otp) {
		buf_put(&v->out, v->prof->firmware, sizeof(v->prof->firmware));
		buf_put(&v->out, "\x01\x05\x00", 4); /* sequence, touch level */
	}
	return true;
}

static uint16_t do_select(struct vcard *v, const struct apdu *a)
{
	static const uint8_t rid[] = {0xD2, 0x76, 0x00, 0x01, 0x24, 0x01};
	if (a->p2 != 0 && (a->p2 != 0x0C || v->prof->select_strict))
		return 0x6A86;
	if (a->p1 == 4 && other_app(v, a))
		return 0x9000;
	if (a->p1 != 4 || a->lc < 6 || memcmp(a->data, rid, sizeof(rid)) != 0)
		return v->selected && v->prof->select_any ? 0x6D00 : 0x6A82;
	v->selected = true;
	v->occurrence = 0;
	v->slot_dec = SLOT_DEC;
	v->slot_aut = SLOT_AUT;
	if (terminated(v) &&
	    (v->prof->terminated == TERM_6285 || v->prof->terminated == TERM_6D00))
		return 0x6285;
	if (v->prof->fci && a->p2 == 0)
		buf_tlv(&v->out, 0x6F, "\x84\x06\xD2\x76\x00\x01\x24\x01", 8);
	return 0x9000;
}

static uint16_t do_terminate(struct vcard *v)
{
	if (!v->ok83 && obj_byte(v, OBJ_TRIES + PIN_ADMIN) > 0)
		return 0x6982;
	obj_set_byte(v, OBJ_LCS, 3);
	v->ok81 = v->ok82 = v->ok83 = false;
	return store_save(v) ? 0x9000 : 0x6581;
}

static uint16_t do_activate(struct vcard *v)
{
	if (!terminated(v))
		return sw_or(v->prof->sw_activate, 0x9000);
	store_factory(v);
	v->ok81 = v->ok82 = v->ok83 = false;
	return store_save(v) ? 0x9000 : 0x6581;
}

static uint16_t do_challenge(struct vcard *v, const struct apdu *a)
{
	uint8_t x[256];
	if (v->prof->no_challenge)
		return 0x6D00;
	if (a->le == 0 || a->le > sizeof(x))
		return 0x6700;
	gcry_create_nonce(x, a->le);
	buf_put(&v->out, x, a->le);
	return 0x9000;
}

/* The version of the firmware, as YubiKeys tell it: binary coded decimals. */
static uint16_t do_version(struct vcard *v)
{
	const uint8_t *f = v->prof->firmware;
	if (f[0] == 0)
		return 0x6D00;
	for (size_t i = 0; i < sizeof(v->prof->firmware); i++)
		buf_byte(&v->out, (unsigned)(f[i] / 10 << 4 | f[i] % 10));
	return 0x9000;
}

static uint16_t do_operation(struct vcard *v, const struct apdu *a, unsigned what)
{
	switch (what) {
	case 0x9E9A:
		return use_sign(v, SLOT_SIG, a->data, a->lc);
	case 0x8086:
		return use_decipher(v, a->data, a->lc);
	case 0x8680:
		return use_encipher(v, a->data, a->lc);
	default:
		return 0x6B00;
	}
}

static uint16_t while_terminated(struct vcard *v)
{
	return v->prof->terminated == TERM_6D00 ? 0x6D00 : 0x6285;
}

uint16_t command_run(struct vcard *v, const struct apdu *a)
{
	unsigned tag = (unsigned)a->p1 << 8 | a->p2;
	if (a->ins == 0xA4)
		return do_select(v, a);
	if (!v->selected)
		return 0x6D00;
	if (a->ins == 0x44)
		return do_activate(v);
	if (terminated(v) && v->prof->terminated != TERM_IGNORED)
		return while_terminated(v);
	switch (a->ins) {
	case 0xCA:
		return data_get(v, tag);
	case 0xCC:
		return data_another(v, tag);
	case 0xA5:
		return data_select(v, a);
	case 0xDA:
		return data_put(v, tag, a->data, a->lc);
	case 0xDB:
		return tag == 0x3FFF ? keys_import(v, a->data, a->lc) : 0x6B00;
	case 0x20:
		return pin_verify(v, a);
	case 0x24:
		return pin_change(v, a);
	case 0x2C:
		return pin_unblock(v, a);
	case 0x47:
		return keys_generate(v, a);
	case 0x2A:
		return do_operation(v, a, tag);
	case 0x88:
		return tag == 0 ? use_sign(v, SLOT_AUT, a->data, a->lc) : 0x6B00;
	case 0x22:
		return use_environment(v, a);
	case 0x84:
		return do_challenge(v, a);
	case 0xE6:
		return do_terminate(v);
	case 0xF1:
		return do_version(v);
	case 0xF2:
		return pin_limits(v, a);
	case 0xFB:
		return attest(v, a);
	default:
		return 0x6D00;
	}
}
