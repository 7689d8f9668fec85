/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The seam under the card code: readers that hold cards, and connections to them. */
#ifndef CARD_TRANSPORT_H
#define CARD_TRANSPORT_H

#include "core/bytes.h"

/*
 * Real: pcsc (through pcscd), later ifd.  Test: script, fault, in-process virtual card.
 * No layer above this header knows which one it talks to.
 */
struct transport;

enum extended { EXTENDED_NO, EXTENDED_YES, EXTENDED_UNKNOWN };

struct transport_ops {
	const char *name;
	/*
	 * Send one APDU, receive at most cap bytes with SW1 SW2 at the end (never fewer
	 * than 2). cmd and resp may lie in secrets (VERIFY, DECIPHER): copy neither.
	 * ERR_CARD_RESET: another program reset the card; ERR_CARD_LOST: it or its reader
	 * is gone; ERR_CARD_MUTE: no answer in time; ERR_IO: anything else.
	 */
	enum err (*transmit)(struct transport *t, struct bytes cmd, uint8_t *resp,
	                     size_t cap, size_t *ret_len);
	/*
	 * Let a PIN-pad reader build and send a VERIFY itself; NULL: there is no pad.
	 * template: PAD_TEMPLATE bytes: CLA INS P1 P2, then the shortest and the longest
	 * PIN.  SW as the card says it, or the reader: SW_PAD_*.
	 */
	enum err (*verify_on_pad)(struct transport *t, struct bytes template,
	                          uint16_t *ret_sw);
	/* Is the card still there?  Cheap, no APDU.  OK, ERR_CARD_LOST or ERR_CARD_RESET.
	 */
	enum err (*alive)(struct transport *t);
	/* Resets the card (its PIN state drops), releases the reader, frees t. */
	void (*close)(struct transport *t);
};

enum { ATR_MAX = 33 }; /* ISO 7816-3, 8.1 */
enum { PAD_TEMPLATE = 6, PAD_SECONDS = 60 /* to the first key, and from there */ };
/* PC/SC part 10, 2.5.2: nothing was sent to the card. */
enum { SW_PAD_TIMEOUT = 0x6400, SW_PAD_CANCELLED = 0x6401, SW_PAD_LENGTH = 0x6403 };

struct transport {
	const struct transport_ops *ops;
	const char *reader;     /* name, for people; owned by the transport */
	enum extended extended; /* what the reader says of extended length */
	bool t0;                /* T=0: no Le is sent behind data */
	uint8_t atr[ATR_MAX];   /* the answer to reset; says what the card can do */
	size_t atr_len;         /* 0: not known */
	int limit_ms;           /* how long the next answers may take; 0: the usual */
	int64_t until_ms; /* and not beyond this (monotonic clock); 0: no such limit */
};

struct transport *transport_close(struct transport *t); /* NULL is fine; returns NULL */

/* Who finds cards. */
struct readers;

enum { READER_NAME_MAX = 128, READERS_MAX = 16 };

struct reader_slot {
	char name[READER_NAME_MAX];
	bool card_present;
	bool in_use; /* somebody is connected to the card, which has power then */
	/* Changes whenever the card in this reader was taken out or put in: a card that
	 * was looked at and found foreign need not be opened again until this moves. */
	uint32_t generation;
};

struct reader_list {
	struct reader_slot slot[READERS_MAX];
	size_t n;
};

struct readers_ops {
	const char *name;
	/*
	 * What is plugged in now; never blocks for long (< 50 ms), asks nothing of a
	 * card. ERR_NO_SERVICE: pcscd cannot be reached (try again later; it may be
	 * starting). No reader at all is OK with n == 0.
	 */
	enum err (*scan)(struct readers *r, struct reader_list *ret);
	/*
	 * Connect to the card in the reader `name`, shared, inside a transaction that
	 * lasts until close.  ERR_BUSY: another program holds it exclusively.
	 * ERR_NO_CARD, ERR_NO_READER. ERR_CARD_STATE: unresponsive (mute) card.
	 */
	enum err (*connect)(struct readers *r, const char *name, struct transport **ret);
	void (*close)(struct readers *r);
	/* After ERR_NO_SERVICE of a scan: nothing has said that there is no service, it
	 * has only not answered yet.  May be NULL: no. */
	bool (*starting)(const struct readers *r);
};

struct readers {
	const struct readers_ops *ops;
};

struct readers *readers_close(struct readers *r); /* NULL is fine; returns NULL */

enum err readers_open_pcsc(struct readers **ret); /* does not need pcscd to run yet */

#endif
