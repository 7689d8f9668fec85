/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sealed object as JSON: the one of test_tpm2.c, made by swtpm. */
#ifndef TESTS_UNIT_SEALED_JSON_H
#define TESTS_UNIT_SEALED_JSON_H

#define SEALED_ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define SEALED_PCR9 "bb2275c49f28ad52cae6d55e34a974a58c7a3ba26f976e8ecbbe7a536918dc73"
#define SEALED_PUBLIC                                                                    \
	"AE4ACAALAAAAEgAgvZX5iM34YFOpFqp/kMuarZCN9tJ2Dls3mfNHsb5TPAUAEAAgtifMas"         \
	"nCr8tYd4zMEYb2b7hkdOcbt0j/Sxc0A/wvhHk="
#define SEALED_SALT          "0101010101010101010101010101010101010101010101010101010101010101"
#define SEALED_PCR(n, value) "{\"pcr\":" n ",\"value\":\"" value "\"}"
#define SEALED_PCRS                                                                      \
	SEALED_PCR("7", SEALED_ZERO)                                                     \
	"," SEALED_PCR("9", SEALED_PCR9) "," SEALED_PCR("12", SEALED_ZERO)
#define SEALED(bank, pcrs, priv, pub, salt, srk)                                         \
	"{\"bank\":\"" bank "\",\"pcrs\":[" pcrs "],\"private\":\"" priv                 \
	"\",\"public\":\"" pub "\",\"salt\":\"" salt "\",\"srk\":\"" srk "\"}"
#define SEALED_GOOD                                                                      \
	SEALED("sha256", SEALED_PCRS, "AAGq", SEALED_PUBLIC, SEALED_SALT, "81000001")
#define SEALED_ID "25216717EEFF9D0320CF57BFD32EEB4B0C8990B7"

#endif
