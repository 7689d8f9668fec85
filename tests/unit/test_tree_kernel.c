/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks under kernels and on file systems that are not here: what they would say is put
 * into their mouths (ld's --wrap). */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "sign/manifest.h"
#include "tests/unit/check.h"
#include "tests/unit/tree_folder.h"

enum { EXFAT = 0x2011bab0 };

static struct {
	long magic;           /* of the file system; 0: as it is */
	uint64_t other;       /* this inode lies on another device */
	bool no_mount_ids;    /* as Linux before 5.8 */
	const char *vanishes; /* this name is listed, and gone */
	const char *twice;    /* this name is listed twice */
	bool was_listed;
	int read_errno;
	unsigned threads; /* that can be had, when limited */
	bool limited;
} world;

/* NOLINTBEGIN(bugprone-reserved-identifier) ld's names */
int __wrap_fstatfs(int fd, struct statfs *ret);
int __real_fstatfs(int fd, struct statfs *ret);
int __wrap_statx(int dirfd, const char *name, int flags, unsigned mask,
                 struct statx *ret);
int __real_statx(int dirfd, const char *name, int flags, unsigned mask,
                 struct statx *ret);
struct dirent *__wrap_readdir(DIR *dir);
struct dirent *__real_readdir(DIR *dir);
ssize_t __wrap_read(int fd, void *to, size_t n);
ssize_t __real_read(int fd, void *to, size_t n);
int __wrap_pthread_create(pthread_t *ret, const pthread_attr_t *how, void *(*run)(void *),
                          void *ctx);
int __real_pthread_create(pthread_t *ret, const pthread_attr_t *how, void *(*run)(void *),
                          void *ctx);

int __wrap_fstatfs(int fd, struct statfs *ret)
{
	const int rc = __real_fstatfs(fd, ret);

	if (world.magic != 0)
		ret->f_type = world.magic;
	return rc;
}

int __wrap_statx(int dirfd, const char *name, int flags, unsigned mask, struct statx *ret)
{
	if (world.vanishes && strcmp(name, world.vanishes) == 0) {
		errno = ENOENT;
		return -1;
	}
	const int rc = __real_statx(dirfd, name, flags, mask, ret);
	if (world.no_mount_ids) {
		ret->stx_mask &= ~STATX_MNT_ID;
		ret->stx_mnt_id = 0;
	}
	if (ret->stx_ino == world.other)
		ret->stx_dev_minor++;
	return rc;
}

struct dirent *__wrap_readdir(DIR *dir)
{
	static struct dirent kept;

	if (world.was_listed) {
		world.was_listed = false;
		world.twice = NULL;
		return &kept;
	}
	struct dirent *d = __real_readdir(dir);
	if (d && world.twice && strcmp(d->d_name, world.twice) == 0) {
		kept = *d;
		world.was_listed = true;
	}
	return d;
}

ssize_t __wrap_read(int fd, void *to, size_t n)
{
	if (world.read_errno == 0)
		return __real_read(fd, to, n);
	errno = world.read_errno;
	if (errno == EINTR)
		world.read_errno = 0;
	return -1;
}

int __wrap_pthread_create(pthread_t *ret, const pthread_attr_t *how, void *(*run)(void *),
                          void *ctx)
{
	if (world.limited && world.threads-- == 0)
		return EAGAIN;
	return __real_pthread_create(ret, how, run, ctx);
}

/* NOLINTEND(bugprone-reserved-identifier) */

static void boot_of_two(struct tree_folder *f)
{
	tf_make(f);
	tf_dir(f, "d");
	tf_file(f, "d/b", "b");
	tf_file(f, "a", "abc");
}

static void fat_has_no_modes_and_owners(void)
{
	static const char wanted[] =
	        "bootlatch boot manifest 1\npermissions no\nd - - - - - ./\n"
	        "f - - - 3 "
	        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	        " ./a\nd - - - - - ./d\nf - - - 1 "
	        "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d "
	        "./d/b\n";
	static const long magics[] = {MSDOS_SUPER_MAGIC, EXFAT};
	struct tree_folder f;

	boot_of_two(&f);
	for (size_t i = 0; i < 2; i++) {
		AUTO_BUFFER b = {0};

		world.magic = magics[i];
		struct tree *t = tf_walk(&f, 1);
		world.magic = 0;
		CHECK(!t->permissions && tree_find(t, "./a")->mode == 0);
		CHECK(manifest_write(MANIFEST_FULL, t, &b) == OK &&
		      bytes_equal(buffer_bytes(&b), bytes_of(wanted)));
		t = tree_free(t);
	}
	tf_drop(&f);
}

/* The number of entries, and is "./d" a mount point? */
static bool walk_has(const struct tree_folder *f, size_t n, bool mount)
{
	struct tree *t = tf_walk(f, 1);
	const bool ok = t->n == n && tree_find(t, "./d")->mount == mount;

	t = tree_free(t);
	return ok;
}

static uint64_t inode_of(const struct tree_folder *f, const char *name)
{
	struct stat st = {0};

	CHECK_ROW(fstatat(f->fd, name, &st, 0) == 0, name);
	return st.st_ino;
}

static void a_subvolume_is_entered_where_mounts_have_numbers(void)
{
	struct tree_folder f;

	boot_of_two(&f);
	world.other = inode_of(&f, "d");
	CHECK(walk_has(&f, 4, false));
	world.other = 0;
	tf_drop(&f);
}

static void older_kernels_are_asked_for_the_device(void)
{
	struct tree_folder f;

	boot_of_two(&f);
	world.no_mount_ids = true;
	CHECK(walk_has(&f, 4, false));
	world.other = inode_of(&f, "d");
	CHECK(walk_has(&f, 3, true));
	world.no_mount_ids = false;
	world.other = 0;
	tf_drop(&f);
}

static void what_went_between_listing_and_looking_is_busy(void)
{
	struct tree_folder f;

	boot_of_two(&f);
	world.vanishes = "b";
	CHECK(tf_fails(f.fd, ERR_BUSY, "./d/b"));
	world.vanishes = NULL;
	tf_drop(&f);
}

static void a_name_that_is_there_twice_is_an_error_of_the_disk(void)
{
	struct tree_folder f;

	boot_of_two(&f);
	world.twice = "b";
	CHECK(tf_fails(f.fd, ERR_IO, "./d/b"));
	CHECK(!world.twice); /* it was */
	tf_drop(&f);
}

static void an_error_of_the_disk_is_told_and_an_interruption_is_not(void)
{
	struct tree_folder f;

	tf_make(&f);
	tf_file(&f, "a", "abc");
	world.read_errno = EIO;
	CHECK(tf_fails(f.fd, ERR_IO, "./a"));
	world.read_errno = EINTR;
	struct tree *t = tf_walk(&f, 1);
	CHECK(world.read_errno == 0 && t->entry[1].sha256[0] == 0xba);
	t = tree_free(t);
	world.read_errno = 0;
	tf_drop(&f);
}

static void as_many_threads_as_can_be_had_do_the_work(void)
{
	struct tree_folder f;
	struct tree *t = NULL;

	boot_of_two(&f);
	world.limited = true;
	world.threads = 0;
	CHECK(tf_fails(f.fd, ERR_NOMEM, ""));
	world.threads = 1;
	t = tf_walk(&f, 2);
	CHECK(world.threads == UINT_MAX && tree_find(t, "./d/b")->sha256[0] == 0x3e &&
	      tree_find(t, "./a")->sha256[0] == 0xba);
	t = tree_free(t);
	world.limited = false;
	tf_drop(&f);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"fat_has_no_modes_and_owners",                             fat_has_no_modes_and_owners},
	        {"a_subvolume_is_entered_where_mounts_have_numbers",
	         a_subvolume_is_entered_where_mounts_have_numbers                                      },
	        {"older_kernels_are_asked_for_the_device",
	         older_kernels_are_asked_for_the_device                                                },
	        {"what_went_between_listing_and_looking_is_busy",
	         what_went_between_listing_and_looking_is_busy                                         },
	        {"a_name_that_is_there_twice_is_an_error_of_the_disk",
	         a_name_that_is_there_twice_is_an_error_of_the_disk                                    },
	        {"an_error_of_the_disk_is_told_and_an_interruption_is_not",
	         an_error_of_the_disk_is_told_and_an_interruption_is_not                               },
	        {"as_many_threads_as_can_be_had_do_the_work",
	         as_many_threads_as_can_be_had_do_the_work                                             },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
