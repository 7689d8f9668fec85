/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job in a child process: what it gives, and what becomes of one that misbehaves. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/aside.h"
#include "core/clock.h"
#include "tests/unit/check.h"

enum { LONG_MS = 20000, SHORT_MS = 50, CAP = 64 };

static enum err twice(const void *how, const struct secret *in, struct writer *out)
{
	const struct bytes b = in ? secret_view(in) : (struct bytes){0};

	put_string(out, how);
	put_bytes(out, b.p, b.n);
	put_bytes(out, b.p, b.n);
	return OK;
}

static bool is(const struct secret *s, const char *text)
{
	return s && bytes_equal(secret_view(s), bytes_of(text));
}

static void what_it_writes_comes_back(void)
{
	AUTO_SECRET *in = NULL, *out = NULL;

	CHECK(secret_copy(bytes_of("ab"), &in) == OK);
	CHECK(aside_run(twice, "to ", in, CAP, LONG_MS, &out) == OK);
	CHECK(is(out, "to abab"));
}

static void nothing_in_and_nothing_out(void)
{
	AUTO_SECRET *out = NULL;

	CHECK(aside_run(twice, "", NULL, CAP, LONG_MS, &out) == OK);
	CHECK(is(out, ""));
}

static enum err says(const void *how, const struct secret *in, struct writer *out)
{
	(void)in;
	put_string(out, "not to be seen");
	return *(const enum err *)how;
}

static void its_error_is_the_callers(void)
{
	AUTO_SECRET *out = NULL;
	enum err e = ERR_PIN_WRONG;

	CHECK(aside_run(says, &e, NULL, CAP, LONG_MS, &out) == ERR_PIN_WRONG);
	e = ERR_BUG;
	CHECK(aside_run(says, &e, NULL, CAP, LONG_MS, &out) == ERR_IO);
	e = ERR_NOMEM;
	CHECK(aside_run(says, &e, NULL, CAP, LONG_MS, &out) == ERR_IO);
	e = ERR_COUNT_;
	CHECK(aside_run(says, &e, NULL, CAP, LONG_MS, &out) == ERR_IO);
	CHECK(!out);
}

static enum err too_much(const void *how, const struct secret *in, struct writer *out)
{
	static const uint8_t many[CAP + 1];

	(void)how;
	(void)in;
	put_bytes(out, many, sizeof(many));
	return OK;
}

static enum err lies(const void *how, const struct secret *in, struct writer *out)
{
	static const uint8_t many[CAP + 2];

	(void)how;
	(void)in;
	(void)out;
	(void)!send(3, many, sizeof(many), 0);
	return OK;
}

static void more_than_was_asked_for_is_nothing(void)
{
	AUTO_SECRET *out = NULL;

	CHECK(aside_run(too_much, NULL, NULL, CAP, LONG_MS, &out) == ERR_IO);
	CHECK(aside_run(lies, NULL, NULL, CAP, LONG_MS, &out) == ERR_IO);
	CHECK(!out);
}

static enum err hangs(const void *how, const struct secret *in, struct writer *out)
{
	(void)how;
	(void)in;
	(void)out;
	for (;;)
		(void)poll(NULL, 0, LONG_MS);
	return OK;
}

static enum err dies(const void *how, const struct secret *in, struct writer *out)
{
	(void)how;
	(void)in;
	(void)out;
	(void)raise(SIGKILL);
	return OK;
}

static void one_that_hangs_is_given_up(void)
{
	AUTO_SECRET *out = NULL;

	CHECK(aside_run(hangs, NULL, NULL, CAP, SHORT_MS, &out) == ERR_TIMEOUT);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0); /* and no child is left */
	CHECK(!out);
}

static void one_that_dies_breaks_nothing(void)
{
	AUTO_SECRET *out = NULL;

	CHECK(aside_run(dies, NULL, NULL, CAP, LONG_MS, &out) == ERR_IO);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0);
	CHECK(!out);
}

