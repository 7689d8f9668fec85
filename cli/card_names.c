/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makers, algorithms, where keys come from, touch settings. */
#include "cli/card_names.h"

#include <stdio.h>

enum { UNMANAGED = 0xff }; /* the upper byte of numbers that nobody gives out */

/* Given out by the FSFE (OpenPGP card 3.4.1, 4.2.1). */
static const struct {
	uint16_t id;
	const char *name;
} makers[] = {
        {0x0001, "PPC Card Systems"         },
        {0x0002, "Prism"                    },
        {0x0003, "OpenFortress"             },
        {0x0004, "Wewid"                    },
        {0x0005, "ZeitControl"              },
        {0x0006, "Yubico"                   },
        {0x0007, "OpenKMS"                  },
        {0x0008, "LogoEmail"                },
        {0x0009, "Fidesmo"                  },
        {0x000a, "VivoKey"                  },
        {0x000b, "Feitian Technologies"     },
        {0x000d, "Dangerous Things"         },
        {0x000e, "Excelsecu"                },
        {0x000f, "Nitrokey"                 },
        {0x0010, "NeoPGP"                   },
        {0x0011, "Token2"                   },
        {0x002a, "Magrathea"                },
        {0x0042, "GnuPG e.V."               },
        {0x1337, "Warsaw Hackerspace"       },
        {0x2342, "warpzone"                 },
        {0x4354, "Confidential Technologies"},
        {0x5343, "SSE Carte a puce"         },
        {0x5443, "TIF-IT e.V."              },
        {0x63af, "Trustica"                 },
        {0xba53, "c-base e.V."              },
        {0xbd0e, "Paranoidlabs"             },
        {0xca05, "Atos CardOS"              },
        {0xf1d0, "CanoKeys"                 },
        {0xf517, "FSIJ"                     },
        {0xf5ec, "F-Secure"                 },
};

const char *card_maker(uint16_t id)
{
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		if (makers[i].id == id)
			return makers[i].name;
	if (id == 0x0000 || id == 0xffff)
		return "a test card";
	return id >> 8 == UNMANAGED ? "nobody (free range)" : "unknown";
}

void card_algorithm(const struct card_key_attr *a, char out[static CARD_NAME_LEN])
{
	static const char *const how[] = {
	        [CARD_KEY_ECDH] = "ECDH",
	        [CARD_KEY_ECDSA] = "ECDSA",
	        [CARD_KEY_EDDSA] = "EdDSA",
	};
	const struct curve *c = curve_by_oid((struct bytes){a->oid, a->oid_len});

	if (a->type == CARD_KEY_NONE)
		(void)snprintf(out, CARD_NAME_LEN, "unknown");
	else if (a->type == CARD_KEY_RSA)
		(void)snprintf(out, CARD_NAME_LEN, "RSA-%u", (unsigned)a->rsa_bits);
	else
		(void)snprintf(out, CARD_NAME_LEN, "%s on %s", how[a->type],
		               c ? c->name : "an unknown curve");
}

const char *card_key_origin(int told)
{
	static const char *const words[] = {"none", "generated", "imported"};

	return told >= 0 && told < (int)(sizeof(words) / sizeof(words[0])) ? words[told]
	                                                                   : NULL;
}

const char *card_touch_word(int told)
{
	static const char *const words[] = {"off", "on", "fixed", "cached",
	                                    "cached-fixed"};

	if (told == FACT_NOT_TOLD)
		return NULL;
	return told < (int)(sizeof(words) / sizeof(words[0])) ? words[told] : "on";
}
