/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/double_tpm.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/unit/check.h"
#include "unlock/sealed.h"
#include "unlock/tpm2_jobs.h"
#include "unlock/tpm2_way.h"

enum { LATE_MS = 2000, TRIES = 5, INTERVAL_S = 600, PCRS = 7U << 7, POLICY_AT = 12 };

static const uint8_t private_part[] = {0, 1, 'x'};

struct double_tpm *double_tpm;
const bool tpm2_built_in = true;

void double_tpm_start(void)
{
	if (!double_tpm)
		double_tpm = mmap(NULL, sizeof(*double_tpm), PROT_READ | PROT_WRITE,
		                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(double_tpm != MAP_FAILED);
	*double_tpm = (struct double_tpm){
	        .now = {.bank = HASH_SHA256, .mask = TPM2_PCRS_ALL   },
	        .lockout = {.max = TRIES,        .interval_s = INTERVAL_S},
	};
	for (unsigned i = 7; i <= 9; i++)
		memset(double_tpm->now.value[i], (int)i, hash_len(HASH_SHA256));
}

/* --- the TPM's side --- */

static enum err mood(bool unsealing)
{
	const enum double_tpm_mood m = double_tpm->mood;

	if (m == DOUBLE_TPM_HANGS || (m == DOUBLE_TPM_HANGS_UNSEALING && unsealing))
		for (;;)
			(void)poll(NULL, 0, -1);
	if (m == DOUBLE_TPM_LATE && !unsealing)
		(void)poll(NULL, 0, LATE_MS);
	return m == DOUBLE_TPM_ABSENT                        ? ERR_TPM_ABSENT
	       : m == DOUBLE_TPM_FAILS                       ? ERR_TPM_FAILED
	       : m == DOUBLE_TPM_BLAMES_THE_PIN && unsealing ? ERR_TPM_PIN
	                                                     : OK;
}

static enum err pcrs(const struct tpm2_task *task, struct tpm2_pcrs *ret)
{
	if (task->bank != HASH_SHA256)
		return ERR_NOT_FOUND;
	*ret = (struct tpm2_pcrs){.bank = HASH_SHA256, .mask = task->mask};
	for (unsigned i = 0; i < TPM2_PCRS; i++)
		if (task->mask >> i & 1)
			memcpy(ret->value[i], double_tpm->now.value[i],
			       sizeof(ret->value[i]));
	return OK;
}

enum err tpm2_job_pcrs(const void *how, const struct secret *in, struct writer *out)
{
	const struct tpm2_task *task = how;
	struct tpm2_look l = {.lockout = double_tpm->lockout};

	(void)in;
	double_tpm->read_ms = task->limit_ms;
	enum err e = mood(false);
	if (e == OK)
		e = pcrs(task, &l.pcrs);
	if (e == OK && task->looks)
		put_bytes(out, &l, sizeof(l));
	else if (e == OK)
		put_bytes(out, &l.pcrs, sizeof(l.pcrs));
	return e;
}

enum err tpm2_job_lockout(const void *how, const struct secret *in, struct writer *out)
{
	(void)how, (void)in;
	put_bytes(out, &double_tpm->lockout, sizeof(double_tpm->lockout));
	return mood(false);
}

/* As unlock/tpm2_policy.c wants it; what is unique in it is the secret itself. */
static enum err marshal(const struct tpm2_task *task, const struct tpm2_pcrs *p,
                        struct bytes unique, struct tpm2_made *ret)
{
	struct writer w = {ret->pub, sizeof(ret->pub), 0, false};
	uint8_t policy[32] = {0};

	const enum err e = tpm2_policy(p, task->pin, policy);
	put_be(&w, 2, 78);
	put_be(&w, 2, 8);
	put_be(&w, 2, 11);
	put_be(&w, 4, 0x12 | (task->pin ? 0U : 1U << 10));
	put_be(&w, 2, sizeof(policy));
	put_bytes(&w, policy, sizeof(policy));
	put_be(&w, 2, 16);
	put_be(&w, 2, TPM2_SECRET_LEN);
	put_bytes(&w, unique.p, unique.n);
	ret->pub_len = (uint16_t)w.n;
	memcpy(ret->priv, private_part, sizeof(private_part));
	ret->priv_len = sizeof(private_part);
	return e;
}

enum err tpm2_job_seal(const void *how, const struct secret *in, struct writer *out)
{
	const struct tpm2_task *task = how;
	struct double_tpm_object *o = &double_tpm->object[double_tpm->n];
	struct tpm2_made made = {.srk = TPM2_SRK};
	struct bytes b = secret_view(in), secret = {0};

	enum err e = pcrs(task, &made.pcrs);
	if (e == OK)
		e = bytes_take(&b, TPM2_SECRET_LEN, &secret);
	if (e == OK)
		e = marshal(task, &made.pcrs, secret, &made);
	if (e != OK || double_tpm->n == DOUBLE_TPM_OBJECTS)
		return ERR_TPM_FAILED;
	memset(made.srk_name, 's', sizeof(made.srk_name));
	memcpy(o->pub, made.pub, made.pub_len);
	o->pub_len = made.pub_len;
	memcpy(o->secret, secret.p, secret.n);
	memcpy(o->auth, b.p, b.n);
	o->auth_len = b.n;
	o->pin = task->pin;
	double_tpm->n++;
	put_bytes(out, &made, sizeof(made));
	return OK;
}

static bool is_other(const struct tpm2_sealed *s)
{
	return double_tpm->cleared || s->srk_name[0] != 's';
}

static enum err give(const struct double_tpm_object *o, const struct tpm2_task *task,
                     struct bytes auth, struct writer *out)
{
	struct tpm2_lockout *l = &double_tpm->lockout;
	struct tpm2_pcrs now;
	uint8_t policy[32] = {0};

	enum err e = pcrs(&(struct tpm2_task){.bank = task->sealed->pcrs.bank,
	                                      .mask = task->sealed->pcrs.mask},
	                  &now);
	if (e == OK)
		e = tpm2_policy(&now, o->pin, policy);
	if (e != OK || memcmp(o->pub + POLICY_AT, policy, sizeof(policy)) != 0)
		return ERR_TPM_PCRS;
	if (o->pin && l->failed >= l->max)
		return ERR_TPM_LOCKED;
	if (o->pin && !bytes_equal(auth, (struct bytes){o->auth, o->auth_len})) {
		double_tpm->wrong++;
		l->failed++;
		return ERR_TPM_PIN;
	}
	double_tpm->right += o->pin;
	put_bytes(out, o->secret, sizeof(o->secret));
	return OK;
}

/* As a task that looks first wants it. */
static enum err look(const struct tpm2_task *task, struct secret **ret_auth)
{
	const struct tpm2_task of = {.bank = task->sealed->pcrs.bank,
	                             .mask = task->sealed->pcrs.mask};
	struct tpm2_look l = {.lockout = double_tpm->lockout};

	double_tpm->looked++;
	enum err e = mood(false);
	if (e == OK && is_other(task->sealed))
		e = ERR_TPM_OTHER;
	if (e == OK)
		e = pcrs(&of, &l.pcrs);
	return e == OK ? aside_exchange((struct bytes){(const uint8_t *)&l, sizeof(l)},
	                                task->limit_ms, ret_auth)
	               : e;
}

static enum err unseal(const struct tpm2_task *task, struct bytes auth,
                       struct writer *out)
{
	const struct tpm2_sealed *s = task->sealed;

	double_tpm->unsealed++;
	const enum err e = mood(true);
	if (e != OK)
		return e;
	if (is_other(s))
		return ERR_TPM_OTHER;
	if (!bytes_equal((struct bytes){s->priv, s->priv_len},
	                 (struct bytes){private_part, sizeof(private_part)}))
		return ERR_FORMAT;
	for (size_t i = 0; i < double_tpm->n; i++) {
		const struct double_tpm_object *o = &double_tpm->object[i];

		if (bytes_equal((struct bytes){s->pub, s->pub_len},
		                (struct bytes){o->pub, o->pub_len}))
			return give(o, task, auth, out);
	}
	return ERR_TPM_OTHER;
}

enum err tpm2_job_unseal(const void *how, const struct secret *in, struct writer *out)
{
	const struct tpm2_task *task = how;
	AUTO_SECRET *later = NULL;

	const enum err e = task->looks ? look(task, &later) : OK;
	const struct secret *auth = task->looks ? later : in;
	return e == OK ? unseal(task, auth ? secret_view(auth) : (struct bytes){0}, out)
	               : e;
}

enum err tpm2_job_extend(const void *how, const struct secret *in, struct writer *out)
{
	const struct tpm2_task *task = how;

	(void)in, (void)out;
	double_tpm->extend_ms = task->limit_ms;
	const enum err e = mood(false);
	if (e == OK)
		double_tpm->now.value[task->pcr][0]++;
	return e;
}

/* --- enrolled --- */

static void record(struct world *w, int slot, const struct tpm2_sealed *s,
                   const struct secret *pass)
{
	struct record r = {0};
	struct volume *v = NULL;

	CHECK(volume_load(&w->where, &v) == OK);
	if (v->state == RECORD_MATCHES)
		r = v->record;
	memcpy(r.uuid, w->uuid, sizeof(r.uuid));
	memcpy(r.pin, v->pin, sizeof(r.pin));
	struct record_entry *en = &r.entry[r.n++];
	*en = (struct record_entry){.keyslot = slot,
	                            .backend = BACKEND_TPM2,
	                            .needs_pin = s->needs_pin,
	                            .cap = DOUBLE_TPM_CAP,
	                            .knows_passphrase = true};
	memcpy(en->srk_name, s->srk_name, sizeof(en->srk_name));
	CHECK(tpm2_id(s, en->fpr) == OK);
	CHECK(passphrase_digest(w->uuid, pass, en->passphrase_digest) == OK);
	CHECK(record_save(w->config, &r) == OK);
	v = volume_free(v);
}

static void write_token(struct world *w, int slot, const struct tpm2_sealed *s)
{
	struct token t = {.keyslot = slot, .backend = BACKEND_TPM2, .n_fpr = 1};
	char *json = NULL;

	CHECK(tpm2_id(s, t.fpr[0]) == OK);
	CHECK(sealed_format(s, &json) == OK);
	t.blob = (uint8_t *)json;
	t.blob_len = strlen(json);
	world_write_token(w, &t);
	free(json);
}

void double_tpm_enroll(struct world *w, int slot, const char *pin)
{
	const struct tpm2_wish wish = {.bank = HASH_SHA256, .mask = PCRS};
	const struct tpm2 tpm = {0};
	AUTO_SECRET *what = NULL, *typed = NULL, *pass = NULL;
	struct tpm2_sealed s;
	char text[TPM2_SECRET_LEN * 2] = "";

	CHECK(random_secret(TPM2_SECRET_LEN, &what) == OK);
	if (pin)
		CHECK(secret_copy(bytes_of(pin), &typed) == OK);
	CHECK(tpm2_seal(&tpm, &wish, what, typed, &s) == OK);
	CHECK(tpm2_passphrase(what, &pass) == OK);
	memcpy(text, secret_buf(pass), secret_len(pass));
	world_add_slot(w, slot, text, 1000);
	write_token(w, slot, &s);
	record(w, slot, &s, pass);
}
