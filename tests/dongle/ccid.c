// SPDX-License-Identifier: GPL-2.0-or-later
/* A CCID reader: the commands of DWG Smart-Card CCID 1.1, chapter 6. */
#include "tests/dongle/ccid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dongle/atr.h"
#include "tests/dongle/t0.h"
#include "tests/dongle/t1.h"

enum { /* PC_to_RDR and the RDR_to_PC that answer them */
       SET_PARAMETERS = 0x61,
       ICC_POWER_ON = 0x62,
       ICC_POWER_OFF = 0x63,
       GET_SLOT_STATUS = 0x65,
       GET_PARAMETERS = 0x6C,
       RESET_PARAMETERS = 0x6D,
       ICC_CLOCK = 0x6E,
       XFR_BLOCK = 0x6F,
       ABORT = 0x72,
       DATA_BLOCK = 0x80,
       SLOT_STATUS = 0x81,
       PARAMETERS = 0x82,
};
enum { COMMAND_OK = 0x00, COMMAND_FAILED = 0x40, COMMAND_LATER = 0x80 };
enum { ERR_BAD_LENGTH = 1, ERR_BAD_SLOT = 5, ERR_BAD_PROTOCOL = 7, ERR_BAD_LEVEL = 8 };
enum { ERR_UNSUPPORTED = 0, ERR_MUTE = 0xFE, ERR_BUSY = 0xE0 };
enum { /* wLevelParameter and bChainParameter */
       WHOLE,
       BEGINS,
       ENDS,
       CONTINUES,
       GIVE_NEXT = 0x10,
};
enum { OUT_MAX = 8, PARAMS_T0 = 5, PARAMS_T1 = 7, SHORT_MAX = 261 };

struct message {
	uint8_t *p;
	size_t n;
};

struct ccid {
	struct ccid_config conf;
	struct ccid_card card;
	struct message out[OUT_MAX];
	size_t n_out;
	uint8_t seq; /* of the command being answered */

	bool powered, saw_pps;
	uint8_t params[PARAMS_T1];
	struct t1 t1;
	struct t0 t0;
	uint8_t cmd[T1_APDU_MAX]; /* collected from several blocks */
	size_t cmd_n;
	uint8_t resp[T1_ANSWER_MAX]; /* given in several blocks from resp_off on */
	size_t resp_n, resp_off;

	bool job;                 /* cmd is with the card */
	bool dropped;             /* and the host went on to something else */
	bool ready;               /* the answer is there, but time was asked for: T=1 */
	uint8_t later[CCID_HEAD]; /* what it went on to */

	enum frame_fault fault;
	unsigned fault_at, n_data; /* fault_at 0: every time */
};

struct ccid *ccid_new(const struct ccid_config *conf, const struct ccid_card *card)
{
	struct ccid *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->conf = *conf;
	c->card = *card;
	ccid_reset(c);
	return c;
}

static void forget_out(struct ccid *c)
{
	for (size_t i = 0; i < c->n_out; i++) {
		explicit_bzero(c->out[i].p, c->out[i].n);
		free(c->out[i].p);
	}
	c->n_out = 0;
}

static void forget_exchange(struct ccid *c)
{
	explicit_bzero(c->cmd, c->cmd_n);
	explicit_bzero(c->resp, c->resp_n);
	c->cmd_n = c->resp_n = c->resp_off = 0;
	c->job = c->ready = c->dropped = false;
	t1_reset(&c->t1);
	t0_reset(&c->t0);
}

void ccid_reset(struct ccid *c)
{
	static const uint8_t t0[PARAMS_T0] = {0x11, 0x00, 0x00, 0x0A, 0x00};
	static const uint8_t t1[PARAMS_T1] = {0x11, 0x10, 0x00, 0x4D, 0x00, 0xFE, 0x00};

	forget_out(c);
	forget_exchange(c);
	c->powered = c->saw_pps = false;
	if (c->conf.t0)
		memcpy(c->params, t0, sizeof(t0));
	else
		memcpy(c->params, t1, sizeof(t1));
}

void ccid_free(struct ccid *c)
{
	if (c == NULL)
		return;
	forget_out(c);
	explicit_bzero(c, sizeof(*c));
	free(c);
}

