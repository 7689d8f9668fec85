/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which transport is taken, and what a process that drives readers itself may still do.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card/child.h"
#include "card/choose.h"
#include "tests/unit/check.h"
#include "tests/unit/double_usb.h"
#include "tests/unit/fake_ifd.h"

int access(const char *path, int how)
{
	return fake_usb_access(path, how);
}

void *dlopen(const char *path, int how)
{
	return fake_usb_dlopen(path, how);
}

static const char *program;
static char own_library[300]; /* fake_ifd.so@FAKE_GOOD */

static void only_what_can_be_meant_is_a_choice(void)
{
	static const struct {
		const char *how;
		bool ok;
	} rows[] = {
	        {"auto",            true },
	        {"pcsc",            true },
	        {"ccid",            true },
	        {"/lib/a.so@0",     true },
	        {"/lib/a.so@65535", true },
	        {"/a@0x8C7B",       true },
	        {"/a@0xffffffff",   true },
	        {"/a@b@7",          true },
	        {"",                false},
	        {"usb",             false},
	        {"PCSC",            false},
	        {"auto ",           false},
	        {"a.so@1",          false},
	        {"/a.so",           false},
	        {"/a.so@",          false},
	        {"/a.so@-1",        false},
	        {"/a.so@ 1",        false},
	        {"/a.so@1x",        false},
	        {"/a.so@0x",        false},
	        {"/a@0x100000000",  false},
	};
	char longest[300];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(readers_choice_ok(rows[i].how) == rows[i].ok, rows[i].how);
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	memcpy(longest + 255, "@1", 3); /* a name of 255 bytes, and its end */
	CHECK(readers_choice_ok(longest));
	memcpy(longest + 255, "a@1", 4);
	CHECK(!readers_choice_ok(longest));
}

/* --- in a process that is confined afterwards --- */

enum confined { FREE, LESS, USB };

/* `fd`: its status in /proc, which it cannot open any more. */
static enum confined how_confined(int fd)
{
	static char text[8192];

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 || close(fd) != 0)
		_exit(99);
	if (strstr(text, "\nSeccomp:\t2\n"))
		return USB;
	return strstr(text, "\nNoNewPrivs:\t1\n") ? LESS : FREE;
}

struct choice {
	const char *what, *how;
	bool pcscd, no_libccid;
	enum err e;
	const char *name;
	enum confined confined;
};

static void choose_in_child(const struct choice *c)
{
	const int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	struct readers *r = NULL;

	const enum err e = readers_open_choice(c->how, &r);
	if (e != c->e || (e != OK && r))
		_exit(10 + (int)e);
	if (e == OK && strcmp(r->ops->name, c->name) != 0)
		_exit(98);
	if (how_confined(status) != c->confined)
		_exit(97);
	r = readers_close(r);
	_exit(0);
}

static void what_there_is_is_taken(void)
{
	const struct choice rows[] = {
	        {"pcsc",                      "pcsc",          false, false, OK,             "pcsc", FREE},
	        {"ccid",                      "ccid",          true,  false, OK,             "ifd",  USB },
	        {"ccid, but it is not there", "ccid",          true,  true,  ERR_NO_SERVICE, NULL,
	         FREE	                                                                            },
	        {"pcscd is there",            "auto",          true,  false, OK,             "pcsc", FREE},
	        {"pcscd is not there",        "auto",          false, false, OK,             "ifd",  USB },
	        {"neither is there",          "auto",          false, true,  OK,             "pcsc", FREE},
	        {"another driver",            own_library,     true,  false, OK,             "ifd",  LESS},
	        {"one that is not there",     "/no/such.so@1", true,  false, ERR_NO_SERVICE,
	         NULL,	                                                                       FREE},
	        {"no choice",                 "usb",           true,  false, ERR_USAGE,      NULL,   FREE},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int status = -1;

		fake_usb_start(program);
		fake_usb.pcscd = rows[i].pcscd;
		fake_usb.no_libccid = rows[i].no_libccid;
		if (strcmp(rows[i].how, "auto") == 0)
			CHECK_ROW(strcmp(readers_choice_now("auto"),
			                 strcmp(rows[i].name, "ifd") == 0 ? "ccid"
			                                                  : "pcsc") == 0,
			          rows[i].what);
		const pid_t pid = fork();
		if (pid == 0)
			choose_in_child(&rows[i]);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK_ROW(status == 0, rows[i].what);
	}
}

/* --- the whole way --- */

static void talk(struct readers *r, const char *name)
{
	const uint8_t cmd[4] = {0, 0xa4, 4, 0};
	const uint8_t verify[PAD_TEMPLATE] = {0, 0x20, 0, 0x82, 6, 127};
	struct reader_list l = {0};
	struct transport *t = NULL;
	uint8_t resp[64];
	uint16_t sw = 0;
	size_t n = 0;

	CHECK(r->ops->scan(r, &l) == OK && l.n == 1);
	CHECK(strcmp(l.slot[0].name, name) == 0 && l.slot[0].card_present);
	CHECK(r->ops->connect(r, name, &t) == OK && t->ops->alive(t) == OK);
	CHECK(t->ops->transmit(t, (struct bytes){cmd, 4}, resp, sizeof(resp), &n) == OK);
	CHECK(n == 7 && memcmp(resp, cmd, 4) == 0);
	if (t->ops->verify_on_pad)
		CHECK(t->ops->verify_on_pad(t, (struct bytes){verify, sizeof(verify)},
		                            &sw) == OK &&
		      sw == 0x9000);
	t = transport_close(t);
}

static void a_confined_child_serves_cards(void)
{
	struct readers *r = NULL;

	fake_usb_start(program);
	fake_usb_plug(FAKE_PAD, 1, 2);
	CHECK(readers_open_child(readers_open_choice, "ccid", NULL, &r) == OK);
	talk(r, "USB reader (20a0:0015), bus 1 device 2");
	r = readers_close(r);
	CHECK(readers_open_child(readers_open_choice, own_library, NULL, &r) == OK);
	talk(r, "Channel 0x1");
	r = readers_close(r);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
	        {"only what can be meant is a choice",
	         only_what_can_be_meant_is_a_choice                                 },
	        {"what there is is taken",             what_there_is_is_taken       },
	        {"a confined child serves cards",      a_confined_child_serves_cards},
	};

	(void)argc;
	program = argv[0];
	fake_usb_start(program);
	char *path = realpath(fake_usb.library, NULL);
	(void)snprintf(own_library, sizeof(own_library), "%s@%d", path ? path : "",
	               FAKE_GOOD);
	free(path);
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
