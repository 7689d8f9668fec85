// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual card: APDUs, command chaining, 61xx, and faults. */
#include "tests/vcard/priv.h"

#include <gcrypt.h>
#include <stdlib.h>
#include <string.h>

static void init_gcrypt(void)
{
	if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P))
		return;
	gcry_control(GCRYCTL_ENABLE_QUICK_RANDOM, 0); /* keys of a test */
	(void)gcry_check_version(NULL);               /* starts the library */
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
}

static const struct profile *saved_profile(const struct vcard *v)
{
	char name[32] = {0};
	const struct buf *b = obj_get(v, OBJ_PROFILE);
	if (b->n > 0 && b->n < sizeof(name))
		memcpy(name, b->p, b->n);
	return profile_find(name);
}

struct vcard *vcard_new(const char *profile, const char *state_file)
{
	init_gcrypt();
	struct vcard *v = calloc(1, sizeof(*v));
	if (v == NULL)
		return NULL;
	bool fresh = true;
	if (state_file != NULL)
		v->path = strdup(state_file);
	if ((state_file != NULL && v->path == NULL) || !store_load(v, &fresh))
		goto bad;
	if (profile != NULL)
		v->prof = profile_find(profile);
	else
		v->prof = fresh ? profile_at(0) : saved_profile(v);
	if (v->prof == NULL)
		goto bad;
	v->wake = -1;
	if (!vcard_press(v, "auto", -1))
		goto bad;
	if (fresh) {
		store_factory(v);
		if (!store_save(v))
			goto bad;
	}
	return v;
bad:
	vcard_free(v);
	return NULL;
}

void vcard_free(struct vcard *v)
{
	if (v == NULL)
		return;
	obj_wipe(v);
	buf_free(&v->chain);
	buf_free(&v->out);
	fault_forget(v);
	if (v->trace != NULL)
		(void)fclose(v->trace); /* every line was flushed */
	free(v->press_file);
	free(v->path);
	free(v);
}

void vcard_reset(struct vcard *v)
{
	v->selected = v->ok81 = v->ok82 = v->ok83 = false;
	v->in_chain = v->gone = false;
	v->occurrence = 0;
	memset(v->touched, 0, sizeof(v->touched));
	buf_clear(&v->chain);
	buf_clear(&v->out);
	v->out_off = 0;
}

size_t vcard_atr(const struct vcard *v, uint8_t *out, size_t cap)
{
	static const uint8_t head[] = {0x3B, 0xDA, 0x18, 0xFF, 0x81,
	                               0xB1, 0xFE, 0x75, 0x1F, 0x03};
	struct buf b = {0};
	if (v->prof->atr != NULL) {
		hex_put(&b, v->prof->atr);
	} else {
		buf_put(&b, head, sizeof(head));
		data_history(v, &b);
		b.p[17] = 0x05; /* the life cycle stands only in 5F52 */
		unsigned check = 0;
		for (size_t i = 1; i < b.n; i++)
			check ^= b.p[i];
		buf_byte(&b, check);
	}
	size_t n = b.n <= cap ? b.n : 0;
	memcpy(out, b.p, n);
	buf_free(&b);
	return n;
}

unsigned vcard_verify_count(const struct vcard *v)
{
	return v->n_verifies;
}
unsigned vcard_apdu_count(const struct vcard *v)
{
	return v->n_apdus;
}

/* Cases 1 to 4, short and extended. */
static bool parse(const uint8_t *p, size_t n, struct apdu *ret)
{
	if (n < 4)
		return false;
	struct apdu a = {.cla = p[0], .ins = p[1], .p1 = p[2], .p2 = p[3], .data = p + 4};
	size_t left = n - 4;
	const uint8_t *at = p + 4;
	if (left == 1) {
		a.le = at[0] != 0 ? at[0] : 256;
	} else if (left >= 3 && at[0] == 0) {
		a.extended = true;
		size_t x = (size_t)at[1] << 8 | at[2];
		if (left == 3) {
			a.le = x != 0 ? x : 65536;
		} else if (left == 3 + x || left == 5 + x) {
			a.data = at + 3;
			a.lc = x;
			if (left == 5 + x) {
				size_t le = (size_t)at[3 + x] << 8 | at[4 + x];
				a.le = le != 0 ? le : 65536;
			}
		} else {
			return false;
		}
	} else if (left > 1) {
		a.lc = at[0];
		a.data = at + 1;
		if (left == 2 + a.lc)
			a.le = at[1 + a.lc] != 0 ? at[1 + a.lc] : 256;
		else if (left != 1 + a.lc)
			return false;
	}
	*ret = a;
	return true;
}

