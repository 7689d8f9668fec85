// SPDX-License-Identifier: GPL-2.0-or-later
/* The kinds of card the virtual card can be, but for those of makes.c. */
#include "tests/vcard/priv.h"

#include <string.h>

static const uint16_t hidden_parts[] = {0xC0, 0xC5, 0xC6, 0xCD, 0xD6,
                                        0xD7, 0xD8, 0x93, 0};
static const uint16_t hidden_some[] = {0xC0, 0xD6, 0xD7, 0xD8, 0};

static const struct profile profiles[] = {
        {
         .name = "default",
         .about = "3.4, chaining and extended length, plain answers",
         .version = {3, 4},
         .maker = {0xFF, 0xFE},
         .caps = 0xC0,
         .chaining = true,
         .extended = true,
         .uif = true,
         .mse = true,
         .aes = true,
         .refs_from = 1,
         },
        {
         .name = "outer-tags",
         .about = "every constructed object with its own tag and length",
         .version = {3, 4},
         .maker = {0xFF, 0xFE},
         .caps = 0xC0,
         .chaining = true,
         .extended = true,
         .outer_6e = true,
         .outer_65 = true,
         .outer_7a = true,
         .outer_7f66 = true,
         .outer_7f74 = true,
         .attrs_with_tag = true,
         .uif = true,
         .refs_from = 1,
         },
        {
         .name = "gnuk-like",
         .about = "short commands and chaining only, ECDH answers 04||x||y",
         .atr = "3BDA11FF81B1FE551F0300318473800180059000E1",
         .history = "00318473800180059000",
         .c0 = "75000020000000FF0100",
         .version = {2, 0},
         .maker = {0xF5, 0x17},
         .caps = 0x80,
         .chaining = true,
         .no_le_61 = true,
         .one_cert = true,
         .full_point = true,
         .kdf = true,
         .kdf_empty = true,
         .kdf_sets_pins = true,
         .kdf_before_keys = true,
         .pw1_needs_keys = true,
         .short_counts = true,
         .keeps_auth = true,
         .no_7f66 = true,
         .uif = true,
         .touch_ms = 12000,
         .refs_from = 1,
         .sw_no_key = 0x6985,
         .sw_garbage = 0x6F00,
         .sw_length = 0x6985,
         .sw_activate = 0x6A88,
         },
        {
         .name = "smartpgp-like",
         .about = "announces chaining only, strict chains, F9 stored and ignored",
         .version = {3, 4},
         .maker = {0x00, 0x0F},
         .caps = 0x80,
         .max_cmd = 0x0400,
         .max_resp = 0x0400,
         .chaining = true,
         .extended = true,
         .outer_6e = true,
         .outer_7f66 = true,
         .attrs_with_tag = true,
         .hidden = hidden_some,
         .select_any = true,
         .kdf = true,
         .blocked_hidden = true,
         .strict_chain = true,
         .refs_from = 1,
         .sw_garbage = 0x6F00,
         .terminated = TERM_6D00,
         },
        {
         .name = "pico-like",
         .about = "wrong PIN is 63Cx, key references from 0, SELECT answers 6F",
         .version = {3, 4},
         .maker = {0xFF, 0xFE},
         .caps = 0xC0,
         .chaining = true,
         .extended = true,
         .outer_7f74 = true,
         .select_strict = true,
         .fci = true,
         .kdf = true,
         .wrong_is_63c = true,
         .blocked_at_last = true,
         .strict_chain = true,
         .uif = true,
         .mse = true,
         .c4_first = 1,
         .sw_new = 0x6985,
         .sw_no_key = 0x6400,
         .sw_garbage = 0x6400,
         .sw_length = 0x6400,
         .terminated = TERM_IGNORED,
         },
        {
         .name = "canokey-like",
         .about = "extended length announced, parts readable only through 6E",
         .atr = "3BF71100008131FE6543616E6F6B657999",
         .version = {3, 4},
         .maker = {0xF1, 0xD0},
         .caps = 0x40,
         .max_cmd = 0x053C,
         .max_resp = 0x053C,
         .e_padded = true,
         .chaining = true,
         .extended = true,
         .no_le_61 = true,
         .outer_6e = true,
         .outer_65 = true,
         .outer_7a = true,
         .outer_82 = true,
         .hidden = hidden_parts,
         .select_strict = true,
         .blocked_at_last = true,
         .uif = true,
         .refs_from = 1,
         .sw_activate = 0x6985,
         .terminated = TERM_LATER,
         },
        {
         .name = "kdf",
         .about = "like default, takes the hashes 87 and 88 of F9 as new PINs",
         .version = {3, 4},
         .maker = {0xF5, 0x17},
         .caps = 0xC0,
         .chaining = true,
         .extended = true,
         .kdf = true,
         .kdf_sets_pins = true,
         .uif = true,
         .refs_from = 1,
         },
        {
         .name = "kdf-single",
         .about =
                        "KDF on from the start, one salt for all PINs, not to be changed",                                                .version = {3, 4},
         .maker = {0xFF, 0xFE},
         .caps = 0xC0,
         .chaining = true,
         .extended = true,
         .kdf = true,
         .kdf_single = true,
         .uif = true,
         .refs_from = 1,
         },
        {
         .name = "short",
         .about = "short commands, no chaining: RSA cannot be used",
         .version = {3, 4},
         .maker = {0xFF, 0xFE},
         .no_7f66 = true,
         .uif = true,
         .refs_from = 1,
         },
        {
         .name = "le-6c",
         .about = "like default, wants the exact Le for GET DATA: 6Cxx",
         .version = {3, 4},
         .maker = {0xFF, 0xFE},
         .caps = 0xC0,
         .chaining = true,
         .extended = true,
         .exact_le = true,
         .uif = true,
         .refs_from = 1,
         },
        {
         .name = "v2",
         .about = "2.1: lengths in C0, no 7F66, an empty VERIFY is 6A80",
         .version = {2, 1},
         .maker = {0x00, 0x05},
         .caps = 0x40,
         .extended = true,
         .one_cert = true,
         .no_status = true,
         .no_logout = true,
         .no_7f66 = true,
         .refs_from = 1,
         .sw_garbage = 0x6F00,
         },
};

static const struct alias aliases[] = {
        {"gnuk",             "nitrokey-start" },
        {"nitrokey-pro",     "zeitcontrol-2.1"},
        {"nitrokey-pro2",    "zeitcontrol-3.4"},
        {"nitrokey-storage", "zeitcontrol-3.4"},
        {"librem-key",       "zeitcontrol-3.4"},
};

const struct alias *alias_at(size_t i)
{
	return i < sizeof(aliases) / sizeof(aliases[0]) ? &aliases[i] : NULL;
}

const struct profile *profile_at(size_t i)
{
	const size_t n = sizeof(profiles) / sizeof(profiles[0]);
	return i < n ? &profiles[i] : makes_at(i - n);
}

const struct profile *profile_find(const char *name)
{
	const struct profile *p = NULL;
	const struct alias *a = NULL;
	for (size_t i = 0; (a = alias_at(i)) != NULL; i++) {
		if (strcmp(a->name, name) == 0)
			name = a->of;
	}
	for (size_t i = 0; (p = profile_at(i)) != NULL; i++) {
		if (strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}

uint16_t sw_or(uint16_t sw, uint16_t otherwise)
{
	return sw != 0 ? sw : otherwise;
}

void hex_put(struct buf *b, const char *hex)
{
	for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
		unsigned byte = 0;
		for (unsigned i = 0; i < 2; i++) {
			const char c = hex[i];
			byte = byte << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10);
		}
		buf_byte(b, byte);
	}
}
