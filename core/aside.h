/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One job done in a child process: what hangs there is given up, what a library leaves in
 * memory there is gone with it. */
#ifndef CORE_ASIDE_H
#define CORE_ASIDE_H

#include "core/secret.h"

enum { ASIDE_MAX = 16 * 1024 }; /* bytes of `in` and of what a job writes */

/*
 * Called in the child, which has no descriptors but its own, standard ones that lead
 * nowhere, and none of the parent's secrets.  in: a copy; out lies in a secret, with the
 * room that the caller asked for.
 */
typedef enum err aside_job(const void *how, const struct secret *in, struct writer *out);

/*
 * The job's result and what it wrote: *ret may be empty.  in may be NULL.
 * ERR_TIMEOUT: not done in limit_ms, the child was killed.  ERR_IO: it broke, or no child
 * could be started.  Of the job's errors ERR_NOMEM and ERR_BUG come as ERR_IO: a child's
 * trouble does not end the program.
 */
enum err aside_run(aside_job *job, const void *how, const struct secret *in, size_t cap,
                   int limit_ms, struct secret **ret);

/*
 * The same, for who has other things to look at meanwhile.  What `how` and `in` point at
 * may go once it was started.  ERR_BUG, ERR_NOMEM, ERR_IO.
 */
struct aside;
enum err aside_start(aside_job *job, const void *how, const struct secret *in, size_t cap,
                     int limit_ms, struct aside **ret);
int aside_fd(const struct aside *a);    /* to poll for POLLIN: it is done then */
bool aside_done(const struct aside *a); /* or out of time: finish does not wait */
/* Waits for the end, and frees it.  As aside_run. */
enum err aside_finish(struct aside *a, struct secret **ret);
struct aside *aside_drop(struct aside *a); /* given up; NULL is fine; returns NULL */

/*
 * For a job in two parts.  In the job: says what it found so far, and waits for what it
 * is told next, as long as that takes; from then on it has limit_ms.  ERR_IO: the parent
 * is gone.
 */
enum err aside_exchange(struct bytes found, int limit_ms, struct secret **ret_more);
/* In the parent: what it found, or its end, with which it is freed.  OK: it waits; when
 * it is dropped then, it has a moment to put away what it holds. */
enum err aside_hear(struct aside *a, struct secret **ret);
/* Tells it; then it is waited for as before.  ERR_IO: it is no longer there, and still to
 * be dropped. */
enum err aside_tell(struct aside *a, const struct secret *more, int limit_ms);

#endif
