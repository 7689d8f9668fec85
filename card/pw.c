/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sends PINs: every try counts, so each command is sent at most once. */
#include "card/pw.h"

int *pw_counter(struct card_info *info, enum card_pw which)
{
	switch (which) {
	case CARD_PW_CODE:
		return &info->tries_reset;
	case CARD_PW_ADMIN:
		return &info->tries_admin;
	case CARD_PW_USER:
	case CARD_PWS:
		break;
	}
	return &info->tries_user;
}

int card_tries(const struct card_info *info, enum card_pw which)
{
	return which == CARD_PW_CODE    ? info->tries_reset
	       : which == CARD_PW_ADMIN ? info->tries_admin
	                                : info->tries_user;
}

static struct secret **refused_of(struct card *c, enum card_pw which)
{
	return which == CARD_PW_USER   ? &c->refused
	       : which == CARD_PW_CODE ? &c->refused_more[0]
	                               : &c->refused_more[1];
}

/* What was verified before holds no longer, on some cards or on all. */
static void unverify(struct card *c, enum card_pw which)
{
	if (which == CARD_PW_ADMIN)
		c->admin = false;
	else if (which == CARD_PW_USER)
		c->verified = c->signs = false;
}

static bool any_key(const struct card_info *info)
{
	for (size_t k = 0; k < CARD_KEYS; k++)
		if (info->key[k].present)
			return true;
	return false;
}

/* A refusal that has nothing to do with the PIN that is compared. */
static enum err meaning(const struct card *c, const struct pw_command *p, uint16_t sw)
{
	switch (sw) {
	case SW_CONDITIONS:
		/* A Gnuk takes a user PIN only once there are keys. */
		if (p->ins != PW_INS_VERIFY && p->sets == CARD_PW_USER &&
		    !any_key(&c->data.info))
			return ERR_CARD_STATE;
		return ERR_PIN_LENGTH;
	case SW_LENGTH:
	case SW_DATA:
		return ERR_PIN_LENGTH;
	case SW_INS:
	case SW_CLA:
	case SW_P1P2:
	case SW_OTHER_P1P2:
	case SW_NOT_FOUND:
	case SW_FUNCTION:
		return ERR_UNSUPPORTED;
	default:
		return ERR_CARD_STATE;
	}
}

enum err pw_judge(struct card *c, const struct pw_command *p, int before, uint16_t sw)
{
	int *left = pw_counter(&c->data.info, p->which);

	const bool read = card_refresh_tries(c) == OK;
	if (!read && *left > 0)
		(*left)--;
	if (!read && sw >> 4 == 0x63c && (sw & 0xf) < *left)
		*left = sw & 0xf;
	if (sw == SW_BLOCKED)
		*left = 0;
	if (*left == 0)
		return ERR_PIN_BLOCKED;
	if (!read || *left < before || sw >> 4 == 0x63c || sw == SW_SECURITY)
		return ERR_PIN_WRONG;
	return meaning(c, p, sw);
}

/* The card is there, and its counters are those of now. */
enum err pw_before(struct card *c)
{
	enum err e = card_alive(c);
	if (e == OK || e == ERR_CARD_RESET)
		e = card_ready(c);
	return e == OK ? card_refresh_tries(c) : e;
}

enum err pw_may(struct card *c, enum card_pw which, const struct secret *pin,
                bool spend_last)
{
	const int left = card_tries(&c->data.info, which);
	const struct secret *refused = *refused_of(c, which);

	if (left == 0)
		return ERR_PIN_BLOCKED;
	if (pin && refused && secret_equal(refused, pin))
		return ERR_PIN_WRONG;
	return left == 1 && !spend_last ? ERR_PIN_LAST_TRY : OK;
}

enum err pw_lost(struct card *c, const struct pw_command *p)
{
	int *left = pw_counter(&c->data.info, p->which);

	if (p->counted && *left > 0)
		(*left)--;
	card_forget(c);
	return ERR_PIN_UNKNOWN;
}

static void remember_refused(struct card *c, const struct pw_command *p)
{
	struct secret **slot = refused_of(c, p->which);

	*slot = secret_free(*slot);
	/* Without the copy it could only be sent twice by a person typing it twice. */
	if (secret_copy(secret_view(p->first), slot) != OK)
		*slot = NULL;
}

/* What was refused may be right from now on. */
static void forget_refused(struct card *c, enum card_pw which)
{
	struct secret **slot = refused_of(c, which);

	*slot = secret_free(*slot);
}

enum err pw_counted(struct card *c, const struct pw_command *p, bool spend_last)
{
	AUTO_SECRET *cmd = NULL;
	uint16_t sw;

	enum err e = pw_before(c);
	if (e == OK)
		e = pw_may(c, p->which, p->first, spend_last);
	if (e == OK)
		e = pw_lay_out(c, p, &cmd);
	if (e != OK)
		return e;
	const int before = card_tries(&c->data.info, p->which);
	unverify(c, p->which);
	if (apdu_once(&c->link, secret_view(cmd), &sw) != OK)
		return pw_lost(c, p);
	if (sw != SW_OK) {
		e = pw_judge(c, p, before, sw);
		if (e == ERR_PIN_WRONG || e == ERR_PIN_BLOCKED)
			remember_refused(c, p);
		return e;
	}
	forget_refused(c, p->which);
	if (p->fresh) {
		unverify(c, p->sets);
		forget_refused(c, p->sets);
	}
	/* For who is told the counters; it was right, whatever becomes of this. */
	(void)(card_refresh_tries(c) == OK);
	return OK;
}

/* Of what the Admin PIN allows. */
enum err pw_allowed(struct card *c, const struct pw_command *p)
{
	AUTO_SECRET *cmd = NULL;
	uint16_t sw;

	if (c->needs_select)
		return ERR_CARD_RESET;
	if (!c->admin)
		return ERR_PIN_GONE;
	enum err e = pw_lay_out(c, p, &cmd);
	if (e != OK)
		return e;
	if (apdu_once(&c->link, secret_view(cmd), &sw) != OK)
		return pw_lost(c, p);
	if (sw == SW_OK) {
		unverify(c, p->sets);
		forget_refused(c, p->sets);
		(void)(card_refresh_tries(c) == OK);
		return OK;
	}
	if (sw == SW_SECURITY) {
		c->admin = false;
		return ERR_PIN_GONE;
	}
	return meaning(c, p, sw);
}
