// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual card in the reader of vpcd: its wire, and being pulled and inserted. */
#include "tests/vcard/priv.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Away for longer than pcscd's 400 ms between two looks. */
enum { RETRY_MS = 50, AWAY_MS = 600, RESP_MAX = 65535 };

static int dial(const struct vpcd *o)
{
	struct addrinfo want = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	int fd = -1;
	if (getaddrinfo(o->host, o->port, &want, &list) != 0)
		return -1;
	for (struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
			(void)close(fd); /* nothing was sent */
			fd = -1;
		}
	}
	freeaddrinfo(list);
	const int on = 1;
	if (fd >= 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
		                 sizeof(on)); /* speed */
	return fd;
}

static bool read_all(int fd, uint8_t *p, size_t n)
{
	const int on = 1;
	while (n > 0) {
		ssize_t r = read(fd, p, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on,
		                 sizeof(on)); /* speed */
		p += r;
		n -= (size_t)r;
	}
	return true;
}

/* MSG has two bytes of room for the length in front of its N bytes. */
static bool send_msg(int fd, uint8_t *msg, size_t n)
{
	msg[0] = (uint8_t)(n >> 8);
	msg[1] = (uint8_t)n;
	n += 2;
	while (n > 0) {
		ssize_t w = send(fd, msg, n, MSG_NOSIGNAL);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		msg += w;
		n -= (size_t)w;
	}
	return true;
}

static void pause_ms(unsigned ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
	while (ms > 0 && nanosleep(&t, &t) != 0 && errno == EINTR)
		continue;
}

/* Until a late answer is due; false: nobody waits for it any more. */
static bool hold_back(const struct vcard *v, const struct vpcd *o, int fd)
{
	struct pollfd p[2] = {
	        {.fd = v->wake, .events = POLLIN   },
                {.fd = fd,      .events = POLLRDHUP}
        };
	int r = 0;
	do
		r = poll(p, 2, (int)o->late_ms);
	while (r < 0 && errno == EINTR);
	return r == 0;
}

bool vpcd_serve(struct vcard *v, const struct vpcd *o, int fd)
{
	uint8_t cmd[RESP_MAX], msg[2 + RESP_MAX];
	uint8_t head[2];
	if (!read_all(fd, head, sizeof(head)))
		return false;
	size_t n = (size_t)head[0] << 8 | head[1];
	if (n > 0 && !read_all(fd, cmd, n))
		return false;
	if (v->hung)
		return true; /* neither answers nor goes */
	if (n == 1) {
		if (cmd[0] <= 2)
			vcard_reset(v);
		if (cmd[0] != 4)
			return true;
		return send_msg(fd, msg, vcard_atr(v, msg + 2, RESP_MAX));
	}
	if (n == 0)
		return true;
	pause_ms(o->latency_ms);
	size_t r = vcard_apdu(v, cmd, n, msg + 2, RESP_MAX);
	explicit_bzero(cmd, n); /* may be a PIN */
	if (v->hung)
		return true;
	bool ok = r > 0 && (!v->late || hold_back(v, o, fd)) && send_msg(fd, msg, r);
	if (ok)
		v->late = false;
	explicit_bzero(msg, 2 + r);
	return ok;
}

static void leave(struct vcard *v, int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* that is the message */
	*fd = -1;
	vcard_reset(v);
	v->hung = false;
	if (!v->late)
		fault_forget(v); /* else: kept by the reader, for the next command */
	v->late = false;
}

int vpcd_run(struct vcard *v, const struct vpcd *o)
{
	int fd = -1;
	bool inserted = true;
	for (;;) {
		if (inserted && fd < 0)
			fd = dial(o);
		struct pollfd p[2] = {
		        {.fd = o->signals, .events = POLLIN},
		        {.fd = fd,         .events = POLLIN}
                };
		int wait = inserted && fd < 0 ? RETRY_MS : -1;
		if (poll(p, 2, wait) < 0 && errno != EINTR)
			return 1;
		struct signalfd_siginfo s = {0};
		if ((p[0].revents & POLLIN) != 0 &&
		    read(o->signals, &s, sizeof(s)) == sizeof(s)) {
			if (s.ssi_signo == SIGUSR2)
				inserted = true;
			else
				leave(v, &fd);
			if (s.ssi_signo == SIGUSR1)
				inserted = false;
			else if (s.ssi_signo != SIGUSR2)
				return 0;
			continue;
		}
		if (fd >= 0 && p[1].revents != 0 && !vpcd_serve(v, o, fd)) {
			inserted = !v->gone || v->back;
			bool back = v->gone && v->back;
			leave(v, &fd);
			if (back)
				pause_ms(AWAY_MS);
		}
	}
}
