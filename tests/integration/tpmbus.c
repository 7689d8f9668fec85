/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sits on the bus between a program (tss2's "cmd:" TCTI) and swtpm: writes down what goes
 * by, and does what somebody there could do. */
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char usage_text[] =
        "Usage: tpmbus SOCKET LOG [WHAT]\n"
        "SOCKET: swtpm's data channel.  LOG: gets a line a message, in hex.  WHAT:\n"
        "  race CC N         extend PCR 10 before each of the first N commands CC\n"
        "  flip CC OFFSET    invert a bit of the answer to CC\n"
        "  say CC RC         answer CC with RC, and ask the TPM nothing\n"
        "  mute CC           never answer CC\n"
        "  late CC MS        answer CC, but MS milliseconds later; CC 0: whatever it is\n"
        "CC, RC: hex.\n";

enum { MESSAGE_MAX = 4096, HEAD = 10, HEX = 16, BAD = 2 };

struct message {
	uint8_t b[MESSAGE_MAX];
	size_t n;
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool fill(int fd, uint8_t *p, size_t n)
{
	while (n > 0) {
		const ssize_t got = read(fd, p, n);

		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool receive(int fd, struct message *m)
{
	if (!fill(fd, m->b, HEAD))
		return false;
	m->n = be32(m->b + 2);
	return m->n >= HEAD && m->n <= sizeof(m->b) && fill(fd, m->b + HEAD, m->n - HEAD);
}

static bool pass_on(int fd, const struct message *m)
{
	return write(fd, m->b, m->n) == (ssize_t)m->n;
}

static void note(FILE *log, char way, const struct message *m)
{
	(void)fprintf(log, "%c ", way);
	for (size_t i = 0; i < m->n; i++)
		(void)fprintf(log, "%02x", m->b[i]);
	(void)fputc('\n', log);
	(void)fflush(log);
}

static int call(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0 ? fd
	                                                                           : -1;
}

/* TPM2_PCR_Extend of PCR 10 with an empty password (Part 3, 22.2). */
static bool extend(int fd)
{
	static const uint8_t command[] = {
	        0x80, 0x02, 0, 0, 0, 65, 0, 0, 0x01, 0x82, 0, 0, 0, 10, 0, 0,   0,
	        9,    0x40, 0, 0, 9, 0,  0, 0, 0,    0,    0, 0, 0, 1,  0, 0x0b};
	struct message m = {.n = 65}, answer;

	memcpy(m.b, command, sizeof(command));
	return pass_on(fd, &m) && receive(fd, &answer) && be32(answer.b + 6) == 0;
}

struct plan {
	const char *what; /* "" for nothing */
	uint32_t cc;
	unsigned long n;
};

/* The TPM's part in one command. */
static bool answer(int tpm, struct plan *p, const struct message *q, struct message *a)
{
	const bool meant = *p->what && (p->cc == 0 || be32(q->b + 6) == p->cc);

	if (meant && strcmp(p->what, "race") == 0 && p->n > 0) {
		p->n--;
		if (!extend(tpm))
			return false;
	}
	if (meant && strcmp(p->what, "mute") == 0) {
		struct pollfd gone = {.fd = STDIN_FILENO, .events = POLLIN};

		(void)poll(&gone, 1, -1); /* whoever asked gave up */
		return false;
	}
	if (meant && strcmp(p->what, "late") == 0)
		(void)poll(NULL, 0, (int)p->n);
	if (meant && strcmp(p->what, "say") == 0) {
		*a = (struct message){
		        .b = {0x80, 0x01, 0, 0, 0, HEAD, (uint8_t)(p->n >> 24),
		              (uint8_t)(p->n >> 16), (uint8_t)(p->n >> 8), (uint8_t)p->n},
		        .n = HEAD,
		};
		return true;
	}
	if (!pass_on(tpm, q) || !receive(tpm, a))
		return false;
	if (meant && strcmp(p->what, "flip") == 0 && p->n < a->n)
		a->b[p->n] ^= 1;
	return true;
}

int main(int argc, char **argv)
{
	struct plan p = {.what = ""};
	struct message q, a;

	if (argc < 3 || argc == 4) {
		(void)fputs(usage_text, stderr);
		return BAD;
	}
	if (argc > 4) {
		p.what = argv[3];
		p.cc = (uint32_t)strtoul(argv[4], NULL, HEX);
		p.n = argc > 5 ? strtoul(argv[5], NULL,
		                         strcmp(p.what, "say") == 0 ? HEX : 0)
		               : 0;
	}
	const int tpm = call(argv[1]);
	FILE *log = fopen(argv[2], "ae");
	if (tpm < 0 || !log)
		return BAD;
	while (receive(STDIN_FILENO, &q)) {
		note(log, '>', &q);
		if (!answer(tpm, &p, &q, &a))
			return 1;
		note(log, '<', &a);
		if (!pass_on(STDOUT_FILENO, &a))
			return 1;
	}
	return fclose(log) == 0 ? 0 : 1;
}
