/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drives an IFD handler: its channels, the cards in its slots, and APDUs. */
#include "card/ifd.h"

#include <stdio.h>
#include <stdlib.h>

#include "card/ifd_handler.h"
#include "card/part10.h"
#include "core/log.h"

struct slot {
	struct ifd_device dev;
	DWORD lun;
	uint32_t moves; /* of the card in it */
	bool open, present, seen;
	bool dead; /* could not be opened: not tried again until it is plugged in anew */
};

struct ifd {
	struct readers base;
	struct ifd_driver driver;
	struct handler h;
	struct slot slot[READERS_MAX];
};

struct ifd_card {
	struct transport base;
	struct ifd *ifd;
	DWORD lun;
	uint32_t plugged;
	size_t slot;
	DWORD protocol;
	uint32_t pad; /* the control code of the reader's PIN pad; 0: none */
	bool gone;
};

/* Of a failure. */
static enum err ifd_err(RESPONSECODE rc)
{
	switch (rc) {
	case IFD_NO_SUCH_DEVICE:
	case IFD_ICC_NOT_PRESENT:
		return ERR_CARD_LOST;
	case IFD_RESPONSE_TIMEOUT:
		return ERR_CARD_MUTE;
	default:
		return ERR_IO;
	}
}

/* --- a card --- */

static bool is_there(struct ifd_card *c)
{
	const struct slot *s = &c->ifd->slot[c->slot];

	if (!s->open || s->dev.plugged != c->plugged)
		c->gone = true;
	return !c->gone;
}

/* Some handlers have one error for all: what is left of the card? */
static enum err talk_err(struct ifd_card *c, RESPONSECODE rc)
{
	log_line(LOG_DEBUG, "ifd: the handler fails: %ld", (long)rc);
	c->gone = c->ifd->h.presence(c->lun) != IFD_ICC_PRESENT;
	return c->gone ? ERR_CARD_LOST : ifd_err(rc);
}

static enum err ifd_transmit(struct transport *t, struct bytes cmd, uint8_t *resp,
                             size_t cap, size_t *ret_len)
{
	struct ifd_card *c = (struct ifd_card *)(void *)t;
	SCARD_IO_HEADER pci = {c->protocol, sizeof(pci)}, got = {0};
	union {
		const uint8_t *from;
		uint8_t *to;
	} tx = {.from = cmd.p}; /* the handler's interface knows no const */
	DWORD n = cap;

	if (!is_there(c))
		return ERR_CARD_LOST;
	const RESPONSECODE rc =
	        c->ifd->h.transmit(c->lun, pci, tx.to, cmd.n, resp, &n, &got);
	if (rc != IFD_SUCCESS)
		return talk_err(c, rc);
	if (n < 2 || n > cap)
		return ERR_IO;
	*ret_len = n;
	return OK;
}

static enum err ifd_verify_on_pad(struct transport *t, struct bytes template,
                                  uint16_t *ret_sw)
{
	struct ifd_card *c = (struct ifd_card *)(void *)t;
	uint8_t in[PART10_VERIFY_MAX], out[2];
	struct writer w = {in, sizeof(in), 0, false};
	DWORD n = 0;

	const enum err e = part10_verify(template, &w);
	if (e != OK)
		return e;
	if (!is_there(c))
		return ERR_CARD_LOST;
	const RESPONSECODE rc =
	        c->ifd->h.control(c->lun, c->pad, in, w.n, out, sizeof(out), &n);
	if (rc != IFD_SUCCESS)
		return talk_err(c, rc);
	if (n != sizeof(out))
		return ERR_IO;
	*ret_sw = (uint16_t)(out[0] << 8 | out[1]);
	return OK;
}

static enum err ifd_alive(struct transport *t)
{
	struct ifd_card *c = (struct ifd_card *)(void *)t;

	if (is_there(c) && c->ifd->h.presence(c->lun) != IFD_ICC_PRESENT)
		c->gone = true;
	return c->gone ? ERR_CARD_LOST : OK;
}

static void ifd_release(struct transport *t)
{
	struct ifd_card *c = (struct ifd_card *)(void *)t;
	UCHAR atr[ATR_MAX];
	DWORD n = sizeof(atr);

	/* Without power nothing stays verified. */
	if (is_there(c) &&
	    c->ifd->h.power(c->lun, IFD_POWER_DOWN, atr, &n) != IFD_SUCCESS)
		log_line(LOG_DEBUG, "ifd: power down failed");
	free(c);
}

