/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signature on /boot, and the verdict over all that was found. */
#include "sign/verify.h"

#include <stdlib.h>

#include "sign/rollback.h"
#include "sign/verify_parts.h"

#define TRIGGER "kexec_package_trigger_"

enum err kexec_verify(const struct kexec_set *s, const struct pubkey *keys, size_t n_keys,
                      uint32_t now, enum kexec_style *ret_style, struct detached *ret)
{
	static const enum kexec_style styles[] = {KEXEC_RELATIVE, KEXEC_ABSOLUTE};

	if (!s->sig)
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
		AUTO_BUFFER manifest = {0};
		struct detached by = {0};

		enum err e = kexec_manifest(s, styles[i], &manifest);
		if (e == OK)
			e = detached_verify_every((struct bytes){s->sig, s->sig_n},
			                          buffer_bytes(&manifest), keys, n_keys,
			                          now, &by);
		if (e == OK && by.created > now) /* it is lenient by a day */
			return ERR_SIGNATURE;
		if (e == OK) {
			*ret_style = styles[i];
			*ret = by;
		}
		if (e == OK || e == ERR_NOMEM)
			return e;
	}
	return ERR_SIGNATURE;
}

/* Would it be good but for its date?  A key that is as old as time and a late hour. */
static enum err only_date_is_wrong(const struct kexec_set *s, const struct pubkey *keys,
                                   size_t n_keys, bool *ret)
{
	struct pubkey *old = calloc(n_keys + 1, sizeof(*old));
	enum kexec_style style;
	struct detached d;

	if (!old)
		return ERR_NOMEM;
	for (size_t i = 0; i < n_keys; i++) {
		pubkey_copy(&old[i], &keys[i]);
		old[i].created = 0;
	}
	const enum err e = kexec_verify(s, old, n_keys, UINT32_MAX, &style, &d);
	free(old);
	*ret = e == OK;
	return e == ERR_NOMEM ? e : OK;
}

static enum err check_signature(const struct kexec_set *s, const struct pubkey *keys,
                                size_t n_keys, uint32_t now, struct findings *to,
                                struct verify_report *r)
{
	struct detached by = {0};
	bool date = false;

	enum err e = kexec_verify(s, keys, n_keys, now, &r->style, &by);
	if (e == OK) {
		r->signature_good = true;
		r->created = by.created;
		r->key = by.key;
		return OK;
	}
	if (e == ERR_NOT_FOUND) {
		findings_add(to, FINDING_NO_SIGNATURE, KEXEC_SIG);
		return OK;
	}
	if (e != ERR_SIGNATURE)
		return e;
	e = only_date_is_wrong(s, keys, n_keys, &date);
	if (e == OK)
		findings_add(to, date ? FINDING_SIG_DATE : FINDING_BAD_SIGNATURE,
		             KEXEC_SIG);
	return e;
}

enum err check_same(const struct kexec_set *s, const struct tree *t)
{
	uint8_t sum[TREE_HASH_LEN];
	size_t seen = 0;
	bool sig = false;

	enum err e =
	        hash_all(HASH_SHA256, (struct bytes){s->sig, s->sig_n}, sum, sizeof(sum));
	if (e != OK)
		return e;
	for (size_t i = 0; i < t->n; i++) {
		const struct tree_entry *entry = &t->entry[i];
		const char *name = entry->path + 2;
		const uint8_t *want = NULL;

		if (strcmp(name, KEXEC_SIG) == 0) {
			sig = true;
			want = s->sig ? sum : NULL;
		} else if (kexec_signed_name(name)) {
			const struct kexec_file *f = kexec_find(s, name);

			seen++;
			want = f ? f->sha256 : NULL;
		} else {
			continue;
		}
		if (!want || entry->type != TREE_FILE ||
		    memcmp(entry->sha256, want, sizeof(entry->sha256)) != 0)
			return ERR_BUSY;
	}
	return seen == s->n && sig == (s->sig != NULL) ? OK : ERR_BUSY;
}

static void check_small_files(const struct kexec_set *s, struct findings *to)
{
	const struct kexec_file *f = kexec_find(s, KEXEC_ROLLBACK);
	struct rollback counter;

	if (f && rollback_parse((struct bytes){f->data, f->n}, &counter) != OK)
		findings_add(to, FINDING_MALFORMED, f->name);
	for (size_t i = 0; i < s->n; i++)
		if (strncmp(s->file[i].name, TRIGGER, strlen(TRIGGER)) == 0)
			findings_add(to, FINDING_TRIGGER, s->file[i].name);
}

static void check_names(const struct tree *t, struct findings *to,
                        struct verify_report *r)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct tree_entry *entry = &t->entry[i];

		r->files += entry->type == TREE_FILE;
		/* Heads looks at kexec... too when it signs. */
		if (tree_name_refused(entry->path))
			findings_add(to, FINDING_NAME, entry->path);
		else if (kexec_name_splits(entry->path + 2))
			findings_add(to, FINDING_NAME, entry->path + 2);
	}
	r->bytes = t->bytes;
}

/*
 * The signature holds the content of these files, and nothing holds their permissions.
 * Who else owns /boot itself may put others in their place anyway: that is told of "./".
 */
