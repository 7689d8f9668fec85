/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a program, stops it when it exits, and looks for secrets in all its memory. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NEEDLES_MAX = 64, NEEDLE_MAX = 512, PIECE = 16, CHUNK = 1 << 20, NAME_MAX_ = 64 };

static const char usage_text[] =
        "Usage: memscan NEEDLES [--dump FILE] -- PROGRAM [ARGUMENT]...\n"
        "       memscan NEEDLES --in FILE\n"
        "       memscan --hold NEEDLES\n"
        "Runs PROGRAM. When it, or a child of it, is about to exit, every mapping that "
        "can\n"
        "be read or written is searched. A line of NEEDLES is a name, a space, and hex.\n"
        "A needle of 32 bytes or more is also searched for in pieces of 16.\n"
        "Prints \"memscan: N hits in N bytes of N processes, status N\" on standard "
        "error "
        "and a\n"
        "line a hit. Exit status: 0 nothing found, 1 found, 2 usage or failure.\n"
        "--dump: keep what was searched, for --in with needles that are known only "
        "later.\n"
        "--hold: a program that exits with every needle left on its heap and stack.\n";

struct needle {
	char name[NAME_MAX_];
	uint8_t bytes[NEEDLE_MAX];
	size_t len;
};

struct scan {
	struct needle needle[NEEDLES_MAX];
	size_t n;
	uint64_t bytes;
	unsigned hits, processes;
	FILE *dump; /* NULL: none */
};

static _Noreturn void die(const char *what)
{
	(void)fprintf(stderr, "memscan: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void load(const char *path, struct scan *s)
{
	char line[2 * NEEDLE_MAX + NAME_MAX_ + 2];
	FILE *f = fopen(path, "re");

	if (!f)
		die(path);
	while (s->n < NEEDLES_MAX && fgets(line, sizeof(line), f)) {
		struct needle *n = &s->needle[s->n];
		char *hex = strchr(line, ' ');

		if (!hex || (size_t)(hex - line) >= sizeof(n->name))
			continue;
		*hex++ = '\0';
		memcpy(n->name, line, strlen(line) + 1);
		unsigned byte = 0;
		while (n->len < NEEDLE_MAX && sscanf(hex, "%2x", &byte) == 1) {
			n->bytes[n->len++] = (uint8_t)byte;
			hex += 2;
		}
		/* Shorter ones are found by chance. */
		if (n->len < 8) {
			errno = EINVAL;
			die("a needle of less than 8 bytes");
		}
		s->n++;
	}
	(void)fclose(f);
}

static void search(struct scan *s, const uint8_t *buf, size_t len, uint64_t at,
                   const char *mapping)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct needle *n = &s->needle[i];
		const size_t step = n->len >= 2 * PIECE ? PIECE : n->len;

		for (size_t from = 0; from + step <= n->len; from += step) {
			const uint8_t *p = buf;
			size_t left = len;

			while ((p = memmem(p, left, n->bytes + from, step)) != NULL) {
				(void)fprintf(stderr,
				              "memscan: %s, bytes %zu to %zu, at "
				              "%#" PRIx64 " in %s",
				              n->name, from, from + step - 1,
				              at + (uint64_t)(p - buf), mapping);
				s->hits++;
				p++;
				left = len - (size_t)(p - buf);
			}
		}
	}
}

static void scan_process(struct scan *s, pid_t pid)
{
	static uint8_t buf[CHUNK + NEEDLE_MAX];
	char path[64];
	char line[512];

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	const int mem = open(path, O_RDONLY | O_CLOEXEC);
	if (!maps || mem < 0)
		die(path);
	s->processes++;
	while (fgets(line, sizeof(line), maps)) {
		uint64_t from = 0;
		uint64_t to = 0;
		char prot[5] = "";

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, prot) != 3)
			continue;
		if ((prot[0] != 'r' && prot[1] != 'w') || strstr(line, "[vvar") ||
		    strstr(line, "[vsyscall]"))
			continue;
		/* Chunks overlap, so that a needle across an edge is seen. */
		for (uint64_t at = from; at < to; at += CHUNK) {
			const uint64_t rest = to - at;
			const size_t want =
			        rest < sizeof(buf) ? (size_t)rest : sizeof(buf);
			const ssize_t got = pread(mem, buf, want, (off_t)at);

			if (got <= 0)
				continue;
			s->bytes += (uint64_t)got < CHUNK ? (uint64_t)got : CHUNK;
			search(s, buf, (size_t)got, at, line);
			if (s->dump &&
			    fwrite(buf, 1, (size_t)got, s->dump) != (size_t)got)
				die("dump");
		}
	}
	(void)close(mem);
	(void)fclose(maps);
}

