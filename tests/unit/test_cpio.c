/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives made here, byte by byte, read from a pipe of memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cpio.h"
#include "core/clock.h"
#include "tests/unit/check.h"

enum { WAIT_MS = 3000 };

struct archive {
	uint8_t bytes[256 * 1024];
	size_t n;
};

static void add(struct archive *a, const void *p, size_t n)
{
	CHECK(n <= sizeof(a->bytes) - a->n);
	memcpy(a->bytes + a->n, p, n);
	a->n += n;
}

static void pad(struct archive *a)
{
	while (a->n % 4 != 0)
		a->bytes[a->n++] = 0;
}

static void file(struct archive *a, const char *name, const void *content, size_t n)
{
	char head[111];

	(void)snprintf(head, sizeof(head),
	               "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 1U,
	               0100644U, 0U, 0U, 1U, 0U, (unsigned)n, 0U, 0U, 0U, 0U,
	               (unsigned)strlen(name) + 1, 0U);
	add(a, head, 110);
	add(a, name, strlen(name) + 1);
	pad(a);
	add(a, content, n);
	pad(a);
}

static void trailer(struct archive *a, size_t zeros)
{
	static const uint8_t zero[600];

	file(a, "TRAILER!!!", "", 0);
	add(a, zero, zeros);
}

static enum err scan(const struct archive *a, struct cpio_want *w, size_t n,
                     uint64_t *ret)
{
	const int fd = memfd_create("archive", MFD_CLOEXEC);

	CHECK(write(fd, a->bytes, a->n) == (ssize_t)a->n && lseek(fd, 0, SEEK_SET) == 0);
	const enum err e = cpio_scan(fd, clock_ms() + WAIT_MS, w, n, ret);
	(void)close(fd);
	return e;
}

static struct cpio_want want_same(const char *name, const char *content)
{
	return (struct cpio_want){
	        .name = name,
	        .compare = true,
	        .content = {(const uint8_t *)content, strlen(content)}
        };
}

static bool has_needle(const void *ctx, struct bytes content)
{
	return memmem(content.p, content.n, ctx, strlen(ctx)) != NULL;
}

static struct cpio_want want(const char *name)
{
	return (struct cpio_want){.name = name};
}

static struct cpio_want want_needle(const char *name)
{
	return (struct cpio_want){.name = name, .fits = has_needle, .ctx = "needle"};
}

static void files_are_found_and_compared(void)
{
	static struct archive a;
	struct cpio_want w[] = {
	        want("lib/there"),           want("lib/missing"),
	        want_same("same", "abc"),    want_same("other", "abc"),
	        want_same("shorter", "abc"), want_same("longer", "abc"),
	        want_same("empty", ""),      want_needle("says"),
	        want_needle("mute"),
	};
	uint64_t end = 0;

	file(&a, "usr/lib/there", "x", 1);
	file(&a, "./same", "abc", 3);
	file(&a, "other", "abd", 3);
	file(&a, "shorter", "ab", 2);
	file(&a, "longer", "abcd", 4);
	file(&a, "empty", "", 0);
	file(&a, "/says", "a needle here", 13);
	file(&a, "mute", "nothing", 7);
	trailer(&a, 400);
	CHECK(scan(&a, w, sizeof(w) / sizeof(w[0]), &end) == OK);
	CHECK(end == a.n);
	CHECK(w[0].good && !w[1].found && !w[1].good && w[2].good);
	CHECK(w[3].found && !w[3].good);
	CHECK(w[4].found && !w[4].good);
	CHECK(w[5].found && !w[5].good);
	CHECK(w[6].good && w[7].good && !w[8].good && w[8].found);
}

