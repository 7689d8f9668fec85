/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Enrolling, removing and renewing, with every call that changes something failing or
 * being the last one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/log.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/double_io.h"
#include "tests/unit/world.h"

enum { CALLS_MAX = 400 };

static struct vcard *alice;

enum command { ENROLL, UNENROLL, RENEW };

static enum err run(struct world *w, enum command c)
{
	struct record r;

	switch (c) {
	case ENROLL:
		return world_enroll_plain(w, alice);
	case UNENROLL:
		return world_unenroll(w, 2, NULL, false);
	case RENEW:
		return world_renew(w, WORLD_PHRASE, &r);
	}
	return ERR_BUG;
}

/* In a process of its own: true when it died in call number `at`. */
static bool dies(struct world *w, enum command c, unsigned at)
{
	int status = 0;

	(void)fflush(stdout);
	const pid_t child = fork();
	if (child == 0) {
		struct double_io io = {.below = w->dir, .kinds = IO_ALL, .at = at};

		double_io_plan(&io);
		_exit(run(w, c) == OK ? 0 : 1);
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
	CHECK(WEXITSTATUS(status) == IO_DIED || WEXITSTATUS(status) == 0);
	return WEXITSTATUS(status) == IO_DIED;
}

static void check_after(struct world *w, enum command c, const char *what)
{
	CHECK_ROW(world_phrase_opens(w, WORLD_PHRASE), what);
	switch (c) {
	case ENROLL:
		CHECK_ROW((world_slots(w) & ~5U) == 0, what);
		CHECK_ROW(world_enroll_plain(w, alice) == OK, what);
		CHECK_ROW(world_card_opens(w, alice, 2), what);
		CHECK_ROW(world_is_tidy(w, 1), what);
		break;
	case UNENROLL:;
		const enum err e = world_unenroll(w, 2, NULL, false);
		CHECK_ROW(e == OK || e == ERR_NOT_ENROLLED, what);
		CHECK_ROW(world_slots(w) == 1, what);
		CHECK_ROW(world_is_tidy(w, 0), what);
		break;
	case RENEW:
		CHECK_ROW(run(w, RENEW) == OK, what);
		CHECK_ROW(world_card_opens(w, alice, 2), what);
		CHECK_ROW(world_is_tidy(w, 1), what);
		break;
	}
	CHECK_ROW(world_phrase_opens(w, WORLD_PHRASE), what);
}

static void begin(struct world *w, int version, enum command c)
{
	world_make(w, version);
	if (c != ENROLL)
		CHECK(world_enroll_plain(w, alice) == OK);
	if (c == RENEW) { /* both files are to be written */
		CHECK(record_delete(w->config, w->uuid) == OK);
		if (version == 2)
			CHECK(blob_remove(w->boot, w->uuid, 2) == OK);
	}
	world_keep(w);
}

static void killed(int version, enum command c)
{
	struct world w;
	unsigned at = 1;

	begin(&w, version, c);
	for (; at < CALLS_MAX; at++) {
		char what[64];

		(void)snprintf(what, sizeof(what), "LUKS%d, call %u", version, at);
		world_restore(&w);
		if (!dies(&w, c, at))
			break;
		check_after(&w, c, what);
	}
	CHECK(at > 5 && at < CALLS_MAX);
	world_drop(&w);
}

static void fails(int version, enum command c, unsigned kinds, int error)
{
	struct world w;
	unsigned at = 1;

	begin(&w, version, c);
	for (; at < CALLS_MAX; at++) {
		struct double_io io = {
		        .below = w.dir, .kinds = kinds, .at = at, .error = error};
		uint8_t before[32], after[32];
		char what[64];

		(void)snprintf(what, sizeof(what), "LUKS%d, kinds %u, call %u", version,
		               kinds, at);
		world_restore(&w);
		world_files_digest(&w, before);
		double_io_plan(&io);
		const enum err e = run(&w, c);
		double_io_plan(NULL);
		if (io.hit == 0)
			break;
		world_files_digest(&w, after);
		/* What was taken back whole left nothing. */
		if (c == ENROLL && e != OK &&
		    !double_ask_said(&w.person, "Not everything")) {
			CHECK_ROW(memcmp(before, after, sizeof(after)) == 0, what);
			CHECK_ROW(world_is_tidy(&w, 0), what);
		}
		/* A blob that could not be removed was told of, and opens nothing. */
		if (c == UNENROLL && e != OK) {
			(void)run(&w, UNENROLL);
			CHECK_ROW(run(&w, RENEW) == OK, what);
		}
		if (c == ENROLL && e == OK)
			CHECK_ROW(world_card_opens(&w, alice, 2), what);
		check_after(&w, c, what);
	}
	CHECK(at > 1 && at < CALLS_MAX);
	world_drop(&w);
}

static void enrolling_survives_being_killed_on_luks2(void)
{
	killed(2, ENROLL);
}

static void enrolling_survives_being_killed_on_luks1(void)
{
	killed(1, ENROLL);
}

static void removing_survives_being_killed(void)
{
	killed(1, UNENROLL);
	killed(2, UNENROLL);
}

static void renewing_survives_being_killed(void)
{
	killed(1, RENEW);
	killed(2, RENEW);
}

static void enrolling_survives_errors(void)
{
	fails(2, ENROLL, IO_ALL & ~(unsigned)IO_WRITE, EIO);
	fails(1, ENROLL, IO_ALL & ~(unsigned)IO_WRITE, EIO);
}

static void enrolling_survives_a_full_disk(void)
{
	fails(2, ENROLL, IO_CREATE | IO_WRITE | IO_MKDIR, ENOSPC);
	fails(1, ENROLL, IO_CREATE | IO_WRITE | IO_MKDIR, ENOSPC);
}

static void removing_and_renewing_survive_errors(void)
{
	for (int version = 1; version <= 2; version++) {
		fails(version, UNENROLL, IO_ALL, EIO);
		fails(version, RENEW, IO_ALL, ENOSPC);
	}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"enrolling_survives_being_killed_on_luks2",
	         enrolling_survives_being_killed_on_luks2                                  },
	        {"enrolling_survives_being_killed_on_luks1",
	         enrolling_survives_being_killed_on_luks1                                  },
	        {"removing_survives_being_killed",           removing_survives_being_killed},
	        {"renewing_survives_being_killed",           renewing_survives_being_killed},
	        {"enrolling_survives_errors",                enrolling_survives_errors     },
	        {"enrolling_survives_a_full_disk",           enrolling_survives_a_full_disk},
	        {"removing_and_renewing_survive_errors",
	         removing_and_renewing_survive_errors                                      },
	};

	log_to(NULL, NULL, LOG_WARN);
	if (crypto_init() != OK)
		return 1;
	alice = world_card(CURVE_25519);
	const int failed = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	vcard_free(alice);
	return failed;
}
