/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to the person, answered on a terminal, from a descriptor, later by plymouth.
 */
#ifndef CORE_ASK_H
#define CORE_ASK_H

#include "core/secret.h"

enum ask_kind {
	ASK_USER_PIN, /* PW1 of a card */
	ASK_TPM_PIN,
	ASK_PASSPHRASE,         /* of a LUKS keyslot */
	ASK_CARD_OR_PASSPHRASE, /* "insert the dongle, or type the passphrase" */
	ASK_CONFIRM,            /* words to be typed in clear, compared by the caller */
};

/* What a PIN from a descriptor may consist of: one of before whatever it was set to, but
 * a NUL, which a program left there; one that is set what can be typed at the next
 * prompt.
 */
enum ask_bytes { ASK_NO_NUL, ASK_TYPED, ASK_ANY };

/* A question is data; the asker decides how to word and draw it. */
struct ask_question {
	enum ask_kind kind;
	const char *about; /* what is asked for: "card 000F:12345678", "/dev/sda2"; may be
	                      NULL */
	const char *what;  /* its name, "Admin PIN"; NULL: "PIN", "Passphrase" */
	const char *hint;  /* a sentence shown before the prompt, or NULL */
	int tries_left;    /* -1 when the device does not tell or it does not apply */
	bool again;        /* asked a second time on purpose: this spends the last try */
	size_t min, max;   /* bytes; shorter is said by the asker and asked again */
	enum ask_bytes bytes;
};

/*
 * An asker never blocks its caller: the loop polls its descriptor beside
 * the card's, so that a dongle can appear while the question stands.
 */
struct ask;

struct ask_ops {
	const char *name;
	/* ERR_UNSUPPORTED: this asker has no way to answer this kind. */
	enum err (*begin)(struct ask *a, const struct ask_question *q);
	/* To poll for POLLIN while a question stands.  A terminal's tells of keys also
	 * while none does; -1: nothing to poll. */
	int (*fd)(const struct ask *a);
	/*
	 * Never blocks.  ERR_TIMEOUT: no whole answer yet.  ERR_CANCELLED: the person
	 * gave up (^D on an empty line) or the descriptor ended.  After anything but
	 * ERR_TIMEOUT the question no longer stands.
	 */
	enum err (*step)(struct ask *a, struct secret **ret_answer);
	void (*withdraw)(
	        struct ask *a); /* the question no longer matters; may be repeated */
	void (*note)(struct ask *a,
	             const char *text); /* a line to the person; keeps the prompt tidy */
	bool (*interactive)(const struct ask *a,
	                    enum ask_kind kind); /* can a person be asked again? */
	void (*close)(struct ask *a);            /* frees a */
};

struct ask {
	const struct ask_ops *ops;
};

/* /dev/tty, else (standard input being a terminal, as at boot) /dev/console.  Stars,
 * back-space, ^U.  Echo is off from the first question or note until the asker is closed,
 * and whatever signal ends or stops the program puts the terminal back (ask_quiet.h).  A
 * question in the background stops the job, as any reader of a terminal.  ERR_NOT_FOUND:
 * there is no terminal. */
enum err ask_open_tty(struct ask **ret);

/*
 * Answers from descriptors: a PIN question takes the next line of pin_fd, a passphrase
 * question the next line of passphrase_fd (-1: none).  A line ends at a newline or the
 * end; at the end of the descriptor the answer is ERR_CANCELLED.  An answer of the wrong
 * length is ERR_PIN_LENGTH for a PIN, else ERR_USAGE; with a byte that q->bytes rules out
 * ERR_PIN_BYTES.  A CR before a PIN's newline is no part of it.  A kind without a
 * descriptor goes to `next` (owned on OK, may be NULL: then begin returns
 * ERR_UNSUPPORTED). ASK_CARD_OR_PASSPHRASE uses passphrase_fd.  note() goes to `next`,
 * else to stderr.
 */
enum err ask_open_fds(int pin_fd, int passphrase_fd, struct ask *next, struct ask **ret);

struct ask *ask_close(struct ask *a); /* NULL is fine; returns NULL */

/* Ask and wait, at most timeout_ms (-1: for ever).  Withdraws on ERR_TIMEOUT. */
enum err ask_wait(struct ask *a, const struct ask_question *q, int timeout_ms,
                  struct secret **ret_answer);

#endif
