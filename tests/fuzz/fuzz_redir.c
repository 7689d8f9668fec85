/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest may send to the virtual dongle.  First byte: which model; if its highest
 * bit is set the rest is raw usbredir, else requests that libusbredirparser makes packets
 * of (see `request`), and what comes back is compared with what was asked for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <usbredirparser.h>

#include "core/bytes.h"
#include "tests/dongle/redir.h"
#include "tests/fuzz/obliging_card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAW = 0x80, ASKED_MAX = 256, PART = 61 };
enum { CONTROL, SEND, RECEIVE, CANCEL, CONFIGURE, RESET, PLUG, TIME };

struct guest {
	struct usbredirparser *parser;
	int fd;
	struct redir *dongle;
	struct ccid *reader;
	uint32_t asked[ASKED_MAX]; /* by id: how much is expected at most, and one more */
	size_t n_asked;
};

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

/* --- the guest's side of the wire --- */

static int take_bytes(void *priv, uint8_t *p, int n)
{
	const struct guest *g = priv;
	const ssize_t got = recv(g->fd, p, (size_t)n, MSG_DONTWAIT);

	return got < 0 ? 0 : (int)got; /* it never hangs up first */
}

static int give_bytes(void *priv, uint8_t *p, int n)
{
	const struct guest *g = priv;
	const ssize_t done = send(g->fd, p, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);

	return done < 0 ? 0 : (int)done;
}

static void say(void *priv, int level, const char *msg)
{
	(void)priv;
	(void)msg;
	check(level != usbredirparser_error); /* what the dongle sends is well formed */
}

/* Each request has one answer, and none is longer than was asked for. */
static void answered(struct guest *g, uint64_t id, size_t n)
{
	check(id < g->n_asked && g->asked[id] > 0 && n < g->asked[id]);
	g->asked[id] = 0;
}

static void on_control(void *priv, uint64_t id, struct usb_redir_control_packet_header *h,
                       uint8_t *data, int n)
{
	struct guest *g = priv;

	check(h->status == usb_redir_success || h->status == usb_redir_stall);
	answered(g, id, (size_t)n);
	usbredirparser_free_packet_data(g->parser, data);
}

static void on_bulk(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *h,
                    uint8_t *data, int n)
{
	struct guest *g = priv;

	check((h->endpoint & 0x80) != 0 || n == 0);
	answered(g, id, (size_t)n);
	usbredirparser_free_packet_data(g->parser, data);
}

static void on_hello(void *priv, struct usb_redir_hello_header *h)
{
	(void)priv;
	(void)h;
}

static void on_connect(void *priv, struct usb_redir_device_connect_header *h)
{
	(void)priv;
	check(h->speed == usb_redir_speed_full);
}

static void on_nothing(void *priv)
{
	(void)priv;
}

static void on_interfaces(void *priv, struct usb_redir_interface_info_header *h)
{
	(void)priv;
	check(h->interface_count == 1);
}

static void on_endpoints(void *priv, struct usb_redir_ep_info_header *h)
{
	(void)priv;
	check(h->type[EP_OUT] == usb_redir_type_bulk);
}

static void on_configured(void *priv, uint64_t id,
                          struct usb_redir_configuration_status_header *h)
{
	(void)h;
	answered(priv, id, 0);
}

static bool connect_guest(struct guest *g)
{
	struct usbredirparser *p = usbredirparser_create();
	uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};

	if (p == NULL)
		return false;
	p->priv = g;
	p->log_func = say;
	p->read_func = take_bytes;
	p->write_func = give_bytes;
	p->hello_func = on_hello;
	p->device_connect_func = on_connect;
	p->device_disconnect_func = on_nothing;
	p->interface_info_func = on_interfaces;
	p->ep_info_func = on_endpoints;
	p->configuration_status_func = on_configured;
	p->control_packet_func = on_control;
	p->bulk_packet_func = on_bulk;
	usbredirparser_caps_set_cap(caps, usb_redir_cap_connect_device_version);
	usbredirparser_caps_set_cap(caps, usb_redir_cap_ep_info_max_packet_size);
	usbredirparser_caps_set_cap(caps, usb_redir_cap_64bits_ids);
	usbredirparser_caps_set_cap(caps, usb_redir_cap_32bits_bulk_length);
	g->parser = p;
	usbredirparser_init(p, "guest", caps, USB_REDIR_CAPS_SIZE, 0);
	return true;
}

/* --- requests --- */

static uint64_t ask(struct guest *g, size_t most)
{
	g->asked[g->n_asked] = (uint32_t)most + 1;
	return g->n_asked++;
}

/* Request type, request, value, index, length. */
static void ask_control(struct guest *g, struct bytes *in)
{
	uint32_t type, request, value, index, length;

	if (bytes_take_be(in, 1, &type) != OK || bytes_take_be(in, 1, &request) != OK ||
	    bytes_take_be(in, 2, &value) != OK || bytes_take_be(in, 2, &index) != OK ||
	    bytes_take_be(in, 2, &length) != OK)
		return;
	const bool reads = (type & 0x80) != 0;
	struct usb_redir_control_packet_header h = {
	        .endpoint = type & 0x80,
	        .request = (uint8_t)request,
	        .requesttype = (uint8_t)type,
	        .value = (uint16_t)value,
	        .index = (uint16_t)index,
	        .length = reads ? (uint16_t)length : 0,
	};

	usbredirparser_send_control_packet(g->parser, ask(g, h.length), &h, NULL, 0);
}

