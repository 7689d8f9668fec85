/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mount points on /boot, in a mount namespace of its own (root only): not entered, and
 * looked under.  Everything is made on a tmpfs that goes with the namespace. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "sign/manifest.h"
#include "tests/unit/check.h"
#include "tests/unit/forked.h"
#include "tests/unit/tree_folder.h"

static char place[64];

static bool put(const char *path)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	const bool ok = fd >= 0 && write(fd, "x", 1) == 1;

	(void)close(fd);
	return ok;
}

/*
 * boot/efi with a file under what is mounted there; boot/bound, which is another folder
 * of the same file system; boot/empty.
 */
static bool make_mounts(void)
{
	return chdir(place) == 0 && mkdir("boot", 0755) == 0 &&
	       mkdir("boot/efi", 0751) == 0 && put("boot/efi/under") &&
	       mkdir("boot/bound", 0755) == 0 && mkdir("boot/empty", 0755) == 0 &&
	       mkdir("other", 0755) == 0 && put("other/elsewhere") &&
	       mount("none", "boot/efi", "tmpfs", 0, "mode=0700,uid=5") == 0 &&
	       put("boot/efi/esp") && mkdir("boot/efi/EFI", 0755) == 0 &&
	       mount("other", "boot/bound", NULL, MS_BIND, NULL) == 0;
}

static int in_namespace(int (*f)(int boot))
{
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", place, "tmpfs", 0, NULL) != 0)
		return NOT_POSSIBLE;
	if (!make_mounts())
		return 90;
	const int boot = open("boot", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return boot >= 0 ? f(boot) : 91;
}

static bool is_mount(const struct tree *t, const char *path)
{
	const struct tree_entry *a = tree_find(t, path);

	return a && a->mount && a->type == TREE_FOLDER && a->mode == 0 && a->uid == 0;
}

static int not_entered(int boot)
{
	static const char paths[] = "./\0./bound\0./efi\0./empty";
	static const char lines[] = "\nm - - - - - ./bound\nm - - - - - ./efi\n"
	                            "d 0755 0 0 - - ./empty\n";
	struct tree *t = NULL;
	AUTO_BUFFER b = {0};
	AUTO_BUFFER full = {0};

	if (tree_walk(boot, NULL, &t) != OK || t->n != 4)
		return 1;
	if (!is_mount(t, "./efi") || !is_mount(t, "./bound"))
		return 2;
	/* Heads' tree: as empty folders. */
	if (manifest_write(MANIFEST_TREE, t, &b) != OK ||
	    !bytes_equal(buffer_bytes(&b),
	                 (struct bytes){(const uint8_t *)paths, sizeof(paths)}))
		return 3;
	if (manifest_write(MANIFEST_FULL, t, &full) != OK)
		return 4;
	buffer_add(&full, "", 1);
	t = tree_free(t);
	return strstr((const char *)full.p, lines) ? GOOD : 5;
}

static int looked_under(int boot)
{
	struct tree *t = NULL;
	int fd = -1;

	if (tree_open(boot, &fd) != OK || tree_walk(fd, NULL, &t) != OK)
		return 1;
	const struct tree_entry *efi = tree_find(t, "./efi");
	if (t->n != 5 || !efi || efi->mount || efi->mode != 0751)
		return 2;
	const struct tree_entry *under = tree_find(t, "./efi/under");
	uint8_t *p = NULL;
	if (!under || tree_find(t, "./efi/esp") || tree_find(t, "./bound/elsewhere"))
		return 3;
	if (tree_read(fd, under, 10, &p) != OK || p[0] != 'x')
		return 4;
	free(p);
	/* What is written there is on /boot. */
	const int made = openat(fd, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (made < 0 || fsync(fd) != 0 || renameat(fd, "new", fd, "newer") != 0 ||
	    faccessat(boot, "newer", F_OK, 0) != 0)
		return 5;
	t = tree_free(t);
	return close(fd) == 0 && close(made) == 0 ? GOOD : 6;
}

static int a_file_under_a_file(int boot)
{
	struct tree *t = NULL;
	int fd = -1;

	if (!put("boot/kernel") ||
	    mount("other/elsewhere", "boot/kernel", NULL, MS_BIND, NULL) != 0)
		return 1;
	if (!tf_fails(boot, ERR_UNSUPPORTED, "./kernel"))
		return 2;
	if (tree_open(boot, &fd) != OK || tree_walk(fd, NULL, &t) != OK ||
	    !tree_find(t, "./kernel"))
		return 3;
	t = tree_free(t);
	return close(fd) == 0 ? GOOD : 4;
}

static int run_not_entered(void)
{
	return in_namespace(not_entered);
}
static int run_looked_under(void)
{
	return in_namespace(looked_under);
}
static int run_a_file_under_a_file(void)
{
	return in_namespace(a_file_under_a_file);
}

static void in_a_place(int (*f)(void), const char *what)
{
	(void)snprintf(place, sizeof(place), "/tmp/bootlatch-mount.XXXXXX");
	CHECK(mkdtemp(place) != NULL);
	CHECK(ends_well_or_skips(f, what, "only root has mount namespaces"));
	CHECK(rmdir(place) == 0); /* nothing was ever in it here */
}

static void mount_points_are_listed_and_not_entered(void)
{
	in_a_place(run_not_entered, "mount points");
}

static void who_may_looks_under_them(void)
{
	in_a_place(run_looked_under, "looking under them");
}

static void what_is_mounted_on_a_file_is_refused_and_looked_under(void)
{
	in_a_place(run_a_file_under_a_file, "mounted files");
}

static void who_may_not_gets_the_same_folder(void)
{
	struct tree_folder f;
	struct tree *t = NULL;
	int fd = -1;

	tf_make(&f);
	tf_file(&f, "a", "x");
	CHECK(tree_open(f.fd, &fd) == OK && fd != f.fd && tree_walk(fd, NULL, &t) == OK &&
	      t->n == 2);
	t = tree_free(t);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && close(fd) == 0);
	CHECK(tree_open(-1, &fd) == ERR_IO);
	tf_drop(&f);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"mount_points_are_listed_and_not_entered",
	         mount_points_are_listed_and_not_entered                                                  },
	        {"who_may_looks_under_them",                              who_may_looks_under_them        },
	        {"what_is_mounted_on_a_file_is_refused_and_looked_under",
	         what_is_mounted_on_a_file_is_refused_and_looked_under                                    },
	        {"who_may_not_gets_the_same_folder",                      who_may_not_gets_the_same_folder},
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
