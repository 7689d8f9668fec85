/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with a /boot, collected: bounded, sorted, each once. */
#include <assert.h>
#include <stdlib.h>

#include "sign/verify_parts.h"

static bool is_hidden(const struct findings *f, struct bytes path)
{
	for (size_t i = 0; path.p && i < f->n_mounts; i++) {
		const size_t n = strlen(f->mount[i]);

		if (path.n > n && path.p[n] == '/' && memcmp(path.p, f->mount[i], n) == 0)
			return true;
	}
	return false;
}

void findings_add_bytes(struct findings *to, enum finding what, struct bytes path)
{
	if (to->failed)
		return;
	if (is_hidden(to, path)) {
		to->hidden++;
		return;
	}
	if (to->n == FINDINGS_MAX) {
		to->left_out++;
		return;
	}
	if (to->n == to->cap) {
		const size_t cap = to->cap > 0 ? 2 * to->cap : 16;
		struct verify_finding *more = reallocarray(to->f, cap, sizeof(*more));

		if (!more) {
			to->failed = true;
			return;
		}
		to->f = more;
		to->cap = cap;
	}
	char *copy = path.p ? strndup((const char *)path.p, path.n) : NULL;
	if (path.p && !copy)
		to->failed = true;
	else
		to->f[to->n++] = (struct verify_finding){what, copy};
}

void findings_add(struct findings *to, enum finding what, const char *path)
{
	findings_add_bytes(to, what, path ? bytes_of(path) : (struct bytes){NULL, 0});
}

static int by_what(const void *a, const void *b)
{
	const struct verify_finding *x = a, *y = b;

	if (x->what != y->what)
		return x->what < y->what ? -1 : 1;
	if (!x->path || !y->path)
		return (x->path != NULL) - (y->path != NULL);
	return strcmp(x->path, y->path);
}

void findings_sort(struct findings *f)
{
	size_t n = 0;

	if (f->n == 0)
		return;
	qsort(f->f, f->n, sizeof(*f->f), by_what);
	for (size_t i = 0; i < f->n; i++) {
		if (n > 0 && by_what(&f->f[n - 1], &f->f[i]) == 0)
			free(f->f[i].path);
		else
			f->f[n++] = f->f[i];
	}
	f->n = n;
}

void findings_free(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->f[i].path);
	free(f->f);
	*f = (struct findings){0};
}

/* clang-format off */
static const struct row {
	const char *name, *text;
	bool heads; /* notices it, whatever the path */
} table[] = {
	[FINDING_NO_SIGNATURE]  = {"no-signature", "there is no signature", true},
	[FINDING_BAD_SIGNATURE] = {"bad-signature", "the signature is not one of a known key over these files", true},
	[FINDING_SIG_DATE]      = {"signature-date", "the signature is dated in the future, or before its key", false},
	[FINDING_NO_FILE]       = {"no-file", "missing among the signed files", true},
	[FINDING_MALFORMED]     = {"malformed", "not what such a file holds", true},
	[FINDING_CHANGED]       = {"changed", "changed", false},
	[FINDING_MISSING]       = {"missing", "missing", false},
	[FINDING_ADDED]         = {"added", "not signed", false},
	[FINDING_TREE]          = {"tree-order", "not in the order of Heads", true},
	[FINDING_TYPE]          = {"type", "of another type", false},
	[FINDING_MODE]          = {"mode", "other permissions", false},
	[FINDING_OWNER]         = {"owner", "another owner", false},
	[FINDING_TARGET]        = {"target", "a link to elsewhere", false},
	[FINDING_DEFAULT]       = {"default-entry", "not the entry of the boot menu", true},
	[FINDING_TRIGGER]       = {"package-trigger", "a package has changed /boot", true},
	[FINDING_NAME]          = {"name", "a name that Heads refuses", true},
};
/* clang-format on */
static_assert(sizeof(table) / sizeof(table[0]) == FINDINGS_, "a row each");

const char *finding_name(enum finding f)
{
	return table[f].name;
}

const char *finding_text(enum finding f, const char *path)
{
	if (f == FINDING_DEFAULT && path && strcmp(path, KEXEC_DEFAULT_HASH) == 0)
		return "not the hashes of the default entry's files";
	return table[f].text;
}

bool finding_heads_sees(enum finding f, const char *path)
{
	/* When it boots; when it signs, everywhere. */
	if (f == FINDING_NAME && path)
		return tree_heads_sees(path);
	if (table[f].heads)
		return !path || strcmp(path, KEXEC_FULL) != 0;
	if (f != FINDING_CHANGED && f != FINDING_MISSING && f != FINDING_ADDED)
		return false;
	return path && tree_heads_sees(path);
}