static const struct transport_ops card_ops = {
        .name = "ifd",
        .transmit = ifd_transmit,
        .alive = ifd_alive,
        .close = ifd_release,
};
static const struct transport_ops pad_ops = {
        .name = "ifd",
        .transmit = ifd_transmit,
        .verify_on_pad = ifd_verify_on_pad,
        .alive = ifd_alive,
        .close = ifd_release,
};

/* The protocol that the card prefers: the first one that it offers (ISO 7816-3, 8.2.3).
 */
static DWORD first_protocol(struct bytes atr)
{
	struct bytes skipped;
	uint32_t ts, t0;

	if (bytes_take_be(&atr, 1, &ts) != OK || bytes_take_be(&atr, 1, &t0) != OK)
		return SCARD_PROTOCOL_T0;
	size_t abc = 0; /* TA1, TB1, TC1 */
	for (unsigned bit = 0x10; bit <= 0x40; bit <<= 1)
		abc += (t0 & bit) != 0;
	uint32_t td1;
	if ((t0 & 0x80) == 0 || bytes_take(&atr, abc, &skipped) != OK ||
	    bytes_take_be(&atr, 1, &td1) != OK)
		return SCARD_PROTOCOL_T0;
	return (td1 & 0x0f) == 1 ? SCARD_PROTOCOL_T1 : SCARD_PROTOCOL_T0;
}

struct asked {
	struct ifd *ifd;
	DWORD lun;
};

static bool control(void *ctx, uint32_t code, uint8_t *out, size_t cap, size_t *ret_n)
{
	const struct asked *a = ctx;
	UCHAR nothing[1] = {0};
	DWORD n = 0;

	if (!a->ifd->h.control ||
	    a->ifd->h.control(a->lun, code, nothing, 0, out, cap, &n) != IFD_SUCCESS)
		return false;
	*ret_n = n;
	return true;
}

static void ask_reader(struct ifd_card *c)
{
	const struct part10 p = part10_ask(control, &(struct asked){c->ifd, c->lun});

	c->base.extended = c->base.t0 ? EXTENDED_NO : p.extended;
	c->pad = p.verify_direct;
	c->base.ops = c->pad != 0 ? &pad_ops : &card_ops;
}

static enum err power_up(struct ifd_card *c)
{
	struct handler *h = &c->ifd->h;
	UCHAR atr[64] = {0};
	DWORD n = sizeof(atr);

	RESPONSECODE rc = h->power(c->lun, IFD_POWER_UP, atr, &n);
	if (rc != IFD_SUCCESS || n > ATR_MAX) {
		log_line(LOG_DEBUG, "ifd: power up: %ld", (long)rc);
		return rc == IFD_NO_SUCH_DEVICE ? ERR_NO_READER : ERR_CARD_STATE;
	}
	memcpy(c->base.atr, atr, n);
	c->base.atr_len = n;
	const DWORD protocol = first_protocol((struct bytes){atr, n});
	/* Also sets the time-outs of libccid; a handler without choice may refuse. */
	rc = h->set_protocol(c->lun, protocol, 0, 0, 0, 0);
	if (rc != IFD_SUCCESS)
		log_line(LOG_DEBUG, "ifd: protocol: %ld", (long)rc);
	c->base.t0 = protocol == SCARD_PROTOCOL_T0;
	c->protocol = c->base.t0 ? 0 : 1;
	ask_reader(c);
	return OK;
}

static enum err ifd_connect(struct readers *r, const char *name, struct transport **ret)
{
	struct ifd *p = (struct ifd *)(void *)r;
	size_t i = 0;

	while (i < READERS_MAX &&
	       !(p->slot[i].open && strcmp(p->slot[i].dev.name, name) == 0))
		i++;
	if (i == READERS_MAX)
		return ERR_NO_READER;
	if (p->h.presence(p->slot[i].lun) != IFD_ICC_PRESENT)
		return ERR_NO_CARD;
	struct ifd_card *c = calloc(1, sizeof(*c));
	if (!c)
		return ERR_NOMEM;
	c->base.reader = p->slot[i].dev.name;
	c->ifd = p;
	c->lun = p->slot[i].lun;
	c->plugged = p->slot[i].dev.plugged;
	c->slot = i;
	const enum err e = power_up(c);
	if (e != OK) {
		free(c);
		return e;
	}
	*ret = &c->base;
	return OK;
}

