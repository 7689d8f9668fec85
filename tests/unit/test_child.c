/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader child carries everything faithfully, and ends with its parent. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card/child_wire.h"
#include "tests/unit/check.h"
#include "tests/unit/double_odd.h"

static void carries_a_list_and_an_answer(void)
{
	struct readers *r = open_child(open_odd, &patient);
	struct reader_list list = {0};
	uint8_t cmd[2200], resp[2300];
	size_t n = 0;

	CHECK(r->ops->scan(r, &list) == OK);
	CHECK(list.n == 1 && strcmp(list.slot[0].name, "echoes") == 0);
	CHECK(list.slot[0].card_present && list.slot[0].generation == 7);
	struct transport *t = connect_to(r, "echoes");
	CHECK(t->extended == EXTENDED_YES && !t->t0);
	CHECK(strcmp(t->reader, "echoes") == 0 && !t->ops->verify_on_pad);
	CHECK(t->atr_len == 3 && memcmp(t->atr, "\x3b\x80\x01", 3) == 0);
	for (size_t i = 0; i < sizeof(cmd); i++)
		cmd[i] = (uint8_t)(i * 7);
	CHECK(t->ops->transmit(t, (struct bytes){cmd, sizeof(cmd)}, resp, sizeof(resp),
	                       &n) == OK);
	CHECK(n == sizeof(cmd) + 2 && memcmp(resp, cmd, sizeof(cmd)) == 0);
	CHECK(t->ops->alive(t) == OK);
	t = transport_close(t);
	r = readers_close(r);
	CHECK(no_child_left());
}

static void opened_later_it_starts_at_the_first_scan(void)
{
	struct reader_list list = {0};
	struct readers *r = NULL;

	CHECK(readers_open_child_later(open_odd, NULL, &r) == OK);
	CHECK(no_child_left());
	r = readers_close(r); /* nobody asked it */
	CHECK(readers_open_child_later(open_odd, NULL, &r) == OK);
	CHECK(r->ops->scan(r, &list) == OK && list.n == 1);
	CHECK(!no_child_left());
	r = readers_close(r);
	CHECK(no_child_left());
}

static void never_writes_past_the_answer(void)
{
	struct readers *r = open_child(open_odd, &patient);
	struct transport *t = connect_to(r, "echoes");
	const uint8_t cmd[64] = {1};
	uint8_t resp[67];
	size_t n = 5;

	memset(resp, 0xee, sizeof(resp));
	CHECK(t->ops->transmit(t, (struct bytes){cmd, 64}, resp, 65, &n) == ERR_IO);
	CHECK(n == 5 && resp[0] == 0xee && resp[66] == 0xee);
	CHECK(t->ops->transmit(t, (struct bytes){cmd, 64}, resp, 66, &n) == OK);
	CHECK(n == 66 && resp[65] == 0x00 && resp[66] == 0xee);
	t = transport_close(t);
	r = readers_close(r);
}

static void carries_errors_and_the_pin_pad(void)
{
	struct readers *r = open_child(open_odd, &patient);
	struct transport *t = connect_to(r, "was reset"), *none = NULL;
	uint8_t resp[16];
	uint16_t sw = 0;
	size_t n = 0;

	CHECK(t->t0);
	CHECK(t->ops->transmit(t, (struct bytes){resp, 4}, resp, sizeof(resp), &n) ==
	      ERR_CARD_RESET);
	CHECK(!t->t0 &&
	      t->extended == EXTENDED_NO); /* another protocol since the reset */
	t = transport_close(t);
	CHECK(r->ops->connect(r, "is busy", &none) == ERR_BUSY && !none);
	t = connect_to(r, "was pulled");
	CHECK(t->ops->alive(t) == ERR_CARD_LOST);
	t = transport_close(t);
	t = connect_to(r, "has a pad");
	CHECK(t->ops->verify_on_pad);
	CHECK(t->ops->verify_on_pad(t, (struct bytes){resp, 3}, &sw) == OK &&
	      sw == 0x63c2);
	t = transport_close(t);
	t = connect_to(r, "says too little");
	CHECK(t->ops->transmit(t, (struct bytes){resp, 4}, resp, sizeof(resp), &n) ==
	      ERR_IO);
	t = transport_close(t);
	r = readers_close(r);
	r = open_child(open_fails, &patient);
	struct reader_list list;
	CHECK(r->ops->scan(r, &list) == ERR_NO_SERVICE);
	r = readers_close(r);
}

static void holds_several_cards_at_once(void)
{
	struct readers *r = open_child(open_odd, &patient);
	struct transport *t[READERS_MAX], *more = NULL;

	for (size_t i = 0; i < READERS_MAX; i++)
		t[i] = connect_to(r, "echoes");
	CHECK(r->ops->connect(r, "echoes", &more) == ERR_IO && !more);
	t[3] = transport_close(t[3]);
	t[3] = connect_to(r, "was pulled");
	CHECK(t[3]->ops->alive(t[3]) == ERR_CARD_LOST);
	CHECK(t[4]->ops->alive(t[4]) == OK);
	for (size_t i = 0; i < READERS_MAX; i++)
		t[i] = transport_close(t[i]);
	r = readers_close(r);
}

static void takes_no_command_that_does_not_fit(void)
{
	static uint8_t cmd[CHILD_CMD_MAX + 1], resp[CHILD_ANSWER_MAX + 1000];
	struct readers *r = open_child(open_odd, &patient);
	struct transport *t = connect_to(r, "echoes");
	size_t n = 0;

	CHECK(t->ops->transmit(t, (struct bytes){cmd, sizeof(cmd)}, resp, sizeof(resp),
	                       &n) == ERR_BUG);
	cmd[CHILD_CMD_MAX - 1] = 0x77;
	CHECK(t->ops->transmit(t, (struct bytes){cmd, CHILD_CMD_MAX}, resp, sizeof(resp),
	                       &n) == OK);
	CHECK(n == CHILD_CMD_MAX + 2 && resp[CHILD_CMD_MAX - 1] == 0x77);
	t = transport_close(t);
	r = readers_close(r);
}

/* The parent is killed: the child closes its cards (here: empties a file) and ends. */
static void resets_the_card_when_its_parent_dies(void)
{
	char path[] = "/tmp/test_child.XXXXXX";
	const int fd = mkstemp(path);
	int status = 0;

	CHECK(fd >= 0 && write(fd, "held", 4) == 4);
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
	const pid_t parent = fork();
	if (parent == 0) {
		struct readers *r = NULL;
		struct transport *t = NULL;

		if (readers_open_child(open_odd, NULL, &patient, &r) != OK ||
		    r->ops->connect(r, path, &t) != OK)
			_exit(1);
		(void)kill(getpid(), SIGKILL);
	}
	CHECK(waitpid(parent, &status, 0) == parent && WIFSIGNALED(status));
	CHECK(waitpid(-1, &status, 0) > 0); /* the orphan ended by itself */
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(lseek(fd, 0, SEEK_END) == 0);
	CHECK(close(fd) == 0 && unlink(path) == 0);
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) == 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"carries a list and an answer",             carries_a_list_and_an_answer  },
	        {"opened later it starts at the first scan",
	         opened_later_it_starts_at_the_first_scan                                  },
	        {"never writes past the answer",             never_writes_past_the_answer  },
	        {"carries errors and the PIN pad",           carries_errors_and_the_pin_pad},
	        {"holds several cards at once",              holds_several_cards_at_once   },
	        {"takes no command that does not fit",
	         takes_no_command_that_does_not_fit                                        },
	        {"resets the card when its parent dies",
	         resets_the_card_when_its_parent_dies                                      },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