/* how: a descriptor of the parent's. */
static enum err looks_round(const void *how, const struct secret *in, struct writer *out)
{
	struct stat null, st;
	bool nowhere = stat("/dev/null", &null) == 0;

	(void)in;
	for (int fd = 0; fd <= 2; fd++)
		nowhere = nowhere && fstat(fd, &st) == 0 && st.st_rdev == null.st_rdev;
	put_string(out, nowhere ? "nowhere " : "somewhere ");
	put_string(out, fcntl(*(const int *)how, F_GETFD) < 0 ? "closed" : "open");
	return OK;
}

static void it_has_none_of_our_descriptors(void)
{
	AUTO_SECRET *out = NULL;
	const int fd = open("/", O_PATH | O_CLOEXEC);
	const int far = fcntl(fd, F_DUPFD_CLOEXEC, 20);

	CHECK(far >= 20);
	CHECK(aside_run(looks_round, &far, NULL, CAP, LONG_MS, &out) == OK);
	CHECK(is(out, "nowhere closed"));
	(void)close(far);
	(void)close(fd);
}

static void too_much_is_refused_at_once(void)
{
	AUTO_SECRET *in = NULL, *out = NULL;

	CHECK(secret_new(ASIDE_MAX, &in) == OK);
	CHECK(secret_set_len(in, ASIDE_MAX) == OK);
	CHECK(aside_run(twice, "", in, CAP, LONG_MS, &out) == ERR_BUG);
	CHECK(aside_run(twice, "", NULL, ASIDE_MAX, LONG_MS, &out) == ERR_BUG);
}

static void meanwhile_its_caller_does_other_things(void)
{
	AUTO_SECRET *in = NULL, *out = NULL;
	struct aside *a = NULL;
	char how[] = "to ";

	CHECK(secret_copy(bytes_of("ab"), &in) == OK);
	CHECK(aside_start(twice, how, in, CAP, LONG_MS, &a) == OK);
	how[0] = '?';
	in = secret_free(in);
	struct pollfd p = {.fd = aside_fd(a), .events = POLLIN};
	CHECK(poll(&p, 1, LONG_MS) == 1);
	CHECK(aside_done(a));
	CHECK(aside_finish(a, &out) == OK);
	CHECK(is(out, "to abab"));
	CHECK(waitpid(-1, NULL, WNOHANG) < 0);
}

static void one_that_hangs_is_not_done_before_its_time(void)
{
	AUTO_SECRET *out = NULL;
	struct aside *a = NULL;

	CHECK(aside_start(hangs, NULL, NULL, CAP, LONG_MS, &a) == OK);
	CHECK(!aside_done(a));
	CHECK(!aside_drop(a));
	CHECK(waitpid(-1, NULL, WNOHANG) < 0); /* and no child is left */
	CHECK(aside_start(hangs, NULL, NULL, CAP, SHORT_MS, &a) == OK);
	const int64_t begun = clock_ms();
	while (!aside_done(a) && clock_ms() - begun < LONG_MS)
		(void)poll(NULL, 0, 1);
	CHECK(aside_done(a));
	CHECK(aside_finish(a, &out) == ERR_TIMEOUT);
	CHECK(!aside_drop(NULL));
}

/* Answers "first", then with what it is told. */
static enum err in_two_parts(const void *how, const struct secret *in, struct writer *out)
{
	AUTO_SECRET *more = NULL;

	(void)in;
	const enum err e = aside_exchange(bytes_of(how), LONG_MS, &more);
	if (e == OK)
		put_bytes(out, secret_view(more).p, secret_len(more));
	return e;
}

static void a_job_in_two_parts_waits_in_between(void)
{
	AUTO_SECRET *more = NULL, *found = NULL, *out = NULL;
	struct aside *a = NULL;

	CHECK(secret_copy(bytes_of("the rest"), &more) == OK);
	CHECK(aside_start(in_two_parts, "first", NULL, CAP, LONG_MS, &a) == OK);
	CHECK(aside_hear(a, &found) == OK && is(found, "first"));
	(void)poll(NULL, 0, SHORT_MS);
	CHECK(!aside_done(a)); /* however long it takes */
	CHECK(aside_tell(a, more, LONG_MS) == OK);
	CHECK(aside_finish(a, &out) == OK && is(out, "the rest"));
	out = secret_free(out);
	found = secret_free(found);
	CHECK(aside_start(in_two_parts, "first", NULL, CAP, LONG_MS, &a) == OK);
	CHECK(aside_hear(a, &found) == OK);
	CHECK(aside_tell(a, NULL, LONG_MS) == OK);
	CHECK(aside_finish(a, &out) == OK && is(out, ""));
}

