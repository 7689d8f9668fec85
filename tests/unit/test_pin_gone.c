/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cards that say less or forget sooner than others, from the PIN to the passphrase: a PIN
 * that holds for one use, attributes that are not told, a PIN of another length. */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/world.h"
#include "unlock/backend.h"

/* --- a reader whose card is odd --- */

struct oddity {
	bool one_use; /* a PIN is good for one decryption */
	bool no_c2;   /* the attributes of the decryption key are not told */
	bool no_luck; /* every decryption is 6982 */
	bool used;    /* the PIN was */
};

static struct oddity odd;
static struct readers *inner_readers;

struct line {
	struct transport base;
	struct transport *inner;
};

static enum err say(uint16_t sw, uint8_t *resp, size_t *ret_len)
{
	resp[0] = (uint8_t)(sw >> 8);
	resp[1] = (uint8_t)sw;
	*ret_len = 2;
	return OK;
}

/* C2 in 6E becomes an object that nobody knows. */
static void hide_c2(uint8_t *resp, size_t n)
{
	for (size_t i = 0; i + 2 < n; i++)
		if (resp[i] == 0xc2 && resp[i + 2] == 0x12)
			resp[i] = 0xc9;
}

static enum err line_transmit(struct transport *t, struct bytes cmd, uint8_t *resp,
                              size_t cap, size_t *ret_len)
{
	struct line *l = (struct line *)(void *)t;
	const bool decipher = cmd.p[1] == 0x2a;

	if (cmd.p[1] == 0x20)
		odd.used = false;
	if (decipher && (odd.no_luck || (odd.one_use && odd.used)))
		return say(0x6982, resp, ret_len);
	if (odd.no_c2 && cmd.p[1] == 0xca && cmd.p[3] == 0xc2)
		return say(0x6a88, resp, ret_len);
	const enum err e = l->inner->ops->transmit(l->inner, cmd, resp, cap, ret_len);
	odd.used = odd.used || decipher;
	if (e == OK && odd.no_c2 && cmd.p[1] == 0xca)
		hide_c2(resp, *ret_len);
	return e;
}

static enum err line_alive(struct transport *t)
{
	struct line *l = (struct line *)(void *)t;

	return l->inner->ops->alive(l->inner);
}

static void line_close(struct transport *t)
{
	struct line *l = (struct line *)(void *)t;

	(void)transport_close(l->inner);
	free(l);
}

static enum err odd_scan(struct readers *r, struct reader_list *ret)
{
	(void)r;
	return inner_readers->ops->scan(inner_readers, ret);
}

static enum err odd_connect(struct readers *r, const char *name, struct transport **ret)
{
	static const struct transport_ops ops = {.name = "odd",
	                                         .transmit = line_transmit,
	                                         .alive = line_alive,
	                                         .close = line_close};
	struct line *l = calloc(1, sizeof(*l));

	(void)r;
	if (!l)
		return ERR_NOMEM;
	const enum err e = inner_readers->ops->connect(inner_readers, name, &l->inner);
	if (e != OK) {
		free(l);
		return e;
	}
	l->base.ops = &ops;
	l->base.reader = "R";
	*ret = &l->base;
	return OK;
}

static void odd_close(struct readers *r)
{
	inner_readers = readers_close(inner_readers);
	free(r);
}

static struct readers *odd_readers(struct vcard *card)
{
	static const struct readers_ops ops = {.name = "odd",
	                                       .scan = odd_scan,
	                                       .connect = odd_connect,
	                                       .close = odd_close};
	struct readers *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->ops = &ops;
	inner_readers = double_vcard_readers();
	double_vcard_put(inner_readers, 0, "R", card);
	return r;
}

/* --- one try --- */

static struct world w, elsewhere; /* the card opens both */

/* The copy on /boot becomes one that the card decrypts to what opens another volume. */
static void put_stale_copy(struct enrolment *en)
{
	struct volume *v = NULL;

	CHECK(volume_load(&elsewhere.where, &v) == OK && v->n_enrolled == 1);
	CHECK(en->blob_len[1] == 0);
	en->blob[1] = en->blob[0];
	en->blob_len[1] = en->blob_len[0];
	en->blob[0] = v->enrolled[0].blob[0];
	en->blob_len[0] = v->enrolled[0].blob_len[0];
	v->enrolled[0].blob[0] = NULL;
	v->enrolled[0].blob_len[0] = 0;
	v = volume_free(v);
}

static struct double_ask person;

struct end {
	enum err e;
	unsigned asked, sent; /* PINs */
};