bool ccid_fault(struct ccid *c, const char *spec)
{
	static const char *const names[] = {
	        [FRAME_CUT] = "cut",   [FRAME_LONG] = "long",   [FRAME_HUGE] = "huge",
	        [FRAME_SEQ] = "seq",   [FRAME_TYPE] = "type",   [FRAME_ERROR] = "error",
	        [FRAME_LOST] = "lost", [FRAME_EMPTY] = "empty", [FRAME_NOISE] = "noise",
	};
	char *end = NULL;

	if (strncmp(spec, "frame@", 6) != 0)
		return false;
	const unsigned long at = strtoul(spec + 6, &end, 10);
	if (*end != ':' || at > 1000000)
		return false;
	for (unsigned i = FRAME_CUT; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(end + 1, names[i]) != 0)
			continue;
		c->fault = (enum frame_fault)i;
		c->fault_at = (unsigned)at;
		c->n_data = 0;
		return true;
	}
	return false;
}

/* --- what is sent --- */

static void put_le32(uint8_t *p, uint32_t x)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(x >> 8 * i);
}

size_t ccid_length(const uint8_t head[CCID_HEAD])
{
	const size_t n = head[1] | (size_t)head[2] << 8 | (size_t)head[3] << 16 |
	                 (size_t)head[4] << 24;

	return CCID_HEAD + n;
}

static void spoil(struct ccid *c, struct message *m)
{
	switch (c->fault) {
	case FRAME_CUT:
		m->n /= 2;
		break;
	case FRAME_LONG:
		put_le32(m->p + 1, (uint32_t)(m->n - CCID_HEAD + 40));
		break;
	case FRAME_HUGE:
		put_le32(m->p + 1, 0xFFFFFFFF);
		break;
	case FRAME_SEQ:
		m->p[6] ^= 0x55;
		break;
	case FRAME_TYPE:
		m->p[0] = 0x84;
		break;
	case FRAME_ERROR:
		m->p[7] |= COMMAND_FAILED;
		m->p[8] = ERR_MUTE;
		put_le32(m->p + 1, 0);
		m->n = CCID_HEAD;
		break;
	case FRAME_EMPTY:
		put_le32(m->p + 1, 0);
		m->n = CCID_HEAD;
		break;
	case FRAME_NOISE:
		for (size_t i = CCID_HEAD; i < m->n; i++)
			m->p[i] = (uint8_t)(m->p[i] * 167 + i * 59 + 13);
		break;
	case FRAME_LOST:
		m->n = 0;
		break;
	case FRAME_NONE:
		break;
	}
}

static void put_out(struct ccid *c, const uint8_t head[CCID_HEAD], const uint8_t *p,
                    size_t n, bool spoilt)
{
	struct message m = {malloc(CCID_HEAD + n), CCID_HEAD + n};

	if (m.p == NULL || c->n_out == OUT_MAX) {
		free(m.p);
		return;
	}
	memcpy(m.p, head, CCID_HEAD);
	put_le32(m.p + 1, (uint32_t)n);
	if (n > 0)
		memcpy(m.p + CCID_HEAD, p, n);
	if (spoilt)
		spoil(c, &m);
	if (m.n > 0)
		c->out[c->n_out++] = m;
	else
		free(m.p);
}

static void answer(struct ccid *c, unsigned type, unsigned status, unsigned error,
                   unsigned last, const uint8_t *p, size_t n)
{
	const uint8_t head[CCID_HEAD] = {
	        [0] = (uint8_t)type,
	        [6] = c->seq,
	        [7] = (uint8_t)(status | (c->powered ? 0 : 1)),
	        [8] = (uint8_t)error,
	        [9] = (uint8_t)last,
	};
	bool spoilt = false;

	if (type == DATA_BLOCK && status == COMMAND_OK && c->fault != FRAME_NONE) {
		c->n_data++;
		spoilt = c->fault_at == 0 || c->fault_at == c->n_data;
	}
	put_out(c, head, p, n, spoilt);
}

size_t ccid_peek(const struct ccid *c, const uint8_t **ret)
{
	if (c->n_out == 0)
		return 0;
	*ret = c->out[0].p;
	return c->out[0].n;
}

void ccid_sent(struct ccid *c)
{
	explicit_bzero(c->out[0].p, c->out[0].n);
	free(c->out[0].p);
	c->n_out--;
	memmove(c->out, c->out + 1, c->n_out * sizeof(c->out[0]));
}

/* --- commands that need no card --- */

static void failed(struct ccid *c, unsigned type, unsigned error)
{
	answer(c, type, COMMAND_FAILED, error, 0, NULL, 0);
}

static void parameters(struct ccid *c)
{
	answer(c, PARAMETERS, COMMAND_OK, 0, c->conf.t0 ? 0 : 1, c->params,
	       c->conf.t0 ? PARAMS_T0 : PARAMS_T1);
}