/* By which names an entry is meant, and whether others with the same name keep theirs. */
static void an_entry_may_be_meant_in_several_ways(void)
{
	static const struct {
		const char *entry, *name;
		enum cpio_match match;
		bool meant;
	} rows[] = {
	        {"usr/lib/x/libc.so.6", "libc.so.6",    CPIO_BASE,   true },
	        {"libc.so.6",           "libc.so.6",    CPIO_BASE,   true },
	        {"lib/notlibc.so.6",    "libc.so.6",    CPIO_BASE,   false},
	        {"lib/libc.so.6/x",     "libc.so.6",    CPIO_BASE,   false},
	        {"so.6",                "libc.so.6",    CPIO_BASE,   false},
	        {"etc/v/one",           "etc/v",        CPIO_BELOW,  true },
	        {"etc/v/one/two",       "etc/v",        CPIO_BELOW,  true },
	        {"etc/v",               "etc/v",        CPIO_BELOW,  false},
	        {"etc/v/",              "etc/v",        CPIO_BELOW,  false},
	        {"etc/volumes/one",     "etc/v",        CPIO_BELOW,  false},
	        {"lib/m/xts.ko",        "lib/m/xts.ko", CPIO_PACKED, true },
	        {"lib/m/xts.ko.xz",     "lib/m/xts.ko", CPIO_PACKED, true },
	        {"lib/m/xts.ko.zst",    "lib/m/xts.ko", CPIO_PACKED, true },
	        {"lib/m/xts.ko.gz",     "lib/m/xts.ko", CPIO_PACKED, true },
	        {"lib/m/xts.ko.old",    "lib/m/xts.ko", CPIO_PACKED, false},
	        {"lib/m/xts.k",         "lib/m/xts.ko", CPIO_PACKED, false},
	        {"lib/m/xts.ko.xz",     "lib/m/xts.ko", CPIO_THIS,   false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct archive a;
		struct cpio_want w[] = {
		        {.name = rows[i].name, .match = rows[i].match},
		        want_same(rows[i].entry, "other"),
		};
		uint64_t end = 0;

		a.n = 0;
		file(&a, rows[i].entry, "x", 1);
		trailer(&a, 0);
		CHECK_ROW(scan(&a, w, 1, &end) == OK, rows[i].entry);
		CHECK_ROW(w[0].good == rows[i].meant && w[0].found == rows[i].meant,
		          rows[i].entry);
		w[0].good = w[0].found = false;
		if (strncmp(rows[i].entry, "usr/", 4) == 0)
			w[1].name += 4;
		CHECK_ROW(scan(&a, w, 2, &end) == OK, rows[i].entry);
		CHECK_ROW(w[0].good == rows[i].meant, rows[i].entry);
		CHECK_ROW(w[1].found && !w[1].good, rows[i].entry);
	}
}

static void archives_follow_each_other_and_the_last_file_counts(void)
{
	static struct archive a;
	static uint8_t big[100 * 1000];
	struct cpio_want w[] = {
	        want_same("a", "new"),
	        {.name = "b"                   },
	        { .name = "big", .compare = true, .content = {big, sizeof(big)}}
        };
	uint64_t end = 0;

	memset(big, 'x', sizeof(big));
	file(&a, "a", "old", 3);
	trailer(&a, 512);
	file(&a, "a", "new", 3);
	file(&a, "big", big, sizeof(big));
	trailer(&a, 4);
	const size_t n = a.n;
	add(&a, "\x28\xb5\x2f\xfd and so on", 14);
	CHECK(scan(&a, w, 3, &end) == OK);
	CHECK(end == n && w[0].good && !w[1].found && w[2].good);
}

static void what_is_no_archive_ends_at_once(void)
{
	static struct archive a;
	uint64_t end = 9;

	CHECK(scan(&a, NULL, 0, &end) == OK && end == 0);
	add(&a, "hello world", 11);
	CHECK(scan(&a, NULL, 0, &end) == OK && end == 0);
}

static void broken_archives_are_refused(void)
{
	static struct archive whole;
	struct cpio_want w = want_same("name", "content");
	uint64_t end = 0;

	file(&whole, "name", "content", 7);
	for (size_t cut = 6; cut < whole.n; cut++) {
		static struct archive a;

		a = whole;
		a.n = cut;
		CHECK(scan(&a, &w, 1, &end) == ERR_FORMAT);
	}
	static const struct {
		size_t at;
		const char *text;
	} rows[] = {
	        {54, "0000000g"},
                {54, "        "},
                {94, "00000000"},
	        {94, "00001001"},
                {94, "ffffffff"},
                {54, "ffffffff"}
        };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct archive a;

		a = whole;
		memcpy(a.bytes + rows[i].at, rows[i].text, 8);
		CHECK_ROW(scan(&a, &w, 1, &end) == ERR_FORMAT, rows[i].text);
	}
}

static void who_never_writes_is_waited_for_in_vain(void)
{
	uint64_t end = 0;
	int fd[2];

	CHECK(pipe(fd) == 0);
	CHECK(cpio_scan(fd[0], clock_ms() + 20, NULL, 0, &end) == ERR_TIMEOUT);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"files_are_found_and_compared",                        files_are_found_and_compared   },
	        {"an_entry_may_be_meant_in_several_ways",
	         an_entry_may_be_meant_in_several_ways                                                 },
	        {"archives_follow_each_other_and_the_last_file_counts",
	         archives_follow_each_other_and_the_last_file_counts                                   },
	        {"what_is_no_archive_ends_at_once",                     what_is_no_archive_ends_at_once},
	        {"broken_archives_are_refused",                         broken_archives_are_refused    },
	        {"who_never_writes_is_waited_for_in_vain",
	         who_never_writes_is_waited_for_in_vain                                                },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
