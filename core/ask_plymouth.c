/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The protocol of plymouthd, as far as a question and a message need it. */
#include "core/ask_plymouth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/ask_words.h"

/* Requests: a letter, 02, the length of the text with its NUL, the text with its NUL. */
enum {
	REQUEST_PASSWORD = '*',
	REQUEST_QUESTION = 'W', /* shows what is typed */
	REQUEST_MESSAGE = 'M',
	HAS_TEXT = 2,
	TEXT_MAX = 255, /* with its NUL */
};

struct plymouth {
	int ask_fd;  /* one request at a time */
	int note_fd; /* -1: none; its replies are of no interest */
	struct sockaddr_un addr;
	socklen_t addr_len;
	struct secret *in;     /* what was read of the reply to the prompt */
	char prompt[TEXT_MAX]; /* of the question that stands, or stood last */
	bool in_clear;
	size_t min, max;
	bool shown; /* a prompt is on the screen: this one */
	char screen[TEXT_MAX];
	bool screen_in_clear;
};

/* --- replies --- */

enum plymouth_reply plymouth_parse(struct bytes *in, struct bytes *ret_answer)
{
	struct bytes rest = *in, len, answer;
	uint32_t type;

	if (bytes_take_be(&rest, 1, &type) != OK)
		return PLYMOUTH_MORE;
	switch (type) {
	case 0x06:
		*in = rest;
		return PLYMOUTH_ACK;
	case 0x15:
		*in = rest;
		return PLYMOUTH_NAK;
	case 0x05:
		*in = rest;
		return PLYMOUTH_NONE;
	case 0x02:
		break;
	default: /* also 09, the cached answers that we never ask for */
		return PLYMOUTH_BAD;
	}
	if (bytes_take(&rest, 4, &len) != OK)
		return PLYMOUTH_MORE;
	const uint32_t n = (uint32_t)len.p[0] | (uint32_t)len.p[1] << 8 |
	                   (uint32_t)len.p[2] << 16 | (uint32_t)len.p[3] << 24;
	if (n > PLYMOUTH_ANSWER_MAX)
		return PLYMOUTH_BAD;
	if (bytes_take(&rest, n, &answer) != OK)
		return PLYMOUTH_MORE;
	if (n > 0 && memchr(answer.p, 0, n))
		return PLYMOUTH_BAD;
	*ret_answer = answer;
	*in = rest;
	return PLYMOUTH_ANSWER;
}

/* --- the connections --- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing is buffered */
	*fd = -1;
}

/* Only root, or whoever runs this, may ask for a PIN in our name. */
static bool peer_is_trusted(int fd)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static int connect_to(const struct plymouth *p)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	/* Of a local socket it succeeds or fails at once. */
	if (connect(fd, (const struct sockaddr *)&p->addr, p->addr_len) == 0 &&
	    peer_is_trusted(fd))
		return fd;
	(void)close(fd); /* nothing was sent */
	return -1;
}

/* Cut at a whole character to what a request can carry. */
static bool request(int fd, char letter, const char *text)
{
	char clean[TEXT_MAX];
	uint8_t packet[3 + TEXT_MAX];
	struct writer w = {packet, sizeof(packet), 0, false};

	words_clean(text, clean, sizeof(clean));
	const size_t n = strlen(clean) + 1;
	put_be(&w, 1, (uint8_t)letter);
	put_be(&w, 1, HAS_TEXT);
	put_be(&w, 1, (uint32_t)n);
	put_bytes(&w, clean, n);
	return writer_ok(&w) &&
	       send(fd, packet, w.n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)w.n;
}

enum err plymouth_open(const char *name, struct plymouth **ret)
{
	const size_t n = strlen(name);
	struct plymouth *p = calloc(1, sizeof(*p));

	if (!p)
		return ERR_NOMEM;
	p->ask_fd = -1;
	p->note_fd = -1;
	p->addr.sun_family = AF_UNIX;
	enum err e = n < sizeof(p->addr.sun_path) ? OK : ERR_USAGE;
	if (e == OK) {
		memcpy(p->addr.sun_path + 1, name, n);
		p->addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);
		e = secret_new(PLYMOUTH_HEAD + PLYMOUTH_ANSWER_MAX, &p->in);
	}
	if (e == OK) {
		p->ask_fd = connect_to(p);
		e = p->ask_fd < 0 ? ERR_NOT_FOUND : OK;
	}
	if (e != OK) {
		(void)plymouth_free(p);
		return e;
	}
	*ret = p;
	return OK;
}

struct plymouth *plymouth_free(struct plymouth *p)
{
	if (!p)
		return NULL;
	close_fd(&p->ask_fd);
	close_fd(&p->note_fd);
	p->in = secret_free(p->in);
	free(p);
	return NULL;
}

int plymouth_fd(const struct plymouth *p)
{
	return p->ask_fd;
}

/* --- questions --- */

