// SPDX-License-Identifier: GPL-2.0-or-later
/* usbredir's packets on one side, a CCID reader's messages on the other: the connection
 * and bulk transfers. */
#include "tests/dongle/redir_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- the socket --- */

static int take_bytes(void *priv, uint8_t *p, int n)
{
	struct redir *r = priv;
	const ssize_t got = recv(r->fd, p, (size_t)n, 0);

	if (got > 0)
		return (int)got;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	r->over = true;
	return -1;
}

static int give_bytes(void *priv, uint8_t *p, int n)
{
	struct redir *r = priv;
	const ssize_t done = send(r->fd, p, (size_t)n, MSG_NOSIGNAL);

	if (done >= 0)
		return (int)done;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	r->over = true;
	return -1;
}

static void say(void *priv, int level, const char *msg)
{
	(void)priv;
	if (level <= usbredirparser_warning)
		(void)fprintf(stderr, "bootlatch-dongle: usbredir: %s\n", msg);
}

/* --- plugging in --- */

static void forget(struct redir *r)
{
	r->n_waiting = r->in_n = r->sent = 0;
	r->configuration = 0;
}

void redir_plug(struct redir *r)
{
	struct usb_redir_device_connect_header d = {
	        .speed = usb_redir_speed_full,
	        .vendor_id = r->model->vendor,
	        .product_id = r->model->product,
	        .device_version_bcd = 0x0100,
	};

	forget(r);
	r->was_configured = false;
	r->messages = 0;
	redir_describe(r);
	usbredirparser_send_device_connect(r->parser, &d);
	r->plugged = true;
}

void redir_unplug(struct redir *r)
{
	if (r->plugged && r->model->seed != 0)
		(void)fprintf(stderr, "bootlatch-dongle: seed %u: %u messages\n",
		              r->model->seed, r->messages);
	if (r->plugged)
		usbredirparser_send_device_disconnect(r->parser);
	r->plugged = false;
	forget(r);
}

static void on_hello(void *priv, struct usb_redir_hello_header *h)
{
	struct redir *r = priv;

	(void)h;
	r->greeted = true;
}

static void on_reset(void *priv)
{
	struct redir *r = priv;

	forget(r);
	r->was_reset = true;
}

/* --- messages --- */

static void collect(struct redir *r, const uint8_t *p, size_t n)
{
	if (n > sizeof(r->in) - r->in_n)
		n = sizeof(r->in) - r->in_n;
	if (n > 0)
		memcpy(r->in + r->in_n, p, n);
	r->in_n += n;
	if (r->in_n < CCID_HEAD)
		return;
	const size_t want = ccid_length(r->in);
	if (r->in_n < want && r->in_n < sizeof(r->in))
		return;
	r->sent = 0;
	r->messages++;
	ccid_put(r->reader, r->in, r->in_n);
	explicit_bzero(r->in, r->in_n);
	r->in_n = 0;
}

static void complete(struct redir *r, const struct waiting *w, unsigned status,
                     const uint8_t *p, size_t n)
{
	struct usb_redir_bulk_packet_header h = w->head;
	uint8_t *copy =
	        n > 0 ? malloc(n) : NULL; /* the parser's interface knows no const */

	if (copy != NULL)
		memcpy(copy, p, n);
	h.status = (uint8_t)status;
	h.length = (uint16_t)(n & 0xFFFF);
	h.length_high = (uint16_t)(n >> 16);
	usbredirparser_send_bulk_packet(r->parser, w->id, &h, copy, (int)n);
	free(copy);
}

static void drop_waiting(struct redir *r, size_t i)
{
	r->n_waiting--;
	memmove(r->waiting + i, r->waiting + i + 1,
	        (r->n_waiting - i) * sizeof(r->waiting[0]));
}

void redir_deliver(struct redir *r)
{
	const uint8_t *p = NULL;
	size_t n = 0;

	while (r->plugged && r->n_waiting > 0 && (n = ccid_peek(r->reader, &p)) > 0) {
		const struct waiting *w = &r->waiting[0];
		const size_t room = w->head.length | (size_t)w->head.length_high << 16;
		const size_t left = n - r->sent, part = left < room ? left : room;

		complete(r, w, usb_redir_success, p + r->sent, part);
		drop_waiting(r, 0);
		r->sent += part;
		if (r->sent == n) {
			ccid_sent(r->reader);
			r->sent = 0;
		}
	}
}

