/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM at arm's length: each call is a job of a child process with a time limit. */
#include "unlock/tpm2.h"

#include "unlock/tpm2_jobs.h"

/* Hardware takes seconds to make a key. */
enum { LOOK_MS = 5000, WORK_MS = 20000, JOINED_MAX = 2 * TPM2_SECRET_LEN };

static int limit(const struct tpm2 *t, int usual)
{
	return t->limit_ms > 0 ? t->limit_ms : usual;
}

/* What a child is told of its end, or cannot be told, is the TPM's failure. */
static enum err of_child(enum err e)
{
	return e == ERR_TIMEOUT || e == ERR_IO ? ERR_TPM_FAILED : e;
}

/* For answers of one size. */
static enum err ask(const struct tpm2 *t, aside_job *job, const struct tpm2_task *task,
                    const struct secret *in, int limit_ms, void *ret, size_t n)
{
	AUTO_SECRET *out = NULL;
	struct tpm2_task full = *task;

	full.tcti = t->tcti;
	const enum err e = of_child(aside_run(job, &full, in, n, limit_ms, &out));
	if (e != OK)
		return e;
	if (secret_len(out) != n)
		return ERR_TPM_FAILED;
	if (n > 0)
		memcpy(ret, secret_buf(out), n);
	return OK;
}

enum err tpm2_read_pcrs(const struct tpm2 *t, enum hash_alg bank, uint32_t mask,
                        struct tpm2_pcrs *ret)
{
	struct tpm2_pcrs got;
	const struct tpm2_task task = {.bank = bank, .mask = mask & TPM2_PCRS_ALL};

	const enum err e =
	        ask(t, tpm2_job_pcrs, &task, NULL, limit(t, LOOK_MS), &got, sizeof(got));
	if (e != OK)
		return e;
	if (got.bank != bank || got.mask != task.mask)
		return ERR_TPM_FAILED;
	*ret = got;
	return OK;
}

static enum err take_made(const struct tpm2_wish *w, bool pin, const struct tpm2_made *m,
                          struct tpm2_sealed *ret)
{
	struct tpm2_sealed s = {.srk = m->srk, .pcrs = m->pcrs, .needs_pin = pin};

	if (m->pub_len > sizeof(s.pub) || m->priv_len > sizeof(s.priv) ||
	    m->pcrs.bank != w->bank || m->pcrs.mask != w->mask)
		return ERR_TPM_FAILED;
	memcpy(s.srk_name, m->srk_name, sizeof(s.srk_name));
	memcpy(s.salt, w->salt, sizeof(s.salt));
	memcpy(s.pub, m->pub, m->pub_len);
	memcpy(s.priv, m->priv, m->priv_len);
	s.pub_len = m->pub_len;
	s.priv_len = m->priv_len;
	const enum err e = tpm2_sealed_check(&s);
	if (e != OK)
		return e == ERR_FORMAT ? ERR_TPM_FAILED : e;
	*ret = s;
	return OK;
}

/* What is sealed and what it is sealed with, in one. */
static enum err join(const struct secret *a, const struct secret *b, struct secret **ret)
{
	AUTO_SECRET *both = NULL;

	enum err e = secret_new(JOINED_MAX, &both);
	if (e != OK)
		return e;
	struct writer w = {secret_buf(both), JOINED_MAX, 0, false};
	put_bytes(&w, secret_view(a).p, secret_len(a));
	if (b)
		put_bytes(&w, secret_view(b).p, secret_len(b));
	e = writer_ok(&w) ? secret_set_len(both, w.n) : ERR_BUG;
	if (e != OK)
		return e;
	*ret = both;
	both = NULL;
	return OK;
}

enum err tpm2_seal(const struct tpm2 *t, const struct tpm2_wish *w,
                   const struct secret *what, const struct secret *pin,
                   struct tpm2_sealed *ret)
{
	AUTO_SECRET *auth = NULL, *in = NULL;
	struct tpm2_made made;
	const struct tpm2_task task = {
	        .srk = w->srk,
	        .srk_name = w->srk_name,
	        .bank = w->bank,
	        .mask = w->mask,
	        .pin = pin != NULL,
	        .to = w->to,
	};

