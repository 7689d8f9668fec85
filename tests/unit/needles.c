/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking for pieces of secrets in the memory of a worker that stopped. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check.h"
#include "tests/unit/needles.h"

enum { MASK = 0xa7, PIECE = NEEDLE_PIECE, CHUNK = 64 * 1024 };

static const char *const needle_names[NEEDLES] = {[BODY] = "the passphrase",
                                                  [SESSION] = "the session key",
                                                  [PLAIN] = "what the card said",
                                                  [KEK] = "the key-encryption key",
                                                  [PIN] = "the PIN",
                                                  [PIN_HASH] = "the PIN's hash"};

/* In memory shared by parent, helper and worker. */
struct board {
	struct {
		uint8_t masked[NEEDLE_MAX];
		size_t n;
	} needle[NEEDLES];
	bool ok;
};

static struct board *board;

void *needles_share(size_t n)
{
	void *p =
	        mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

bool needles_begin(void)
{
	board = needles_share(sizeof(*board));
	return board != NULL;
}

void needle_post(int which, struct bytes b)
{
	volatile uint8_t *to = board->needle[which].masked;

	if (b.n > NEEDLE_MAX)
		b.n = NEEDLE_MAX;
	for (size_t i = 0; i < b.n; i++)
		to[i] = b.p[i] ^ MASK;
	board->needle[which].n = b.n;
}

struct secret *needle_fetch(int which)
{
	const size_t n = board->needle[which].n;
	struct secret *s = NULL;

	if (secret_new(n, &s) != OK)
		return NULL;
	volatile uint8_t *to = secret_buf(s);
	for (size_t i = 0; i < n; i++)
		to[i] = board->needle[which].masked[i] ^ MASK;
	return secret_set_len(s, n) == OK ? s : secret_free(s);
}

/* --- the parent's part -------------------------------------------------------------- */
static pid_t start(bool (*part)(void), bool stops)
{
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	board->ok = part();
	if (stops)
		(void)raise(SIGSTOP);
	_exit(0);
}

static bool run_helper(bool (*part)(void))
{
	int status = 0;
	const pid_t pid = start(part, false);

	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 && board->ok;
}

static bool is_piece(const uint8_t *at, const uint8_t *masked)
{
	size_t i = 0;

	while (i < PIECE && at[i] == (masked[i] ^ MASK))
		i++;
	return i == PIECE;
}

static size_t search(const uint8_t *buf, size_t n, bool say, const char *mapping)
{
	size_t hits = 0;

	for (int w = 0; w < NEEDLES; w++)
		for (size_t from = 0; from + PIECE <= board->needle[w].n; from += PIECE)
			for (size_t i = 0; i + PIECE <= n; i++)
				if (is_piece(buf + i, board->needle[w].masked + from)) {
					hits++;
					if (say)
						printf("%s, from %zu, in %s",
						       needle_names[w], from, mapping);
				}
	return hits;
}

static size_t scan(pid_t pid, bool say, uint64_t *bytes)
{
	static uint8_t buf[CHUNK + PIECE];
	char path[64], line[512], prot[5];
	uint64_t from, to;
	size_t hits = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	const int mem = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(maps != NULL && mem >= 0);
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, prot) != 3 ||
		    prot[1] != 'w')
			continue;
		for (; from < to; from += CHUNK) {
			const uint64_t rest = to - from;
			const ssize_t got = pread(
			        mem, buf, rest < sizeof(buf) ? (size_t)rest : sizeof(buf),
			        (off_t)from);

			if (got <= 0)
				continue;
			*bytes += (uint64_t)got;
			hits += search(buf, (size_t)got, say, line);
		}
	}
	explicit_bzero(buf, sizeof(buf)); /* the next worker inherits it */
	(void)close(mem);
	if (maps != NULL)
		(void)fclose(maps);
	return hits;
}

size_t needles_after(const char *what, bool (*help)(void), bool (*work)(void),
                     bool (*after)(void), bool say)
{
	uint64_t bytes = 0;
	int status = 0;

	memset(board, 0, sizeof(*board));
	CHECK_ROW(run_helper(help), what);
	const pid_t pid = start(work, true);
	CHECK_ROW(pid > 0 && waitpid(pid, &status, WUNTRACED) == pid &&
	                  WIFSTOPPED(status) && board->ok,
	          what);
	if (after != NULL)
		CHECK_ROW(run_helper(after), what);
	const size_t hits = scan(pid, say, &bytes);
	CHECK_ROW(bytes > 100000, what);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return hits;
}
