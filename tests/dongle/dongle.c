// SPDX-License-Identifier: GPL-2.0-or-later
/* The dongle's loop: connections, plugging, signals, and the card's work in a thread. */
#include "tests/dongle/dongle.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/dongle/redir.h"

/* A guest needs a second between unplugging and plugging in. */
enum { RETRY_MS = 100, AWAY_MS = 1200, EXTEND_MS = 1000 };

struct dongle {
	struct vcard *card;
	struct model model;
	const struct dongle_place *place;
	struct ccid *reader;
	struct redir *wire; /* NULL: not connected */
	int listener;       /* -1: QEMU listens */
	int wake;           /* ends a wait for the button */
	int done;           /* the card's work is done */
	pthread_t worker;
	bool working;
	bool inserted;     /* is to be plugged in */
	bool stale;        /* plugged in anew or reset: the card starts afresh */
	uint64_t plug_at;  /* ms: not before */
	uint64_t retry_at; /* ms: next try to connect */
	uint64_t extend_at;
};

static uint64_t now_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void signal_event(int fd)
{
	const uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one)); /* a full counter is as good */
}

static void clear_event(int fd)
{
	uint64_t x = 0;

	(void)!read(fd, &x, sizeof(x)); /* may be zero */
}

/* --- the card, as the reader sees it --- */

static void card_reset(void *ctx)
{
	struct vcard *v = ctx;

	vcard_reset(v);
}

static size_t card_atr(void *ctx, uint8_t *out, size_t cap)
{
	return vcard_atr(ctx, out, cap);
}

static size_t card_apdu(void *ctx, const uint8_t *cmd, size_t n, uint8_t *resp,
                        size_t cap)
{
	return vcard_apdu(ctx, cmd, n, resp, cap);
}

struct dongle *dongle_new(struct vcard *v, const struct model *m,
                          const struct dongle_place *place)
{
	const struct ccid_card card = {
	        .ctx = v, .reset = card_reset, .atr = card_atr, .apdu = card_apdu};
	struct dongle *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	*d = (struct dongle){
	        .card = v,
	        .model = *m,
	        .place = place,
	        .reader = ccid_new(&m->reader, &card),
	        .listener = -1,
	        .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	        .done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	        .inserted = true,
	        .stale = true,
	};
	v->wake = d->wake;
	if (d->reader == NULL || d->wake < 0 || d->done < 0) {
		dongle_free(d);
		return NULL;
	}
	return d;
}

static void *work(void *arg)
{
	struct dongle *d = arg;
	const struct timespec t = {
	        .tv_sec = d->place->latency_ms / 1000,
	        .tv_nsec = (long)(d->place->latency_ms % 1000) * 1000000,
	};

	if (d->place->latency_ms > 0)
		(void)nanosleep(&t, NULL); /* signals are blocked */
	ccid_run(d->reader);
	signal_event(d->done);
	return NULL;
}

static void start_work(struct dongle *d)
{
	clear_event(d->wake);
	d->working = pthread_create(&d->worker, NULL, work, d) == 0;
	if (!d->working) {
		ccid_run(d->reader);
		ccid_done(d->reader);
	}
	d->extend_at = now_ms() + EXTEND_MS;
}

static void unplug(struct dongle *d, bool for_good)
{
	if (d->wire != NULL)
		redir_unplug(d->wire);
	if (for_good)
		d->inserted = false;
	if (d->model.seed != 0)
		d->model.seed++;
	d->plug_at = now_ms() + AWAY_MS;
	d->stale = true;
	signal_event(d->wake);
}

static void end_work(struct dongle *d)
{
	clear_event(d->done);
	(void)pthread_join(d->worker, NULL); /* it has said that it is done */
	d->working = false;
	ccid_done(d->reader);
	if (d->card->gone)
		unplug(d, !d->card->back);
}

void dongle_free(struct dongle *d)
{
	if (d == NULL)
		return;
	signal_event(d->wake);
	if (d->working)
		(void)pthread_join(d->worker, NULL); /* ends by itself */
	redir_free(d->wire);
	if (d->listener >= 0)
		(void)unlink(d->place->path); /* ours */
	(void)close(d->listener);             /* -1 is refused */
	(void)close(d->wake);
	(void)close(d->done);
	ccid_free(d->reader);
	free(d);
}

bool dongle_fault(struct dongle *d, const char *spec)
{
	return ccid_fault(d->reader, spec) || vcard_fault(d->card, spec);
}

