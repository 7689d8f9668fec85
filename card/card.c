/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens and closes the OpenPGP application and reads what it says of itself. */
#include "card/card.h"
#include "card/atr.h"

#include <stdlib.h>

#include "card/handle.h"
#include "card/kdf.h"
#include "card/quirks.h"
#include "core/clock.h"
#include "core/log.h"

enum { VERSION_KDF = 0x0303 }; /* the first application that knows F9 */

/* 7.2.1.  What it answers with is not looked at: cards differ, and 6E says it all. */
static enum err select_application(struct card *c)
{
	static const uint8_t aid[] = {0xd2, 0x76, 0x00, 0x01, 0x24, 0x01};
	struct apdu a = {
	        .ins = 0xa4, .p1 = 0x04, .data = {aid, sizeof(aid)},
                        .le = true
        };
	uint16_t sw;
	size_t n;

	enum err e = apdu_send(&c->link, &a, c->buf, sizeof(c->buf), &n, &sw);
	if (e == OK && sw == SW_LENGTH) {
		a.le = false;
		e = apdu_send(&c->link, &a, c->buf, sizeof(c->buf), &n, &sw);
	}
	if (e != OK)
		return e;
	if (sw == SW_TERMINATED)
		return ERR_CARD_STATE;
	if (sw != SW_OK && sw >> 8 != 0x62)
		return ERR_WRONG_CARD;
	c->needs_select = false;
	return OK;
}

enum err card_ready(struct card *c)
{
	return c->needs_select ? select_application(c) : OK;
}

void card_forget(struct card *c)
{
	c->verified = false;
	c->signs = false;
	c->admin = false;
	c->needs_select = true;
}

enum err card_ask(struct card *c, const struct apdu *a, struct bytes *ret,
                  uint16_t *ret_sw)
{
	uint16_t sw = 0;
	size_t n = 0;
	enum err e = OK;

	for (int attempt = 0; attempt < 2; attempt++) {
		e = card_ready(c);
		if (e == OK)
			e = apdu_send(&c->link, a, c->buf, sizeof(c->buf), &n, &sw);
		if (e != ERR_CARD_RESET)
			break;
		const bool verified = c->verified || c->signs;
		card_forget(c);
		if (verified)
			break;
	}
	if (e != OK)
		return e;
	*ret = (struct bytes){c->buf, n};
	*ret_sw = sw;
	return OK;
}

enum err card_get_data(struct card *c, uint32_t tag, struct bytes *ret, uint16_t *ret_sw)
{
	const struct apdu a = {
	        .ins = 0xca,
	        .p1 = (uint8_t)(tag >> 8),
	        .p2 = (uint8_t)(tag & 0xff),
	        .le = true,
	};

	return card_ask(c, &a, ret, ret_sw);
}

enum err card_need_object(struct card *c, uint32_t tag, unsigned have)
{
	struct bytes answer;
	uint16_t sw;

	if (c->data.have & have)
		return OK;
	const enum err e = card_get_data(c, tag, &answer, &sw);
	return e == OK && sw == SW_OK ? data_parse_one(tag, answer, &c->data) : e;
}

enum err card_need_attr(struct card *c, enum card_key which)
{
	return card_need_object(c, TAG_ATTR_SIG + (uint32_t)which,
	                        (unsigned)HAVE_ATTR << which);
}

enum err card_need_touch(struct card *c, enum card_key which)
{
	if (!(quirks_of_card(&c->data.info) & QUIRK_TOUCH_TOLD_ALONE))
		return OK;
	return card_need_object(c, TAG_UIF_SIG + (uint32_t)which,
	                        (unsigned)HAVE_UIF << which);
}

/* Objects that 6E lacks are asked for one by one; only some of them matter. */
static enum err read_missing(struct card *c)
{
	static const struct {
		uint32_t tag;
		unsigned have;
	} wanted[] = {
	        {TAG_AID,          HAVE_AID                           },
	        {TAG_HISTORICAL,   HAVE_HISTORICAL                    },
	        {TAG_EXT_CAPS,     HAVE_EXT_CAPS                      },
	        {TAG_ATTR_DEC,     (unsigned)HAVE_ATTR << CARD_KEY_DEC},
	        {TAG_PW_STATUS,    HAVE_PW_STATUS                     },
	        {TAG_FINGERPRINTS, HAVE_FINGERPRINTS                  },
	        {TAG_TIMES,        HAVE_TIMES                         },
	};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < sizeof(wanted) / sizeof(wanted[0]); i++)
		e = card_need_object(c, wanted[i].tag, wanted[i].have);
	return e == OK ? card_need_touch(c, CARD_KEY_DEC) : e;
}

/* There is no such object. */
static bool is_absent(uint16_t sw)
{
	return sw == SW_NOT_FOUND || sw == SW_NO_FILE || sw == SW_NO_RECORD ||
	       sw == SW_P1P2 || sw == SW_OTHER_P1P2 || sw == SW_FUNCTION;
}

static bool may_have_kdf(const struct card *c)
{
	return c->data.kdf_announced ||
	       (!(c->data.have & HAVE_EXT_CAPS) && c->data.info.version >= VERSION_KDF);
}

/* A card that does not say that it has a KDF is asked all the same, if its application
 * knows that: a plain PIN would cost a try.  For the same reason one that refuses to tell
 * is not used, unless it says that it has none. */
