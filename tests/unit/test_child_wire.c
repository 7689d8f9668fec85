/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader child against a parent that errs: it answers what it is asked, refuses what
 * cannot be meant, and ends at what is no request. */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card/child_wire.h"
#include "tests/unit/check.h"
#include "tests/unit/double_odd.h"

static struct {
	int fd;
	pid_t pid;
} child;

static void begin(readers_opener *open)
{
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	child.pid = fork();
	if (child.pid == 0) {
		(void)close(pair[0]);
		child_serve(pair[1], open, NULL);
	}
	(void)close(pair[1]);
	child.fd = pair[0];
}

/* By itself, in good order. */
static void ended(void)
{
	int status = -1;

	CHECK(waitpid(child.pid, &status, 0) == child.pid && status == 0);
	CHECK(close(child.fd) == 0);
}

static void end(void)
{
	CHECK(shutdown(child.fd, SHUT_WR) == 0);
	ended();
}

static void send_raw(struct child_request q, const void *p, size_t n)
{
	uint8_t out[sizeof(q) + 512] = {0};

	memcpy(out, &q, sizeof(q));
	if (n > 0)
		memcpy(out + sizeof(q), p, n);
	CHECK(send(child.fd, out, sizeof(q) + n, 0) == (ssize_t)(sizeof(q) + n));
}

/* What it answers, and how many bytes. */
static enum err ask(struct child_request q, const char *text, size_t *ret_n)
{
	static uint8_t in[sizeof(struct child_reply) + sizeof(struct reader_list)];
	struct child_reply r = {.e = ERR_BUG};
	const size_t n = text ? strlen(text) : 0;

	q.len = (uint32_t)n;
	q.limit_ms = 20000;
	send_raw(q, text, n);
	const ssize_t got = recv(child.fd, in, sizeof(in), 0);
	CHECK(got >= (ssize_t)sizeof(r));
	memcpy(&r, in, sizeof(r));
	CHECK((size_t)got == sizeof(r) + r.len && (r.e == OK || r.len == 0));
	*ret_n = r.len;
	return (enum err)r.e;
}

static void refuses_what_cannot_be_meant(void)
{
	static const struct {
		const char *what;
		struct child_request q;
		enum err e;
	} rows[] = {
	        {"a card that is not connected", {.op = CHILD_ALIVE, .card = 1}, ERR_BUG        },
	        {"a card that cannot be",
	         {.op = CHILD_ALIVE, .card = CHILD_CARDS},
	         ERR_BUG	                                                                },
	        {"any number for a card",
	         {.op = CHILD_TRANSMIT, .card = UINT32_MAX, .cap = 9},
	         ERR_BUG	                                                                },
	        {"what nobody can do",           {.op = CHILD_CLOSE + 1},        ERR_BUG        },
	        {"anything at all",              {.op = UINT32_MAX},             ERR_BUG        },
	        {"a pad that is not there",      {.op = CHILD_PAD},              ERR_UNSUPPORTED},
	        {"more than fits",
	         {.op = CHILD_ALIVE, .cap = CHILD_ANSWER_MAX + 1},
	         ERR_BUG	                                                                },
	        {"the card, as before",          {.op = CHILD_ALIVE},            OK             },
	};
	size_t n = 0;

	begin(open_odd);
	CHECK(ask((struct child_request){.op = CHILD_CONNECT}, "echoes", &n) == OK);
	CHECK(n == sizeof(struct child_card));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(ask(rows[i].q, NULL, &n) == rows[i].e, rows[i].what);
	end();
}

static void takes_no_name_that_does_not_end(void)
{
	char name[READER_NAME_MAX + 1];
	size_t n = 0;

	begin(open_odd);
	memset(name, 'a', sizeof(name));
	name[READER_NAME_MAX] = '\0';
	CHECK(ask((struct child_request){.op = CHILD_CONNECT}, name, &n) == ERR_BUG);
	name[READER_NAME_MAX - 1] = '\0';
	CHECK(ask((struct child_request){.op = CHILD_CONNECT}, name, &n) == OK);
	end();
}

static void a_closed_card_is_no_card(void)
{
	size_t n = 0;

	begin(open_odd);
	CHECK(ask((struct child_request){.op = CHILD_CONNECT}, "echoes", &n) == OK);
	CHECK(ask((struct child_request){.op = CHILD_CLOSE}, NULL, &n) == OK);
	CHECK(ask((struct child_request){.op = CHILD_CLOSE}, NULL, &n) == ERR_BUG);
	CHECK(ask((struct child_request){.op = CHILD_CONNECT}, "echoes", &n) == OK);
	end();
}

static void says_of_everything_why_there_are_no_readers(void)
{
	size_t n = 0;

	begin(open_fails);
	for (uint32_t op = CHILD_SCAN; op <= CHILD_CLOSE; op++)
		CHECK(ask((struct child_request){.op = op}, NULL, &n) == ERR_NO_SERVICE);
	end();
}

static void ends_at_what_is_no_request(void)
{
	begin(open_odd);
	CHECK(send(child.fd, "x", 1, 0) == 1);
	ended();
	begin(open_odd);
	send_raw((struct child_request){.op = CHILD_SCAN, .len = 1}, NULL, 0);
	ended();
	begin(open_odd);
	send_raw((struct child_request){.op = CHILD_SCAN, .len = UINT32_MAX}, "abcd", 4);
	ended();
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"refuses what cannot be meant",                refuses_what_cannot_be_meant   },
	        {"takes no name that does not end",             takes_no_name_that_does_not_end},
	        {"a closed card is no card",                    a_closed_card_is_no_card       },
	        {"says of everything why there are no readers",
	         says_of_everything_why_there_are_no_readers                                   },
	        {"ends at what is no request",                  ends_at_what_is_no_request     },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
