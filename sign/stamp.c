/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One look at the metadata of everything below /boot, folded into two digests. */
#include "sign/stamp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "sign/kexec.h"
#include "sign/manifest.h"

/* One folder that is being read. */
struct level {
	DIR *d;
	size_t path_len; /* of the walk's path up to it */
};

struct walk {
	struct level level[TREE_DEPTH_MAX];
	size_t depth;
	char path[TREE_PATH_MAX];
	size_t entries;
	dev_t dev;
	bool fat; /* its inode numbers do not last */
	struct stamp *to;
};

/* Folders are read in any order: so the digests of their entries are added up. */
static enum err fold(struct walk *w, const struct stat *st, bool kexec)
{
	uint8_t one[TREE_HASH_LEN] = {0};
	AUTO_BUFFER text = {0};

	buffer_format(&text, "%s %llu %o %u:%u", w->path,
	              w->fat ? 0ULL : (unsigned long long)st->st_ino,
	              (unsigned)st->st_mode, (unsigned)st->st_uid, (unsigned)st->st_gid);
	/* A folder's change with what is left out of it.  A link that is made anew
	 * can get the inode of before. */
	if (!S_ISDIR(st->st_mode))
		buffer_format(&text, " %lld %lld.%ld %lld.%ld", (long long)st->st_size,
		              (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
		              (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
	enum err e = buffer_ok(&text);
	if (e == OK)
		e = hash_all(HASH_SHA256, buffer_bytes(&text), one, sizeof(one));
	uint8_t *sum = kexec ? w->to->kexec : w->to->tree;
	unsigned carry = 0;
	for (size_t i = 0; e == OK && i < TREE_HASH_LEN; i++) {
		carry += (unsigned)sum[i] + one[i];
		sum[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return e;
}

static enum err enter(struct walk *w, int dirfd, const char *name)
{
	if (w->depth == TREE_DEPTH_MAX)
		return ERR_UNSUPPORTED;
	const int fd =
	        openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
		               ? ERR_BUSY
		               : err_from_errno(errno);
	DIR *d = fdopendir(fd);
	if (!d) {
		const enum err e = err_from_errno(errno);
		(void)close(fd); /* only read */
		return e;
	}
	w->level[w->depth++] = (struct level){d, strlen(w->path)};
	return OK;
}

/* Of the entry that w->path names now. */
static enum err see(struct walk *w, int dirfd, const char *name)
{
	const bool top = w->depth == 1;
	struct stat st;

	if (++w->entries > TREE_ENTRIES_MAX)
		return ERR_UNSUPPORTED;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? ERR_BUSY : err_from_errno(errno);
	const bool kexec =
	        top && (kexec_signed_name(name) || strcmp(name, KEXEC_SIG) == 0);
	if (!kexec && !manifest_full_lists(w->path))
		return OK;
	enum err e = fold(w, &st, kexec);
	if (e == OK && S_ISDIR(st.st_mode) && st.st_dev == w->dev)
		e = enter(w, dirfd, name);
	return e;
}

/* The next entry of the innermost folder, or its end. */
static enum err step(struct walk *w)
{
	struct level *l = &w->level[w->depth - 1];

	w->path[l->path_len] = '\0';
	errno = 0;
	const struct dirent *entry = readdir(l->d);
	if (!entry) {
		const enum err e = errno == 0 ? OK : err_from_errno(errno);

		(void)closedir(l->d); /* only read */
		w->depth--;
		return e;
	}
	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return OK;
	const int n = snprintf(w->path + l->path_len, sizeof(w->path) - l->path_len,
	                       "/%s", entry->d_name);
	if (n < 0 || (size_t)n >= sizeof(w->path) - l->path_len)
		return ERR_UNSUPPORTED;
	return see(w, dirfd(l->d), entry->d_name);
}

enum err stamp_take(int dirfd, struct stamp *ret)
{
	struct stamp sum = {0};
	struct statfs fs;
	struct stat st;

	if (fstat(dirfd, &st) != 0 || fstatfs(dirfd, &fs) != 0)
		return err_from_errno(errno);
	struct walk *w = calloc(1, sizeof(*w));
	if (!w)
		return ERR_NOMEM;
	w->dev = st.st_dev;
	w->fat = fs.f_type == MSDOS_SUPER_MAGIC;
	w->to = &sum;
	w->path[0] = '.';
	enum err e = enter(w, dirfd, ".");
	while (e == OK && w->depth > 0)
		e = step(w);
	while (w->depth > 0)
		(void)closedir(w->level[--w->depth].d); /* only read */
	free(w);
	if (e == OK)
		*ret = sum;
	return e;
}