static void on_bulk(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *h,
                    uint8_t *data, int n)
{
	struct redir *r = priv;
	const struct waiting w = {.id = id, .head = *h};

	if (!r->plugged || (h->endpoint != EP_IN && h->endpoint != EP_OUT)) {
		complete(r, &w, usb_redir_stall, NULL, 0);
	} else if (h->endpoint == EP_IN) {
		if (r->n_waiting == WAITING_MAX)
			complete(r, &w, usb_redir_ioerror, NULL, 0);
		else
			r->waiting[r->n_waiting++] = w;
	} else {
		struct usb_redir_bulk_packet_header done = *h; /* how much, not what */

		collect(r, data, (size_t)n);
		done.status = usb_redir_success;
		usbredirparser_send_bulk_packet(r->parser, id, &done, NULL, 0);
	}
	if (data != NULL)
		explicit_bzero(data, (size_t)n);
	usbredirparser_free_packet_data(r->parser, data);
	redir_deliver(r);
}

static void on_cancel(void *priv, uint64_t id)
{
	struct redir *r = priv;

	for (size_t i = 0; i < r->n_waiting; i++) {
		if (r->waiting[i].id != id)
			continue;
		complete(r, &r->waiting[i], usb_redir_cancelled, NULL, 0);
		drop_waiting(r, i);
		return;
	}
}

/* --- the connection --- */

static void unasked(void *priv)
{
	(void)priv; /* acknowledgements and refusals of a filter: nothing to do */
}

static void set_callbacks(struct usbredirparser *p)
{
	p->log_func = say;
	p->read_func = take_bytes;
	p->write_func = give_bytes;
	p->hello_func = on_hello;
	p->reset_func = on_reset;
	redir_usb_callbacks(p);
	p->bulk_packet_func = on_bulk;
	p->cancel_data_packet_func = on_cancel;
	p->filter_reject_func = unasked;
	p->device_disconnect_ack_func = unasked;
}

struct redir *redir_new(int fd, const struct model *m, struct ccid *reader)
{
	struct redir *r = calloc(1, sizeof(*r));
	struct usbredirparser *p = usbredirparser_create();
	uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};

	if (r == NULL || p == NULL) {
		free(r);
		(void)close(fd); /* nothing was sent */
		return NULL;
	}
	*r = (struct redir){.parser = p, .fd = fd, .model = m, .reader = reader};
	p->priv = r;
	set_callbacks(p);
	usbredirparser_caps_set_cap(caps, usb_redir_cap_connect_device_version);
	usbredirparser_caps_set_cap(caps, usb_redir_cap_device_disconnect_ack);
	usbredirparser_caps_set_cap(caps, usb_redir_cap_ep_info_max_packet_size);
	usbredirparser_caps_set_cap(caps, usb_redir_cap_64bits_ids);
	usbredirparser_caps_set_cap(caps, usb_redir_cap_32bits_bulk_length);
	usbredirparser_init(p, "bootlatch-dongle", caps, USB_REDIR_CAPS_SIZE,
	                    usbredirparser_fl_usb_host);
	return r;
}

void redir_free(struct redir *r)
{
	if (r == NULL)
		return;
	usbredirparser_destroy(r->parser);
	(void)close(r->fd); /* that is the message */
	explicit_bzero(r->in, r->in_n);
	free(r);
}

bool redir_read(struct redir *r)
{
	(void)usbredirparser_do_read(
	        r->parser); /* a packet it does not like is skipped */
	return !r->over;
}

bool redir_write(struct redir *r)
{
	(void)usbredirparser_do_write(r->parser);
	return !r->over;
}

bool redir_has_output(const struct redir *r)
{
	return usbredirparser_has_data_to_write(r->parser) > 0;
}

int redir_fd(const struct redir *r)
{
	return r->fd;
}

bool redir_ready(const struct redir *r)
{
	return r->greeted;
}

bool redir_plugged(const struct redir *r)
{
	return r->plugged;
}

bool redir_take_reset(struct redir *r)
{
	const bool was = r->was_reset;

	r->was_reset = false;
	return was;
}
