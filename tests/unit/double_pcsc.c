/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of libpcsclite that the product calls, answered from a struct. */
#include "tests/unit/double_pcsc.h"

#include <reader.h>

#include "tests/unit/check.h"

struct fake fake;

const SCARD_IO_REQUEST g_rgSCardT0Pci = {SCARD_PROTOCOL_T0, sizeof(SCARD_IO_REQUEST)};
const SCARD_IO_REQUEST g_rgSCardT1Pci = {SCARD_PROTOCOL_T1, sizeof(SCARD_IO_REQUEST)};

static LONG turn(enum fake_fn f)
{
	const int i = fake.calls[f]++;

	return i < FAKE_TURNS ? fake.rv[f][i] : SCARD_S_SUCCESS;
}

static LONG said(const struct said *s, void *to, DWORD *n)
{
	const size_t cap = *n;

	memcpy(to, s->p ? s->p : "", s->n < cap ? s->n : cap);
	*n = s->claims ? s->claims : s->n;
	return SCARD_S_SUCCESS;
}

static LONG known(SCARDCONTEXT ctx)
{
	return ctx == fake.ctx ? SCARD_S_SUCCESS : fake.stale;
}

LONG SCardEstablishContext(DWORD scope, LPCVOID a, LPCVOID b, LPSCARDCONTEXT ctx)
{
	const LONG rv = turn(ESTABLISH);

	CHECK(scope == SCARD_SCOPE_SYSTEM && !a && !b);
	if (rv != SCARD_S_SUCCESS)
		return rv;
	fake.contexts++;
	*ctx = fake.ctx;
	return rv;
}

LONG SCardReleaseContext(SCARDCONTEXT ctx)
{
	fake.contexts--;
	return known(ctx);
}

LONG SCardListReaders(SCARDCONTEXT ctx, LPCSTR groups, LPSTR names, LPDWORD n)
{
	const LONG rv = turn(LIST);

	(void)groups;
	if (rv != SCARD_S_SUCCESS)
		return rv;
	return known(ctx) != SCARD_S_SUCCESS ? known(ctx) : said(&fake.names, names, n);
}

LONG SCardGetStatusChange(SCARDCONTEXT ctx, DWORD timeout, SCARD_READERSTATE *state,
                          DWORD n)
{
	const LONG rv = turn(CHANGE);

	CHECK(known(ctx) == SCARD_S_SUCCESS && timeout == 0 && n <= READERS_MAX);
	for (size_t i = 0; i < n && rv == SCARD_S_SUCCESS; i++)
		state[i].dwEventState = fake.event[i];
	return rv;
}

LONG SCardConnect(SCARDCONTEXT ctx, LPCSTR name, DWORD share, DWORD protocols,
                  LPSCARDHANDLE card, LPDWORD protocol)
{
	const LONG rv = turn(CONNECT);

	(void)name;
	CHECK(share == SCARD_SHARE_SHARED && !(protocols & SCARD_PROTOCOL_RAW));
	if (rv != SCARD_S_SUCCESS || known(ctx) != SCARD_S_SUCCESS)
		return rv != SCARD_S_SUCCESS ? rv : known(ctx);
	fake.cards++;
	*card = FAKE_CARD;
	*protocol = fake.protocol;
	return rv;
}

LONG SCardReconnect(SCARDHANDLE card, DWORD share, DWORD protocols, DWORD how,
                    LPDWORD protocol)
{
	CHECK(card == FAKE_CARD && share == SCARD_SHARE_SHARED &&
	      how == SCARD_LEAVE_CARD);
	CHECK(!(protocols & SCARD_PROTOCOL_RAW));
	*protocol = fake.protocol;
	return turn(RECONNECT);
}

LONG SCardDisconnect(SCARDHANDLE card, DWORD how)
{
	CHECK(card == FAKE_CARD);
	fake.cards--;
	fake.resets += how == SCARD_RESET_CARD;
	return SCARD_S_SUCCESS;
}

LONG SCardBeginTransaction(SCARDHANDLE card)
{
	const LONG rv = turn(BEGIN);

	CHECK(card == FAKE_CARD);
	fake.transactions += rv == SCARD_S_SUCCESS;
	return rv;
}

LONG SCardEndTransaction(SCARDHANDLE card, DWORD how)
{
	const LONG rv = turn(END);

	CHECK(card == FAKE_CARD);
	fake.resets += rv == SCARD_S_SUCCESS && how == SCARD_RESET_CARD;
	return rv;
}

LONG SCardStatus(SCARDHANDLE card, LPSTR name, LPDWORD name_len, LPDWORD state,
                 LPDWORD protocol, LPBYTE atr, LPDWORD atr_len)
{
	CHECK(card == FAKE_CARD && !name && name_len);
	*state = fake.state;
	*protocol = fake.protocol;
	if (atr)
		(void)said(&fake.atr, atr, atr_len);
	return turn(STATUS);
}

LONG SCardControl(SCARDHANDLE card, DWORD code, LPCVOID in, DWORD in_n, LPVOID out,
                  DWORD cap, LPDWORD n)
{
	const LONG rv = turn(CONTROL);

	CHECK(card == FAKE_CARD && (in != NULL) == (code == FAKE_PAD));
	CHECK(in_n == (code == FAKE_PAD ? 24U : 0U));
	if (rv != SCARD_S_SUCCESS)
		return rv;
	*n = cap;
	if (code == CM_IOCTL_GET_FEATURE_REQUEST)
		return said(&fake.features, out, n);
	if (code == FAKE_PAD)
		return said(&fake.pad, out, n);
	CHECK(code == FAKE_PROPERTIES);
	return said(&fake.properties, out, n);
}

LONG SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *pci, LPCBYTE in, DWORD in_n,
                   SCARD_IO_REQUEST *back, LPBYTE out, LPDWORD n)
{
	const LONG rv = turn(TRANSMIT);

	CHECK(card == FAKE_CARD && in && in_n > 0 && !back);
	fake.pci = pci;
	return rv == SCARD_S_SUCCESS ? said(&fake.answer, out, n) : rv;
}

const char *pcsc_stringify_error(const LONG rv)
{
	(void)rv;
	return "in a bad mood";
}

struct readers *fake_open(void)
{
	struct readers *r = NULL;

	fake = (struct fake){
	        .ctx = 1,
	        .stale = SCARD_E_INVALID_HANDLE,
	        .protocol = SCARD_PROTOCOL_T1,
	        .names = SAID("R\0"),
	        .event[0] = SCARD_STATE_PRESENT | 5 << 16,
	        .state = SCARD_PRESENT,
	        .answer = SAID("\x90\0"),
	};
	CHECK(readers_open_pcsc(&r) == OK && fake.contexts == 0);
	return r;
}

enum err fake_connect(struct readers *r, struct transport **ret)
{
	return r->ops->connect(r, "R", ret);
}

void fake_close(struct transport *t, struct readers *r)
{
	CHECK(transport_close(t) == NULL && readers_close(r) == NULL);
	CHECK(fake.contexts == 0 && fake.cards == 0);
}