static enum err read_kdf(struct card *c)
{
	struct bytes answer;
	uint16_t sw;

	if ((c->data.have & HAVE_EXT_CAPS) && !c->data.kdf_announced &&
	    c->data.info.version < VERSION_KDF)
		return OK;
	enum err e = card_get_data(c, TAG_KDF, &answer, &sw);
	if (e != OK)
		return e;
	if (is_absent(sw) || (sw != SW_OK && !may_have_kdf(c)))
		return OK;
	e = sw == SW_OK ? kdf_parse(answer, &c->data.info) : ERR_UNSUPPORTED;
	if (e == ERR_UNSUPPORTED || e == ERR_FORMAT)
		c->data.flaw = CARD_FLAW_KDF;
	return e;
}

/* 6E in one piece, where both ends are said to manage that: it is longer than a short
 * answer, so this saves a GET RESPONSE. */
static enum err read_long_6e(struct card *c)
{
	const struct apdu a = {
	        .ins = 0xca, .p2 = TAG_APPLICATION, .le = true, .long_le = true};
	struct bytes answer;
	uint16_t sw;

	enum err e = card_ask(c, &a, &answer, &sw);
	if (e == OK && sw == SW_OK)
		e = data_parse(answer, &c->data);
	return e;
}

/* Cut off, or not to be read: then its objects are asked for one by one. */
static enum err read_short_6e(struct card *c)
{
	struct bytes answer;
	uint16_t sw;

	enum err e = card_get_data(c, TAG_APPLICATION, &answer, &sw);
	if (e != OK)
		return e;
	if (sw == SW_TERMINATED)
		return ERR_CARD_STATE;
	e = sw == SW_OK ? data_parse(answer, &c->data) : OK;
	return e == ERR_FORMAT || e == ERR_UNSUPPORTED ? OK : e;
}

static enum err read_6e(struct card *c)
{
	c->link.extended =
	        atr_extends((struct bytes){c->link.t->atr, c->link.t->atr_len});
	if (link_may_extend(&c->link)) {
		const enum err e = read_long_6e(c);

		/* Refused, cut off, or choked upon by a reader that promised too much. */
		if (e != OK && e != ERR_IO && e != ERR_FORMAT)
			return e;
		if (e == OK && c->data.have != 0)
			return OK;
	}
	return read_short_6e(c);
}

static enum err read_objects(struct card *c)
{
	enum err e = read_6e(c);
	if (e == OK)
		e = read_missing(c);
	if (e == OK)
		e = data_finish(&c->data);
	if (e == OK)
		e = read_kdf(c);
	if (e != OK)
		return e;

	struct card_info *info = &c->data.info;
	if (info->kdf.active) /* what is sent is a hash, however long the PIN is */
		info->pin_max = 127;
	c->link.chaining = info->chaining;
	c->link.extended = info->extended;
	c->link.max_response = info->max_response;
	return OK;
}

enum err card_open(struct transport *t, struct card **ret)
{
	enum card_flaw flaw;

	return card_open_told(t, &flaw, ret);
}

enum err card_open_told(struct transport *t, enum card_flaw *ret_flaw, struct card **ret)
{
	struct card *c = calloc(1, sizeof(*c));
	if (!c) {
		transport_close(t);
		return ERR_NOMEM;
	}
	*ret_flaw = CARD_FLAW_NONE;
	c->link.t = t;
	c->link.until_ms = clock_ms() + CARD_OPEN_MS;
	c->needs_select = true;
	/* Reset before SELECT was through: card_ask() cannot mend that, a second try can.
	 */
	enum err e = card_ready(c);
	if (e == ERR_CARD_RESET)
		e = card_ready(c);
	if (e == OK)
		e = read_objects(c);
	c->link.until_ms = 0;
	*ret_flaw = c->data.flaw;
	if (e != OK) {
		log_line(LOG_DEBUG, "card: not opened: %s", err_text(e));
		card_close(c);
		return e;
	}
	*ret = c;
	return OK;
}

struct card *card_close(struct card *c)
{
	if (!c)
		return NULL;
	transport_close(c->link.t);
	secret_free(c->refused);
	secret_free(c->refused_more[0]);
	secret_free(c->refused_more[1]);
	free(c);
	return NULL;
}

const struct card_info *card_info(const struct card *c)
{
	return &c->data.info;
}

struct card_who card_who(const struct card_info *info)
{
	struct card_who who;

	memcpy(who.ident, info->ident, sizeof(who.ident));
	memcpy(who.fpr, info->key[CARD_KEY_DEC].fpr, sizeof(who.fpr));
	return who;
}

bool card_who_same(const struct card_who *a, const struct card_who *b)
{
	return a->ident[0] != '\0' && strcmp(a->ident, b->ident) == 0 &&
	       memcmp(a->fpr, b->fpr, sizeof(a->fpr)) == 0;
}

const char *card_reader(const struct card *c)
{
	return c->link.t->reader;
}

enum err card_alive(struct card *c)
{
	struct transport *t = c->link.t;

	const enum err e = t->ops->alive ? t->ops->alive(t) : OK;
	if (e == ERR_CARD_RESET)
		card_forget(c);
	return e;
}
