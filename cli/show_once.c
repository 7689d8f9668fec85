/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recovery key on the terminal: shown once, taken away again, asked for in part. */
#include "cli/show_once.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "cli/qr.h"
#include "cli/show_page.h"
#include "core/ask.h"
#include "core/ask_words.h"
#include "crypto/crypto.h"
#include "unlock/recovery.h"

enum {
	LOOK_MS = 200, /* how long a signal may wait */
	ROWS_UNTOLD = 100,
	ABOUT_MAX = 32,
	PTY_FIRST = 136,
	PTY_LAST = 143, /* major numbers: Linux, Documentation/admin-guide/devices.txt */
	KEY_C = 3,
	KEY_D = 4, /* ^C, ^D */
};

/* xterm's control sequences. */
static const char other_screen[] = "\033[?1049h\033[2J\033[H";
static const char usual_screen[] = "\033[2J\033[H\033[?1049l";
/* What a console has that knows no other screen: its own, and what scrolled out. */
static const char wiped_screen[] = "\033[2J\033[3J\033[H";

static void put(int fd, const char *text)
{
	words_put(fd, text, strlen(text));
}

/* Terminal emulators have another screen; a console or a serial line may not. */
static bool is_emulator(int fd)
{
	unsigned dev = 0;

	return ioctl(fd, TIOCGDEV, &dev) == 0 && major(dev) >= PTY_FIRST &&
	       major(dev) <= PTY_LAST;
}

static void draw(int fd, const struct secret *key, const struct secret *code,
                 const struct show_what *what)
{
	const struct show_room room = show_room(fd);

	put(fd, other_screen);
	show_page(fd, &room, key, code, what);
}

/* Row by row: a multiplexer without another screen (screen does not have one unless told,
 * tmux can be told not to) keeps what a whole screen's erasing takes away as history. */
static void erase(int fd)
{
	const size_t told = show_room(fd).rows, rows = told > 0 ? told : ROWS_UNTOLD;
	char text[32];

	for (size_t i = 1; i <= rows; i++) {
		const int n = snprintf(text, sizeof(text), "\033[%zu;1H\033[2K", i);

		words_put(fd, text, (size_t)n);
	}
}

static bool was_signalled(const sigset_t *held)
{
	sigset_t waiting;

	if (sigpending(&waiting) != 0)
		return true;
	for (int i = 1; i < NSIG; i++)
		if (sigismember(held, i) == 1 && sigismember(&waiting, i) == 1)
			return true;
	return false;
}

static enum err wait_enter(int fd, const sigset_t *held)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		char key = 0;

		if (was_signalled(held))
			return ERR_CANCELLED;
		if (poll(&p, 1, LOOK_MS) <= 0)
			continue;
		const ssize_t n = read(fd, &key, 1);
		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN) ||
		    key == KEY_C || key == KEY_D)
			return ERR_CANCELLED;
		if (n == 1 && (key == '\n' || key == '\r'))
			return OK;
	}
}

static enum err show(int fd, const struct secret *key, const struct secret *code,
                     const struct show_what *what)
{
	static const int ends[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP};
	struct termios before, now;
	sigset_t held, old;

	if (tcgetattr(fd, &before) != 0)
		return ERR_NOT_FOUND;
	(void)sigemptyset(&held); /* none of these fails for these numbers */
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		(void)sigaddset(&held, ends[i]);
	now = before;
	now.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	now.c_cc[VMIN] = 1;
	now.c_cc[VTIME] = 0;
	/* A signal waits until the key is off the screen. */
	(void)sigprocmask(SIG_BLOCK, &held, &old);
	enum err e = tcsetattr(fd, TCSAFLUSH, &now) == 0 ? OK : err_from_errno(errno);
	if (e == OK) {
		draw(fd, key, code, what);
		e = wait_enter(fd, &held);
		erase(fd);
		if (!is_emulator(fd))
			put(fd, wiped_screen);
		put(fd, usual_screen);
		(void)tcsetattr(fd, TCSAFLUSH, &before); /* as it was, if it is there */
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return e;
}

enum err show_once(const struct secret *key, const struct show_what *what)
{
	AUTO_SECRET *code = NULL;
	const int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return ERR_NOT_FOUND;
	if (!what->no_qr && show_room(fd).utf8)
		(void)qr_make(key, &code); /* the letters are enough */
	const enum err e = show(fd, key, code, what);
	(void)close(fd); /* nothing is buffered */
	return e;
}

/* --- typed back --- */

/* Two different ones, the lower first. */
static enum err choose(size_t ret[static 2])
{
	uint8_t random[2];

	const enum err e = random_bytes(random, sizeof(random));
	if (e != OK)
		return e;
	const size_t a = random[0] % RECOVERY_GROUPS;
	const size_t b = (a + 1 + random[1] % (RECOVERY_GROUPS - 1)) % RECOVERY_GROUPS;
	ret[0] = a < b ? a : b;
	ret[1] = a < b ? b : a;
	return OK;
}

/* *ret_again: the person wants to see it once more. */
static enum err ask_group(struct ask *a, const struct secret *key, size_t group,
                          const char *about, bool *ret_again)
{
	char name[64];
	const struct ask_question q = {
	        .kind = ASK_PASSPHRASE,
	        .about = about,
	        .what = name,
	        .tries_left = -1,
	        .max = RECOVERY_LEN,
	};

	(void)snprintf(name, sizeof(name), "Group %zu of the recovery key", group + 1);
	for (;;) {
		AUTO_SECRET *typed = NULL;

		const enum err e = ask_wait(a, &q, -1, &typed);
		if (e != OK)
			return e;
		*ret_again = secret_len(typed) == 0;
		if (*ret_again || recovery_group_is(key, group, typed))
			return OK;
		a->ops->note(a,
		             "That is not what was shown. Look at what you have written, "
		             "or press Enter alone to see the key again.");
	}
}

static enum err ask_groups(const struct secret *key, const struct show_what *what,
                           bool *ret_again)
{
	char several[ABOUT_MAX];
	const char *about = what->n == 1 ? what->device[0] : several;
	struct ask *a = NULL;
	size_t group[2];

	(void)snprintf(several, sizeof(several), "these %zu volumes", what->n);

	enum err e = choose(group);
	if (e == OK)
		e = ask_open_tty(&a);
	for (size_t i = 0; e == OK && i < 2 && !*ret_again; i++)
		e = ask_group(a, key, group[i], about, ret_again);
	a = ask_close(a);
	return e;
}

enum err show_until_noted(const struct secret *key, const struct show_what *what)
{
	bool again = true;
	enum err e = OK;

	while (e == OK && again) {
		again = false;
		e = show_once(key, what);
		if (e == OK)
			e = ask_groups(key, what, &again);
	}
	return e;
}
