/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a dongle says of itself over USB: ids, descriptors, how its reader works. */
#ifndef TESTS_DONGLE_MODEL_H
#define TESTS_DONGLE_MODEL_H

#include "tests/dongle/ccid.h"

enum { EP_OUT = 0x02, EP_IN = 0x81, EP_INTERRUPT = 0x83, PACKET_MAX = 64 };

struct model {
	const char *profile; /* of the virtual card */
	uint16_t vendor, product;
	struct ccid_config reader;
	uint32_t features; /* dwFeatures without the level */
	bool interrupt;    /* has an endpoint that tells of cards */
	char serial[16];   /* the USB string */
	uint32_t seed;     /* of what spoils the descriptors; 0: nothing does */
};

/* As the maker's dongle with that card; a plain one for NULL or another profile. */
struct model model_for(const char *profile);
/* Another level needs another way of naming what the reader does by itself. */
void model_set_level(struct model *m, enum ccid_level level);

/* A USB descriptor: TYPE and INDEX as in GET_DESCRIPTOR; 0: there is none. */
size_t model_descriptor(const struct model *m, unsigned type, unsigned index,
                        uint8_t *ret, size_t cap);

#endif