/* An endpoint, a length, and when it is written to that many bytes. */
static void ask_bulk(struct guest *g, struct bytes *in, bool writes)
{
	static uint8_t copy[UINT16_MAX];
	uint32_t endpoint, n;
	struct bytes text = {NULL, 0};

	if (bytes_take_be(in, 1, &endpoint) != OK || bytes_take_be(in, 2, &n) != OK ||
	    (writes && bytes_take(in, n < in->n ? n : in->n, &text) != OK))
		return;
	struct usb_redir_bulk_packet_header h = {
	        .endpoint = (uint8_t)(writes ? endpoint & 0x7f : endpoint | 0x80),
	        .length = (uint16_t)(writes ? text.n : n),
	};

	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	usbredirparser_send_bulk_packet(g->parser, ask(g, writes ? 0 : n), &h,
	                                writes ? copy : NULL, (int)text.n);
}

static void configure(struct guest *g, struct bytes *in)
{
	struct usb_redir_set_configuration_header h = {0};
	uint32_t number;

	if (bytes_take_be(in, 1, &number) != OK)
		return;
	h.configuration = (uint8_t)number;
	usbredirparser_send_set_configuration(g->parser, ask(g, 0), &h);
}

static void replug(struct guest *g)
{
	if (redir_plugged(g->dongle))
		redir_unplug(g->dongle);
	if (!ccid_job(g->reader))
		ccid_reset(g->reader);
	if (redir_ready(g->dongle))
		redir_plug(g->dongle);
}

static void request(struct guest *g, uint32_t what, struct bytes *in)
{
	uint32_t id;

	switch (what & 7) {
	case CONTROL:
		ask_control(g, in);
		break;
	case SEND:
	case RECEIVE:
		ask_bulk(g, in, (what & 7) == SEND);
		break;
	case CANCEL:
		if (bytes_take_be(in, 1, &id) == OK)
			usbredirparser_send_cancel_data_packet(g->parser, id);
		break;
	case CONFIGURE:
		configure(g, in);
		break;
	case RESET:
		usbredirparser_send_reset(g->parser);
		break;
	case PLUG:
		replug(g);
		break;
	default:
		ccid_extend(g->reader);
		break;
	}
}

/* --- both --- */

static bool work(struct guest *g)
{
	bool alive = redir_read(g->dongle);

	if (redir_take_reset(g->dongle) && !ccid_job(g->reader))
		ccid_reset(g->reader);
	redir_deliver(g->dongle);
	while (alive && redir_has_output(g->dongle))
		alive = redir_write(g->dongle);
	return alive;
}

static void finish_job(struct guest *g)
{
	if (!ccid_job(g->reader))
		return;
	ccid_run(g->reader);
	ccid_done(g->reader);
}

static void exchange(struct guest *g)
{
	while (usbredirparser_has_data_to_write(g->parser) > 0)
		(void)usbredirparser_do_write(g->parser);
	check(work(g));
	(void)usbredirparser_do_read(g->parser);
}

static void talk(struct guest *g, struct bytes in)
{
	uint32_t what;

	exchange(g);
	replug(g);
	while (g->n_asked < ASKED_MAX && bytes_take_be(&in, 1, &what) == OK) {
		request(g, what, &in);
		exchange(g);
		if ((what & 0x80) == 0)
			finish_job(g);
		exchange(g);
	}
}

/* Whatever it is, and in whatever parts it comes. */
static void flood(struct guest *g, struct bytes in)
{
	const size_t size = in.n + 1;
	struct bytes part;
	uint8_t sink[4096];
	bool alive = true;

	while (alive && bytes_take(&in, in.n < PART ? in.n : PART, &part) == OK &&
	       part.n > 0) {
		(void)!send(g->fd, part.p, part.n, MSG_DONTWAIT | MSG_NOSIGNAL);
		alive = work(g);
		if (redir_ready(g->dongle) && !redir_plugged(g->dongle))
			redir_plug(g->dongle);
		finish_job(g);
		while (recv(g->fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
			;
	}
	(void)shutdown(g->fd, SHUT_WR);
	for (size_t i = 0; alive && i <= size; i++) /* packets it does not like */
		alive = work(g);
	check(!alive);
}

static void meet(const struct model *m, bool raw, struct bytes in)
{
	static const uint8_t gnuk[] = {0x3B, 0xDA, 0x11, 0xFF, 0x81, 0xB1, 0xFE,
	                               0x55, 0x1F, 0x03, 0x00, 0x31, 0x84, 0x73,
	                               0x80, 0x01, 0x80, 0x05, 0x90, 0x00, 0xE4};
	struct bytes atr = {gnuk, sizeof(gnuk)};
	const struct ccid_card card = obliging_card(&atr);
	struct guest g = {.reader = ccid_new(&m->reader, &card)};
	int pair[2];

	if (g.reader == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
		abort();
	g.fd = pair[0];
	g.dongle = redir_new(pair[1], m, g.reader);
	if (g.dongle == NULL || (!raw && !connect_guest(&g)))
		abort();
	if (raw)
		flood(&g, in);
	else
		talk(&g, in);
	finish_job(&g);
	if (g.parser != NULL)
		usbredirparser_destroy(g.parser);
	redir_free(g.dongle);
	ccid_free(g.reader);
	(void)close(g.fd); /* all was said */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const profiles[] = {"default", "nitrokey-start",
	                                       "nitrokey-pro", "canokey-like"};
	static FILE *quiet;

	if (size < 1)
		return 0;
	if (quiet == NULL) /* the dongle tells its stderr what it does not like */
		stderr = quiet = fopen("/dev/null", "we");
	struct model m = model_for(profiles[data[0] % 4]);
	m.reader.t0 = (data[0] & 0x40) != 0 && m.reader.level == LEVEL_TPDU;
	meet(&m, (data[0] & RAW) != 0, (struct bytes){data + 1, size - 1});
	return 0;
}
