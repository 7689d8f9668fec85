/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hashing of a tree: the right digests from any number of threads, progress, and an
 * end that leaves nothing behind. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/hex.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/tree_folder.h"

enum { CHUNK = 64 * 1024 };
/* Nobody reads all of the first while a test runs; the other takes longer than it takes
 * until progress is asked for. */
#define HUGE_FILE ((off_t)1 << 40)
#define BIG_FILE  ((off_t)512 << 20)

static void make_sparse(const struct tree_folder *f, const char *name, off_t size)
{
	tf_file(f, name, "");
	const int fd = openat(f->fd, name, O_WRONLY | O_CLOEXEC);
	CHECK_ROW(ftruncate(fd, size) == 0 && close(fd) == 0, name);
}

static bool digest_is(const struct tree *t, const char *path, const char *hex)
{
	const struct tree_entry *a = tree_find(t, path);
	char is[2 * TREE_HASH_LEN + 1] = "";

	if (a)
		hex_encode((struct bytes){a->sha256, TREE_HASH_LEN}, is);
	return strcmp(is, hex) == 0;
}

/* FIPS 180-2, appendix B: "abc", 56 bytes, a million times 'a'; and nothing. */
static void the_digests_are_those_of_the_standard(void)
{
	struct tree_folder f;
	char *million = malloc(1000001);

	memset(million, 'a', 1000000);
	million[1000000] = '\0';
	tf_make(&f);
	tf_dir(&f, "d");
	tf_file(&f, "empty", "");
	tf_file(&f, "d/abc", "abc");
	tf_file(&f, "d/more", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
	tf_file(&f, "million", million);
	struct tree *t = tf_walk(&f, 0);
	CHECK(digest_is(
	        t, "./empty",
	        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
	CHECK(digest_is(
	        t, "./d/abc",
	        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	CHECK(digest_is(
	        t, "./d/more",
	        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
	CHECK(digest_is(
	        t, "./million",
	        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
	CHECK(t->bytes == 1000059);
	t = tree_free(t);
	free(million);
	tf_drop(&f);
}

static void sizes_about_the_buffer_are_read_whole_by_any_number_of_threads(void)
{
	static const size_t sizes[] = {1,         CHUNK - 1,     CHUNK,         CHUNK + 1,
	                               2 * CHUNK, 2 * CHUNK + 1, 17 * CHUNK + 5};
	static const unsigned threads[] = {0, 1, 2, 7, 64, 100000};
	enum { N = sizeof(sizes) / sizeof(sizes[0]) };
	uint8_t wanted[N][TREE_HASH_LEN];
	struct tree_folder f;
	char name[32];
	uint8_t *p = malloc(17 * CHUNK + 5);

	for (size_t i = 0; i < 17 * CHUNK + 5; i++)
		p[i] = (uint8_t)(i * 2654435761U >> 13);
	tf_make(&f);
	for (size_t i = 0; i < N; i++) {
		(void)snprintf(name, sizeof(name), "%zu", i);
		tf_bytes(&f, name, (struct bytes){p, sizes[i]});
		CHECK(hash_all(HASH_SHA256, (struct bytes){p, sizes[i]}, wanted[i],
		               TREE_HASH_LEN) == OK);
	}
	for (size_t k = 0; k < sizeof(threads) / sizeof(threads[0]); k++) {
		struct tree *t = tf_walk(&f, threads[k]);

		CHECK(t->n == N + 1);
		for (size_t i = 0; i < N; i++)
			CHECK_ROW(memcmp(t->entry[i + 1].sha256, wanted[i],
			                 TREE_HASH_LEN) == 0,
			          t->entry[i + 1].path);
		t = tree_free(t);
	}
	free(p);
	tf_drop(&f);
}

/* --- progress --- */

struct seen {
	const struct tree_folder *f;
	pthread_t caller;
	struct tree_progress last;
	unsigned calls, calls_at_work;
	unsigned threads_most;
	bool monotone, blocked, end_at_work, shrink, write;
};

/* Do all threads but this one have these signals blocked? */
static bool others_block(unsigned *ret_others)
{
	static const int wanted[] = {SIGINT, SIGTERM, SIGALRM, SIGUSR1, SIGCHLD, SIGHUP};
	DIR *d = opendir("/proc/self/task");
	char path[64], line[256];
	bool all = true;

	*ret_others = 0;
	if (!d)
		return false;
	for (const struct dirent *e; (e = readdir(d)) != NULL;) {
		const long tid = strtol(e->d_name, NULL, 10);
		unsigned long long mask = 0;

		if (tid == 0 || tid == gettid())
			continue;
		(void)snprintf(path, sizeof(path), "/proc/self/task/%ld/status", tid);
		FILE *status = fopen(path, "re");
		while (status && fgets(line, sizeof(line), status))
			if (strncmp(line, "SigBlk:", 7) == 0)
				mask = strtoull(line + 7, NULL, 16);
		if (status)
			(void)fclose(status);
		++*ret_others;
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			all = all && (mask >> (wanted[i] - 1) & 1) != 0;
	}
	(void)closedir(d);
	return all;
}

static void act(struct seen *s)
{
	const int fd = openat(s->f->fd, "huge", O_WRONLY | O_CLOEXEC);

	if (s->shrink)
		CHECK(ftruncate(fd, 1) == 0);
	if (s->write)
		CHECK(pwrite(fd, "x", 1, 0) == 1);
	(void)close(fd);
	s->shrink = s->write = false;
}

static bool note(const struct tree_progress *p, void *ctx)
{
	struct seen *s = ctx;
	const bool at_work = p->files_all > 0 && p->files_done < p->files_all;
	unsigned others = 0;

	s->calls++;
	s->calls_at_work += at_work;
	s->monotone =
	        s->monotone && pthread_equal(s->caller, pthread_self()) &&
	        p->bytes_done >= s->last.bytes_done && p->bytes_done <= p->bytes_all &&
	        p->files_done >= s->last.files_done && p->files_done <= p->files_all;
	s->last = *p;
	if (!at_work)
		return true;
	s->blocked = others_block(&others) && s->blocked;
	s->threads_most = others > s->threads_most ? others : s->threads_most;
	act(s);
	return !s->end_at_work;
}

static struct seen seen_new(const struct tree_folder *f)
{
	return (struct seen){
	        .f = f, .caller = pthread_self(), .monotone = true, .blocked = true};
}

/* Ends as told, with as many descriptors and threads as before. */
static enum err walk_seen(struct seen *s, unsigned threads, char *culprit)
{
	const struct tree_options o = {
	        .threads = threads, .progress = note, .ctx = s, .ret_culprit = culprit};
	const size_t fds = tf_count("/proc/self/fd");
	const size_t tasks = tf_count("/proc/self/task");
	sigset_t before = {0}, after = {0}; /* only a part of them is written */
	struct tree *t = NULL;

	CHECK(pthread_sigmask(SIG_SETMASK, NULL, &before) == 0);
	const enum err e = tree_walk(s->f->fd, &o, &t);
	CHECK((e == OK) == (t != NULL));
	t = tree_free(t);
	CHECK(pthread_sigmask(SIG_SETMASK, NULL, &after) == 0 &&
	      memcmp(&before, &after, sizeof(before)) == 0 &&
	      sigismember(&after, SIGUSR1) == 0);
	CHECK(tf_count("/proc/self/fd") == fds);
	/* A thread that was joined is in the list a moment longer. */
	for (int i = 0; i < 1000 && tf_count("/proc/self/task") != tasks; i++)
		(void)usleep(1000);
	CHECK(tf_count("/proc/self/task") == tasks);
	return e;
}

static void progress_comes_from_the_caller_and_ends_with_all(void)
{
	struct tree_folder f;
	char culprit[TREE_PATH_MAX];

	tf_make(&f);
	tf_file(&f, "a", "four");
	tf_file(&f, "b", "");
	tf_file(&f, "c", "!");
	struct seen s = seen_new(&f);
	CHECK(walk_seen(&s, 2, culprit) == OK && s.monotone && s.calls >= 1);
	CHECK(s.last.bytes_done == 5 && s.last.bytes_all == 5 && s.last.files_done == 3 &&
	      s.last.files_all == 3);
	tf_rm(&f, "a");
	tf_rm(&f, "b");
	tf_rm(&f, "c");
	s = seen_new(&f);
	CHECK(walk_seen(&s, 2, culprit) == OK && s.calls == 1 && s.last.files_all == 0);
	tf_drop(&f);
}

static bool never(const struct tree_progress *p, void *ctx)
{
	(void)p;
	(void)ctx;
	return false;
}

static void who_says_no_at_any_time_gets_no_tree(void)
{
	char name[32], culprit[TREE_PATH_MAX] = "?";
	const struct tree_options o = {.progress = never, .ret_culprit = culprit};
	struct tree_folder f;
	struct tree *t = NULL;

	tf_make(&f);
	CHECK(tree_walk(f.fd, &o, &t) == ERR_CANCELLED && !t && culprit[0] == '\0');
	for (int i = 0; i < 1100;
	     i++) { /* so that it is asked while names are gathered */
		(void)snprintf(name, sizeof(name), "l%d", i);
		tf_link(&f, name, "x");
	}
	CHECK(tree_walk(f.fd, &o, &t) == ERR_CANCELLED && !t);
	tf_drop(&f);
}

static void a_huge_file_is_given_up_in_its_midst(void)
{
	struct tree_folder f;
	char culprit[TREE_PATH_MAX] = "?";

	tf_make(&f);
	make_sparse(&f, "huge", HUGE_FILE);
	make_sparse(&f, "other", HUGE_FILE);
	tf_file(&f, "small", "x");
	struct seen s = seen_new(&f);
	s.end_at_work = true;
	CHECK(walk_seen(&s, 2, culprit) == ERR_CANCELLED && culprit[0] == '\0');
	CHECK(s.monotone && s.calls_at_work == 1); /* it is not asked again */
	CHECK(s.last.bytes_done < (uint64_t)HUGE_FILE && s.last.files_done == 0);
	CHECK(s.blocked && s.threads_most == 2);
	tf_drop(&f);
}

static void a_file_that_shrinks_or_changes_under_the_reader_is_busy(void)
{
	struct tree_folder f;
	char culprit[TREE_PATH_MAX] = "?";

	tf_make(&f);
	make_sparse(&f, "huge", HUGE_FILE);
	struct seen s = seen_new(&f);
	s.shrink = true;
	CHECK(walk_seen(&s, 1, culprit) == ERR_BUSY && strcmp(culprit, "./huge") == 0);
	CHECK(s.calls_at_work >= 1);
	make_sparse(&f, "huge", BIG_FILE);
	s = seen_new(&f);
	s.write = true;
	CHECK(walk_seen(&s, 1, culprit) == ERR_BUSY && strcmp(culprit, "./huge") == 0);
	CHECK(s.calls_at_work >= 1 && s.monotone);
	tf_drop(&f);
}

static void one_thread_for_each_processor_that_may_be_used(void)
{
	struct tree_folder f;
	char culprit[TREE_PATH_MAX], name[32];
	cpu_set_t all, one;
	size_t first = 0;

	CHECK(sched_getaffinity(0, sizeof(all), &all) == 0);
	while (!CPU_ISSET(first, &all))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	tf_make(&f);
	for (int i = 0; i <= CPU_COUNT(&all) && i < 16; i++) {
		(void)snprintf(name, sizeof(name), "huge%d", i);
		make_sparse(&f, name, HUGE_FILE);
	}
	struct seen s = seen_new(&f);
	s.end_at_work = true;
	CHECK(walk_seen(&s, 0, culprit) == ERR_CANCELLED);
	CHECK(CPU_COUNT(&all) > 15 || s.threads_most == (unsigned)CPU_COUNT(&all));
	CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
	s = seen_new(&f);
	s.end_at_work = true;
	CHECK(walk_seen(&s, 0, culprit) == ERR_CANCELLED && s.threads_most == 1);
	CHECK(sched_setaffinity(0, sizeof(all), &all) == 0);
	tf_drop(&f);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"the_digests_are_those_of_the_standard",
	         the_digests_are_those_of_the_standard                         },
	        {"sizes_about_the_buffer_are_read_whole_by_any_number_of_threads",
	         sizes_about_the_buffer_are_read_whole_by_any_number_of_threads},
	        {"progress_comes_from_the_caller_and_ends_with_all",
	         progress_comes_from_the_caller_and_ends_with_all              },
	        {"who_says_no_at_any_time_gets_no_tree",
	         who_says_no_at_any_time_gets_no_tree                          },
	        {"a_huge_file_is_given_up_in_its_midst",
	         a_huge_file_is_given_up_in_its_midst                          },
	        {"a_file_that_shrinks_or_changes_under_the_reader_is_busy",
	         a_file_that_shrinks_or_changes_under_the_reader_is_busy       },
	        {"one_thread_for_each_processor_that_may_be_used",
	         one_thread_for_each_processor_that_may_be_used                },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
