/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a tree hashed by as many threads as there are processors. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "sign/tree_parts.h"

enum {
	BUF = 64 * 1024,   /* fits the second cache with what the kernel copies from */
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
	struct hash *hash;
};

/* As many as there are, at most n.  ERR_BUSY: none, so it has become shorter. */
static enum err read_some(int fd, uint8_t *buf, size_t n, size_t *ret)
{
	ssize_t got = -1;

	do
		got = read(fd, buf, n);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return got == 0 ? ERR_BUSY : err_from_errno(errno);
	*ret = (size_t)got;
	return OK;
}

static enum err hash_content(struct worker *me, int fd, struct tree_entry *file)
{
	struct pool *p = me->pool;
	struct bytes part = {me->buf, 0};

	for (uint64_t left = file->size; left > 0; left -= part.n) {
		if (atomic_load_explicit(&p->stop, memory_order_relaxed))
			return ERR_CANCELLED;
		const enum err e =
		        read_some(fd, me->buf, left < BUF ? (size_t)left : BUF, &part.n);
		if (e != OK)
			return e;
		hash_add(me->hash, part);
		atomic_fetch_add_explicit(&p->bytes, part.n, memory_order_relaxed);
	}
	return hash_take(me->hash, file->sha256, sizeof(file->sha256));
}

/* What is read is what was listed, before and after. */
static enum err hash_open(struct worker *me, int fd, uint32_t at)
{
	struct tree_entry *file = &me->pool->w->t->entry[at];
	const struct tree_stamp *seen = &me->pool->w->stamp[at];

	enum err e = tree_same(fd, seen);
	if (e == OK && file->size > BUF)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* a wish */
	if (e == OK)
		e = hash_content(me, fd, file);
	return e == OK ? tree_same(fd, seen) : e;
}

static enum err hash_one(struct worker *me, uint32_t at)
{
	struct pool *p = me->pool;
	int fd = -1;
	enum err e = tree_open_at(p->w->dirfd, p->w->t->entry[at].path, 0, &fd);

	if (e != OK)
		return e;
	e = hash_open(me, fd, at);
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
		const enum err e = hash_one(me, p->job[i]);
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
	unsigned n = p->w->o->threads > 0 ? p->w->o->threads : tree_processors();

	if (n > TREE_THREADS_MAX)
		n = TREE_THREADS_MAX;
	return n < p->jobs ? n : (unsigned)p->jobs;
}

static void end(struct worker *w)
{
	free(w->buf);
	w->hash = hash_free(w->hash);
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
		    hash_new_public(HASH_SHA256, &worker[n].hash) != OK ||
		    pthread_create(&worker[n].thread, NULL, work, &worker[n]) != 0) {
			end(&worker[n]);
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
		end(&worker[i]);
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
	struct worker worker[TREE_THREADS_MAX];
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