/* --- the socket --- */

static bool address(const struct dongle *d, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(d->place->path) >= sizeof(ret->sun_path))
		return false;
	memcpy(ret->sun_path, d->place->path, strlen(d->place->path) + 1);
	return true;
}

static bool start_listening(struct dongle *d)
{
	struct sockaddr_un a;

	if (!address(d, &a))
		return false;
	(void)unlink(a.sun_path); /* of one that was killed */
	d->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return d->listener >= 0 &&
	       bind(d->listener, (const struct sockaddr *)&a, sizeof(a)) == 0 &&
	       listen(d->listener, 1) == 0;
}

static void adopt(struct dongle *d, int fd)
{
	d->wire = redir_new(fd, &d->model, d->reader);
	d->stale = true;
}

static void dial(struct dongle *d)
{
	struct sockaddr_un a;
	int fd = -1;

	d->retry_at = now_ms() + RETRY_MS;
	if (address(d, &a))
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0)
		adopt(d, fd);
	else if (fd >= 0)
		(void)close(fd); /* nothing was sent */
}

static void hang_up(struct dongle *d)
{
	redir_free(d->wire);
	d->wire = NULL;
	d->retry_at = now_ms() + RETRY_MS;
	signal_event(d->wake);
}

/* --- the loop --- */

/* False: the end. */
static bool take_signal(struct dongle *d)
{
	struct signalfd_siginfo s = {0};

	if (read(d->place->signals, &s, sizeof(s)) != sizeof(s))
		return true;
	if (s.ssi_signo == SIGUSR1)
		unplug(d, true);
	else if (s.ssi_signo == SIGUSR2)
		d->inserted = true;
	else
		return false;
	return true;
}

/* What can be done now without waiting; how long nothing else will be due, in ms. */
static int step(struct dongle *d)
{
	const uint64_t now = now_ms();

	if (d->wire == NULL && d->listener < 0 && now >= d->retry_at)
		dial(d);
	if (d->wire == NULL)
		return d->listener < 0 ? RETRY_MS : -1;
	if (redir_take_reset(d->wire))
		d->stale = true;
	if (d->stale && !d->working) {
		d->card->hung = false;
		vcard_reset(d->card);
		ccid_reset(d->reader);
		d->stale = false;
	}
	const bool may_plug = d->inserted && !redir_plugged(d->wire) &&
	                      redir_ready(d->wire) && !d->working;
	if (may_plug && now >= d->plug_at)
		redir_plug(d->wire);
	else if (may_plug)
		return (int)(d->plug_at - now);
	if (ccid_job(d->reader) && !d->working)
		start_work(d);
	if (d->working && ccid_dropped(d->reader))
		signal_event(d->wake);
	if (d->working && now >= d->extend_at) {
		ccid_extend(d->reader);
		d->extend_at = now + EXTEND_MS;
	}
	redir_deliver(d->wire);
	return d->working ? (int)(d->extend_at - now) : -1;
}

int dongle_run(struct dongle *d)
{
	if (d->place->listen && !start_listening(d)) {
		(void)fprintf(stderr, "bootlatch-dongle: cannot listen at %s\n",
		              d->place->path);
		return 2;
	}
	for (;;) {
		const int wait = step(d);
		struct pollfd p[4] = {
		        {.fd = d->place->signals,                        .events = POLLIN},
		        {.fd = d->done,                                  .events = POLLIN},
		        {.fd = d->wire != NULL ? -1 : d->listener,       .events = POLLIN},
		        {.fd = d->wire != NULL ? redir_fd(d->wire) : -1,
		         .events = POLLIN		                                },
		};

		if (d->wire != NULL && redir_has_output(d->wire))
			p[3].events |= POLLOUT;
		if (poll(p, 4, wait) < 0 && errno != EINTR)
			return 1;
		if (p[0].revents != 0 && !take_signal(d))
			return 0;
		if (p[1].revents != 0)
			end_work(d);
		if (p[2].revents != 0) {
			const int fd = accept4(d->listener, NULL, NULL,
			                       SOCK_CLOEXEC | SOCK_NONBLOCK);
			if (fd >= 0)
				adopt(d, fd);
		}
		bool alive = true;
		if ((p[3].revents & POLLOUT) != 0)
			alive = redir_write(d->wire);
		if (alive && (p[3].revents & ~POLLOUT) != 0)
			alive = redir_read(d->wire);
		if (!alive)
			hang_up(d);
	}
}