static void set_parameters(struct ccid *c, const uint8_t *p, size_t n)
{
	const size_t want = c->conf.t0 ? PARAMS_T0 : PARAMS_T1;

	if (p[7] != (c->conf.t0 ? 0 : 1) || n != CCID_HEAD + want) {
		failed(c, PARAMETERS, ERR_BAD_PROTOCOL);
		return;
	}
	memcpy(c->params, p + CCID_HEAD, want);
	parameters(c);
}

static void power_on(struct ccid *c)
{
	uint8_t atr[64];

	forget_exchange(c);
	c->saw_pps = false;
	c->card.reset(c->card.ctx);
	c->powered = true;
	size_t n = c->card.atr(c->card.ctx, atr, sizeof(atr));
	if (c->conf.t0)
		n = atr_for_t0(atr, n);
	answer(c, DATA_BLOCK, COMMAND_OK, 0, 0, atr, n);
}

static void power_off(struct ccid *c)
{
	forget_exchange(c);
	c->card.reset(c->card.ctx);
	c->powered = false;
	answer(c, SLOT_STATUS, COMMAND_OK, 0, 1, NULL, 0);
}

/* --- blocks for the card --- */

static void give_part(struct ccid *c)
{
	const size_t room = c->conf.max_message - CCID_HEAD;
	size_t n = c->resp_n - c->resp_off;
	const bool first = c->resp_off == 0, last = n <= room;

	if (!last)
		n = room;
	answer(c, DATA_BLOCK, COMMAND_OK, 0,
	       first  ? last ? WHOLE : BEGINS
	       : last ? ENDS
	              : CONTINUES,
	       c->resp + c->resp_off, n);
	c->resp_off += n;
	if (last)
		c->resp_n = c->resp_off = 0;
}

static void take_part(struct ccid *c, unsigned level, const uint8_t *p, size_t n)
{
	if (level == GIVE_NEXT && c->resp_off > 0 && n == 0) {
		give_part(c);
		return;
	}
	if (level == WHOLE || level == BEGINS)
		c->cmd_n = 0;
	else if ((level != ENDS && level != CONTINUES) || c->cmd_n == 0) {
		failed(c, DATA_BLOCK, ERR_BAD_LEVEL);
		return;
	}
	c->resp_n = c->resp_off = 0;
	if (n > sizeof(c->cmd) - c->cmd_n) {
		c->cmd_n = 0;
		failed(c, DATA_BLOCK, ERR_BAD_LENGTH);
		return;
	}
	memcpy(c->cmd + c->cmd_n, p, n);
	c->cmd_n += n;
	if (level == BEGINS || level == CONTINUES)
		answer(c, DATA_BLOCK, COMMAND_OK, 0, GIVE_NEXT, NULL, 0);
	else
		c->job = true;
}

static void send_block(struct ccid *c)
{
	answer(c, DATA_BLOCK, COMMAND_OK, 0, 0, c->t1.block, c->t1.block_n);
}

static void take_t1(struct ccid *c, const uint8_t *p, size_t n)
{
	switch (t1_take(&c->t1, p, n)) {
	case T1_SEND:
		send_block(c);
		break;
	case T1_RUN:
		c->ready = false;
		memcpy(c->cmd, c->t1.in, c->t1.in_n);
		c->cmd_n = c->t1.in_n;
		c->job = true;
		break;
	case T1_WAIT:
		if (!c->ready)
			break;
		c->ready = false;
		t1_answer(&c->t1, c->resp, c->resp_n);
		send_block(c);
		break;
	}
}

static void take_t0(struct ccid *c, const uint8_t *p, size_t n)
{
	switch (t0_take(&c->t0, p, n, c->resp, &c->resp_n)) {
	case T0_SEND:
		answer(c, DATA_BLOCK, COMMAND_OK, 0, 0, c->resp, c->resp_n);
		break;
	case T0_RUN:
		memcpy(c->cmd, p, n);
		c->cmd_n = n;
		c->job = true;
		break;
	}
}

static void take_tpdu(struct ccid *c, const uint8_t *p, size_t n)
{
	if (!c->saw_pps && n >= 3 && n <= 6 && p[0] == 0xFF) {
		c->saw_pps = true;
		answer(c, DATA_BLOCK, COMMAND_OK, 0, 0, p, n); /* as asked */
	} else if (c->conf.t0) {
		take_t0(c, p, n);
	} else {
		take_t1(c, p, n);
	}
}

static void transfer(struct ccid *c, const uint8_t *p, size_t n)
{
	const unsigned level = p[8] | (unsigned)p[9] << 8;

	if (!c->powered)
		failed(c, DATA_BLOCK, ERR_MUTE);
	else if (c->conf.level == LEVEL_EXTENDED)
		take_part(c, level, p + CCID_HEAD, n - CCID_HEAD);
	else if (c->conf.level == LEVEL_TPDU)
		take_tpdu(c, p + CCID_HEAD, n - CCID_HEAD);
	else if (n - CCID_HEAD > SHORT_MAX)
		failed(c, DATA_BLOCK, ERR_BAD_LENGTH);
	else
		take_part(c, WHOLE, p + CCID_HEAD, n - CCID_HEAD);
}

