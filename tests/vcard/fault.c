// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faults of the virtual card: at=N:ACTION, NAME:ACTION, NAME@N:ACTION, pull-at=N.
 * drop: gone for a moment before it is done. lose: done, the answer is lost, gone for a
 * moment. pull: gone before it is done, until inserted. short, long: half of the data or
 * more of it, with the status word. cut: the first half of the answer. tlv: the first
 * object says that it is longer than anything. huge: more bytes than anybody asked for.
 * late: the answer is held back. stale: too, and the next command gets it as well, so
 * that every answer is the one before, until the card is gone.
 */
#include "tests/vcard/priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ODD = 32, MORE = 16, HUGE_N = 30000 };

static bool number(const char *s, unsigned base, unsigned max, unsigned *ret)
{
	char *end = NULL;
	unsigned long x = strtoul(s, &end, (int)base);
	if (*s == '\0' || *end != '\0' || x > max)
		return false;
	*ret = (unsigned)x;
	return true;
}

static bool parse_action(const char *s, struct fault *f)
{
	static const struct {
		const char *name;
		enum action action;
	} known[] = {
	        {"drop",    ACT_DROP   },
                {"lose",    ACT_LOSE   },
                {"long",    ACT_LONG   },
	        {"cut",     ACT_CUT    },
                {"hang",    ACT_HANG   },
                {"pull",    ACT_PULL   },
	        {"garbage", ACT_GARBAGE},
                {"short",   ACT_SHORT  },
                {"late",    ACT_LATE   },
	        {"stale",   ACT_STALE  },
                {"tlv",     ACT_TLV    },
                {"huge",    ACT_HUGE   },
	};
	unsigned sw = 0;
	if (strncmp(s, "sw=", 3) == 0 && number(s + 3, 16, 0xFFFF, &sw)) {
		f->action = ACT_SW;
		f->sw = (uint16_t)sw;
		return true;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(s, known[i].name) == 0) {
			f->action = known[i].action;
			return true;
		}
	}
	return false;
}

static bool parse_one(char *s, struct fault *f)
{
	if (strncmp(s, "pull-at=", 8) == 0) {
		f->action = ACT_PULL;
		return number(s + 8, 10, 1000000, &f->at) && f->at > 0;
	}
	char *colon = strchr(s, ':');
	if (colon == NULL || !parse_action(colon + 1, f))
		return false;
	*colon = '\0';
	if (strncmp(s, "at=", 3) == 0)
		return number(s + 3, 10, 1000000, &f->at) && f->at > 0;
	char *mark = strchr(s, '@');
	if (mark != NULL) {
		*mark = '\0';
		if (!number(mark + 1, 10, 1000000, &f->at) || f->at == 0)
			return false;
	}
	if (*s == '\0' || strlen(s) >= sizeof(f->name))
		return false;
	memcpy(f->name, s, strlen(s) + 1);
	return true;
}

bool vcard_fault(struct vcard *v, const char *spec)
{
	if (spec == NULL || *spec == '\0') {
		v->n_faults = 0;
		v->hung = false;
		return true;
	}
	char *copy = strdup(spec), *rest = copy, *one = NULL;
	bool ok = copy != NULL;
	while (ok && (one = strsep(&rest, ",")) != NULL) {
		struct fault f = {0};
		ok = v->n_faults < MAX_FAULTS && parse_one(one, &f);
		if (ok && f.name[0] == '\0')
			f.count = v->n_apdus; /* from now on */
		if (ok)
			v->faults[v->n_faults++] = f;
	}
	free(copy);
	return ok;
}

const struct fault *fault_match(struct vcard *v, const char *name, bool last)
{
	const struct fault *hit = NULL;
	for (size_t i = 0; i < v->n_faults; i++) {
		struct fault *f = &v->faults[i];
		if (f->name[0] != '\0' && (!last || strcasecmp(f->name, name) != 0))
			continue;
		if (f->name[0] != '\0')
			f->count++;
		unsigned seen = f->name[0] != '\0' ? f->count : v->n_apdus - f->count;
		if (hit == NULL && (f->at == 0 || f->at == seen))
			hit = f;
	}
	return hit;
}

/* --- what becomes of an answer ---
 * Each gets the answer of R bytes in RESP, where CAP fit, and says how long it is then.
 */

/* The same nonsense each time, so that what it did once it does again (a linear
 * congruential generator; what other nonsense does is for the fuzzers). */
static size_t invent(uint8_t *resp, size_t cap, size_t n)
{
	uint32_t x = 20261122;

	if (cap < n + 2)
		n = cap - 2;
	for (size_t i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		resp[i] = (uint8_t)(x >> 24);
	}
	resp[n] = 0x90;
	resp[n + 1] = 0x00;
	return n + 2;
}

static size_t halve(uint8_t *resp, size_t r)
{
	const size_t keep = r >= 2 ? (r - 2) / 2 : 0;
	if (r <= 2)
		return 1;
	memmove(resp + keep, resp + r - 2, 2);
	return keep + 2;
}

static size_t lengthen(uint8_t *resp, size_t r, size_t cap)
{
	if (r < 2 || r + MORE > cap)
		return r;
	memmove(resp + r - 2 + MORE, resp + r - 2, 2);
	memset(resp + r - 2, 0xA5, MORE);
	return r + MORE;
}

/* The length of the first object, of one byte as a rule, becomes one of four: 83 FF FF
 * FF. */
static size_t overstate(uint8_t *resp, size_t r, size_t cap)
{
	if (r < 5 || r + 3 > cap)
		return r;
	const size_t at = (resp[0] & 0x1F) == 0x1F ? 2 : 1;
	memmove(resp + at + 4, resp + at + 1, r - at - 1);
	memcpy(resp + at, "\x83\xFF\xFF\xFF", 4);
	return r + 3;
}

/* Own answer kept for the next command, which may have been given another's. */
static size_t fall_behind(struct vcard *v, uint8_t *resp, size_t r, size_t cap)
{
	struct buf own = {0};
	buf_put(&own, resp, r);
	if (v->is_behind && v->behind.n <= cap) {
		r = v->behind.n;
		memcpy(resp, v->behind.p, r);
	}
	buf_free(&v->behind);
	v->behind = own;
	v->is_behind = true;
	return r;
}

size_t fault_answer(struct vcard *v, enum action act, uint8_t *resp, size_t r, size_t cap)
{
	switch (act) {
	case ACT_LOSE:
		r = 0;
		break;
	case ACT_GARBAGE: /* whatever was asked */
		r = invent(resp, cap, ODD);
		break;
	case ACT_HUGE:
		r = invent(resp, cap, HUGE_N);
		break;
	case ACT_SHORT:
		r = halve(resp, r);
		break;
	case ACT_LONG:
		r = lengthen(resp, r, cap);
		break;
	case ACT_TLV:
		r = overstate(resp, r, cap);
		break;
	case ACT_CUT:
		r = (r + 1) / 2;
		break;
	default:
		break;
	}
	v->hung = act == ACT_HANG;
	v->late = act == ACT_LATE || act == ACT_STALE;
	v->back = act == ACT_DROP || act == ACT_LOSE;
	v->gone = v->back || act == ACT_PULL;
	if (r > 0 && (v->is_behind || act == ACT_STALE))
		r = fall_behind(v, resp, r, cap);
	return r;
}

void fault_forget(struct vcard *v)
{
	buf_free(&v->behind);
	v->is_behind = false;
}