static void check_owners(const struct tree *t, struct findings *to)
{
	const struct tree_entry *boot = &t->entry[0];

	for (size_t i = 1; t->permissions && i < t->n; i++) {
		const struct tree_entry *f = &t->entry[i];
		const char *name = f->path + 2;

		if (f->type != TREE_FILE ||
		    (strcmp(name, KEXEC_SIG) != 0 && !kexec_signed_name(name)))
			continue;
		if ((f->mode & KEXEC_MODE_BAD) != 0)
			findings_add(to, FINDING_MODE, name);
		if ((f->uid != 0 && f->uid != boot->uid) ||
		    (f->gid != 0 && f->gid != boot->gid))
			findings_add(to, FINDING_OWNER, name);
	}
}

/* Everything but the signature, and from it the verdict. */
static enum err judge(int dirfd, const struct kexec_set *s, const struct tree *t,
                      struct findings *to, struct verify_report *r)
{
	struct full_result full = {0};
	bool lists = false;

	enum err e = check_lists(s, t, to, &lists);
	if (e == OK)
		e = check_default(dirfd, s, t, to);
	if (e != OK)
		return e;
	check_small_files(s, to);
	const bool heads_good = r->signature_good && lists && to->n == 0;
	const bool has_full = kexec_find(s, KEXEC_FULL) != NULL;
	if (has_full)
		e = check_full(s, t, lists, to, &full);
	if (e != OK)
		return e;
	check_owners(t, to);
	r->verdict = VERIFY_BAD;
	if (heads_good && !has_full)
		r->verdict = VERIFY_HEADS_GOOD;
	else if (heads_good && full.stale)
		r->verdict = VERIFY_RESIGNED;
	else if (heads_good && to->n == 0)
		r->verdict = VERIFY_GOOD;
	r->since = full.since;
	return OK;
}

/* A set that is not even read is compared with nothing: only that is said. */
static enum err read_set(int dirfd, struct findings *to, struct kexec_set **ret,
                         bool *ret_sound)
{
	char culprit[KEXEC_NAME_MAX] = "";

	const enum err e = kexec_read(dirfd, ret, culprit);
	*ret_sound = e == OK;
	if (e != ERR_FORMAT)
		return e;
	findings_add(to, FINDING_MALFORMED, *culprit ? culprit : NULL);
	return OK;
}

/* What could not be looked at. */
static enum err keep_mounts(const struct tree *t, struct verify_report *r)
{
	for (size_t i = 0; i < t->n; i++) {
		if (!t->entry[i].mount)
			continue;
		char **more = reallocarray(r->mount, r->n_mounts + 1, sizeof(*more));
		if (!more)
			return ERR_NOMEM;
		r->mount = more;
		r->mount[r->n_mounts] = strdup(t->entry[i].path);
		if (!r->mount[r->n_mounts])
			return ERR_NOMEM;
		r->n_mounts++;
	}
	return OK;
}

static enum err look(int dirfd, const struct pubkey *keys, size_t n_keys, uint32_t now,
                     const struct tree_options *o, struct findings *to,
                     struct verify_report *r)
{
	struct kexec_set *s = NULL;
	struct tree *t = NULL;
	bool sound = false;

	enum err e = read_set(dirfd, to, &s, &sound);
	if (e == OK && sound)
		e = check_signature(s, keys, n_keys, now, to, r);
	if (e == OK && sound)
		e = tree_walk(dirfd, o, &t);
	if (e == OK && sound)
		e = check_same(s, t);
	if (e == OK && sound) {
		e = keep_mounts(t, r);
		to->mount = r->mount;
		to->n_mounts = r->n_mounts;
	}
	if (e == OK && sound) {
		check_names(t, to, r);
		e = judge(dirfd, s, t, to, r);
		r->hidden = to->hidden;
	}
	t = tree_free(t);
	s = kexec_free(s);
	return e == OK && to->failed ? ERR_NOMEM : e;
}

enum err boot_verify(int dirfd, const struct pubkey *keys, size_t n_keys, uint32_t now,
                     const struct tree_options *o, struct verify_report **ret)
{
	struct verify_report *r = calloc(1, sizeof(*r));
	struct findings found = {0};

	if (!r)
		return ERR_NOMEM;
	r->verdict = VERIFY_BAD;
	const enum err e = look(dirfd, keys, n_keys, now, o, &found, r);
	if (e != OK) {
		findings_free(&found);
		r = verify_free(r);
		return e;
	}
	findings_sort(&found);
	r->finding = found.f;
	r->n = found.n;
	r->left_out = found.left_out;
	*ret = r;
	return OK;
}

struct verify_report *verify_free(struct verify_report *r)
{
	if (!r)
		return NULL;
	for (size_t i = 0; i < r->n; i++)
		free(r->finding[i].path);
	for (size_t i = 0; i < r->n_mounts; i++)
		free(r->mount[i]);
	free(r->finding);
	free(r->mount);
	free(r);
	return NULL;
}

bool verify_ok(const struct verify_report *r)
{
	return r->verdict == VERIFY_GOOD ||
	       ((r->verdict == VERIFY_HEADS_GOOD || r->verdict == VERIFY_RESIGNED) &&
	        r->n == 0);
}
