// SPDX-License-Identifier: GPL-2.0-or-later
/* The device as USB sees it: descriptors, configuration, control requests, and the
 * endpoint that tells of cards. */
#include <stdio.h>
#include <string.h>

#include "tests/dongle/redir_impl.h"

enum { CONTROL_MAX = 4096 };
enum { GET_STATUS = 0, GET_DESCRIPTOR = 6, FROM_DEVICE = 0x80, BY_CLASS = 0x20 };
enum { CLASS_CCID = 0x0B, CCID_ABORT = 1, CCID_CLOCKS = 2, CCID_RATES = 3 };

/* --- what kind of device --- */

static unsigned ep_index(unsigned address)
{
	return (address & 0x80) >> 3 | (address & 0x0F);
}

void redir_describe(struct redir *r)
{
	struct usb_redir_interface_info_header i = {.interface_count = 1};
	struct usb_redir_ep_info_header e = {0};
	static const uint8_t used[] = {EP_OUT, EP_IN, EP_INTERRUPT};

	i.interface_class[0] = CLASS_CCID;
	memset(e.type, usb_redir_type_invalid, sizeof(e.type));
	e.type[0] = e.type[16] = usb_redir_type_control;
	e.max_packet_size[0] = e.max_packet_size[16] = PACKET_MAX;
	for (unsigned k = 0; k < (r->model->interrupt ? 3 : 2); k++) {
		const unsigned at = ep_index(used[k]);
		const bool intr = used[k] == EP_INTERRUPT;

		e.type[at] = intr ? usb_redir_type_interrupt : usb_redir_type_bulk;
		e.interval[at] = intr ? 32 : 0;
		e.max_packet_size[at] = intr ? 8 : PACKET_MAX;
	}
	usbredirparser_send_interface_info(r->parser, &i);
	usbredirparser_send_ep_info(r->parser, &e);
}

/* --- control transfers --- */

static void configured(struct redir *r, uint64_t id)
{
	struct usb_redir_configuration_status_header s = {
	        .status = usb_redir_success, .configuration = r->configuration};

	usbredirparser_send_configuration_status(r->parser, id, &s);
}

static void on_set_configuration(void *priv, uint64_t id,
                                 struct usb_redir_set_configuration_header *h)
{
	struct redir *r = priv;

	r->configuration = h->configuration;
	if (r->model->seed != 0 && !r->was_configured)
		(void)fprintf(stderr, "bootlatch-dongle: seed %u: configured\n",
		              r->model->seed);
	r->was_configured = true;
	redir_describe(r);
	configured(r, id);
}

static void on_get_configuration(void *priv, uint64_t id)
{
	configured(priv, id);
}

static void alternate(struct redir *r, uint64_t id, unsigned interface, unsigned alt)
{
	struct usb_redir_alt_setting_status_header s = {
	        .status = alt == 0 ? usb_redir_success : usb_redir_stall,
	        .interface = (uint8_t)interface,
	};

	usbredirparser_send_alt_setting_status(r->parser, id, &s);
}

static void on_set_alt(void *priv, uint64_t id,
                       struct usb_redir_set_alt_setting_header *h)
{
	alternate(priv, id, h->interface, h->alt);
}

static void on_get_alt(void *priv, uint64_t id,
                       struct usb_redir_get_alt_setting_header *h)
{
	alternate(priv, id, h->interface, 0);
}

/* What the device sends for that request; false: it stalls. */
static bool control(struct redir *r, const struct usb_redir_control_packet_header *h,
                    uint8_t *out, size_t *ret_n)
{
	static const uint8_t clocks[] = {0xA0, 0x0F, 0x00, 0x00}; /* 4000 kHz */
	static const uint8_t rates[] = {0x00, 0x2A, 0x00, 0x00};  /* 10752 bit/s */
	const bool by_class = (h->requesttype & 0x60) == BY_CLASS;

	*ret_n = 0;
	if (by_class && h->request == CCID_ABORT)
		return true;
	if (by_class && (h->request == CCID_CLOCKS || h->request == CCID_RATES)) {
		memcpy(out, h->request == CCID_CLOCKS ? clocks : rates, sizeof(clocks));
		*ret_n = sizeof(clocks);
		return true;
	}
	if (by_class)
		return false;
	if ((h->requesttype & FROM_DEVICE) == 0)
		return true; /* clear a halt, set a feature */
	if (h->request == GET_STATUS) {
		out[0] = out[1] = 0;
		*ret_n = 2;
		return true;
	}
	if (h->request == GET_DESCRIPTOR)
		*ret_n = model_descriptor(r->model, h->value >> 8, h->value & 0xFF, out,
		                          CONTROL_MAX);
	return *ret_n > 0;
}

static void on_control(void *priv, uint64_t id, struct usb_redir_control_packet_header *h,
                       uint8_t *data, int n)
{
	struct redir *r = priv;
	uint8_t out[CONTROL_MAX];
	size_t out_n = 0;

	(void)n;
	usbredirparser_free_packet_data(r->parser, data);
	h->status = control(r, h, out, &out_n) ? usb_redir_success : usb_redir_stall;
	if (out_n > h->length)
		out_n = h->length;
	if ((h->endpoint & FROM_DEVICE) != 0)
		h->length = (uint16_t)out_n;
	else
		out_n = 0;
	usbredirparser_send_control_packet(r->parser, id, h, out_n > 0 ? out : NULL,
	                                   (int)out_n);
}

/* --- the endpoint that tells of cards --- */

static void on_start_interrupts(void *priv, uint64_t id,
                                struct usb_redir_start_interrupt_receiving_header *h)
{
	struct redir *r = priv;
	struct usb_redir_interrupt_receiving_status_header s = {
	        .status = usb_redir_success, .endpoint = h->endpoint};
	struct usb_redir_interrupt_packet_header p = {
	        .endpoint = h->endpoint, .status = usb_redir_success, .length = 2};
	uint8_t inserted[] = {0x50, 0x03}; /* RDR_to_PC_NotifySlotChange: a card came */

	usbredirparser_send_interrupt_receiving_status(r->parser, id, &s);
	usbredirparser_send_interrupt_packet(r->parser, r->interrupts++, &p, inserted,
	                                     sizeof(inserted));
}

static void on_stop_interrupts(void *priv, uint64_t id,
                               struct usb_redir_stop_interrupt_receiving_header *h)
{
	struct redir *r = priv;
	struct usb_redir_interrupt_receiving_status_header s = {
	        .status = usb_redir_success, .endpoint = h->endpoint};

	usbredirparser_send_interrupt_receiving_status(r->parser, id, &s);
}

void redir_usb_callbacks(struct usbredirparser *p)
{
	p->set_configuration_func = on_set_configuration;
	p->get_configuration_func = on_get_configuration;
	p->set_alt_setting_func = on_set_alt;
	p->get_alt_setting_func = on_get_alt;
	p->control_packet_func = on_control;
	p->start_interrupt_receiving_func = on_start_interrupts;
	p->stop_interrupt_receiving_func = on_stop_interrupts;
}
