/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files: opened without following links, read whole and bounded, published atomically. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <sys/types.h>

#include "core/secret.h"

bool file_name_ok(
        const char *name); /* one component: not empty, no '/', not "." or ".." */

/* A folder for the functions below; the last component may be a link. */
enum err dir_open(const char *path, int *ret_fd);
/* As mkdir for one component below dirfd (fsynced), then opened without following links.
 */
enum err dir_make(int dirfd, const char *name, mode_t mode, int *ret_fd);
/* The same without the fsync: where it was made, the caller syncs dirfd when what goes
 * into the folder is synced, which is one wait for the disk in place of two. */
enum err dir_make_unsynced(int dirfd, const char *name, mode_t mode, int *ret_fd,
                           bool *ret_made);
/*
 * Calls back for every name in dirfd but "." and "..", in no order, until the answer is
 * not OK: that comes back then.  dirfd keeps its position.
 */
enum err dir_each(int dirfd, enum err (*see)(int dirfd, const char *name, void *ctx),
                  void *ctx);
/* fsync; some file systems have nothing to sync for a folder. */
enum err dir_sync(int dirfd);
/* As mkdir -p for a whole path. */
enum err dir_make_path(const char *path, mode_t mode, int *ret_fd);

/* A regular file, else ERR_FORMAT.  name is one component below dirfd, opened
 * O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC. */
enum err file_open(int dirfd, const char *name, int *ret_fd);
/*
 * Read such a file of at most max bytes; ERR_FORMAT when larger.
 * *ret is malloc'ed, never NULL on OK.
 */
enum err file_read(int dirfd, const char *name, size_t max, uint8_t **ret,
                   size_t *ret_len);
/* A path that the person gave (links allowed, fifos and - for stdin too), into a secret.
 */
enum err file_read_secret(const char *path, size_t max, struct secret **ret);
/* The same into plain memory, malloc'ed. */
enum err file_read_path(const char *path, size_t max, uint8_t **ret, size_t *ret_len);
/* Is there such a file of at most max bytes, and a line in it that is exactly this? */
bool file_has_line(const char *path, size_t max, const char *line);

/*
 * Write aside (".name.XXXXXX", O_EXCL|O_NOFOLLOW), fsync, rename over name, fsync dirfd.
 * Whatever interrupts it leaves the old file or the new; an error leaves no temporary
 * file.
 */
enum err file_publish(int dirfd, const char *name, struct bytes content, mode_t mode);
/* A file that was not there, fsynced; its folder is not.  An error may leave part of it.
 * ERR_EXISTS. */
enum err file_create(int dirfd, const char *name, struct bytes content, mode_t mode);
/* As file_publish over a file that is there, whose mode and owner it keeps.
 * ERR_NOT_FOUND, ERR_FORMAT: not a regular file. */
enum err file_replace(int dirfd, const char *name, struct bytes content);
/* Unlink and fsync dirfd.  ERR_NOT_FOUND when it was not there. */
enum err file_remove(int dirfd, const char *name);
/* Remove the temporary files that a killed file_publish of `name` left behind. */
enum err file_sweep(int dirfd, const char *name);

#endif
