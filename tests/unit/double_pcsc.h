/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PC/SC service made of nothing but bad moods.  A test that names `fake` is linked with
 * it instead of libpcsclite. */
#ifndef TESTS_DOUBLE_PCSC_H
#define TESTS_DOUBLE_PCSC_H

#include <stddef.h>
#include <winscard.h>

#include "card/transport.h"

enum fake_fn {
	ESTABLISH,
	LIST,
	CHANGE,
	CONNECT,
	RECONNECT,
	BEGIN,
	END,
	STATUS,
	CONTROL,
	TRANSMIT,
	FAKE_FNS
};

enum {
	FAKE_TURNS = 8,
	FAKE_CARD = 77,
	FAKE_PROPERTIES = 0x42330012,
	FAKE_PAD = 0x42330006
};

/* A message of the service: its bytes and the length it claims. */
struct said {
	const char *p;
	size_t n;
	DWORD claims; /* 0: n */
};

/* clang-format off */
#define SAYS(text) {(text), sizeof(text) - 1, 0}
/* clang-format on */
#define SAID(text) ((struct said)SAYS(text))

struct fake {
	LONG rv[FAKE_FNS][FAKE_TURNS]; /* what each call returns in turn; then success */
	int calls[FAKE_FNS];
	SCARDCONTEXT ctx; /* the one that the running service knows */
	LONG stale;       /* what it says of any other */
	DWORD protocol;   /* what a connect or reconnect ends with */
	DWORD event[READERS_MAX];
	DWORD state; /* for SCardStatus */
	struct said names, answer, features, atr;
	struct said properties;      /* answers the control code FAKE_PROPERTIES */
	struct said pad;             /* answers the control code FAKE_PAD */
	const SCARD_IO_REQUEST *pci; /* of the last transmit */
	int contexts, cards;         /* open now */
	int transactions, resets;    /* ever done */
};
extern struct fake fake;

/* A service with one reader, "R", with a card that talks T=1 and answers 9000. */
struct readers *fake_open(void);
enum err fake_connect(struct readers *r, struct transport **ret);
/* Checks that nothing stays open.  t may be NULL. */
void fake_close(struct transport *t, struct readers *r);

#endif