/* The prompt on the screen is that of a question before. */
static bool is_stale(const struct plymouth *p)
{
	return strcmp(p->screen, p->prompt) != 0 || p->screen_in_clear != p->in_clear;
}

static enum err show(struct plymouth *p)
{
	const char letter = p->in_clear ? REQUEST_QUESTION : REQUEST_PASSWORD;

	p->shown = request(p->ask_fd, letter, p->prompt);
	memcpy(p->screen, p->prompt, sizeof(p->screen));
	p->screen_in_clear = p->in_clear;
	return p->shown ? OK : ERR_NOT_FOUND;
}

/* The splash puts its own colon or box behind it. */
static void prompt_of(const struct ask_question *q, char *out, size_t cap)
{
	char text[WORDS_MAX];

	words_prompt(q, text, sizeof(text));
	for (size_t n = strlen(text); n > 0 && strchr(": ", text[n - 1]); n--)
		text[n - 1] = '\0';
	words_clean(text, out, cap);
}

enum err plymouth_begin(struct plymouth *p, const struct ask_question *q)
{
	/* Most splashes show one message: the one that matters more. */
	const char *first = words_warning(q) ? words_warning(q) : q->hint;
	char text[WORDS_MAX];

	prompt_of(q, p->prompt, sizeof(p->prompt));
	p->in_clear = q->kind == ASK_CONFIRM;
	p->min = q->min;
	p->max = q->max;
	if (p->shown && is_stale(p)) {
		words_press_enter(p->prompt, text, sizeof(text));
		first = text;
	}
	if (first)
		plymouth_note(p, first);
	return p->shown ? OK : show(p);
}

/* OK: something was read.  Straight into the secret, never elsewhere. */
static enum err receive(struct plymouth *p)
{
	const size_t had = secret_len(p->in), cap = secret_cap(p->in);

	if (had == cap || secret_set_len(p->in, cap) != OK)
		return ERR_NOT_FOUND;
	const ssize_t n = read(p->ask_fd, secret_buf(p->in) + had, cap - had);
	const int why = errno;
	const enum err e = secret_set_len(p->in, had + (n > 0 ? (size_t)n : 0));
	if (e != OK)
		return e;
	if (n < 0 && (why == EAGAIN || why == EINTR))
		return ERR_TIMEOUT;
	return n > 0 ? OK : ERR_NOT_FOUND;
}

/* An answer to the prompt that is shown.  ERR_TIMEOUT: it asks on. */
static enum err take(struct plymouth *p, struct bytes answer, struct secret **ret)
{
	char text[WORDS_MAX];

	p->shown = false;
	if (is_stale(p)) {
		if (answer.n > 0)
			plymouth_note(p, words_not_for_this);
	} else if (answer.n >= p->min && answer.n <= p->max) {
		return secret_copy(answer, ret);
	} else {
		words_length(p->min, p->max, text, sizeof(text));
		plymouth_note(p, text);
	}
	const enum err e = show(p);
	return e == OK ? ERR_TIMEOUT : e;
}

/* What has come of the reply.  Nothing but one whole reply to one prompt is in order. */
static enum err reply(struct plymouth *p, struct secret **ret)
{
	struct bytes in = secret_view(p->in), answer = {0};
	const enum plymouth_reply r = plymouth_parse(&in, &answer);

	if (r == PLYMOUTH_MORE)
		return ERR_TIMEOUT;
	if (!p->shown || in.n > 0)
		return ERR_NOT_FOUND;
	if (r == PLYMOUTH_NAK || r == PLYMOUTH_NONE) {
		p->shown = false;
		return ERR_UNSUPPORTED;
	}
	return r == PLYMOUTH_ANSWER ? take(p, answer, ret) : ERR_NOT_FOUND;
}

enum err plymouth_step(struct plymouth *p, struct secret **ret_answer)
{
	enum err e = receive(p);

	if (e != OK)
		return e;
	e = reply(p, ret_answer);
	const struct bytes in = secret_view(p->in);
	struct bytes whole = in, unused;
	/* A reply that was taken is wiped, part of one is kept. */
	if (e != ERR_TIMEOUT || plymouth_parse(&whole, &unused) != PLYMOUTH_MORE) {
		const enum err wiped = secret_set_len(p->in, 0);
		if (e == OK || e == ERR_TIMEOUT)
			e = wiped == OK ? e : wiped;
	}
	return e;
}

void plymouth_note(struct plymouth *p, const char *text)
{
	uint8_t replies[64];

	if (p->note_fd < 0)
		p->note_fd = connect_to(p);
	if (p->note_fd < 0)
		return;
	/* Left unread they would block the daemon one day. */
	while (recv(p->note_fd, replies, sizeof(replies), MSG_DONTWAIT) > 0)
		;
	/* Half a message would make nonsense of the next one. */
	if (!request(p->note_fd, REQUEST_MESSAGE, text))
		close_fd(&p->note_fd);
}