/* Writes as much of v->out as LE allows, then 61xx or SW. */
static size_t answer(struct vcard *v, const struct apdu *a, uint16_t sw, uint8_t *resp,
                     size_t cap)
{
	const size_t most = v->prof->max_resp != 0 ? v->prof->max_resp : cap;
	size_t max = a->le != 0 ? a->le : v->prof->no_le_61 ? 0 : 256;
	if (max > cap - 2)
		max = cap - 2;
	if (max > most - 2)
		max = most - 2;
	size_t left = v->out.n - v->out_off, n = left < max ? left : max;
	if (n > 0)
		memcpy(resp, v->out.p + v->out_off, n);
	v->out_off += n;
	left -= n;
	if (left > 0 && sw == 0x9000)
		sw = (uint16_t)(0x6100 | (left > 255 ? 0 : left));
	if (left == 0) {
		buf_clear(&v->out);
		v->out_off = 0;
	}
	resp[n] = (uint8_t)(sw >> 8);
	resp[n + 1] = (uint8_t)sw;
	return n + 2;
}

/* One block of a chain, or the whole command. */
static uint16_t collect(struct vcard *v, struct apdu *a, bool *ret_whole)
{
	const uint8_t head[3] = {a->ins, a->p1, a->p2};
	*ret_whole = false;
	const bool yubico = v->prof->four_keys && a->cla == 0x80 && a->ins == 0xFB;
	if ((a->cla & 0xEF) != 0 && !yubico)
		return 0x6E00;
	if (a->extended && !v->prof->extended)
		return 0x6700;
	const size_t around = (a->extended ? 7U : 5U) + (a->le != 0 ? 2U : 0U);
	if (v->prof->max_cmd != 0 && a->lc + around > v->prof->max_cmd)
		return 0x6700;
	if (v->in_chain && memcmp(head, v->chain_head, sizeof(head)) != 0) {
		v->in_chain = false;
		buf_clear(&v->chain);
		if (v->prof->strict_chain)
			return 0x6883;
	}
	bool more = (a->cla & 0x10) != 0;
	if (more && !v->prof->chaining)
		return 0x6884;
	if (more || v->in_chain) {
		if (v->chain.n + a->lc > MAX_DATA) {
			v->in_chain = false;
			return 0x6700;
		}
		buf_put(&v->chain, a->data, a->lc);
		memcpy(v->chain_head, head, sizeof(head));
		v->in_chain = more;
		a->data = v->chain.p;
		a->lc = v->chain.n;
	}
	*ret_whole = !more;
	return 0x9000;
}

static size_t execute(struct vcard *v, struct apdu a, uint8_t *resp, size_t cap)
{
	bool whole = false;
	if (a.ins == 0xC0 && a.cla == 0 && !v->in_chain)
		return answer(v, &a, v->out.n > 0 ? 0x9000 : 0x6985, resp, cap);
	buf_clear(&v->out);
	v->out_off = 0;
	uint16_t sw = collect(v, &a, &whole);
	if (sw == 0x9000 && whole) {
		sw = command_run(v, &a);
		buf_clear(&v->chain);
	}
	if (v->prof->exact_le && sw == 0x9000 && a.ins == 0xCA && a.le == 256 &&
	    v->out.n > 0 && v->out.n < 256)
		sw = (uint16_t)(0x6C00 | v->out.n);
	if (sw != 0x9000)
		buf_clear(&v->out);
	return answer(v, &a, sw, resp, cap);
}

size_t vcard_apdu(struct vcard *v, const uint8_t *cmd, size_t n, uint8_t *resp,
                  size_t cap)
{
	struct apdu a = {0};
	if (cap < 2 || v->hung || v->gone)
		return 0;
	v->n_apdus++;
	bool ok = parse(cmd, n, &a);
	const char *name = ok ? trace_name(&a) : "MALFORMED";
	const struct fault *f = fault_match(v, name, (a.cla & 0x10) == 0);
	enum action act = f != NULL ? f->action : ACT_NONE;
	size_t r = 2;
	resp[0] = 0x67;
	resp[1] = 0x00;
	if (act == ACT_SW) {
		resp[0] = (uint8_t)(f->sw >> 8);
		resp[1] = (uint8_t)f->sw;
	} else if (act == ACT_PULL || act == ACT_HANG || act == ACT_DROP) {
		r = 0;
	} else if (ok) {
		r = execute(v, a, resp, cap);
	}
	r = fault_answer(v, act, resp, r, cap);
	trace_line(v, name, &a, resp, r);
	return r;
}
