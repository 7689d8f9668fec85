/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers and cards through pcscd; the only file that knows PC/SC. */
#include <stdlib.h>
#include <winscard.h>

#include "card/part10.h"
#include "card/transport.h"
#include "core/log.h"

enum { NAMES_CAP = READERS_MAX * READER_NAME_MAX + 1, RESETS_MAX = 3 };

struct pcsc {
	struct readers base;
	SCARDCONTEXT ctx;
	bool have_ctx;
	uint32_t epoch; /* contexts so far: pcscd counts card events from 0 when it starts
	                   anew */
};

struct pcsc_card {
	struct transport base;
	SCARDHANDLE h;
	const SCARD_IO_REQUEST *pci;
	uint32_t pad; /* the control code of the reader's PIN pad */
	char name[READER_NAME_MAX];
};

/* The headers define these as long, the functions return LONG or take DWORD. */
static bool is(LONG rv, LONG code)
{
	return (uint32_t)rv == (uint32_t)code;
}

static bool service_gone(LONG rv)
{
	return is(rv, SCARD_E_NO_SERVICE) || is(rv, SCARD_E_SERVICE_STOPPED) ||
	       is(rv, SCARD_F_COMM_ERROR) || is(rv, SCARD_E_INVALID_HANDLE);
}

static enum err connect_err(LONG rv)
{
	if (is(rv, SCARD_S_SUCCESS))
		return OK;
	log_line(LOG_DEBUG, "pcsc: %s", pcsc_stringify_error(rv));
	if (service_gone(rv))
		return ERR_NO_SERVICE;
	/* A card that is reset again and again is held by somebody as well. */
	if (is(rv, SCARD_E_SHARING_VIOLATION) || is(rv, SCARD_W_RESET_CARD))
		return ERR_BUSY;
	if (is(rv, SCARD_E_NO_SMARTCARD) || is(rv, SCARD_W_REMOVED_CARD))
		return ERR_NO_CARD;
	if (is(rv, SCARD_E_UNKNOWN_READER) || is(rv, SCARD_E_READER_UNAVAILABLE) ||
	    is(rv, SCARD_E_NO_READERS_AVAILABLE))
		return ERR_NO_READER;
	if (is(rv, SCARD_W_UNRESPONSIVE_CARD) || is(rv, SCARD_W_UNPOWERED_CARD) ||
	    is(rv, SCARD_W_UNSUPPORTED_CARD) || is(rv, SCARD_E_PROTO_MISMATCH))
		return ERR_CARD_STATE;
	return is(rv, SCARD_E_NO_MEMORY) ? ERR_NOMEM : ERR_IO;
}

/* In mid-conversation. */
static enum err talk_err(LONG rv)
{
	const enum err e = connect_err(rv);

	if (e == ERR_NO_SERVICE || e == ERR_NO_CARD || e == ERR_NO_READER ||
	    e == ERR_CARD_STATE)
		return ERR_CARD_LOST;
	return e == OK || e == ERR_NOMEM ? e : ERR_IO;
}

static void use_protocol(struct pcsc_card *c, DWORD protocol)
{
	c->base.t0 = protocol == SCARD_PROTOCOL_T0;
	c->pci = c->base.t0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
	if (c->base.t0)
		c->base.extended = EXTENDED_NO;
}

static LONG reconnect(struct pcsc_card *c)
{
	DWORD protocol = 0;

	const LONG rv = SCardReconnect(c->h, SCARD_SHARE_SHARED,
	                               SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
	                               SCARD_LEAVE_CARD, &protocol);
	if (is(rv, SCARD_S_SUCCESS))
		use_protocol(c, protocol);
	return rv;
}

/* Whoever had the card until now may have reset it, and again meanwhile. */
static LONG begin(struct pcsc_card *c)
{
	LONG rv = SCardBeginTransaction(c->h);

	for (int i = 0; i < RESETS_MAX && is(rv, SCARD_W_RESET_CARD); i++) {
		rv = reconnect(c);
		if (is(rv, SCARD_S_SUCCESS))
			rv = SCardBeginTransaction(c->h);
	}
	return rv;
}

/* Another program reset the card: take it up again, and say so. */
static enum err after_reset(struct pcsc_card *c)
{
	LONG rv = reconnect(c);

	if (is(rv, SCARD_S_SUCCESS))
		rv = begin(c);
	return is(rv, SCARD_S_SUCCESS) ? ERR_CARD_RESET : ERR_CARD_LOST;
}

