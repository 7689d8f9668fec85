/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sends the user PIN, at most once, and finds out what became of the tries. */
#include "card/pin.h"

#include "card/kdf.h"

enum { VERIFY_HEAD = 5, VERIFY_MAX = 255 };
/* To the first key, and from there (part10.c); a reader that ends later than we wait for
 * costs a try. */
enum { PAD_MS = (2 * PAD_SECONDS + 10) * 1000 };

enum err card_refresh_tries(struct card *c)
{
	struct card_data fresh = {0};
	struct bytes answer;
	uint16_t sw;

	enum err e = card_get_data(c, TAG_PW_STATUS, &answer, &sw);
	if (e != OK)
		return e;
	if (sw != SW_OK || data_parse_one(TAG_PW_STATUS, answer, &fresh) != OK ||
	    !(fresh.have & HAVE_PW_STATUS)) {
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

/* Is there any reason not to send one?  pin NULL: whatever is typed on the pad. */
static enum err may_send(struct card *c, const struct secret *pin, bool spend_last)
{
	const struct card_info *info = &c->data.info;

	if (pin && (secret_len(pin) < info->pin_min || secret_len(pin) > info->pin_max))
		return ERR_PIN_LENGTH;
	if (c->tries_stale && info->tries_user <= 1) {
		enum err e = card_refresh_tries(c);
		if (e != OK)
			return e;
	}
	if (info->tries_user == 0)
		return ERR_PIN_BLOCKED;
	if (pin && c->refused && secret_equal(c->refused, pin))
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
	if (!read && sw >> 4 == 0x63c && (sw & 0xf) < info->tries_user)
		info->tries_user = sw & 0xf;
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

/* The card is there, selected, and its counter is the one that holds. */
static enum err before_pin(struct card *c)
{
	enum err e = card_alive(c);
	if (e != OK && e != ERR_CARD_RESET)
		return e;
	const bool was_away = c->needs_select;
	e = card_ready(c);
	if (e == OK && was_away) /* who reset it may have spent tries */
		e = card_refresh_tries(c);
	return e;
}

static void took_it(struct card *c, enum pin_mode mode)
{
	*(mode == PIN_SIGN ? &c->signs : &c->verified) = true;
	if (mode != PIN_SIGN)
		c->used = false;
	c->tries_stale = true;
	c->refused = secret_free(c->refused);
}

static void lost_in_between(struct card *c)
{
	one_less(&c->data.info);
	card_forget(c);
}

static enum err verify(struct card *c, enum pin_mode mode, const struct secret *pin,
                       bool spend_last)
{
	AUTO_SECRET *what = NULL;
	uint16_t sw;

	enum err e = before_pin(c);
	if (e == OK)
		e = may_send(c, pin, spend_last);
	if (e == OK)
		e = kdf_derive(&c->data.info.kdf, pin, &what);
	if (e != OK)
		return e;

	*(mode == PIN_SIGN ? &c->signs : &c->verified) = false;
	e = pin_send(&c->link, mode, what, &sw);
	if (e == ERR_PIN_UNKNOWN)
		lost_in_between(c);
	if (e != OK)
		return e;
	if (sw == SW_OK) {
		took_it(c, mode);
		return OK;
	}
	c->verified = c->signs = false; /* as on most cards */
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
	const enum err e = card_need_touch(c, CARD_KEY_SIG);

	return e == OK ? verify(c, PIN_SIGN, pin, spend_last) : e;
}

bool card_has_pad(const struct card *c)
{
	return c->link.t->ops->verify_on_pad != NULL && !c->data.info.kdf.active;
}

/* The reader's words for what happened before anything was sent; a card may use them as
 * well, so the counter is looked at too. */
static enum err judge_pad(struct card *c, uint16_t sw)
{
	const int before = c->data.info.tries_user;

	const enum err e = judge_refusal(c, sw);
	if (e == ERR_PIN_BLOCKED || c->data.info.tries_user != before)
		return e;
	if (sw == SW_PAD_CANCELLED)
		return ERR_CANCELLED;
	if (sw == SW_PAD_TIMEOUT)
		return ERR_TIMEOUT;
	return sw == SW_PAD_LENGTH ? ERR_PIN_LENGTH : e;
}

static enum err verify_on_pad(struct card *c, enum pin_mode mode, bool spend_last)
{
	struct transport *t = c->link.t;
	const struct card_info *info = &c->data.info;
	uint16_t sw;

	if (!card_has_pad(c))
		return ERR_UNSUPPORTED;
	enum err e = before_pin(c);
	if (e == OK)
		e = may_send(c, NULL, spend_last);
	if (e != OK)
		return e;
	const uint8_t template[PAD_TEMPLATE] = {0,
	                                        0x20,
	                                        0,
	                                        (uint8_t)mode,
	                                        (uint8_t)info->pin_min,
	                                        (uint8_t)info->pin_max};
	*(mode == PIN_SIGN ? &c->signs : &c->verified) = false;
	t->limit_ms = PAD_MS;
	e = t->ops->verify_on_pad(t, (struct bytes){template, sizeof(template)}, &sw);
	t->limit_ms = 0;
	if (e != OK) {
		lost_in_between(c);
		return ERR_PIN_UNKNOWN;
	}
	if (sw == SW_OK) {
		took_it(c, mode);
		return OK;
	}
	c->verified = c->signs = false;
	return judge_pad(c, sw);
}

enum err card_verify_on_pad(struct card *c, bool spend_last)
{
	return verify_on_pad(c, PIN_OTHER, spend_last);
}

enum err card_verify_sign_on_pad(struct card *c, bool spend_last)
{
	const enum err e = card_need_touch(c, CARD_KEY_SIG);

	return e == OK ? verify_on_pad(c, PIN_SIGN, spend_last) : e;
}