	if (secret_len(what) != TPM2_SECRET_LEN || (w->mask & ~TPM2_PCRS_ALL) != 0 ||
	    w->mask == 0)
		return ERR_BUG;
	if (w->to && (w->to->bank != w->bank || w->to->mask != w->mask))
		return ERR_BUG;
	enum err e = pin ? tpm2_auth_value(pin, w->salt, &auth) : OK;
	if (e == OK)
		e = join(what, auth, &in);
	if (e == OK)
		e = ask(t, tpm2_job_seal, &task, in, limit(t, WORK_MS), &made,
		        sizeof(made));
	return e == OK ? take_made(w, pin != NULL, &made, ret) : e;
}

enum err tpm2_unseal_start(const struct tpm2 *t, const struct tpm2_sealed *s,
                           const struct secret *pin, struct aside **ret)
{
	AUTO_SECRET *auth = NULL;
	const struct tpm2_task task = {.tcti = t->tcti, .sealed = s, .pin = s->needs_pin};

	enum err e = tpm2_sealed_check(s);
	if (e == OK && s->needs_pin != (pin != NULL))
		e = ERR_BUG;
	if (e == OK && pin)
		e = tpm2_auth_value(pin, s->salt, &auth);
	if (e == OK)
		e = of_child(aside_start(tpm2_job_unseal, &task, auth, TPM2_SECRET_LEN,
		                         limit(t, WORK_MS), ret));
	return e;
}

enum err tpm2_unseal_finish(struct aside *a, struct secret **ret)
{
	AUTO_SECRET *out = NULL;

	enum err e = of_child(aside_finish(a, &out));
	if (e == OK && secret_len(out) != TPM2_SECRET_LEN)
		e = ERR_TPM_FAILED;
	if (e != OK)
		return e;
	*ret = out;
	out = NULL;
	return OK;
}

enum err tpm2_unseal(const struct tpm2 *t, const struct tpm2_sealed *s,
                     const struct secret *pin, struct secret **ret)
{
	struct aside *a = NULL;

	const enum err e = tpm2_unseal_start(t, s, pin, &a);
	return e == OK ? tpm2_unseal_finish(a, ret) : e;
}

enum err tpm2_look_start(const struct tpm2 *t, enum hash_alg bank, uint32_t mask,
                         struct aside **ret)
{
	const struct tpm2_task task = {
	        .tcti = t->tcti, .bank = bank, .mask = mask & TPM2_PCRS_ALL};

	return of_child(aside_start(tpm2_job_look, &task, NULL, sizeof(struct tpm2_look),
	                            limit(t, LOOK_MS), ret));
}

enum err tpm2_look_finish(struct aside *a, struct tpm2_look *ret)
{
	AUTO_SECRET *out = NULL;

	enum err e = of_child(aside_finish(a, &out));
	if (e == OK && secret_len(out) != sizeof(*ret))
		e = ERR_TPM_FAILED;
	if (e == OK)
		memcpy(ret, secret_buf(out), sizeof(*ret));
	return e;
}

enum err tpm2_extend(const struct tpm2 *t, unsigned pcr, const char *what)
{
	const struct tpm2_task task = {.pcr = pcr, .what = what};

	if (pcr >= TPM2_PCRS)
		return ERR_BUG;
	return ask(t, tpm2_job_extend, &task, NULL, limit(t, LOOK_MS), NULL, 0);
}

enum err tpm2_lockout(const struct tpm2 *t, struct tpm2_lockout *ret)
{
	const struct tpm2_task task = {0};

	return ask(t, tpm2_job_lockout, &task, NULL, limit(t, LOOK_MS), ret,
	           sizeof(*ret));
}
