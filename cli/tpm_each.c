/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The volumes that a verb of the TPM is about. */
#include "cli/tpm_each.h"

#include "cli/machine.h"

bool tpm_is_way(const struct volume *v, const struct enrolment *en)
{
	return en->backend != NULL && strcmp(en->backend, BACKEND_TPM2) == 0 &&
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

static enum err one(struct cli *c,
                    enum err (*what)(struct cli *c, struct volume *v, void *ctx),
                    void *ctx)
{
	AUTO_VOLUME *v = NULL;

	const enum err e = cli_volume(c, &v);
	if (e != OK)
		return e;
	if (v->strange)
		return cli_untrusted(c, v, ERR_TAMPERED);
	return tpm_ways(v) > 0 ? what(c, v, ctx) : not_enrolled(c, c->device);
}

static enum err all(struct cli *c, struct machine *m,
                    enum err (*what)(struct cli *c, struct volume *v, void *ctx),
                    void *ctx)
{
	enum err e = OK;
	size_t n = 0;

	for (size_t i = 0; e == OK && i < m->n; i++) {
		struct volume *v = m->volume[i].v;

		if (v == NULL || v->strange || tpm_ways(v) == 0)
			continue;
		n++;
		c->device = c->where.device = v->where.device;
		e = what(c, v, ctx);
	}
	if (e == OK && n == 0)
		e = not_enrolled(c, NULL);
	return e;
}

enum err tpm_each(struct cli *c,
                  enum err (*what)(struct cli *c, struct volume *v, void *ctx), void *ctx)
{
	struct machine *m = NULL;

	if (c->device)
		return one(c, what, ctx);
	enum err e = machine_look(c, "", &m);
	if (e == OK)
		e = all(c, m, what, ctx);
	c->device = c->where.device = NULL; /* it was the machine's */
	m = machine_free(m);
	return e;
}