/* --- readers come and go --- */

static void open_slot(struct ifd *p, struct slot *s)
{
	RESPONSECODE rc;

	s->lun = (DWORD)(s - p->slot) << 16;
	if (s->dev.path[0])
		rc = p->h.open_path(s->lun, s->dev.path);
	else
		rc = p->h.open_channel(s->lun, s->dev.channel);
	s->open = rc == IFD_SUCCESS;
	s->dead = !s->open; /* no reader after all, or pcscd holds it */
	if (s->dead)
		log_line(LOG_DEBUG, "ifd: a device does not open: %ld", (long)rc);
}

static void close_slot(struct ifd *p, struct slot *s)
{
	if (s->open && p->h.close(s->lun) != IFD_SUCCESS)
		log_line(LOG_DEBUG, "ifd: a reader does not close");
	*s = (struct slot){0};
}

static struct slot *slot_for(struct ifd *p, const struct ifd_device *d)
{
	struct slot *unused = NULL;

	for (size_t i = 0; i < READERS_MAX; i++) {
		struct slot *s = &p->slot[i];

		if (!s->dev.name[0]) {
			unused = unused ? unused : s;
			continue;
		}
		if (s->dev.plugged == d->plugged && strcmp(s->dev.name, d->name) == 0)
			return s;
	}
	if (unused)
		unused->dev = *d;
	return unused;
}

static void follow_devices(struct ifd *p, const struct ifd_device *d, size_t n)
{
	for (size_t i = 0; i < READERS_MAX; i++)
		p->slot[i].seen = false;
	/* What left makes room for what came. */
	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < READERS_MAX; i++)
			if (p->slot[i].dev.plugged == d[k].plugged &&
			    strcmp(p->slot[i].dev.name, d[k].name) == 0)
				p->slot[i].seen = true;
	for (size_t i = 0; i < READERS_MAX; i++)
		if (!p->slot[i].seen)
			close_slot(p, &p->slot[i]);
	for (size_t k = 0; k < n; k++) {
		struct slot *s = slot_for(p, &d[k]);

		if (s && !s->open && !s->dead)
			open_slot(p, s);
	}
}

static enum err ifd_scan(struct readers *r, struct reader_list *ret)
{
	struct ifd *p = (struct ifd *)(void *)r;
	struct ifd_device d[READERS_MAX] = {0};
	size_t n = 0;

	const enum err e = p->driver.list(&p->driver, d, READERS_MAX, &n);
	if (e != OK)
		return e;
	follow_devices(p, d, n);
	struct reader_list list = {0};
	for (size_t i = 0; i < READERS_MAX; i++) {
		struct slot *s = &p->slot[i];

		if (!s->open)
			continue;
		const bool present = p->h.presence(s->lun) == IFD_ICC_PRESENT;
		if (present != s->present)
			s->moves++;
		s->present = present;
		struct reader_slot *out = &list.slot[list.n++];
		memcpy(out->name, s->dev.name, sizeof(out->name));
		out->card_present = present;
		out->generation = s->dev.plugged << 12 ^ s->moves;
	}
	*ret = list;
	return OK;
}

static void ifd_drop(struct readers *r)
{
	struct ifd *p = (struct ifd *)(void *)r;

	for (size_t i = 0; i < READERS_MAX; i++)
		close_slot(p, &p->slot[i]);
	handler_drop(&p->h);
	free(p);
}

static const struct readers_ops ifd_ops = {
        .name = "ifd",
        .scan = ifd_scan,
        .connect = ifd_connect,
        .close = ifd_drop,
};

enum err readers_open_ifd(const struct ifd_driver *d, struct readers **ret)
{
	struct ifd *p = calloc(1, sizeof(*p));

	if (!p)
		return ERR_NOMEM;
	p->base.ops = &ifd_ops;
	p->driver = *d;
	if (!handler_load(&p->h, d->library)) {
		ifd_drop(&p->base);
		return ERR_NOT_FOUND;
	}
	*ret = &p->base;
	return OK;
}
