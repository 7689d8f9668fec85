/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a tree hashed by as many threads as there are processors. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "sign/tree_parts.h"

enum {
	BUF = 64 * 1024, /* fits the second cache with what the kernel copies from */
	THREADS_MAX = 64,
	BIG = 1024 * 1024, /* these go first, the largest of them foremost */
	PROGRESS_MS = 100,
};

struct pool {
	const struct tree_walk *w;
	uint32_t *job; /* indices of files, in the order in which they are taken */
	size_t jobs;
	atomic_size_t next, files;
	atomic_uint_fast64_t bytes;
	atomic_bool stop;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t ended;
	unsigned running;
	enum err err; /* the first that happened, and to whom */
	uint32_t culprit;
};

struct worker {
	pthread_t thread;
	struct pool *pool;
	uint8_t *buf; /* BUF bytes */
};

static enum err add_content(struct pool *p, struct hash *h, int fd, uint64_t size,
                            uint8_t *buf)
{
	for (uint64_t left = size; left > 0;) {
		if (atomic_load_explicit(&p->stop, memory_order_relaxed))
			return ERR_CANCELLED;
		const ssize_t got = read(fd, buf, left < BUF ? (size_t)left : BUF);
		if (got == 0)
			return ERR_BUSY; /* it has become shorter */
		if (got < 0 && errno != EINTR)
			return err_from_errno(errno);
		if (got < 0)
			continue;
		hash_add(h, (struct bytes){buf, (size_t)got});
		left -= (uint64_t)got;
		atomic_fetch_add_explicit(&p->bytes, (uint64_t)got, memory_order_relaxed);
	}
	return OK;
}

/* What is read is what was listed, before and after. */
static enum err hash_open(struct pool *p, int fd, uint32_t at, uint8_t *buf)
{
	struct tree_entry *file = &p->w->t->entry[at];
	const struct tree_stamp *seen = &p->w->stamp[at];
	struct hash *h = NULL;

	enum err e = tree_same(fd, seen);
	if (e == OK && file->size > BUF)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* a wish */
	if (e == OK)
		e = hash_new(HASH_SHA256, &h);
	if (e == OK)
		e = add_content(p, h, fd, file->size, buf);
	if (e == OK)
		e = tree_same(fd, seen);
	if (e != OK) {
		h = hash_free(h);
		return e;
	}
	return hash_end(h, file->sha256, sizeof(file->sha256));
}

static enum err hash_one(struct pool *p, uint32_t at, uint8_t *buf)
{
	int fd = -1;
	enum err e = tree_open_at(p->w->dirfd, p->w->t->entry[at].path, 0, &fd);

	if (e != OK)
		return e;
	e = hash_open(p, fd, at, buf);
	(void)close(fd); /* only read */
	atomic_fetch_add_explicit(&p->files, 1, memory_order_relaxed);
	return e;
}

static void fail(struct pool *p, enum err e, uint32_t at)
{
	atomic_store(&p->stop, true);
	(void)pthread_mutex_lock(&p->lock);
	if (p->err == OK) {
		p->err = e;
		p->culprit = at;
	}
	(void)pthread_mutex_unlock(&p->lock);
}

static void *work(void *ctx)
{
	struct worker *me = ctx;
	struct pool *p = me->pool;

	while (!atomic_load_explicit(&p->stop, memory_order_relaxed)) {
		const size_t i = atomic_fetch_add(&p->next, 1);
		if (i >= p->jobs)
			break;
		const enum err e = hash_one(p, p->job[i], me->buf);
		/* Cancelled: somebody else has said why. */
		if (e != OK && e != ERR_CANCELLED)
			fail(p, e, p->job[i]);
	}
	(void)pthread_mutex_lock(&p->lock);
	p->running--;
	(void)pthread_cond_signal(&p->ended);
	(void)pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Big ones by size, so that none of them is left to one processor at the end; the others
 * as they lie beside each other. */
static int by_size(const void *a, const void *b, void *ctx)
{
	const struct tree *t = ctx;
	const uint32_t *i = a, *k = b;
	const uint64_t m = t->entry[*i].size, n = t->entry[*k].size;
	const uint64_t big_m = m >= BIG ? m : 0, big_n = n >= BIG ? n : 0;

	if (big_m != big_n)
		return big_m > big_n ? -1 : 1;
	return *i < *k ? -1 : *i > *k;
}

static enum err list_jobs(struct pool *p)
{
	struct tree *t = p->w->t;

	p->job = malloc(t->n * sizeof(*p->job));
	if (!p->job)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < t->n; i++)
		if (t->entry[i].type == TREE_FILE)
			p->job[p->jobs++] = i;
	qsort_r(p->job, p->jobs, sizeof(*p->job), by_size, t);
	return OK;
}

