// SPDX-License-Identifier: GPL-2.0-or-later
/* A CCID reader: the commands of DWG Smart-Card CCID 1.1, chapter 6. */
#include "tests/dongle/ccid.h"

#include <stdlib.h>
#include <string.h>

#include "tests/dongle/atr.h"
#include "tests/dongle/ccid_out.h"
#include "tests/dongle/t0.h"
#include "tests/dongle/t1.h"

enum { /* PC_to_RDR */
       SET_PARAMETERS = 0x61,
       ICC_POWER_ON = 0x62,
       ICC_POWER_OFF = 0x63,
       GET_SLOT_STATUS = 0x65,
       GET_PARAMETERS = 0x6C,
       RESET_PARAMETERS = 0x6D,
       ICC_CLOCK = 0x6E,
       XFR_BLOCK = 0x6F,
       ABORT = 0x72,
};
/* wLevelParameter and bChainParameter */
enum { WHOLE, BEGINS, ENDS, CONTINUES, GIVE_NEXT = 0x10 };
enum { PARAMS_T0 = 5, PARAMS_T1 = 7, SHORT_MAX = 261 };

struct ccid {
	struct ccid_config conf;
	struct ccid_card card;
	struct ccid_out out;

	bool saw_pps;
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

	out_forget(&c->out);
	forget_exchange(c);
	c->out.powered = c->saw_pps = false;
	if (c->conf.t0)
		memcpy(c->params, t0, sizeof(t0));
	else
		memcpy(c->params, t1, sizeof(t1));
}

void ccid_free(struct ccid *c)
{
	if (c == NULL)
		return;
	out_forget(&c->out);
	explicit_bzero(c, sizeof(*c));
	free(c);
}

/* --- what is sent --- */

bool ccid_fault(struct ccid *c, const char *spec)
{
	return out_fault(&c->out, spec);
}

size_t ccid_peek(const struct ccid *c, const uint8_t **ret)
{
	return out_peek(&c->out, ret);
}

void ccid_sent(struct ccid *c)
{
	out_sent(&c->out);
}

/* --- commands that need no card --- */

static void failed(struct ccid *c, unsigned type, unsigned error)
{
	out_answer(&c->out, type, COMMAND_FAILED, error, 0, NULL, 0);
}

static void parameters(struct ccid *c)
{
	out_answer(&c->out, PARAMETERS, COMMAND_OK, 0, c->conf.t0 ? 0 : 1, c->params,
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
	c->out.powered = true;
	size_t n = c->card.atr(c->card.ctx, atr, sizeof(atr));
	if (c->conf.t0)
		n = atr_for_t0(atr, n);
	out_answer(&c->out, DATA_BLOCK, COMMAND_OK, 0, 0, atr, n);
}

static void power_off(struct ccid *c)
{
	forget_exchange(c);
	c->card.reset(c->card.ctx);
	c->out.powered = false;
	out_answer(&c->out, SLOT_STATUS, COMMAND_OK, 0, 1, NULL, 0);
}

/* --- blocks for the card --- */

static void give_part(struct ccid *c)
{
	const size_t room = c->conf.max_message - CCID_HEAD;
	size_t n = c->resp_n - c->resp_off;
	const bool first = c->resp_off == 0, last = n <= room;

	if (!last)
		n = room;
	out_answer(&c->out, DATA_BLOCK, COMMAND_OK, 0,
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
		out_answer(&c->out, DATA_BLOCK, COMMAND_OK, 0, GIVE_NEXT, NULL, 0);
	else
		c->job = true;
}

static void send_block(struct ccid *c)
{
	out_answer(&c->out, DATA_BLOCK, COMMAND_OK, 0, 0, c->t1.block, c->t1.block_n);
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
		out_answer(&c->out, DATA_BLOCK, COMMAND_OK, 0, 0, c->resp, c->resp_n);
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
		out_answer(&c->out, DATA_BLOCK, COMMAND_OK, 0, 0, p, n); /* as asked */
	} else if (c->conf.t0) {
		take_t0(c, p, n);
	} else {
		take_t1(c, p, n);
	}
}

static void transfer(struct ccid *c, const uint8_t *p, size_t n)
{
	const unsigned level = p[8] | (unsigned)p[9] << 8;

	if (!c->out.powered)
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
		out_answer(&c->out, SLOT_STATUS, COMMAND_OK, 0, 0, NULL, 0);
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
	out_forget(&c->out); /* nobody waits for that any more */
	c->out.seq = p[6];
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
		out_answer(&c->out, DATA_BLOCK, COMMAND_OK, 0, 0, c->resp, c->resp_n);
	} else {
		give_part(c);
	}
	c->cmd_n = 0;
}

void ccid_extend(struct ccid *c)
{
	if (!c->job || c->dropped || c->out.n > 0)
		return;
	if (c->conf.level != LEVEL_TPDU || c->conf.t0) {
		out_answer(&c->out, DATA_BLOCK, COMMAND_LATER, 1, 0, NULL, 0);
	} else if (!c->t1.asked_time) {
		t1_ask_time(&c->t1);
		send_block(c);
	}
}
