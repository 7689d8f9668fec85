/* SPDX-License-Identifier: GPL-2.0-or-later */
/* card/pcsc.c looking for readers, while the service lies, stops and starts again. */
#include "tests/unit/check.h"
#include "tests/unit/double_pcsc.h"

static enum err scan(struct readers *r, struct reader_list *ret)
{
	return r->ops->scan(r, ret);
}

static void cards_are_seen_with_their_generation(void)
{
	struct readers *r = fake_open();
	struct reader_list a = {0}, b = {0};

	fake.names = SAID("R\0S\0");
	CHECK(scan(r, &a) == OK && a.n == 2);
	CHECK(a.slot[0].card_present && !a.slot[1].card_present);
	CHECK(strcmp(a.slot[1].name, "S") == 0);
	CHECK(scan(r, &b) == OK && b.slot[0].generation == a.slot[0].generation);
	fake.event[0] += 1 << 16;
	CHECK(scan(r, &b) == OK && b.slot[0].generation != a.slot[0].generation);
	fake.rv[CHANGE][3] = SCARD_E_TIMEOUT; /* nothing new */
	CHECK(scan(r, &b) == OK && b.n == 2 && fake.contexts == 1);
	fake_close(NULL, r);
}

static void a_service_that_was_restarted_is_found_again(void)
{
	static const LONG stale[] = {SCARD_E_INVALID_HANDLE, SCARD_E_NO_SERVICE,
	                             SCARD_E_SERVICE_STOPPED, SCARD_F_COMM_ERROR};

	for (size_t i = 0; i < sizeof(stale) / sizeof(stale[0]); i++) {
		struct readers *r = fake_open();
		struct reader_list a = {0}, b = {0};
		struct transport *t = NULL;

		fake.stale = stale[i];
		CHECK(scan(r, &a) == OK && a.n == 1);
		fake.ctx++;
		CHECK(scan(r, &b) == OK && b.n == 1 && fake.contexts == 1);
		/* The same count of events, another card perhaps. */
		CHECK(b.slot[0].generation != a.slot[0].generation);
		fake.ctx++;
		CHECK(fake_connect(r, &t) == ERR_NO_SERVICE && fake.contexts == 0);
		CHECK(fake_connect(r, &t) == OK && fake.contexts == 1);
		fake_close(t, r);
	}
}

static void a_scan_that_fails_is_tried_once_more(void)
{
	static const struct {
		const char *what;
		enum fake_fn at;
		LONG rv[2];
		enum err want;
	} rows[] = {
	        {"a reader went",       CHANGE, {SCARD_E_UNKNOWN_READER},                                   OK       },
	        {"a reader goes",       CHANGE, {SCARD_E_READER_UNAVAILABLE},                               OK       },
	        {"one after the other",
	         CHANGE,	                {SCARD_E_UNKNOWN_READER, SCARD_E_UNKNOWN_READER},
	         ERR_IO	                                                                                      },
	        {"nonsense",
	         CHANGE,	                {SCARD_E_INVALID_PARAMETER, SCARD_E_INVALID_PARAMETER},
	         ERR_IO	                                                                                      },
	        {"more names than fit",
	         LIST,	                  {SCARD_E_INSUFFICIENT_BUFFER, SCARD_E_INSUFFICIENT_BUFFER},
	         ERR_IO	                                                                                      },
	        {"it came back",        CHANGE, {SCARD_F_COMM_ERROR},                                       OK       },
	        {"it went",
	         CHANGE,	                {SCARD_F_COMM_ERROR, SCARD_E_NO_SERVICE},
	         ERR_NO_SERVICE	                                                                              },
	        {"it is not there",
	         ESTABLISH,	             {SCARD_E_NO_SERVICE, SCARD_E_NO_SERVICE},
	         ERR_NO_SERVICE	                                                                              },
	        {"no memory",           LIST,   {SCARD_E_NO_MEMORY, SCARD_E_NO_MEMORY},                     ERR_NOMEM},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct readers *r = fake_open();
		struct reader_list list = {.n = 3};

		memcpy(fake.rv[rows[i].at], rows[i].rv, sizeof(rows[i].rv));
		CHECK_ROW(scan(r, &list) == rows[i].want, rows[i].what);
		CHECK_ROW(list.n == (rows[i].want == OK ? 1 : 3), rows[i].what);
		fake_close(NULL, r);
	}
}

static void odd_lists_of_readers_are_survived(void)
{
	static char large[READERS_MAX * READER_NAME_MAX + 1];
	struct readers *r = fake_open();
	struct reader_list list = {0};

	fake.rv[LIST][0] = SCARD_E_NO_READERS_AVAILABLE;
	CHECK(scan(r, &list) == OK && list.n == 0 && fake.calls[CHANGE] == 0);
	fake.names = SAID("");
	CHECK(scan(r, &list) == OK && list.n == 0);
	fake.names = SAID("\0");
	CHECK(scan(r, &list) == OK && list.n == 0);
	fake.names = (struct said){"AB", 2, 0}; /* not ended */
	CHECK(scan(r, &list) == OK && list.n == 1 &&
	      strcmp(list.slot[0].name, "AB") == 0);
	fake.names = SAID("a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0l\0m\0n\0o\0p\0q\0");
	CHECK(scan(r, &list) == OK && list.n == READERS_MAX);
	CHECK(strcmp(list.slot[READERS_MAX - 1].name, "p") == 0);

	memset(large, 'x', sizeof(large));
	fake.names =
	        (struct said){large, sizeof(large), 0}; /* one name, nowhere an end */
	CHECK(scan(r, &list) == OK && list.n == 0);
	fake.names.claims = 100000;
	CHECK(scan(r, &list) == ERR_IO);
	fake.names.claims = 0;
	large[READER_NAME_MAX - 1] = '\0'; /* just fits; the next is a byte too long */
	large[2 * READER_NAME_MAX] = '\0';
	large[2 * READER_NAME_MAX + 2] = '\0';
	large[2 * READER_NAME_MAX + 3] = '\0';
	CHECK(scan(r, &list) == OK && list.n == 2);
	CHECK(strlen(list.slot[0].name) == READER_NAME_MAX - 1);
	CHECK(strcmp(list.slot[1].name, "x") == 0);
	fake_close(NULL, r);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"cards_are_seen_with_their_generation",
	         cards_are_seen_with_their_generation                                            },
	        {"a_service_that_was_restarted_is_found_again",
	         a_service_that_was_restarted_is_found_again                                     },
	        {"a_scan_that_fails_is_tried_once_more",
	         a_scan_that_fails_is_tried_once_more                                            },
	        {"odd_lists_of_readers_are_survived",           odd_lists_of_readers_are_survived},
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