/* The person types these PINs; the copy on /boot is that of another time, if wanted. */
static struct end unlock(struct world *at, struct vcard *card, const char *const *pins,
                         size_t n, bool stale)
{
	struct session_options o = {.poll_ms = 1, .readers = odd_readers(card)};
	const unsigned before = vcard_verify_count(card);
	AUTO_SECRET *pass = NULL;
	struct volume *v = NULL;
	struct session *s = NULL;

	odd.used = false;
	CHECK(volume_load(&at->where, &v) == OK && v->n_enrolled == 1);
	o.ask = double_ask_init(&person);
	for (size_t i = 0; i < n; i++)
		double_ask_answer(&person, ASK_USER_PIN, pins[i]);
	CHECK(session_new(&o, &s) == OK && session_wait_card(s, NULL, 0) == OK);
	if (stale)
		put_stale_copy(&v->enrolled[0]);
	const enum err e = backend_card.recover(s, v, &v->enrolled[0], &pass);
	CHECK((pass != NULL) == (e == OK));
	s = session_free(s);
	v = volume_free(v);
	return (struct end){e, person.asked[ASK_USER_PIN],
	                    vcard_verify_count(card) - before};
}

static const char *const right[] = {"123456", "123456"};

static struct vcard *card;

/* The first copy does not open the keyslot: the second one is reached. */
static void a_pin_for_one_use_is_verified_again_unasked(void)
{
	odd = (struct oddity){.one_use = true};
	struct end end = unlock(&w, card, right, 1, true);
	CHECK(end.e == OK && end.asked == 1 && end.sent == 2);
	CHECK(double_ask_said(&person, "on /boot"));
	CHECK(!double_ask_said(&person, "touched"));
	end = unlock(&w, card, right, 1, false);
	CHECK(end.e == OK && end.asked == 1 && end.sent == 1);
}

/* The counter was not full: what full is, is not known, so the person decides. */
static void a_pin_for_one_use_is_asked_for_where_the_counter_was_not_full(void)
{
	static const char *const wrong_first[] = {"654321", "123456", "123456"};

	odd = (struct oddity){.one_use = true};
	struct end end = unlock(&w, card, wrong_first, 3, true);
	CHECK(end.e == OK && end.asked == 3 && end.sent == 3);
}

static void a_card_that_refuses_for_ever_is_asked_twice(void)
{
	odd = (struct oddity){.no_luck = true};
	struct end end = unlock(&w, card, right, 1, false);
	CHECK(end.e == ERR_CARD_STATE && end.asked == 1 && end.sent == 2);
}

/* What the key's curve is, is told by what can be unwrapped: not by the point's length.
 */
static void a_curve_that_is_not_told_is_found(void)
{
	static const enum curve_id curves[] = {CURVE_P256, CURVE_BP256, CURVE_BP384,
	                                       CURVE_25519};

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		struct vcard *c = world_card(curves[i]);
		struct world own;

		odd = (struct oddity){0};
		world_make(&own, 2);
		CHECK(world_enroll_plain(&own, c) == OK);
		odd.no_c2 = true;
		const struct end end = unlock(&own, c, right, 1, false);
		CHECK_ROW(end.e == OK, curve_by_id(curves[i])->name);
		world_drop(&own);
		vcard_free(c);
	}
}

/* It was sent: nobody is told that it was not, nor that our limits are the card's. */
static void a_pin_of_another_length_than_the_card_wants_was_sent(void)
{
	odd = (struct oddity){0};
	CHECK(vcard_fault(card, "verify@1:sw=6700"));
	const struct end end = unlock(&w, card, right, 2, false);
	CHECK(vcard_fault(card, ""));
	CHECK(end.e == OK && end.asked == 2);
	CHECK(double_ask_said(&person, "another length"));
	CHECK(!double_ask_said(&person, "not sent") &&
	      !double_ask_said(&person, "to 127"));
}

/* The PIN that held before is refused when the machine sends it again: it is not sent a
 * third time, and the person is asked. */
static void a_pin_that_is_refused_the_second_time_is_asked_for(void)
{
	odd = (struct oddity){.one_use = true};
	CHECK(vcard_fault(card, "verify@2:sw=6982"));
	const struct end end = unlock(&w, card, right, 1, true);
	CHECK(vcard_fault(card, ""));
	CHECK(end.e != OK && end.asked == 2);
	CHECK(double_ask_said(&person, "Wrong PIN"));
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a PIN for one use is verified again unasked",
	         a_pin_for_one_use_is_verified_again_unasked                                                       },
	        {"a PIN for one use is asked for where the counter was not full",
	         a_pin_for_one_use_is_asked_for_where_the_counter_was_not_full                                     },
	        {"a card that refuses for ever is asked twice",
	         a_card_that_refuses_for_ever_is_asked_twice                                                       },
	        {"a curve that is not told is found",                             a_curve_that_is_not_told_is_found},
	        {"a PIN that is refused the second time is asked for",
	         a_pin_that_is_refused_the_second_time_is_asked_for                                                },
	        {"a PIN of another length than the card wants was sent",
	         a_pin_of_another_length_than_the_card_wants_was_sent                                              },
	};

	if (crypto_init() != OK)
		return 1;
	card = world_card(CURVE_25519);
	world_make(&w, 2);
	world_make(&elsewhere, 2);
	CHECK(world_enroll_plain(&w, card) == OK);
	CHECK(world_enroll_plain(&elsewhere, card) == OK);
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	world_drop(&w);
	world_drop(&elsewhere);
	vcard_free(card);
	return rc;
}
