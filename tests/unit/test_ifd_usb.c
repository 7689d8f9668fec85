/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which USB devices are taken for readers, what they are called, and how libccid is told
 * of them. */
#include <dlfcn.h>
#include <stdio.h>

#include "card/ifd.h"
#include "tests/unit/check.h"
#include "tests/unit/double_usb.h"
#include "tests/unit/fake_ifd.h"

void *dlopen(const char *path, int how)
{
	return fake_usb_dlopen(path, how);
}

static const char *program;

/* DWG Smart-Card CCID 1.1, 5.1: 54 bytes, type 0x21. */
static const char ccid_descriptor[54] = {54, 0x21};
static const char other_type[54] = {54, 0x22};
static const char other_length[54] = {53, 0x21};

static struct readers *begin(void)
{
	struct readers *r = NULL;

	fake_usb_start(program);
	CHECK(readers_open_ccid(&r) == OK);
	return r;
}

static void end(struct readers *r)
{
	CHECK(readers_close(r) == NULL);
	CHECK(fake_usb.open == 0);
}

static struct reader_list scan(struct readers *r)
{
	struct reader_list l = {.n = 99};

	CHECK(r->ops->scan(r, &l) == OK);
	CHECK(fake_usb.open == 0); /* held for a moment only */
	return l;
}

static void readers_are_known_by_their_interface(void)
{
	static const struct {
		const char *what;
		struct fake_interface first, second;
		bool reader;
	} rows[] = {
	        {"a CCID interface",      {.class = 0x0b}, {.class = 3},    true },
	        {"as the second one",     {.class = 3},    {.class = 0x0b}, true },
	        {"a keyboard",            {.class = 3},    {.class = 3},    false},
	        {"no setting of it",
	         {.class = 0x0b, .no_setting = true},
	         {.class = 3},
	         false	                                                   },
	        {"an old reader",
	         {0xff, 0, false, ccid_descriptor, 54},
	         {.class = 3},
	         true	                                                    },
	        {"no descriptor at all",  {.class = 0xff}, {.class = 3},    false},
	        {"it is too short",
	         {0xff, 0, false, ccid_descriptor, 53},
	         {.class = 3},
	         false	                                                   },
	        {"it says so itself",
	         {0xff, 0, false, other_length, 54},
	         {.class = 3},
	         false	                                                   },
	        {"it is another one",
	         {0xff, 0, false, other_type, 54},
	         {.class = 3},
	         false	                                                   },
	        {"of a class of its own",
	         {3, 0, false, ccid_descriptor, 54},
	         {.class = 3},
	         false	                                                   },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct readers *r = begin();
		struct fake_usb_device *d = fake_usb_plug(FAKE_GOOD, 1, 2);

		d->interface[0] = rows[i].first;
		d->interface[1] = rows[i].second;
		d->n_interfaces = 2;
		CHECK_ROW((scan(r).n == 1) == rows[i].reader, rows[i].what);
		end(r);
	}
}

static void what_cannot_be_read_is_left_out(void)
{
	struct readers *r = begin();

	fake_usb_plug(FAKE_GOOD, 1, 2)->no_config = true;
	fake_usb_plug(FAKE_GOOD, 1, 3)->no_descriptor = true;
	fake_usb_plug(FAKE_NO_READER, 1, 4);
	fake_usb_plug(FAKE_GOOD, 1, 5);
	const struct reader_list l = scan(r);
	CHECK(l.n == 1 && strstr(l.slot[0].name, "bus 1 device 5") != NULL);
	end(r);
}

static void the_handler_is_told_device_and_interface(void)
{
	static const char want[] = "usb:20a0/0010:libusb-1.0:3:17:2\x90";
	struct readers *r = begin();
	struct transport *t = NULL;
	const uint8_t cmd[4] = {0};
	uint8_t resp[128];
	size_t n = 0;

	_Static_assert(FAKE_TELLS_NAME == 0x0010, "the product's number below");
	struct fake_usb_device *d = fake_usb_plug(FAKE_TELLS_NAME, 3, 17);
	d->interface[0] = (struct fake_interface){.class = 3, .number = 1};
	d->interface[1] = (struct fake_interface){.class = 0x0b, .number = 2};
	d->n_interfaces = 2;
	const struct reader_list l = scan(r);
	CHECK(l.n == 1 && l.slot[0].card_present);
	CHECK(r->ops->connect(r, l.slot[0].name, &t) == OK);
	CHECK(t->ops->transmit(t, (struct bytes){cmd, 4}, resp, sizeof(resp), &n) == OK);
	CHECK(n == sizeof(want) && memcmp(resp, want, n) == 0);
	t = transport_close(t);
	end(r);
}

static void a_token_that_was_moved_is_another_one(void)
{
	struct readers *r = begin();
	struct transport *t = NULL;

	struct fake_usb_device *d = fake_usb_plug(FAKE_GOOD, 1, 2);
	fake_usb_plug(FAKE_GOOD, 2, 2);
	const struct reader_list a = scan(r);
	CHECK(a.n == 2 && strcmp(a.slot[0].name, a.slot[1].name) != 0);
	CHECK(r->ops->connect(r, a.slot[0].name, &t) == OK);
	d->address = 3; /* taken out and put in again */
	const struct reader_list b = scan(r);
	CHECK(b.n == 2 && t->ops->alive(t) == ERR_CARD_LOST);
	for (size_t i = 0; i < b.n; i++)
		CHECK(b.slot[i].generation != a.slot[0].generation);
	t = transport_close(t);
	fake_usb.n = 0;
	CHECK(scan(r).n == 0);
	end(r);
}

static void no_more_than_there_is_room_for(void)
{
	struct readers *r = begin();

	for (unsigned i = 1; i <= FAKE_USB_DEVICES; i++)
		fake_usb_plug(FAKE_GOOD, 1, (uint8_t)i);
	CHECK(scan(r).n == READERS_MAX);
	end(r);
}

static void without_usb_there_is_no_service(void)
{
	struct readers *r = begin();
	struct reader_list l = {.n = 99};

	fake_usb.no_usb = true;
	CHECK(r->ops->scan(r, &l) == ERR_NO_SERVICE && l.n == 99);
	fake_usb.no_usb = false;
	fake_usb.no_list = true;
	CHECK(r->ops->scan(r, &l) == ERR_NO_SERVICE && l.n == 99 && fake_usb.open == 0);
	fake_usb.no_list = false;
	fake_usb_plug(FAKE_GOOD, 1, 2);
	CHECK(scan(r).n == 1);
	end(r);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
	        {"readers are known by their interface",
	         readers_are_known_by_their_interface                                       },
	        {"what cannot be read is left out",          what_cannot_be_read_is_left_out},
	        {"the handler is told device and interface",
	         the_handler_is_told_device_and_interface                                   },
	        {"a token that was moved is another one",
	         a_token_that_was_moved_is_another_one                                      },
	        {"no more than there is room for",           no_more_than_there_is_room_for },
	        {"without USB there is no service",          without_usb_there_is_no_service},
	};

	(void)argc;
	program = argv[0];
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
