/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors of the hostile dongle: spoilt, again in the same way, never too long. */
#include "tests/dongle/mangle.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dongle/model.h"
#include "tests/unit/check.h"

enum { SEEDS = 2000, ROOM = 4096, D_DEVICE = 1, D_CONFIG = 2, D_STRING = 3 };

static size_t of_seed(uint32_t seed, unsigned type, uint8_t *ret, size_t cap)
{
	struct model m = model_for(NULL);

	m.seed = seed;
	return model_descriptor(&m, type, type == D_STRING ? 2 : 0, ret, cap);
}

static void the_same_seed_spoils_in_the_same_way(void)
{
	uint8_t a[ROOM], b[ROOM];
	bool same = true;

	for (uint32_t seed = 1; seed < SEEDS; seed++) {
		const size_t n = of_seed(seed, D_CONFIG, a, ROOM);

		same = same && of_seed(seed, D_CONFIG, b, ROOM) == n &&
		       memcmp(a, b, n) == 0;
	}
	CHECK(same);
}

/* How many seeds give another descriptor than the seed before. */
static unsigned changes(unsigned type)
{
	uint8_t a[ROOM], b[ROOM];
	size_t n = of_seed(0, type, a, ROOM);
	unsigned changed = 0;

	for (uint32_t seed = 1; seed < SEEDS; seed++) {
		const size_t got = of_seed(seed, type, b, ROOM);

		changed += got != n || memcmp(a, b, got) != 0;
		memcpy(a, b, got);
		n = got;
	}
	return changed;
}

static void other_seeds_spoil_otherwise(void)
{
	CHECK(changes(D_CONFIG) > SEEDS * 9 / 10);
	CHECK(changes(D_DEVICE) > SEEDS / 10);
	CHECK(changes(D_STRING) > SEEDS / 10);
}

/* A host asks its way on by these: all of them wrong, and it would see nothing else. */
static void most_can_still_be_read(void)
{
	uint8_t d[ROOM];
	unsigned fits = 0, with_class = 0;

	for (uint32_t seed = 1; seed < SEEDS; seed++) {
		const size_t n = of_seed(seed, D_CONFIG, d, ROOM);

		fits += n >= 9 && d[1] == D_CONFIG && (size_t)(d[2] | d[3] << 8) == n;
		with_class += n > 20 && d[18] == 54 && d[19] == 0x21;
	}
	CHECK(fits > SEEDS * 7 / 10);
	CHECK(with_class > SEEDS / 2);
}

static void there_is_never_more_than_room(void)
{
	for (size_t cap = 1; cap < 200; cap++) {
		/* So that a sanitizer sees what is beyond. */
		uint8_t *d = malloc(cap);
		bool fits = d != NULL;

		for (uint32_t seed = 1; fits && seed < 300; seed++)
			fits = of_seed(seed, D_CONFIG, d, cap) <= cap;
		CHECK(fits);
		free(d);
	}
}

static void junk_is_spoilt_too(void)
{
	uint8_t d[300];
	bool fits = true;

	for (uint32_t seed = 1; seed < SEEDS; seed++) {
		size_t n = seed % 290;

		memset(d, (int)(seed & 0xFF), sizeof(d));
		mangle(seed, D_CONFIG, d, &n, sizeof(d));
		fits = fits && n <= sizeof(d);
	}
	CHECK(fits);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"the same seed spoils in the same way",
	         the_same_seed_spoils_in_the_same_way                                 },
	        {"other seeds spoil otherwise",          other_seeds_spoil_otherwise  },
	        {"most can still be read",               most_can_still_be_read       },
	        {"there is never more than room",        there_is_never_more_than_room},
	        {"junk is spoilt too",                   junk_is_spoilt_too           },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
