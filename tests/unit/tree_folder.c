/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder to walk; see tree_folder.h. */
#include "tests/unit/tree_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"

void tf_make(struct tree_folder *f)
{
	/* In memory where that is possible: some tests make many files. */
	(void)snprintf(f->dir, sizeof(f->dir), "/dev/shm/bootlatch-tree.XXXXXX");
	if (!mkdtemp(f->dir)) {
		(void)snprintf(f->dir, sizeof(f->dir), "/tmp/bootlatch-tree.XXXXXX");
		CHECK(mkdtemp(f->dir) != NULL);
	}
	f->fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(f->fd >= 0);
}

static int drop_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	return type == FTW_DP ? rmdir(path) : unlink(path);
}

void tf_drop(struct tree_folder *f)
{
	(void)close(f->fd);
	CHECK(nftw(f->dir, drop_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0);
}

void tf_bytes(const struct tree_folder *f, const char *name, struct bytes content)
{
	const int fd = openat(
	        f->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	CHECK_ROW(fd >= 0 && fchmod(fd, 0644) == 0 &&
	                  write(fd, content.p, content.n) == (ssize_t)content.n,
	          name);
	(void)close(fd);
}

void tf_file(const struct tree_folder *f, const char *name, const char *content)
{
	tf_bytes(f, name, bytes_of(content));
}

void tf_dir(const struct tree_folder *f, const char *name)
{
	CHECK_ROW(mkdirat(f->fd, name, 0755) == 0 && fchmodat(f->fd, name, 0755, 0) == 0,
	          name);
}

void tf_link(const struct tree_folder *f, const char *name, const char *target)
{
	CHECK_ROW(symlinkat(target, f->fd, name) == 0, name);
}

void tf_rm(const struct tree_folder *f, const char *name)
{
	CHECK_ROW(unlinkat(f->fd, name, 0) == 0 ||
	                  unlinkat(f->fd, name, AT_REMOVEDIR) == 0,
	          name);
}

struct tree *tf_walk(const struct tree_folder *f, unsigned threads)
{
	char culprit[TREE_PATH_MAX] = "?";
	const struct tree_options o = {.threads = threads, .ret_culprit = culprit};
	struct tree *t = NULL;

	CHECK_ROW(tree_walk(f->fd, &o, &t) == OK && culprit[0] == '\0', culprit);
	return t;
}

bool tf_fails(int dirfd, enum err e, const char *culprit)
{
	char told[TREE_PATH_MAX] = "?";
	const struct tree_options o = {.ret_culprit = told};
	const size_t fds = tf_count("/proc/self/fd");
	struct tree *t = NULL;

	return tree_walk(dirfd, &o, &t) == e && !t && strcmp(told, culprit) == 0 &&
	       tf_count("/proc/self/fd") == fds;
}

char *tf_run(const struct tree_folder *f, const char *command, size_t *ret_n)
{
	enum { CAP = 1 << 22 };
	char line[512];
	char *out = malloc(CAP);

	(void)snprintf(line, sizeof(line), "cd %s && LC_ALL=C && export LC_ALL && %s",
	               f->dir, command);
	FILE *p = popen(line, "re"); /* a fixed command line of the test */
	CHECK_ROW(out && p, command);
	*ret_n = fread(out, 1, CAP - 1, p);
	out[*ret_n] = '\0';
	CHECK_ROW(pclose(p) == 0, command);
	return out;
}

size_t tf_count(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	CHECK_ROW(d != NULL, dir);
	if (!d)
		return 0;
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n;
}
