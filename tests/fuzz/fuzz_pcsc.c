/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile PC/SC service: what each call of libpcsclite returns and says is the input
 * (see `turn` and `say`), and so is what the program does next.  Linked instead of it.
 */
#include <reader.h>
#include <stdlib.h>
#include <winscard.h>

#include "card/transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CARDS = 3, STEPS_MAX = 200 };
enum { SCAN, CONNECT, TRANSMIT, ALIVE, PAD, CLOSE };

const SCARD_IO_REQUEST g_rgSCardT0Pci = {SCARD_PROTOCOL_T0, sizeof(SCARD_IO_REQUEST)};
const SCARD_IO_REQUEST g_rgSCardT1Pci = {SCARD_PROTOCOL_T1, sizeof(SCARD_IO_REQUEST)};

static struct {
	struct bytes in;
	SCARDCONTEXT ctx, last_ctx; /* 0: none is open */
	SCARDHANDLE last_card;
	bool open[256], began[256]; /* by card */
} service;

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static uint32_t next(size_t width)
{
	uint32_t v = 0;

	return bytes_take_be(&service.in, width, &v) == OK ? v : 0;
}

/* One byte: success below 128, else one of these. */
static LONG turn(void)
{
	static const LONG codes[] = {SCARD_W_RESET_CARD,
	                             SCARD_W_REMOVED_CARD,
	                             SCARD_E_NO_SERVICE,
	                             SCARD_E_INVALID_HANDLE,
	                             SCARD_E_SHARING_VIOLATION,
	                             SCARD_E_NO_SMARTCARD,
	                             SCARD_E_UNKNOWN_READER,
	                             SCARD_E_NO_READERS_AVAILABLE,
	                             SCARD_E_TIMEOUT,
	                             SCARD_E_NOT_TRANSACTED,
	                             SCARD_W_UNRESPONSIVE_CARD,
	                             SCARD_E_PROTO_MISMATCH,
	                             SCARD_E_INSUFFICIENT_BUFFER};
	const uint32_t x = next(1);

	return x < 128 ? SCARD_S_SUCCESS : codes[x % (sizeof(codes) / sizeof(codes[0]))];
}

/* How long it says it is (2 bytes), how many bytes follow (1), and these. */
static void say(void *to, DWORD *n)
{
	const uint32_t claims = next(2), there = next(1);
	struct bytes text;

	if (bytes_take(&service.in, there, &text) != OK)
		text = (struct bytes){NULL, 0};
	if (text.n > 0)
		memcpy(to, text.p, text.n < *n ? text.n : *n);
	*n = claims;
}

static void check_card(SCARDHANDLE card)
{
	check(card > 0 && card <= service.last_card && service.open[card % 256]);
}

LONG SCardEstablishContext(DWORD scope, LPCVOID a, LPCVOID b, LPSCARDCONTEXT ctx)
{
	const LONG rv = turn();

	check(scope == SCARD_SCOPE_SYSTEM && !a && !b && service.ctx == 0);
	if (rv == SCARD_S_SUCCESS)
		*ctx = service.ctx = ++service.last_ctx;
	return rv;
}

LONG SCardReleaseContext(SCARDCONTEXT ctx)
{
	check(ctx == service.ctx && ctx != 0);
	service.ctx = 0;
	return turn();
}

LONG SCardListReaders(SCARDCONTEXT ctx, LPCSTR groups, LPSTR names, LPDWORD n)
{
	const LONG rv = turn();

	check(ctx == service.ctx && ctx != 0 && !groups);
	say(names, n);
	return rv;
}

LONG SCardGetStatusChange(SCARDCONTEXT ctx, DWORD timeout, SCARD_READERSTATE *state,
                          DWORD n)
{
	const LONG rv = turn();

	check(ctx == service.ctx && ctx != 0 && timeout == 0 && n <= READERS_MAX);
	for (size_t i = 0; i < n; i++) {
		check(strnlen(state[i].szReader, READER_NAME_MAX) < READER_NAME_MAX);
		state[i].dwEventState = next(4);
	}
	return rv;
}

LONG SCardConnect(SCARDCONTEXT ctx, LPCSTR name, DWORD share, DWORD protocols,
                  LPSCARDHANDLE card, LPDWORD protocol)
{
	const LONG rv = turn();

	check(ctx == service.ctx && ctx != 0 && name && share == SCARD_SHARE_SHARED &&
	      !(protocols & SCARD_PROTOCOL_RAW));
	if (rv != SCARD_S_SUCCESS)
		return rv;
	*card = ++service.last_card;
	*protocol = next(1);
	service.open[*card % 256] = true;
	service.began[*card % 256] = false;
	return rv;
}

LONG SCardReconnect(SCARDHANDLE card, DWORD share, DWORD protocols, DWORD how,
                    LPDWORD protocol)
{
	const LONG rv = turn();

	check_card(card);
	check(share == SCARD_SHARE_SHARED && how == SCARD_LEAVE_CARD &&
	      !(protocols & SCARD_PROTOCOL_RAW));
	service.began[card % 256] = false;
	*protocol = next(1);
	return rv;
}