/* --- messages --- */

static void dispatch(struct ccid *c, const uint8_t *p, size_t n)
{
	switch (p[0]) {
	case ICC_POWER_ON:
		power_on(c);
		break;
	case ICC_POWER_OFF:
		power_off(c);
		break;
	case GET_SLOT_STATUS:
	case ABORT:
	case ICC_CLOCK:
		answer(c, SLOT_STATUS, COMMAND_OK, 0, 0, NULL, 0);
		break;
	case XFR_BLOCK:
		transfer(c, p, n);
		break;
	case GET_PARAMETERS:
	case RESET_PARAMETERS:
		parameters(c);
		break;
	case SET_PARAMETERS:
		set_parameters(c, p, n);
		break;
	default:
		failed(c, SLOT_STATUS, ERR_UNSUPPORTED);
		break;
	}
}

/* The card is still at the last command. */
static void while_busy(struct ccid *c, const uint8_t *p, size_t n)
{
	static const uint8_t granted[] = {0x00, 0xE3}; /* NAD, S(WTX response) */

	if (p[0] == XFR_BLOCK && c->t1.asked_time && n > CCID_HEAD + 2 &&
	    memcmp(p + CCID_HEAD, granted, sizeof(granted)) == 0) {
		take_t1(c, p + CCID_HEAD, n - CCID_HEAD);
		return;
	}
	c->dropped = true; /* the host no longer waits for it */
	c->later[0] = 0;
	if (p[0] == ICC_POWER_ON || p[0] == ICC_POWER_OFF)
		memcpy(c->later, p, CCID_HEAD);
	else if (p[0] == XFR_BLOCK)
		failed(c, DATA_BLOCK, ERR_BUSY);
	else
		dispatch(c, p, n);
}

void ccid_put(struct ccid *c, const uint8_t *p, size_t n)
{
	if (n < CCID_HEAD)
		return;
	forget_out(c); /* nobody waits for that any more */
	c->seq = p[6];
	if (ccid_length(p) != n || n > c->conf.max_message)
		failed(c, p[0] == XFR_BLOCK ? DATA_BLOCK : SLOT_STATUS, ERR_BAD_LENGTH);
	else if (p[5] != 0)
		failed(c, p[0] == XFR_BLOCK ? DATA_BLOCK : SLOT_STATUS, ERR_BAD_SLOT);
	else if (c->job)
		while_busy(c, p, n);
	else
		dispatch(c, p, n);
}

/* --- the card's work --- */

bool ccid_job(const struct ccid *c)
{
	return c->job;
}

bool ccid_dropped(const struct ccid *c)
{
	return c->dropped;
}

void ccid_run(struct ccid *c)
{
	const size_t cap =
	        c->conf.level == LEVEL_SHORT || c->conf.t0 ? 258 : sizeof(c->resp);

	c->resp_n = c->card.apdu(c->card.ctx, c->cmd, c->cmd_n, c->resp, cap);
	c->resp_off = 0;
}

void ccid_done(struct ccid *c)
{
	const bool t1 = c->conf.level == LEVEL_TPDU && !c->conf.t0;

	c->job = false;
	explicit_bzero(c->cmd, c->cmd_n);
	if (c->dropped) {
		c->dropped = false;
		if (c->later[0] != 0)
			dispatch(c, c->later, CCID_HEAD);
	} else if (c->resp_n == 0) { /* mute */
	} else if (t1 && c->t1.asked_time) {
		c->ready = true;
	} else if (t1) {
		t1_answer(&c->t1, c->resp, c->resp_n);
		send_block(c);
	} else if (c->conf.level == LEVEL_TPDU) {
		t0_answer(&c->t0, c->resp, &c->resp_n);
		answer(c, DATA_BLOCK, COMMAND_OK, 0, 0, c->resp, c->resp_n);
	} else {
		give_part(c);
	}
	c->cmd_n = 0;
}

void ccid_extend(struct ccid *c)
{
	if (!c->job || c->dropped || c->n_out > 0)
		return;
	if (c->conf.level != LEVEL_TPDU || c->conf.t0) {
		answer(c, DATA_BLOCK, COMMAND_LATER, 1, 0, NULL, 0);
	} else if (!c->t1.asked_time) {
		t1_ask_time(&c->t1);
		send_block(c);
	}
}