static enum err card_transmit(struct transport *t, struct bytes cmd, uint8_t *resp,
                              size_t cap, size_t *ret_len)
{
	struct pcsc_card *c = (struct pcsc_card *)t;
	DWORD n = cap;

	const LONG rv = SCardTransmit(c->h, c->pci, cmd.p, cmd.n, NULL, resp, &n);
	if (is(rv, SCARD_W_RESET_CARD))
		return after_reset(c);
	const enum err e = talk_err(rv);
	if (e != OK)
		return e;
	if (n == 0) /* what some drivers say of a card that was pulled out */
		return ERR_CARD_LOST;
	if (n < 2 || n > cap)
		return ERR_IO;
	*ret_len = n;
	return OK;
}

static enum err card_verify_on_pad(struct transport *t, struct bytes template,
                                   uint16_t *ret_sw)
{
	struct pcsc_card *c = (struct pcsc_card *)t;
	uint8_t in[PART10_VERIFY_MAX], out[2 + 2];
	struct writer w = {in, sizeof(in), 0, false};
	DWORD n = 0;

	enum err e = part10_verify(template, &w);
	if (e != OK)
		return e;
	const LONG rv = SCardControl(c->h, c->pad, in, w.n, out, sizeof(out), &n);
	if (is(rv, SCARD_W_RESET_CARD))
		return after_reset(c);
	e = talk_err(rv);
	if (e != OK)
		return e;
	if (n < 2 || n > sizeof(out))
		return ERR_IO;
	*ret_sw = (uint16_t)(out[n - 2] << 8 | out[n - 1]);
	return OK;
}

static enum err card_is_alive(struct transport *t)
{
	struct pcsc_card *c = (struct pcsc_card *)t;
	DWORD state = 0, protocol = 0, name_len = 0, atr_len = 0;

	const LONG rv =
	        SCardStatus(c->h, NULL, &name_len, &state, &protocol, NULL, &atr_len);
	if (is(rv, SCARD_W_RESET_CARD))
		return after_reset(c);
	if (!is(rv, SCARD_S_SUCCESS) || (state & SCARD_ABSENT))
		return ERR_CARD_LOST;
	return OK;
}

static void card_drop(struct transport *t)
{
	struct pcsc_card *c = (struct pcsc_card *)t;

	/* The reset drops the PIN state: LEAVE would hand it to the next program. */
	const LONG rv = SCardEndTransaction(c->h, SCARD_RESET_CARD);
	(void)SCardDisconnect(c->h, is(rv, SCARD_S_SUCCESS) ? SCARD_LEAVE_CARD
	                                                    : SCARD_RESET_CARD);
	free(c);
}

static bool control(void *ctx, uint32_t code, uint8_t *out, size_t cap, size_t *ret_n)
{
	const SCARDHANDLE *h = ctx;
	DWORD n = 0;

	if (!is(SCardControl(*h, code, NULL, 0, out, cap, &n), SCARD_S_SUCCESS))
		return false;
	*ret_n = n;
	return true;
}

static void ask_atr(SCARDHANDLE h, struct transport *t)
{
	DWORD state = 0, protocol = 0, name_len = 0, n = sizeof(t->atr);

	const LONG rv = SCardStatus(h, NULL, &name_len, &state, &protocol, t->atr, &n);
	t->atr_len = is(rv, SCARD_S_SUCCESS) && n <= sizeof(t->atr) ? n : 0;
}

static const struct transport_ops card_ops = {
        .name = "pcsc",
        .transmit = card_transmit,
        .alive = card_is_alive,
        .close = card_drop,
};
static const struct transport_ops pad_ops = {
        .name = "pcsc",
        .transmit = card_transmit,
        .verify_on_pad = card_verify_on_pad,
        .alive = card_is_alive,
        .close = card_drop,
};

static void ask_reader(struct pcsc_card *c)
{
	const struct part10 p = part10_ask(control, &c->h);

	if (!c->base.t0)
		c->base.extended = p.extended;
	c->pad = p.verify_direct;
	c->base.ops = c->pad != 0 ? &pad_ops : &card_ops;
}

static void drop_context(struct pcsc *p)
{
	if (p->have_ctx)
		(void)SCardReleaseContext(p->ctx);
	p->have_ctx = false;
}

static enum err need_context(struct pcsc *p)
{
	if (p->have_ctx)
		return OK;
	const LONG rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &p->ctx);
	if (is(rv, SCARD_E_NO_MEMORY))
		return ERR_NOMEM;
	if (!is(rv, SCARD_S_SUCCESS))
		return ERR_NO_SERVICE;
	p->have_ctx = true;
	p->epoch++;
	return OK;
}

static enum err list_names(const struct pcsc *p, struct reader_list *list, LONG *ret_rv)
{
	char names[NAMES_CAP] = {0};
	DWORD n = sizeof(names);

