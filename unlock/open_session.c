/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From options to a session: checks the descriptors, opens asker and readers. */
#include "unlock/open_session.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "card/child.h"
#include "card/choose.h"
#include "core/ask_agents.h"
#include "core/ask_boot.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static enum err check_fds(const struct session_wish *w)
{
	if (w->pin_fd >= 0 && !is_open(w->pin_fd))
		return ERR_USAGE;
	if (w->passphrase_fd >= 0 && !is_open(w->passphrase_fd))
		return ERR_USAGE;
	if (w->pin_fd >= 0 && w->pin_fd == w->passphrase_fd)
		return ERR_USAGE;
	return OK;
}

static enum err open_asker(const struct session_wish *w, struct ask **ret)
{
	const bool by_fd = w->pin_fd >= 0 || w->passphrase_fd >= 0;
	struct ask *tty = NULL;

	if (w->agents && !by_fd)
		return ask_open_agents(AGENTS_FOLDER, ret);
	if (!by_fd || isatty(STDIN_FILENO) == 1) {
		const enum err e =
		        w->at_boot && !by_fd ? ask_open_boot(&tty) : ask_open_tty(&tty);

		if (e == OK && !by_fd) {
			*ret = tty;
			return OK;
		}
		if (e != OK && e != ERR_NOT_FOUND)
			return e;
	}
	/* Without terminal and descriptors nothing can be asked, but notes are still
	 * said. */
	const enum err e = ask_open_fds(w->pin_fd, w->passphrase_fd, tty, ret);

	if (e != OK)
		(void)ask_close(tty);
	return e;
}

static int wait_ms(const struct session_wish *w, const struct ask *a)
{
	if (w->wait_s >= 0)
		return w->wait_s > INT_MAX / 1000 ? INT_MAX : w->wait_s * 1000;
	if (a->ops->interactive(a, ASK_USER_PIN) ||
	    a->ops->interactive(a, ASK_PASSPHRASE))
		return -1;
	return SESSION_WAIT_MS;
}

enum err open_session(const struct session_wish *w, struct session **ret)
{
	struct session_options o = {
	        .reader = w->reader,
	        .serial = w->serial,
	        .tpm = w->tpm,
	        .run = w->run,
	        .pin_by_fd = w->pin_fd >= 0,
	        .passphrase_by_fd = w->passphrase_fd >= 0,
	};
	const char *how = w->transport ? w->transport : "auto";
	enum err e = check_fds(w);

	if (e == OK && !readers_choice_ok(how))
		e = ERR_USAGE;
	if (e != OK)
		return e;
	o.no_service = readers_choice_lost(how);
	e = open_asker(w, &o.ask);
	if (e != OK)
		return e;
	e = w->no_card ? readers_open_child_later(readers_open_choice, how, &o.readers)
	               : readers_open_child(readers_open_choice, how, NULL, &o.readers);
	if (e != OK) {
		(void)ask_close(o.ask);
		return e;
	}
	o.wait_ms = wait_ms(w, o.ask);
	return session_new(&o, ret);
}
