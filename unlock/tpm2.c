/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM at arm's length: each call is a job of a child process with a time limit. */
#include "unlock/tpm2.h"

#include "unlock/tpm2_jobs.h"

/* Hardware takes seconds to make a key. */
enum {
	LOOK_MS = 5000,
	HELLO_MS = 10000,
	WORK_MS = 20000,
	JOINED_MAX = 2 * TPM2_SECRET_LEN
};

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
	full.limit_ms = limit_ms;
	const enum err e = of_child(aside_run(job, &full, in, n, limit_ms, &out));
	if (e != OK)
		return e;
	if (secret_len(out) != n)
		return ERR_TPM_FAILED;
	if (n > 0)
		memcpy(ret, secret_buf(out), n);
	return OK;
}

static enum err check_pcrs(const struct tpm2_pcrs *got, const struct tpm2_task *task)
{
	return got->bank == task->bank && got->mask == task->mask ? OK : ERR_TPM_FAILED;
}

enum err tpm2_read_pcrs(const struct tpm2 *t, enum hash_alg bank, uint32_t mask,
                        struct tpm2_pcrs *ret)
{
	struct tpm2_pcrs got;
	const struct tpm2_task task = {.bank = bank, .mask = mask & TPM2_PCRS_ALL};

	enum err e =
	        ask(t, tpm2_job_pcrs, &task, NULL, limit(t, LOOK_MS), &got, sizeof(got));
	if (e == OK)
		e = check_pcrs(&got, &task);
	if (e == OK)
		*ret = got;
	return e;
}

enum err tpm2_look(const struct tpm2 *t, enum hash_alg bank, uint32_t mask,
                   struct tpm2_look *ret)
{
	struct tpm2_look got;
	const struct tpm2_task task = {
	        .bank = bank, .mask = mask & TPM2_PCRS_ALL, .looks = true};

	enum err e =
	        ask(t, tpm2_job_pcrs, &task, NULL, limit(t, LOOK_MS), &got, sizeof(got));
	if (e == OK)
		e = check_pcrs(&got.pcrs, &task);
	if (e == OK)
		*ret = got;
	return e;
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

enum err tpm2_seal_start(const struct tpm2 *t, const struct tpm2_wish *w,
                         const struct secret *what, const struct secret *auth,
                         struct aside **ret)
{
	AUTO_SECRET *in = NULL;
	const struct tpm2_task task = {
	        .tcti = t->tcti,
	        .srk = w->srk,
	        .srk_name = w->srk_name,
	        .bank = w->bank,
	        .mask = w->mask,
	        .pin = auth != NULL,
	        .to = w->to,
	};

	if (secret_len(what) != TPM2_SECRET_LEN || (w->mask & ~TPM2_PCRS_ALL) != 0 ||
	    w->mask == 0)
		return ERR_BUG;
	if (w->to && (w->to->bank != w->bank || w->to->mask != w->mask))
		return ERR_BUG;
	const enum err e = join(what, auth, &in);
	return e == OK ? of_child(aside_start(tpm2_job_seal, &task, in,
	                                      sizeof(struct tpm2_made), limit(t, WORK_MS),
	                                      ret))
	               : e;
}

enum err tpm2_seal_finish(struct aside *a, const struct tpm2_wish *w, bool pin,
                          struct tpm2_sealed *ret)
{
	AUTO_SECRET *out = NULL;
	struct tpm2_made made;

	const enum err e = of_child(aside_finish(a, &out));
	if (e != OK)
		return e;
	if (secret_len(out) != sizeof(made))
		return ERR_TPM_FAILED;
	memcpy(&made, secret_buf(out), sizeof(made));
	return take_made(w, pin, &made, ret);
}

enum err tpm2_seal(const struct tpm2 *t, const struct tpm2_wish *w,
                   const struct secret *what, const struct secret *pin,
                   struct tpm2_sealed *ret)
{
	AUTO_SECRET *auth = NULL;
	struct aside *a = NULL;