	*ret_rv = SCardListReaders(p->ctx, NULL, names, &n);
	if (is(*ret_rv, SCARD_E_NO_READERS_AVAILABLE)) {
		*ret_rv = SCARD_S_SUCCESS;
		return OK;
	}
	const enum err e = connect_err(*ret_rv);
	if (e != OK)
		return e;
	names[sizeof(names) - 1] = '\0';
	if (n > sizeof(names))
		return ERR_IO;
	size_t at = 0;
	while (at < n && names[at] && list->n < READERS_MAX) {
		const size_t len = strnlen(names + at, sizeof(names) - at);
		if (len < READER_NAME_MAX && at + len < sizeof(names))
			memcpy(list->slot[list->n++].name, names + at, len + 1);
		at += len + 1;
	}
	return OK;
}

static enum err look(const struct pcsc *p, struct reader_list *list, LONG *ret_rv)
{
	SCARD_READERSTATE state[READERS_MAX] = {0};

	enum err e = list_names(p, list, ret_rv);
	if (e != OK || list->n == 0)
		return e;
	for (size_t i = 0; i < list->n; i++) {
		state[i].szReader = list->slot[i].name;
		state[i].dwCurrentState = SCARD_STATE_UNAWARE;
	}
	*ret_rv = SCardGetStatusChange(p->ctx, 0, state, list->n);
	if (!is(*ret_rv, SCARD_E_TIMEOUT) && !is(*ret_rv, SCARD_S_SUCCESS))
		return connect_err(*ret_rv);
	*ret_rv = SCARD_S_SUCCESS;
	for (size_t i = 0; i < list->n; i++) {
		const uint32_t event = (uint32_t)state[i].dwEventState;
		list->slot[i].card_present = (event & SCARD_STATE_PRESENT) != 0;
		list->slot[i].in_use = (event & SCARD_STATE_INUSE) != 0;
		list->slot[i].generation = p->epoch << 16 ^ event >> 16;
	}
	return OK;
}

/* Twice: pcscd may have been restarted, or a reader taken out between two calls. */
static enum err readers_scan(struct readers *r, struct reader_list *ret)
{
	struct pcsc *p = (struct pcsc *)r;
	enum err e = OK;

	for (int attempt = 0; attempt < 2; attempt++) {
		struct reader_list list = {0};
		LONG rv = SCARD_S_SUCCESS;

		e = need_context(p);
		if (e != OK)
			return e;
		e = look(p, &list, &rv);
		if (e == OK) {
			*ret = list;
			return OK;
		}
		if (service_gone(rv))
			drop_context(p);
	}
	return e == ERR_NO_SERVICE || e == ERR_NOMEM ? e : ERR_IO;
}

static enum err readers_connect(struct readers *r, const char *name,
                                struct transport **ret)
{
	struct pcsc *p = (struct pcsc *)r;
	DWORD protocol = 0;

	enum err e = need_context(p);
	if (e != OK)
		return e;
	struct pcsc_card *c = calloc(1, sizeof(*c));
	if (!c)
		return ERR_NOMEM;
	LONG rv = SCardConnect(p->ctx, name, SCARD_SHARE_SHARED,
	                       SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &c->h, &protocol);
	if (is(rv, SCARD_S_SUCCESS)) {
		use_protocol(c, protocol);
		rv = begin(c);
		if (!is(rv, SCARD_S_SUCCESS))
			(void)SCardDisconnect(c->h, SCARD_LEAVE_CARD);
	}
	e = connect_err(rv);
	if (e != OK) {
		if (service_gone(rv))
			drop_context(p);
		free(c);
		return e;
	}
	memcpy(c->name, name,
	       strnlen(name, sizeof(c->name) - 1)); /* calloc: ends in NUL */
	c->base.reader = c->name;
	ask_reader(c);
	if (c->base.extended != EXTENDED_NO) /* it is asked for nothing else */
		ask_atr(c->h, &c->base);
	*ret = &c->base;
	return OK;
}

static void readers_drop(struct readers *r)
{
	struct pcsc *p = (struct pcsc *)r;

	drop_context(p);
	free(p);
}

static const struct readers_ops pcsc_ops = {
        .name = "pcsc",
        .scan = readers_scan,
        .connect = readers_connect,
        .close = readers_drop,
};

enum err readers_open_pcsc(struct readers **ret)
{
	struct pcsc *p = calloc(1, sizeof(*p));
	if (!p)
		return ERR_NOMEM;
	p->base.ops = &pcsc_ops;
	*ret = &p->base;
	return OK;
}
