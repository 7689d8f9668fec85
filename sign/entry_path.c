/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A path of an entry looked up in the tree that was walked, through links, by name alone:
 * no system call, nothing outside of the tree. */
#include "sign/entry_impl.h"

enum { HOPS_MAX = 16 };

struct walk {
	char at[TREE_PATH_MAX];   /* as in tree_entry, without an end '/': "." is the root
	                           */
	char left[TREE_PATH_MAX]; /* still to go */
	unsigned hops;
};

/* The next name of what is left, and beyond it; false: there is none. */
static bool next_name(struct walk *w, char name[static TREE_PATH_MAX])
{
	const size_t skip = strspn(w->left, "/");
	const size_t n = strcspn(w->left + skip, "/");

	memcpy(name, w->left + skip, n);
	name[n] = 0;
	/* Not memmove: valgrind takes glibc's fortified one for memcpy. */
	for (size_t from = skip + n, to = 0;; from++, to++) {
		w->left[to] = w->left[from];
		if (w->left[to] == 0)
			break;
	}
	return n > 0;
}

static bool up(struct walk *w)
{
	char *slash = strrchr(w->at, '/');

	if (!slash)
		return false; /* above /boot */
	*slash = 0;
	return true;
}

static bool down(struct walk *w, const char *name)
{
	const size_t have = strlen(w->at), more = strlen(name);

	if (more + 2 > sizeof(w->at) - have)
		return false;
	w->at[have] = '/';
	memcpy(w->at + have + 1, name, more + 1);
	return true;
}

/* What the link says comes before what is left. */
static bool follow(struct walk *w, const char *target)
{
	static const char boot[] = "/boot/";
	const bool absolute = target[0] == '/';

	if (++w->hops > HOPS_MAX || !up(w))
		return false;
	if (absolute && strncmp(target, boot, strlen(boot)) != 0)
		return false;
	if (absolute) {
		memcpy(w->at, ".", 2);
		target += strlen(boot);
	}
	const size_t n = strlen(target), left = strlen(w->left);
	if (n + 1 > sizeof(w->left) - 1 - left)
		return false;
	for (size_t i = left + 1; i-- > 0;)
		w->left[n + 1 + i] = w->left[i];
	memcpy(w->left, target, n);
	w->left[n] = '/';
	return true;
}

const struct tree_entry *entry_file(const struct tree *t, const char *path)
{
	struct walk w = {.at = "."};
	char name[TREE_PATH_MAX];
	const struct tree_entry *e = NULL;

	if (strlen(path) >= sizeof(w.left))
		return NULL;
	memcpy(w.left, path, strlen(path) + 1);
	while (next_name(&w, name)) {
		if (strcmp(name, ".") == 0)
			continue;
		/* What is no folder has nothing below it, ".." neither. */
		if (e && e->type != TREE_FOLDER)
			return NULL;
		if (strcmp(name, "..") == 0) {
			if (!up(&w))
				return NULL;
			e = strcmp(w.at, ".") == 0 ? NULL : tree_find(t, w.at);
			continue;
		}
		if (!down(&w, name))
			return NULL;
		e = tree_find(t, w.at);
		if (!e)
			return NULL;
		if (e->type == TREE_LINK) {
			if (!e->target || !follow(&w, e->target))
				return NULL;
			e = NULL;
		}
	}
	return e && e->type == TREE_FILE ? e : NULL;
}
