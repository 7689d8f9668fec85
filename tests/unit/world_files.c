/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files and the disk of a world: kept, put back, compared and removed. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"
#include "tests/unit/world_impl.h"

enum {
	DISK_KEPT = 3 * 1024 * 1024, /* headers and the first keyslots */
	FILES_MAX = 24,
	FILE_MAX = 64 * 1024,
	DIGEST_LEN = 32,
};

struct kept_file {
	const char *sub; /* the folder in w->dir */
	char name[128];
	uint8_t *p;
	size_t n;
};

struct world_kept {
	uint8_t disk[DISK_KEPT];
	struct kept_file file[FILES_MAX];
	size_t n;
};

static const char *const folders[] = {"boot/bootlatch", "config/volumes"};

static void path_of(const struct world *w, const char *sub, const char *name, char *ret,
                    size_t cap)
{
	const int n = snprintf(ret, cap, "%s/%s/%s", w->dir, sub, name);

	CHECK(n > 0 && (size_t)n < cap);
}

static void read_one(const struct world *w, struct kept_file *f)
{
	char path[256];

	path_of(w, f->sub, f->name, path, sizeof(path));
	f->p = malloc(FILE_MAX);
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	const ssize_t n = fd >= 0 && f->p != NULL ? read(fd, f->p, FILE_MAX) : -1;
	CHECK(n >= 0);
	f->n = n > 0 ? (size_t)n : 0;
	(void)close(fd);
}

static size_t read_files(const struct world *w, struct kept_file *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char path[256];
		const struct dirent *d = NULL;

		path_of(w, folders[i], "", path, sizeof(path));
		DIR *dir = opendir(path);
		while (dir != NULL && (d = readdir(dir)) != NULL) {
			if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
				continue;
			CHECK(n < FILES_MAX);
			if (n == FILES_MAX)
				break;
			ret[n].sub = folders[i];
			(void)snprintf(ret[n].name, sizeof(ret[n].name), "%.120s",
			               d->d_name);
			read_one(w, &ret[n++]);
		}
		if (dir != NULL)
			(void)closedir(dir);
	}
	return n;
}

static void free_files(struct kept_file *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(f[i].p);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *path)
{
	CHECK(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

void world_files_digest(const struct world *w, uint8_t ret[static 32])
{
	struct kept_file f[FILES_MAX] = {0};
	const size_t n = read_files(w, f);

	/* In any order: the sum of the digests of each. */
	memset(ret, 0, DIGEST_LEN);
	for (size_t i = 0; i < n; i++) {
		uint8_t one[DIGEST_LEN], name[DIGEST_LEN];

		CHECK(hash_all(HASH_SHA256, (struct bytes){f[i].p, f[i].n}, one,
		               sizeof(one)) == OK);
		CHECK(hash_all(HASH_SHA256,
		               (struct bytes){(uint8_t *)f[i].name, strlen(f[i].name)},
		               name, sizeof(name)) == OK);
		for (size_t k = 0; k < DIGEST_LEN; k++)
			ret[k] =
			        (uint8_t)(ret[k] + (one[k] ^ name[(k + 1) % DIGEST_LEN]));
	}
	free_files(f, n);
}

static void read_disk(const struct world *w, uint8_t *to)
{
	const int fd = open(w->disk, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0 && pread(fd, to, DISK_KEPT, 0) == DISK_KEPT);
	(void)close(fd);
}

void world_disk_digest(const struct world *w, uint8_t ret[static 32])
{
	uint8_t *p = malloc(DISK_KEPT);

	CHECK(p != NULL);
	read_disk(w, p);
	CHECK(hash_all(HASH_SHA256, (struct bytes){p, DISK_KEPT}, ret, DIGEST_LEN) == OK);
	free(p);
}

struct world_digest world_digest(const struct world *w)
{
	struct world_digest d = {0};

	world_disk_digest(w, d.disk);
	world_files_digest(w, d.files);
	return d;
}

bool world_is_unchanged(const struct world *w, const struct world_digest *since)
{
	const struct world_digest now = world_digest(w);

	return memcmp(&now, since, sizeof(now)) == 0;
}

static void drop_kept(struct world *w)
{
	if (w->kept != NULL)
		free_files(w->kept->file, w->kept->n);
	free(w->kept);
	w->kept = NULL;
}

void world_keep(struct world *w)
{
	drop_kept(w);
	w->kept = calloc(1, sizeof(*w->kept));
	if (w->kept == NULL)
		abort();
	read_disk(w, w->kept->disk);
	w->kept->n = read_files(w, w->kept->file);
}

void world_restore(struct world *w)
{
	const struct world_kept *k = w->kept;
	const int disk = open(w->disk, O_WRONLY | O_CLOEXEC);

	CHECK(disk >= 0 && pwrite(disk, k->disk, DISK_KEPT, 0) == DISK_KEPT);
	(void)close(disk);
	remove_tree(w->boot);
	remove_tree(w->config);
	CHECK(mkdir(w->boot, 0700) == 0 && mkdir(w->config, 0700) == 0);
	for (size_t i = 0; i < k->n; i++) {
		char path[256];

		path_of(w, k->file[i].sub, "", path, sizeof(path));
		(void)mkdir(path, 0700);
		path_of(w, k->file[i].sub, k->file[i].name, path, sizeof(path));
		const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		CHECK(fd >= 0 &&
		      write(fd, k->file[i].p, k->file[i].n) == (ssize_t)k->file[i].n);
		(void)close(fd);
	}
}

void world_drop(struct world *w)
{
	drop_kept(w);
	remove_tree(w->dir);
}

static bool ends_in(const char *name, const char *end)
{
	const size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

bool world_files_are_tidy(const struct world *w, size_t blobs, size_t tokens)
{
	struct kept_file f[FILES_MAX] = {0};
	const size_t n = read_files(w, f);
	size_t boot_pgp = 0, boot_json = 0, records = 0;

	for (size_t i = 0; i < n; i++) {
		const bool boot = f[i].sub == folders[0];

		boot_pgp += boot && f[i].name[0] != '.' && ends_in(f[i].name, ".pgp");
		boot_json += boot && f[i].name[0] != '.' && ends_in(f[i].name, ".json");
		records += !boot && f[i].name[0] != '.' && ends_in(f[i].name, ".json");
	}
	free_files(f, n);
	return boot_pgp == blobs && boot_json == tokens && records <= 1 &&
	       boot_pgp + boot_json + records == n;
}
