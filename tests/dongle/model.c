// SPDX-License-Identifier: GPL-2.0-or-later
/* Dongles as products: USB ids and descriptors (USB 2.0, 9.6; CCID 1.1, chapter 5). */
#include "tests/dongle/model.h"

#include <string.h>

#include "tests/dongle/mangle.h"
#include "tests/vcard/priv.h"

enum {                /* dwFeatures */
       SELF = 0xFE,   /* parameters, activation, voltage, clock, speed, PPS */
       BARELY = 0xBA, /* the same without activation and parameters' negotiation */
       LEVEL_BITS_TPDU = 0x10000,
       LEVEL_BITS_SHORT = 0x20000,
       LEVEL_BITS_EXTENDED = 0x40000,
};
enum { SHORT_MESSAGE = 271 };
enum { D_DEVICE = 1, D_CONFIG = 2, D_STRING = 3 };

/* The ids and message lengths of the real ones. */
static const struct model models[] = {
        {"default",          0x20A0, 0x42B2, {LEVEL_EXTENDED, false, 3072}, SELF,  true,  "", 0},
        {"nitrokey3",        0x20A0, 0x42B2, {LEVEL_EXTENDED, false, 3072}, 0x840, true,  "", 0},
        {"yubikey5",         0x1050, 0x0407, {LEVEL_EXTENDED, false, 3072}, SELF,  true,  "", 0},
        {"yubikey4",         0x1050, 0x0407, {LEVEL_EXTENDED, false, 3072}, SELF,  true,  "", 0},
        {"yubikey-neo",      0x1050, 0x0112, {LEVEL_EXTENDED, false, 1400}, SELF,  true,  "", 0},
        {"canokey-like",
         0x20A0,                     0x42D4,
         {LEVEL_EXTENDED, false, 1352},
         SELF,                                                                     false,
         "",                                                                                  0},
        {"nitrokey-start",   0x20A0, 0x4211, {LEVEL_SHORT, false, 271},     0x842, true,  "", 0},
        {"gnuk",             0x234B, 0x0000, {LEVEL_SHORT, false, 271},     0x47A, true,  "", 0},
        {"nitrokey-pro",     0x20A0, 0x4108, {LEVEL_TPDU, false, 271},      0x4BA, true,  "", 0},
        {"nitrokey-storage",
         0x20A0,                     0x4109,
         {LEVEL_TPDU, false, 271},
         0x4BA,                                                                    true,
         "",                                                                                  0},
        {"librem-key",       0x316D, 0x4C4B, {LEVEL_TPDU, false, 271},      0x4BA, true,  "", 0},
};

struct model model_for(const char *profile)
{
	for (size_t i = 0; profile != NULL && i < sizeof(models) / sizeof(models[0]); i++)
		if (strcmp(models[i].profile, profile) == 0)
			return models[i];
	struct model m = models[0];
	m.profile = profile;
	return m;
}

void model_set_level(struct model *m, enum ccid_level level)
{
	if (m->reader.level == level)
		return;
	m->reader.level = level;
	m->reader.max_message = level == LEVEL_EXTENDED ? 3072 : SHORT_MESSAGE;
	m->features = level == LEVEL_TPDU ? BARELY : SELF;
}

static void le16(struct buf *b, unsigned x)
{
	buf_byte(b, x & 0xFF);
	buf_byte(b, x >> 8 & 0xFF);
}

static void le32(struct buf *b, uint32_t x)
{
	le16(b, x & 0xFFFF);
	le16(b, x >> 16);
}

static void device(const struct model *m, struct buf *b)
{
	static const uint8_t head[] = {18, D_DEVICE, 0x00, 0x02, 0, 0, 0, PACKET_MAX};

	buf_put(b, head, sizeof(head));
	le16(b, m->vendor);
	le16(b, m->product);
	le16(b, 0x0100);
	buf_put(b, "\1\2\3\1", 4); /* three strings, one configuration */
}

static void endpoint(struct buf *b, unsigned address, unsigned type, unsigned size,
                     unsigned interval)
{
	buf_put(b, "\7\5", 2);
	buf_byte(b, address);
	buf_byte(b, type);
	le16(b, size);
	buf_byte(b, interval);
}

static uint32_t level_bits(enum ccid_level level)
{
	return level == LEVEL_TPDU    ? LEVEL_BITS_TPDU
	       : level == LEVEL_SHORT ? LEVEL_BITS_SHORT
	                              : LEVEL_BITS_EXTENDED;
}

static void ccid_class(const struct model *m, struct buf *b)
{
	static const uint8_t head[] = {54,   0x21, 0x10,
	                               0x01, 0,    7}; /* one slot, 5/3/1.8 V */

	buf_put(b, head, sizeof(head));
	le32(b, m->reader.t0 ? 1 : 2); /* dwProtocols */
	le32(b, 4000);                 /* dwDefaultClock, kHz */
	le32(b, 4000);                 /* dwMaximumClock */
	buf_byte(b, 0);
	le32(b, 10752); /* dwDataRate, bit/s */
	le32(b, 344086);
	buf_byte(b, 0);
	le32(b, 254); /* dwMaxIFSD */
	le32(b, 0);
	le32(b, 0);
	le32(b, m->features | level_bits(m->reader.level));
	le32(b, (uint32_t)m->reader.max_message);
	buf_byte(b, 0xFF); /* bClassGetResponse: as the command */
	buf_byte(b, 0xFF); /* bClassEnvelope */
	le16(b, 0);        /* no display */
	buf_byte(b, 0);    /* no PIN pad */
	buf_byte(b, 1);    /* one slot at a time */
}

static void configuration(const struct model *m, struct buf *b)
{
	const unsigned n_ep = m->interrupt ? 3 : 2;

	buf_put(b, "\11\2", 2);
	le16(b, 9 + 9 + 54 + 7 * n_ep);
	buf_put(b, "\1\1\0\x80\x32", 5); /* one interface, number 1, 100 mA */
	buf_put(b, "\11\4\0\0", 4);
	buf_byte(b, n_ep);
	buf_put(b, "\13\0\0\0", 4); /* CCID, bulk */
	ccid_class(m, b);
	endpoint(b, EP_OUT, 2, PACKET_MAX, 0);
	endpoint(b, EP_IN, 2, PACKET_MAX, 0);
	if (m->interrupt)
		endpoint(b, EP_INTERRUPT, 3, 8, 32);
}

static bool string(const struct model *m, unsigned index, struct buf *b)
{
	const char *const texts[] = {"", "bootlatch", "Virtual dongle", m->serial};

	if (index >= sizeof(texts) / sizeof(texts[0]))
		return false;
	if (index == 0) {
		buf_put(b, "\4\3\11\4", 4); /* English */
		return true;
	}
	buf_byte(b, (unsigned)(2 + 2 * strlen(texts[index])));
	buf_byte(b, D_STRING);
	for (const char *s = texts[index]; *s != '\0'; s++)
		le16(b, (unsigned char)*s);
	return true;
}

size_t model_descriptor(const struct model *m, unsigned type, unsigned index,
                        uint8_t *ret, size_t cap)
{
	struct buf b = {0};
	bool ok = index == 0;

	if (type == D_DEVICE)
		device(m, &b);
	else if (type == D_CONFIG)
		configuration(m, &b);
	else
		ok = type == D_STRING && string(m, index, &b);
	size_t n = !ok ? 0 : b.n < cap ? b.n : cap;
	if (n > 0)
		memcpy(ret, b.p, n);
	buf_free(&b);
	if (m->seed != 0)
		mangle(m->seed, type, ret, &n, cap);
	return n;
}