/* how: memory that is shared, where it says that it left in order. */
static enum err puts_away(const void *how, const struct secret *in, struct writer *out)
{
	AUTO_SECRET *more = NULL;
	int *mark = NULL;

	(void)in, (void)out;
	memcpy(&mark, &how, sizeof(mark));
	const enum err e = aside_exchange(bytes_of("x"), LONG_MS, &more);
	*mark = e == ERR_IO ? 1 : 2;
	return e;
}

static void one_that_waits_may_put_away_what_it_holds(void)
{
	AUTO_SECRET *found = NULL;
	struct aside *a = NULL;
	int *mark = mmap(NULL, sizeof(*mark), PROT_READ | PROT_WRITE,
	                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(mark != MAP_FAILED);
	CHECK(aside_start(puts_away, mark, NULL, CAP, LONG_MS, &a) == OK);
	CHECK(aside_hear(a, &found) == OK);
	a = aside_drop(a);
	CHECK(*mark == 1);
	CHECK(munmap(mark, sizeof(*mark)) == 0);
}

static void one_that_is_gone_when_it_is_told_is_an_error(void)
{
	AUTO_SECRET *found = NULL, *none = NULL;
	struct pollfd end = {.events = 0}; /* it hangs up */
	struct aside *a = NULL;

	CHECK(aside_start(twice, "", NULL, CAP, LONG_MS, &a) == OK); /* has one part */
	CHECK(aside_hear(a, &found) == OK);
	end.fd = aside_fd(a);
	CHECK(poll(&end, 1, LONG_MS) == 1);
	CHECK(aside_tell(a, NULL, LONG_MS) == ERR_IO);
	a = aside_drop(a);
	CHECK(aside_start(in_two_parts, "first", NULL, CAP, LONG_MS, &a) == OK);
	a = aside_drop(a); /* nor does it stay when nobody tells it more */
	CHECK(waitpid(-1, NULL, WNOHANG) < 0);
	CHECK(aside_start(hangs, NULL, NULL, CAP, SHORT_MS, &a) == OK);
	CHECK(aside_hear(a, &none) == ERR_TIMEOUT && !none);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0);
}

static const struct check_case cases[] = {
        {"what_it_writes_comes_back",                    what_it_writes_comes_back          },
        {"nothing_in_and_nothing_out",                   nothing_in_and_nothing_out         },
        {"its_error_is_the_callers",                     its_error_is_the_callers           },
        {"more_than_was_asked_for_is_nothing",           more_than_was_asked_for_is_nothing },
        {"one_that_hangs_is_given_up",                   one_that_hangs_is_given_up         },
        {"one_that_dies_breaks_nothing",                 one_that_dies_breaks_nothing       },
        {"it_has_none_of_our_descriptors",               it_has_none_of_our_descriptors     },
        {"too_much_is_refused_at_once",                  too_much_is_refused_at_once        },
        {"meanwhile_its_caller_does_other_things",
         meanwhile_its_caller_does_other_things                                             },
        {"one_that_hangs_is_not_done_before_its_time",
         one_that_hangs_is_not_done_before_its_time                                         },
        {"a_job_in_two_parts_waits_in_between",          a_job_in_two_parts_waits_in_between},
        {"one_that_waits_may_put_away_what_it_holds",
         one_that_waits_may_put_away_what_it_holds                                          },
        {"one_that_is_gone_when_it_is_told_is_an_error",
         one_that_is_gone_when_it_is_told_is_an_error                                       },
};

int main(void)
{
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