/* What was verified on it may not be left to the next program. */
LONG SCardDisconnect(SCARDHANDLE card, DWORD how)
{
	check_card(card);
	check(how == SCARD_RESET_CARD || !service.began[card % 256]);
	service.open[card % 256] = false;
	return turn();
}

LONG SCardBeginTransaction(SCARDHANDLE card)
{
	const LONG rv = turn();

	check_card(card);
	service.began[card % 256] |= rv == SCARD_S_SUCCESS;
	return rv;
}

LONG SCardEndTransaction(SCARDHANDLE card, DWORD how)
{
	const LONG rv = turn();

	check_card(card);
	check(how == SCARD_RESET_CARD);
	if (rv == SCARD_S_SUCCESS)
		service.began[card % 256] = false;
	return rv;
}

LONG SCardStatus(SCARDHANDLE card, LPSTR name, LPDWORD name_len, LPDWORD state,
                 LPDWORD protocol, LPBYTE atr, LPDWORD atr_len)
{
	const LONG rv = turn();

	check_card(card);
	check(!name && name_len);
	*state = next(1);
	*protocol = next(1);
	if (atr)
		say(atr, atr_len);
	return rv;
}

LONG SCardControl(SCARDHANDLE card, DWORD code, LPCVOID in, DWORD in_n, LPVOID out,
                  DWORD cap, LPDWORD n)
{
	const LONG rv = turn();

	check_card(card);
	check(code != 0 && (in != NULL) == (in_n > 0));
	*n = cap;
	say(out, n);
	return rv;
}

LONG SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *pci, LPCBYTE in, DWORD in_n,
                   SCARD_IO_REQUEST *back, LPBYTE out, LPDWORD n)
{
	const LONG rv = turn();

	check_card(card);
	check(in && in_n > 0 && !back &&
	      (pci == &g_rgSCardT0Pci || pci == &g_rgSCardT1Pci));
	say(out, n);
	return rv;
}

const char *pcsc_stringify_error(const LONG rv)
{
	(void)rv;
	return "in a bad mood";
}

/* --- the program --- */

static char seen[READER_NAME_MAX] = "reader";

static void scan(struct readers *r)
{
	struct reader_list list = {.n = 99};

	const enum err e = r->ops->scan(r, &list);
	check(e == OK || e == ERR_NO_SERVICE || e == ERR_IO);
	check((e == OK) == (list.n <= READERS_MAX));
	for (size_t i = 0; e == OK && i < list.n; i++) {
		check(memchr(list.slot[i].name, 0, READER_NAME_MAX) != NULL);
		memcpy(seen, list.slot[i].name, sizeof(seen));
	}
}

static void talk(struct transport *t, uint32_t what)
{
	static const uint8_t cmd[5] = {0, 0xca, 0, 0x6e, 0};
	static const uint8_t template[PAD_TEMPLATE] = {0, 0x20, 0, 0x82, 6, 127};
	uint8_t *resp = malloc(258);
	uint16_t sw = 0;
	size_t n = SIZE_MAX;
	enum err e = OK;

	if (!resp)
		abort();
	if (what == TRANSMIT) {
		e = t->ops->transmit(t, (struct bytes){cmd, 5}, resp, 258, &n);
		check(e == OK ? n >= 2 && n <= 258 : n == SIZE_MAX);
	} else if (what == ALIVE) {
		e = t->ops->alive(t);
		check(e == OK || e == ERR_CARD_LOST || e == ERR_CARD_RESET);
	} else if (t->ops->verify_on_pad) {
		e = t->ops->verify_on_pad(t, (struct bytes){template, PAD_TEMPLATE}, &sw);
	}
	check(e == OK || e == ERR_CARD_LOST || e == ERR_CARD_RESET || e == ERR_IO);
	free(resp);
}

static void step(struct readers *r, struct transport *card[CARDS])
{
	const uint32_t what = next(1);
	struct transport **t = &card[what / 8 % CARDS];

	if (what % 8 == SCAN)
		scan(r);
	else if (what % 8 == CONNECT && !*t)
		check((r->ops->connect(r, seen, t) == OK) == (*t != NULL));
	else if (what % 8 == CLOSE)
		*t = transport_close(*t);
	else if (*t)
		talk(*t, what % 8);
	check(!*t || ((*t)->atr_len <= ATR_MAX && (*t)->extended <= EXTENDED_UNKNOWN));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct transport *card[CARDS] = {0};
	struct readers *r = NULL;

	memset(&service, 0, sizeof(service));
	service.in = (struct bytes){data, size};
	if (readers_open_pcsc(&r) != OK)
		abort();
	for (int i = 0; i < STEPS_MAX && service.in.n > 0; i++)
		step(r, card);
	for (size_t i = 0; i < CARDS; i++)
		card[i] = transport_close(card[i]);
	r = readers_close(r);
	check(service.ctx == 0);
	for (size_t i = 0; i < 256; i++)
		check(!service.open[i]);
	return 0;
}
