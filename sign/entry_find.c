/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of a tree in the order in which "find" comes upon them: as each folder lists what
 * is in it.  The order decides which entry is number N. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "sign/entry_impl.h"

/* The how-manieth of its folder it is; 0 when that cannot be told. */
static uint32_t place_of(int dirfd, const char *folder, const char *name, size_t n)
{
	uint32_t at = 0;
	const int fd = openat(dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d) {
		if (fd >= 0)
			(void)close(fd);
		return 0;
	}
	for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
		at++;
		if (strlen(e->d_name) == n && memcmp(e->d_name, name, n) == 0) {
			(void)closedir(d);
			return at;
		}
	}
	(void)closedir(d);
	return 0;
}

static void find_places(int dirfd, struct found *f)
{
	char folder[TREE_PATH_MAX];
	const char *path = f->at->path;
	size_t depth = 0;

	for (const char *s = strchr(path, '/'); s && depth < TREE_DEPTH_MAX;
	     s = strchr(s + 1, '/')) {
		const size_t n = (size_t)(s - path);

		if (n >= sizeof(folder))
			return;
		memcpy(folder, path, n);
		folder[n] = 0;
		f->place[depth++] = place_of(dirfd, folder, s + 1, strcspn(s + 1, "/"));
	}
}

static int by_place(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	for (size_t i = 0; i < TREE_DEPTH_MAX; i++)
		if (x->place[i] != y->place[i])
			return x->place[i] < y->place[i] ? -1 : 1;
	return strcmp(x->at->path, y->at->path);
}

enum err entry_find(int dirfd, const struct tree *t,
                    bool (*wanted)(const struct tree_entry *e), struct found_files *ret)
{
	struct found_files all = {.f = calloc(ENTRY_CONFIGS_MAX, sizeof(*all.f))};

	if (!all.f)
		return ERR_NOMEM;
	for (size_t i = 0; i < t->n; i++) {
		if (!wanted(&t->entry[i]))
			continue;
		/* entry_file takes it from the root: what follows the '.'. */
		const struct tree_entry *file = entry_file(t, t->entry[i].path + 1);
		if (!file)
			continue;
		if (all.n == ENTRY_CONFIGS_MAX) {
			free(all.f);
			return ERR_UNSUPPORTED;
		}
		all.f[all.n++] = (struct found){.at = &t->entry[i], .file = file};
	}
	for (size_t i = 0; all.n > 1 && i < all.n; i++)
		find_places(dirfd, &all.f[i]);
	qsort(all.f, all.n, sizeof(*all.f), by_place);
	*ret = all;
	return OK;
}
