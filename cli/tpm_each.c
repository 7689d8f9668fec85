/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The volumes that a verb of the TPM is about. */
#include "cli/tpm_each.h"

#include <stdio.h>

#include "cli/machine.h"
#include "cli/output.h"

bool tpm_is_way(const struct volume *v, const struct enrolment *en)
{
	return enrolment_is(en, BACKEND_TPM2) &&
	       (en->in_record || v->state == RECORD_MISSING);
}

size_t tpm_ways(const struct volume *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_enrolled; i++)
		n += tpm_is_way(v, &v->enrolled[i]);
	return n;
}

static enum err not_enrolled(struct cli *c, const char *device)
{
	return cli_why(c, ERR_NOT_ENROLLED,
	               "The TPM has no way into %s. To give it one: bootlatch enroll %s "
	               "--tpm2.",
	               device ? device : "any volume of this machine",
	               device ? device : "DEVICE");
}

/* What its record says cannot be known. */
static bool is_unknown(const struct volume *v)
{
	return v->strange || v->state == RECORD_BROKEN;
}

static enum err trusted(struct cli *c, struct volume *v,
                        enum err (*what)(struct cli *c, struct volume *v, void *ctx),
                        void *ctx)
{
	return is_unknown(v) ? cli_untrusted(c, v, ERR_TAMPERED) : what(c, v, ctx);
}

static enum err one(struct cli *c,
                    enum err (*what)(struct cli *c, struct volume *v, void *ctx),
                    void *ctx)
{
	AUTO_VOLUME *v = NULL;

	const enum err e = cli_volume(c, &v);
	if (e != OK)
		return e;
	if (tpm_ways(v) == 0 && !is_unknown(v))
		return not_enrolled(c, c->device);
	return trusted(c, v, what, ctx);
}

/* --- all of this machine --- */

static bool is_meant(const struct machine_volume *mv)
{
	return mv->v != NULL && (tpm_ways(mv->v) > 0 || mv->v->state == RECORD_BROKEN);
}

/* What ends all of it: the person's wish, or this program's own trouble. */
static bool ends_all(enum err e)
{
	return e == ERR_CANCELLED || e == ERR_NOMEM || e == ERR_BUG;
}

static enum err each(struct cli *c, struct volume *v,
                     enum err (*what)(struct cli *c, struct volume *v, void *ctx),
                     void *ctx)
{
	const size_t depth = c->n_entered;

	*c->why = '\0';
	c->device = c->where.device = v->where.device;
	c->where.header = v->where.header;
	out_enter(c, "volumes");
	out_text(c, "device", c->device);
	const enum err e = trusted(c, v, what, ctx);
	if (e != OK && *c->why == '\0')
		(void)cli_why(c, e, "%s. %s", err_text(e), err_advice(e));
	if (e != OK) {
		out_text(c, "error", err_text(e));
		out_text(c, "message", c->why);
	}
	c->n_entered = depth; /* whatever an error left open */
	return e;
}

/* One that fails keeps none of the others from being done. */
static enum err all(struct cli *c, struct machine *m,
                    enum err (*what)(struct cli *c, struct volume *v, void *ctx),
                    void *ctx)
{
	size_t n = 0, failed = 0;
	enum err first = OK;

	for (size_t i = 0; i < m->n; i++)
		n += is_meant(&m->volume[i]);
	for (size_t i = 0; i < m->n; i++) {
		if (!is_meant(&m->volume[i]))
			continue;
		const enum err e = each(c, m->volume[i].v, what, ctx);

		if (e == OK)
			continue;
		if (n == 1 || ends_all(e))
			return e;
		(void)cli_why(c, e, "%s: %s", c->device, c->why);
		(void)fprintf(stderr, "bootlatch: %s\n", c->why);
		first = failed++ == 0 ? e : first;
	}
	if (n == 0)
		return not_enrolled(c, NULL);
	return first == OK
	               ? OK
	               : cli_why(c, first, "%zu of %zu volumes failed, as told above.",
	                         failed, n);
}

enum err tpm_each(struct cli *c,
                  enum err (*what)(struct cli *c, struct volume *v, void *ctx), void *ctx)
{
	const char *const header = c->where.header;
	struct machine *m = NULL;

	if (c->device)
		return one(c, what, ctx);
	enum err e = machine_look(c, "", &m);
	if (e == OK)
		e = all(c, m, what, ctx);
	c->device = c->where.device = NULL; /* they were the machine's */
	c->where.header = header;
	m = machine_free(m);
	return e;
}
