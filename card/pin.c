/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sends the user PIN, at most once, and finds out what became of the tries. */
#include "card/pin.h"

#include "card/kdf.h"

enum { VERIFY_HEAD = 5, VERIFY_MAX = 255 };

enum err card_refresh_tries(struct card *c)
{
	struct card_data fresh = {0};
	struct bytes answer;
	uint16_t sw;

	enum err e = card_get_data(c, TAG_PW_STATUS, &answer, &sw);
	if (e != OK)
		return e;
	if (sw != SW_OK || data_parse_one(TAG_PW_STATUS, answer, &fresh) != OK) {
		e = card_get_data(c, TAG_APPLICATION, &answer, &sw);
		if (e != OK)
			return e;
		if (sw != SW_OK)
			return ERR_CARD_STATE;
		e = data_parse(answer, &fresh);
		if (e != OK)
			return e;
		if (!(fresh.have & HAVE_PW_STATUS))
			return ERR_FORMAT;
	}
	c->data.info.tries_user = fresh.info.tries_user;
	c->data.info.tries_reset = fresh.info.tries_reset;
	c->data.info.tries_admin = fresh.info.tries_admin;
	c->tries_stale = false;
	return OK;
}

enum err pin_send(const struct link *l, enum pin_mode mode, const struct secret *what,
                  uint16_t *ret_sw)
{
	const struct bytes body = secret_view(what);
	AUTO_SECRET *cmd = NULL;

	if (body.n == 0 || body.n > VERIFY_MAX)
		return ERR_BUG;
	enum err e = secret_new(VERIFY_HEAD + body.n, &cmd);
	if (e != OK)
		return e;
	struct writer w = {secret_buf(cmd), secret_cap(cmd), 0, false};
	put_be(&w, 4, 0x00200000 | (uint32_t)mode);
	put_be(&w, 1, (uint32_t)body.n);
	put_bytes(&w, body.p, body.n);
	if (!writer_ok(&w))
		return ERR_BUG;
	e = apdu_once(l, writer_bytes(&w), ret_sw);
	return e == OK ? OK : ERR_PIN_UNKNOWN;
}

static void one_less(struct card_info *info)
{
	if (info->tries_user > 0)
		info->tries_user--;
}

/* Is there any reason not to send it? */
static enum err may_send(struct card *c, const struct secret *pin, bool spend_last)
{
	const struct card_info *info = &c->data.info;
	const size_t n = secret_len(pin);

	if (n < info->pin_min || n > info->pin_max)
		return ERR_PIN_LENGTH;
	if (c->tries_stale && info->tries_user <= 1) {
		enum err e = card_refresh_tries(c);
		if (e != OK)
			return e;
	}
	if (info->tries_user == 0)
		return ERR_PIN_BLOCKED;
	if (c->refused && secret_equal(c->refused, pin))
		return ERR_PIN_WRONG;
	if (info->tries_user == 1 && !spend_last)
		return ERR_PIN_LAST_TRY;
	return OK;
}

/* The status words of a refused VERIFY mean different things on different cards: the
 * counter decides. */
static enum err judge_refusal(struct card *c, uint16_t sw)
{
	struct card_info *info = &c->data.info;
	const int before = info->tries_user;

	const bool read = card_refresh_tries(c) == OK;
	if (!read)
		one_less(info);
	if (sw == SW_BLOCKED)
		info->tries_user = 0;
	if (info->tries_user == 0)
		return ERR_PIN_BLOCKED;
	if (!read || info->tries_user < before || sw == SW_SECURITY || sw >> 4 == 0x63c)
		return ERR_PIN_WRONG;
	if (sw == SW_LENGTH || sw == SW_DATA || sw == SW_CONDITIONS)
		return ERR_PIN_LENGTH; /* no try was spent */
	return ERR_CARD_STATE;
}

static enum err verify(struct card *c, enum pin_mode mode, const struct secret *pin,
                       bool spend_last)
{
	bool *holds = mode == PIN_SIGN ? &c->signs : &c->verified;
	AUTO_SECRET *what = NULL;
	uint16_t sw;

	enum err e = card_alive(c);
	if (e != OK && e != ERR_CARD_RESET)
		return e;
	const bool was_away = c->needs_select;
	e = card_ready(c);
	if (e == OK && was_away) /* who reset it may have spent tries */
		e = card_refresh_tries(c);
	if (e != OK)
		return e;
	e = may_send(c, pin, spend_last);
	if (e != OK)
		return e;
	e = kdf_derive(&c->data.info.kdf, pin, &what);
	if (e != OK)
		return e;

	*holds = false;
	e = pin_send(&c->link, mode, what, &sw);
	if (e == ERR_PIN_UNKNOWN) {
		one_less(&c->data.info);
		card_forget(c);
	}
	if (e != OK)
		return e;
	if (sw == SW_OK) {
		*holds = true;
		c->tries_stale = true;
		c->refused = secret_free(c->refused);
		return OK;
	}
	c->verified = c->signs =
	        false; /* on most cards; on none is more than that sure */
	e = judge_refusal(c, sw);
	if (e == ERR_PIN_WRONG || e == ERR_PIN_BLOCKED) {
		c->refused = secret_free(c->refused);
		/* Without the copy it could only be sent twice by a person typing it
		 * twice. */
		if (secret_copy(secret_view(pin), &c->refused) != OK)
			c->refused = NULL;
	}
	return e;
}

enum err card_verify_user(struct card *c, const struct secret *pin, bool spend_last)
{
	return verify(c, PIN_OTHER, pin, spend_last);
}

enum err card_verify_sign(struct card *c, const struct secret *pin, bool spend_last)
{
	return verify(c, PIN_SIGN, pin, spend_last);
}
