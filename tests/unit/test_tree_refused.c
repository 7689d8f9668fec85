/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks that end in an error, each naming its culprit; and reading one file of a tree. */
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/forked.h"
#include "tests/unit/tree_folder.h"

/* Between two calls of progress while names are gathered. */
enum { NAMES = 1024 };

static void sixty_four_deep_is_listed_and_one_more_refused(void)
{
	char path[4 * TREE_DEPTH_MAX] = ".";
	struct tree_folder f;

	tf_make(&f);
	for (size_t i = 0; i < TREE_DEPTH_MAX; i++) {
		(void)snprintf(path + strlen(path), 4, "/d");
		tf_dir(&f, path);
	}
	struct tree *t = tf_walk(&f, 0);
	CHECK(t->n == TREE_DEPTH_MAX + 1 && tree_find(t, path) != NULL);
	t = tree_free(t);
	(void)snprintf(path + strlen(path), 4, "/x");
	tf_file(&f, path, "");
	path[strlen(path) - 2] = '\0';
	CHECK(tf_fails(f.fd, ERR_UNSUPPORTED, path));
	tf_drop(&f);
}

/* Folders within each other, longer in all than a path may be, one by one. */
static void a_path_that_is_too_long_is_refused(void)
{
	enum { LEVELS = 17, LONG = 250 };
	char name[LONG + 1], told[TREE_PATH_MAX] = "";
	const struct tree_options o = {.ret_culprit = told};
	struct tree_folder f;
	struct tree *t = NULL;
	int fd[LEVELS + 1];

	tf_make(&f);
	memset(name, 'n', LONG);
	name[LONG] = '\0';
	fd[0] = f.fd;
	for (size_t i = 0; i < LEVELS; i++) {
		CHECK(mkdirat(fd[i], name, 0755) == 0);
		fd[i + 1] = openat(fd[i], name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	CHECK(tree_walk(f.fd, &o, &t) == ERR_UNSUPPORTED && !t);
	CHECK(strlen(told) == 2 + 16 * (LONG + 1) - 1); /* the folder that it lies in */
	for (size_t i = LEVELS; i > 0; i--) {
		(void)close(fd[i]);
		CHECK(unlinkat(fd[i - 1], name, AT_REMOVEDIR) == 0);
	}
	tf_drop(&f);
}

static void what_is_no_folder_is_not_walked(void)
{
	struct tree_folder f;

	tf_make(&f);
	tf_file(&f, "a", "x");
	const int fd = openat(f.fd, "a", O_RDONLY | O_CLOEXEC);
	CHECK(tf_fails(fd, ERR_USAGE, ""));
	CHECK(tf_fails(-1, ERR_IO, ""));
	(void)close(fd);
	tf_drop(&f);
}

/* As nobody: the folder and what is in it are root's. */
static struct tree_folder secret_folder;

static int walk_as_nobody(void)
{
	if (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
		return NOT_POSSIBLE;
	if (!tf_fails(secret_folder.fd, ERR_ACCESS, "./d/secret"))
		return 1;
	struct tree *t = NULL;
	struct tree_entry of = {.path = "./d/secret", .type = TREE_FILE};
	uint8_t *p = NULL;
	return tree_walk(secret_folder.fd, NULL, &t) == ERR_ACCESS && !t &&
	                       tree_read(secret_folder.fd, &of, 10, &p) == ERR_ACCESS
	               ? GOOD
	               : 2;
}

static int walk_closed_folder(void)
{
	if (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
		return NOT_POSSIBLE;
	return tf_fails(secret_folder.fd, ERR_ACCESS, "./d") ? GOOD : 1;
}

/* What others own can be read, though the time of the last access cannot be spared. */
static int walk_what_others_own(void)
{
	struct tree *t = NULL;

	if (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
		return NOT_POSSIBLE;
	if (tree_walk(secret_folder.fd, NULL, &t) != OK)
		return 1;
	t = tree_free(t);
	return GOOD;
}

static void what_cannot_be_read_is_named(void)
{
	tf_make(&secret_folder);
	CHECK(fchmod(secret_folder.fd, 0755) == 0);
	tf_dir(&secret_folder, "d");
	tf_file(&secret_folder, "d/secret", "x");
	tf_file(&secret_folder, "open", "y");
	CHECK(ends_well_or_skips(walk_what_others_own, "owners", "only root may change"));
	CHECK(fchmodat(secret_folder.fd, "d/secret", 0600, 0) == 0);
	CHECK(ends_well_or_skips(walk_as_nobody, "files", "only root may become nobody"));
	CHECK(fchmodat(secret_folder.fd, "d", 0700, 0) == 0);
	CHECK(ends_well_or_skips(walk_closed_folder, "folders", "the same"));
	tf_drop(&secret_folder);
}

/* --- what changes while names are gathered --- */

struct change {
	const char *what;
	void (*make)(const struct tree_folder *f);
	const char *culprit, *other; /* by the order in which the folders are listed */
};

static void written(const struct tree_folder *f)
{
	tf_file(f, "x", "longer");
}
static void written_as_long(const struct tree_folder *f)
{
	tf_file(f, "x", "X");
}
static void replaced(const struct tree_folder *f)
{
	tf_file(f, "d/y", "x");
	CHECK(renameat(f->fd, "d/y", f->fd, "x") == 0);
}
static void removed(const struct tree_folder *f)
{
	tf_rm(f, "x");
}
static void made_a_link(const struct tree_folder *f)
{
	tf_rm(f, "x");
	tf_link(f, "x", "d/n0");
}
static void made_a_fifo(const struct tree_folder *f)
{
	tf_rm(f, "x");
	CHECK(mkfifoat(f->fd, "x", 0600) == 0);
}
static void made_a_folder(const struct tree_folder *f)
{
	tf_rm(f, "x");
	tf_dir(f, "x");
}
static void mode_changed(const struct tree_folder *f)
{
	CHECK(fchmodat(f->fd, "x", 0600, 0) == 0);
}
static void another_came(const struct tree_folder *f)
{
	tf_file(f, "new", "");
}
static void link_turned(const struct tree_folder *f)
{
	tf_rm(f, "l");
	tf_link(f, "l", "elsewhere");
}
static void folder_replaced(const struct tree_folder *f)
{
	CHECK(renameat(f->fd, "e", f->fd, "old") == 0);
	tf_link(f, "e", "old");
}
static void folder_filled(const struct tree_folder *f)
{
	tf_file(f, "e/late", "");
}

static const struct change changes[] = {
        {"written",         written,         "./x", NULL},
        {"written_as_long", written_as_long, "./x", NULL},
        {"replaced",        replaced,        "./x", NULL},
        {"removed",         removed,         "./x", NULL},
        {"made_a_link",     made_a_link,     "./x", NULL},
        {"made_a_fifo",     made_a_fifo,     "./x", NULL},
        {"made_a_folder",   made_a_folder,   "./x", NULL},
        {"mode_changed",    mode_changed,    "./x", NULL},
        {"another_came",    another_came,    "./",  NULL},
        {"link_turned",     link_turned,     "./",  NULL},
        {"folder_replaced", folder_replaced, "./e", "./"},
        {"folder_filled",   folder_filled,   "./e", NULL},
};

struct changing {
	const struct change *change;
	const struct tree_folder *f;
	bool made;
};

/* The root's names are known by then, those of d and e not all. */
static bool change_once(const struct tree_progress *p, void *ctx)
{
	struct changing *c = ctx;

	if (!c->made && p->files_all == 0)
		c->change->make(c->f);
	c->made = true;
	return true;
}

static void change_is_busy(const struct change *c)
{
	char name[32], told[TREE_PATH_MAX] = "?";
	struct tree_folder f;
	struct tree *t = NULL;

	tf_make(&f);
	tf_file(&f, "x", "x");
	tf_link(&f, "l", "x");
	/* The folder that is listed first holds enough; the other comes after it. */
	tf_dir(&f, "d");
	for (int i = 0; i < NAMES; i++) {
		(void)snprintf(name, sizeof(name), "d/n%d", i);
		tf_link(&f, name, "x");
	}
	tf_dir(&f, "d/e");
	tf_dir(&f, "e");
	(void)usleep(20000); /* clocks of files tick slowly */
	struct changing how = {.change = c, .f = &f};
	const struct tree_options o = {
	        .threads = 2, .progress = change_once, .ctx = &how, .ret_culprit = told};
	const size_t fds = tf_count("/proc/self/fd");
	CHECK_ROW(tree_walk(f.fd, &o, &t) == ERR_BUSY && !t, c->what);
	CHECK_ROW(how.made && (strcmp(told, c->culprit) == 0 ||
	                       (c->other && strcmp(told, c->other) == 0)),
	          c->what);
	CHECK_ROW(tf_count("/proc/self/fd") == fds, c->what);
	tf_drop(&f);
}

static void what_changes_while_it_is_walked_is_busy_and_named(void)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		change_is_busy(&changes[i]);
}

/* --- one file read again --- */

static void a_file_is_read_whole_when_it_is_still_what_was_hashed(void)
{
	struct tree_folder f;
	uint8_t *p = NULL;

	tf_make(&f);
	tf_file(&f, "a", "content");
	tf_file(&f, "empty", "");
	struct tree *t = tf_walk(&f, 1);
	const struct tree_entry *a = tree_find(t, "./a");
	CHECK(tree_read(f.fd, a, 7, &p) == OK && memcmp(p, "content", 7) == 0);
	free(p);
	p = NULL;
	CHECK(tree_read(f.fd, tree_find(t, "./empty"), 0, &p) == OK && p);
	free(p);
	p = NULL;
	CHECK(tree_read(f.fd, a, 6, &p) == ERR_FORMAT);
	CHECK(tree_read(f.fd, tree_find(t, "./"), 100, &p) == ERR_USAGE);
	tf_file(&f, "a", "CONTENT");
	CHECK(tree_read(f.fd, a, 7, &p) == ERR_BUSY);
	tf_file(&f, "a", "content and more");
	CHECK(tree_read(f.fd, a, 7, &p) == ERR_BUSY);
	tf_rm(&f, "a");
	CHECK(tree_read(f.fd, a, 7, &p) == ERR_BUSY);
	tf_file(&f, "b", "content");
	tf_link(&f, "a", "b");
	CHECK(tree_read(f.fd, a, 7, &p) == ERR_BUSY);
	tf_rm(&f, "a");
	CHECK(mkfifoat(f.fd, "a", 0600) == 0);
	CHECK(tree_read(f.fd, a, 7, &p) == ERR_BUSY && !p);
	t = tree_free(t);
	tf_drop(&f);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"sixty_four_deep_is_listed_and_one_more_refused",
	         sixty_four_deep_is_listed_and_one_more_refused                                          },
	        {"a_path_that_is_too_long_is_refused",
	         a_path_that_is_too_long_is_refused	                                              },
	        {"what_is_no_folder_is_not_walked",                       what_is_no_folder_is_not_walked},
	        {"what_cannot_be_read_is_named",                          what_cannot_be_read_is_named   },
	        {"what_changes_while_it_is_walked_is_busy_and_named",
	         what_changes_while_it_is_walked_is_busy_and_named                                       },
	        {"a_file_is_read_whole_when_it_is_still_what_was_hashed",
	         a_file_is_read_whole_when_it_is_still_what_was_hashed                                   },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