static pid_t start(char **argv)
{
	const pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		return pid;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		die("ptrace");
	(void)raise(SIGSTOP); /* until the options are set */
	execvp(argv[0], argv);
	die(argv[0]);
}

/* Returns the wait status of the first process. */
static int watch(struct scan *s, pid_t first)
{
	const long options = PTRACE_O_TRACEEXIT | PTRACE_O_TRACEFORK |
	                     PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
	                     PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int status = 0;
	int result = 0;
	bool exec_seen = false;

	if (waitpid(first, &status, 0) != first || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, first, NULL, options) != 0)
		die("ptrace options");
	(void)ptrace(PTRACE_CONT, first, NULL, 0L);
	for (;;) {
		const pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0)
			return result;
		if (!WIFSTOPPED(status)) {
			if (pid == first)
				result = status;
			continue;
		}
		const int event = status >> 16;
		long pass_on = 0;
		if (event == PTRACE_EVENT_EXEC)
			exec_seen = true;
		else if (event == PTRACE_EVENT_EXIT && exec_seen)
			scan_process(s, pid);
		else if (event == 0 && WSTOPSIG(status) != SIGTRAP &&
		         WSTOPSIG(status) != SIGSTOP)
			pass_on = WSTOPSIG(status);
		(void)ptrace(PTRACE_CONT, pid, NULL, pass_on);
	}
}

/* Leaves what it can on purpose. */
static int hold(const struct scan *s)
{
	volatile uint8_t stack[NEEDLE_MAX];

	for (size_t i = 0; i < s->n; i++) {
		uint8_t *heap = malloc(s->needle[i].len);

		if (!heap)
			die("malloc");
		memcpy(heap, s->needle[i].bytes, s->needle[i].len);
		for (size_t j = 0; j < s->needle[i].len; j++)
			stack[j] = s->needle[i].bytes[j];
		(void)printf("%p %d\n", (void *)heap, stack[0] == heap[0]);
	}
	(void)fflush(stdout);
	_exit(0);
}

static void scan_file(struct scan *s, const char *path)
{
	static uint8_t buf[CHUNK + NEEDLE_MAX];
	FILE *f = fopen(path, "re");
	size_t n = 0;

	if (!f)
		die(path);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
		search(s, buf, n, s->bytes, "the dump\n");
		if (n < sizeof(buf))
			break;
		s->bytes += CHUNK;
		if (fseek(f, (long)s->bytes, SEEK_SET) != 0)
			die(path);
	}
	s->bytes += n;
	(void)fclose(f);
}

static int end(const struct scan *s, int status)
{
	(void)fprintf(stderr,
	              "memscan: %u hits in %" PRIu64
	              " bytes of %u processes, status %d\n",
	              s->hits, s->bytes, s->processes,
	              WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return s->hits > 0;
}

int main(int argc, char **argv)
{
	static struct scan s;
	int i = 2;

	if (argc == 3 && strcmp(argv[1], "--hold") == 0) {
		load(argv[2], &s);
		return hold(&s);
	}
	if (argc == 4 && strcmp(argv[2], "--in") == 0) {
		load(argv[1], &s);
		scan_file(&s, argv[3]);
		return end(&s, 0);
	}
	const bool dumps = argc > 5 && strcmp(argv[2], "--dump") == 0;
	if (dumps)
		i = 4;
	if (argc < i + 2 || strcmp(argv[i], "--") != 0) {
		(void)fputs(usage_text, stderr);
		return 2;
	}
	load(argv[1], &s);
	if (dumps && !(s.dump = fopen(argv[3], "we")))
		die(argv[3]);
	const int status = watch(&s, start(argv + i + 1));
	if (dumps && fclose(s.dump) != 0)
		die(argv[3]);
	return s.processes == 0 ? 2 : end(&s, status);
}
