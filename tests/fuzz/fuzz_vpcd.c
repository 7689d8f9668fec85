/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual card at the end of vpcd's wire: the input is which make of card it is (one
 * byte) and what the reader sends.  Whatever that is: each command has one answer of
 * allowed length, and only a right PIN verifies or brings tries back.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/vcard/priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_MAX = 65535, SHORT_ANSWER = 258, ATR_LONGEST = 33 };
enum { VERIFY = 0x20, CHANGE = 0x24, RETRY = 0x2C, PSO = 0x2A, GENERATE = 0x47 };
enum { ACTIVATE = 0x44, OWN_KEY = 0x88, TERMINATED = 3 };

struct frame {
	const uint8_t *p;
	size_t n;
};

/* What a command may not change by itself. */
struct state {
	bool ok[3]; /* 81, 82, 83 */
	unsigned tries[N_PINS];
	uint8_t lcs;
	struct buf pin[N_PINS],
	        said; /* said: earlier blocks of the chain, and this one */
};

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void look(const struct vcard *v, struct state *s)
{
	*s = (struct state){
	        .ok = {v->ok81, v->ok82, v->ok83},
                  .lcs = (uint8_t)obj_byte(v, OBJ_LCS)
        };
	for (unsigned i = 0; i < N_PINS; i++) {
		s->tries[i] = obj_byte(v, OBJ_TRIES + i);
		buf_put(&s->pin[i], obj_get(v, OBJ_PIN + i)->p,
		        obj_get(v, OBJ_PIN + i)->n);
	}
}

static void forget(struct state *s)
{
	for (unsigned i = 0; i < N_PINS; i++)
		buf_free(&s->pin[i]);
	buf_free(&s->said);
}

static bool knew(const struct state *s, enum pin which)
{
	const struct buf *pin = &s->pin[which];

	return pin->n > 0 && s->said.n >= pin->n && s->tries[which] > 0 &&
	       memmem(s->said.p, s->said.n, pin->p, pin->n) != NULL;
}

/* The three ways to be allowed, or a card that starts over. */
static void check_pins(const struct state *old, const struct state *now, unsigned ins)
{
	static const enum pin pin_of[] = {PIN_USER, PIN_USER, PIN_ADMIN};
	const bool anew = old->lcs == TERMINATED && ins == ACTIVATE;

	for (unsigned i = 0; i < 3; i++)
		check(!now->ok[i] || old->ok[i] ||
		      (ins == VERIFY && knew(old, pin_of[i])));
	for (unsigned i = 0; i < N_PINS; i++) {
		const unsigned a = old->tries[i], b = now->tries[i];

		check(b <= 99);
		if (anew || old->ok[2]) /* whoever holds the admin PIN sets them */
			continue;
		check(b + 1 >= a);
		if (b > a || now->pin[i].n != old->pin[i].n)
			check(knew(old, i) ||
			      (i == PIN_USER && ins == RETRY && knew(old, PIN_RESET)));
		if (b > a)
			check(ins == VERIFY || ins == CHANGE || ins == RETRY);
	}
	check(now->lcs == old->lcs || anew || old->ok[2] || old->tries[PIN_ADMIN] == 0);
}

static void check_answer(const struct vcard *v, const struct state *old, struct frame cmd,
                         struct frame answer)
{
	const bool extended = cmd.n >= 7 && cmd.p[4] == 0;
	const unsigned ins = cmd.n > 1 ? cmd.p[1] : 0;

	check(answer.n >= 2);
	check(extended || answer.n <= SHORT_ANSWER);
	check(v->prof->max_resp == 0 || answer.n <= v->prof->max_resp);
	if (answer.n > 2 && (ins == PSO || ins == OWN_KEY))
		check(old->ok[0] || old->ok[1]);
	if (cmd.n < 4)
		check(answer.n == 2 && answer.p[0] == 0x67);
}

/* What the card sends back; nothing is a message of no length. */
static struct frame take_answer(int fd)
{
	static uint8_t text[2 + MESSAGE_MAX + 1];
	const ssize_t n = recv(fd, text, sizeof(text), MSG_DONTWAIT);

	if (n <= 0)
		return (struct frame){NULL, 0};
	check(n >= 2 && (size_t)n == 2 + ((size_t)text[0] << 8 | text[1]));
	return (struct frame){text + 2, (size_t)n - 2};
}

static void check_control(struct frame in, struct frame out)
{
	if (in.n == 0 || in.p[0] != 4)
		check(out.p == NULL);
	else
		check(out.n >= 2 && out.n <= ATR_LONGEST && out.p[0] == 0x3B);
}

/* Keys of RSA take seconds to make. */
static bool too_slow(const struct vcard *v, struct frame in)
{
	if (in.n < 4 || in.p[1] != GENERATE || in.p[2] != 0x80)
		return false;
	for (unsigned slot = 0; slot < N_KEYS; slot++) {
		const struct algo *g = algo_of(v, slot);

		if (g == NULL || g->kind == RSA)
			return true;
	}
	return false;
}

/* False: the connection is over. */
static bool exchange(struct vcard *v, const struct vpcd *o, const int pair[2],
                     struct frame in)
{
	struct state old, now;

	look(v, &old);
	buf_put(&old.said, v->chain.p, v->chain.n);
	const size_t head = in.n > 4 && in.p[4] == 0 ? 7 : 5;
	if (in.n > head)
		buf_put(&old.said, in.p + head, in.n - head);
	const bool goes_on = vpcd_serve(v, o, pair[1]);
	const struct frame out = take_answer(pair[0]);
	look(v, &now);
	check(goes_on);
	if (in.n <= 1) {
		check_control(in, out);
	} else {
		check_answer(v, &old, in, out);
		check_pins(&old, &now, in.p[1]);
	}
	forget(&old);
	forget(&now);
	return goes_on;
}

static void talk(struct vcard *v, const int pair[2], const uint8_t *p, size_t n)
{
	const struct vpcd o = {.signals = -1};

	while (n >= 2) {
		const size_t len = (size_t)p[0] << 8 | p[1];
		const struct frame in = {p + 2, len};

		if (n - 2 < len)
			break;
		if (!too_slow(v, in)) {
			check(send(pair[0], p, 2 + len, 0) == (ssize_t)(2 + len));
			(void)exchange(v, &o, pair, in);
		}
		p += 2 + len;
		n -= 2 + len;
	}
	/* The rest is cut off, and so is the connection. */
	check(n == 0 || send(pair[0], p, n, 0) == (ssize_t)n);
	check(shutdown(pair[0], SHUT_WR) == 0 && !vpcd_serve(v, &o, pair[1]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];

	if (size < 1)
		return 0;
	const struct profile *make = profile_at(data[0] % 32);
	struct vcard *v = vcard_new(make != NULL ? make->name : "default", NULL);
	if (v == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		abort();
	obj_set(v, OBJ_SERIAL, "\1\2\3\4", 4);
	talk(v, pair, data + 1, size - 1);
	(void)close(pair[0]); /* all was said */
	(void)close(pair[1]);
	vcard_free(v);
	return 0;
}
