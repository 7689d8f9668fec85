/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual cards as readers and transports. */
#include "tests/unit/double_vcard.h"

#include <stdio.h>
#include <stdlib.h>

struct line {
	struct transport base;
	struct vcard *v;
	const char *typed; /* at the pad */
	char name[READER_NAME_MAX];
};

struct hall {
	struct readers base;
	struct reader_slot slot[READERS_MAX];
	bool plugged[READERS_MAX];
	struct vcard *card[READERS_MAX];
	enum err connect_err[READERS_MAX];
	enum err scan_err;
	bool pad;
	const char *typed;
	unsigned connects;
};

static enum err transmit(struct transport *t, struct bytes cmd, uint8_t *resp, size_t cap,
                         size_t *ret_len)
{
	struct line *l = (struct line *)t;

	const size_t n = vcard_apdu(l->v, cmd.p, cmd.n, resp, cap);
	if (n == 0)
		return ERR_CARD_LOST;
	if (n < 2)
		return ERR_IO;
	*ret_len = n;
	return OK;
}

static enum err verify_on_pad(struct transport *t, struct bytes template,
                              uint16_t *ret_sw)
{
	const struct line *l = (const struct line *)t;
	const char *typed = l->typed ? l->typed : "";
	const size_t n = strlen(typed);
	uint8_t cmd[5 + 64], resp[256];

	if (template.n != PAD_TEMPLATE || n > 64)
		return ERR_BUG;
	*ret_sw = n == 0 ? SW_PAD_TIMEOUT : SW_PAD_LENGTH;
	if (n < template.p[4] || n > template.p[5])
		return OK;
	memcpy(cmd, template.p, 4);
	cmd[4] = (uint8_t)n;
	memcpy(cmd + 5, typed, n);
	if (vcard_apdu(l->v, cmd, 5 + n, resp, sizeof(resp)) != 2)
		return ERR_CARD_LOST;
	*ret_sw = (uint16_t)(resp[0] << 8 | resp[1]);
	return OK;
}

static enum err alive(struct transport *t)
{
	(void)t;
	return OK;
}

static void drop(struct transport *t)
{
	struct line *l = (struct line *)t;

	vcard_reset(l->v);
	free(l);
}

static const struct transport_ops ops = {
        .name = "vcard", .transmit = transmit, .alive = alive, .close = drop};
static const struct transport_ops pad_ops = {.name = "vcard",
                                             .transmit = transmit,
                                             .verify_on_pad = verify_on_pad,
                                             .alive = alive,
                                             .close = drop};

struct transport *double_vcard_transport(struct vcard *v, const char *reader)
{
	struct line *l = calloc(1, sizeof(*l));
	if (!l)
		abort();
	(void)snprintf(l->name, sizeof(l->name), "%s", reader);
	l->v = v;
	l->base.ops = &ops;
	l->base.reader = l->name;
	l->base.extended = EXTENDED_UNKNOWN;
	l->base.atr_len = vcard_atr(v, l->base.atr, sizeof(l->base.atr));
	return &l->base;
}

static enum err scan(struct readers *r, struct reader_list *ret)
{
	struct hall *h = (struct hall *)r;
	struct reader_list list = {0};

	if (h->scan_err != OK)
		return h->scan_err;
	for (size_t i = 0; i < READERS_MAX; i++)
		if (h->plugged[i])
			list.slot[list.n++] = h->slot[i];
	*ret = list;
	return OK;
}

static enum err connect_to(struct readers *r, const char *name, struct transport **ret)
{
	struct hall *h = (struct hall *)r;

	for (size_t i = 0; i < READERS_MAX; i++) {
		if (!h->plugged[i] || strcmp(h->slot[i].name, name) != 0)
			continue;
		if (h->connect_err[i] != OK)
			return h->connect_err[i];
		if (!h->card[i])
			return ERR_NO_CARD;
		h->connects++;
		*ret = double_vcard_transport(h->card[i], name);
		if (h->pad) {
			(*ret)->ops = &pad_ops;
			((struct line *)*ret)->typed = h->typed;
		}
		return OK;
	}
	return ERR_NO_READER;
}

static void hall_drop(struct readers *r)
{
	free(r);
}

static const struct readers_ops hall_ops = {
        .name = "vcard", .scan = scan, .connect = connect_to, .close = hall_drop};

struct readers *double_vcard_readers(void)
{
	struct hall *h = calloc(1, sizeof(*h));
	if (!h)
		abort();
	h->base.ops = &hall_ops;
	return &h->base;
}

void double_vcard_put(struct readers *r, size_t i, const char *name, struct vcard *v)
{
	struct hall *h = (struct hall *)r;

	(void)snprintf(h->slot[i].name, sizeof(h->slot[i].name), "%s", name);
	h->slot[i].card_present = v != NULL;
	h->slot[i].generation++;
	h->card[i] = v;
	h->plugged[i] = true;
}

void double_vcard_unplug(struct readers *r, size_t i)
{
	((struct hall *)r)->plugged[i] = false;
}

void double_vcard_connect_err(struct readers *r, size_t i, enum err e)
{
	((struct hall *)r)->connect_err[i] = e;
}

void double_vcard_scan_err(struct readers *r, enum err e)
{
	((struct hall *)r)->scan_err = e;
}

void double_vcard_pad(struct readers *r, const char *pin)
{
	struct hall *h = (struct hall *)r;

	h->pad = true;
	h->typed = pin;
}

unsigned double_vcard_connects(const struct readers *r)
{
	return ((const struct hall *)r)->connects;
}