	enum err e = pin ? tpm2_auth_value(pin, w->salt, &auth) : OK;
	if (e == OK)
		e = tpm2_seal_start(t, w, what, auth, &a);
	return e == OK ? tpm2_seal_finish(a, w, pin != NULL, ret) : e;
}

/* For what is sealed: with it the PIN, as it takes it. */
static enum err auth_for(const struct tpm2_sealed *s, const struct secret *pin,
                         struct secret **ret)
{
	if (s->needs_pin != (pin != NULL))
		return ERR_BUG;
	return pin ? tpm2_auth_value(pin, s->salt, ret) : OK;
}

enum err tpm2_look_start(const struct tpm2 *t, const struct tpm2_sealed *s,
                         struct aside **ret)
{
	const struct tpm2_task task = {
	        .tcti = t->tcti,
	        .sealed = s,
	        .looks = true,
	        .limit_ms = limit(t, WORK_MS),
	};

	const enum err e = tpm2_sealed_check(s);
	return e == OK ? of_child(aside_start(tpm2_job_unseal, &task, NULL,
	                                      sizeof(struct tpm2_look),
	                                      limit(t, HELLO_MS), ret))
	               : e;
}

enum err tpm2_look_finish(struct aside *a, const struct tpm2_sealed *s,
                          struct tpm2_look *ret)
{
	AUTO_SECRET *out = NULL;
	struct tpm2_look got = {0};

	const enum err e = of_child(aside_hear(a, &out));
	if (e != OK)
		return e;
	if (secret_len(out) == sizeof(got))
		memcpy(&got, secret_buf(out), sizeof(got));
	/* The child is not trusted: no PCR differs from none. */
	if (got.pcrs.bank != s->pcrs.bank || got.pcrs.mask != s->pcrs.mask) {
		(void)aside_drop(a);
		return ERR_TPM_FAILED;
	}
	*ret = got;
	return OK;
}

enum err tpm2_unseal_start(struct aside *a, const struct tpm2 *t,
                           const struct tpm2_sealed *s, const struct secret *pin)
{
	AUTO_SECRET *auth = NULL;

	const enum err e = auth_for(s, pin, &auth);
	return e == OK ? of_child(aside_tell(a, auth, limit(t, WORK_MS))) : e;
}

static enum err take_secret(enum err e, struct secret **out, struct secret **ret)
{
	if (e == OK && secret_len(*out) != TPM2_SECRET_LEN)
		e = ERR_TPM_FAILED;
	if (e != OK)
		return e;
	*ret = *out;
	*out = NULL;
	return OK;
}

enum err tpm2_unseal_finish(struct aside *a, struct secret **ret)
{
	AUTO_SECRET *out = NULL;

	return take_secret(of_child(aside_finish(a, &out)), &out, ret);
}

enum err tpm2_unseal_with(const struct tpm2 *t, const struct tpm2_sealed *s,
                          const struct secret *auth, struct aside **ret)
{
	const struct tpm2_task task = {.tcti = t->tcti, .sealed = s};

	enum err e = tpm2_sealed_check(s);
	if (e == OK && s->needs_pin != (auth != NULL))
		e = ERR_BUG;
	return e == OK ? of_child(aside_start(tpm2_job_unseal, &task, auth,
	                                      TPM2_SECRET_LEN, limit(t, WORK_MS), ret))
	               : e;
}

enum err tpm2_unseal(const struct tpm2 *t, const struct tpm2_sealed *s,
                     const struct secret *pin, struct secret **ret)
{
	AUTO_SECRET *auth = NULL;
	struct aside *a = NULL;

	enum err e = tpm2_sealed_check(s);
	if (e == OK)
		e = auth_for(s, pin, &auth);
	if (e == OK)
		e = tpm2_unseal_with(t, s, auth, &a);
	return e == OK ? tpm2_unseal_finish(a, ret) : e;
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

const char *tpm2_trouble(enum err e)
{
	return e == ERR_UNSUPPORTED && !tpm2_built_in
	               ? "this program is the one that uses no TPM, though a record "
	                 "names one; if that is at boot, once the disk is open: "
	                 "update-initramfs -u -k all"
	               : err_text(e);
}