static unsigned threads_wanted(const struct pool *p)
{
	unsigned n = p->w->o->threads;
	cpu_set_t may;

	if (n == 0 && sched_getaffinity(0, sizeof(may), &may) == 0)
		n = (unsigned)CPU_COUNT(&may);
	if (n == 0) /* more processors than cpu_set_t has room for */
		n = THREADS_MAX;
	if (n > THREADS_MAX)
		n = THREADS_MAX;
	return n < p->jobs ? n : (unsigned)p->jobs;
}

/* As many as can be had; none: ERR_NOMEM. */
static enum err start(struct pool *p, struct worker *worker, unsigned wanted,
                      unsigned *ret_n)
{
	sigset_t all, before;
	unsigned n = 0;

	/* Signals are for the thread that called us. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	(void)pthread_mutex_lock(&p->lock);
	for (; n < wanted; n++) {
		worker[n] = (struct worker){.pool = p, .buf = malloc(BUF)};
		if (!worker[n].buf ||
		    pthread_create(&worker[n].thread, NULL, work, &worker[n]) != 0) {
			free(worker[n].buf);
			break;
		}
	}
	p->running = n;
	(void)pthread_mutex_unlock(&p->lock);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	*ret_n = n;
	return n > 0 ? OK : ERR_NOMEM;
}

static bool tell(const struct pool *p)
{
	const struct tree_options *o = p->w->o;
	const struct tree_progress now = {
	        .bytes_done = atomic_load(&p->bytes),
	        .bytes_all = p->w->t->bytes,
	        .files_done = atomic_load(&p->files),
	        .files_all = p->jobs,
	};

	return !o->progress || o->progress(&now, o->ctx);
}

/* Wait a moment; are they still at work? */
static bool wait_a_moment(struct pool *p)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PROGRESS_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_mutex_lock(&p->lock);
	int rc = 0;
	while (p->running > 0 && rc == 0)
		rc = pthread_cond_clockwait(&p->ended, &p->lock, CLOCK_MONOTONIC, &until);
	const bool running = p->running > 0;
	(void)pthread_mutex_unlock(&p->lock);
	return running;
}

static enum err watch(struct pool *p, struct worker *worker, unsigned n)
{
	bool cancelled = false;

	while (wait_a_moment(p))
		if (!cancelled && !tell(p)) {
			cancelled = true;
			atomic_store(&p->stop, true);
		}
	for (unsigned i = 0; i < n; i++) {
		(void)pthread_join(worker[i].thread, NULL);
		free(worker[i].buf);
	}
	if (cancelled)
		return ERR_CANCELLED;
	if (p->err != OK)
		return tree_blame(p->w->o, p->w->t->entry[p->culprit].path, p->err);
	return OK;
}

enum err tree_hash(const struct tree_walk *w)
{
	struct pool p = {.w = w};
	struct worker worker[THREADS_MAX];
	unsigned n = 0;

	if (pthread_mutex_init(&p.lock, NULL) != 0)
		return ERR_NOMEM;
	if (pthread_cond_init(&p.ended, NULL) != 0) {
		(void)pthread_mutex_destroy(&p.lock);
		return ERR_NOMEM;
	}
	enum err e = list_jobs(&p);
	if (e == OK && p.jobs > 0)
		e = start(&p, worker, threads_wanted(&p), &n);
	if (e == OK)
		e = watch(&p, worker, n);
	if (e == OK && !tell(&p))
		e = ERR_CANCELLED;
	free(p.job);
	(void)pthread_cond_destroy(&p.ended);
	(void)pthread_mutex_destroy(&p.lock);
	return e;
}
