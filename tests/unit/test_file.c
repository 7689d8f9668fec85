/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files in a fresh folder: published whole, read bounded, links not followed. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/unit/check.h"

static struct bytes text_of(const char *t)
{
	return (struct bytes){(const uint8_t *)t, strlen(t)};
}

static int fresh(char path[static 64])
{
	int fd = -1;

	(void)snprintf(path, 64, "/tmp/bootlatch-test.XXXXXX");
	CHECK(mkdtemp(path) && dir_open(path, &fd) == OK);
	return fd;
}

static void publish_replaces_and_leaves_nothing_aside(void)
{
	char path[64];
	const int dir = fresh(path);
	uint8_t *p = NULL;
	size_t n = 0;
	struct stat st;

	CHECK(file_publish(dir, "a", text_of("one"), 0600) == OK);
	CHECK(file_publish(dir, "a", text_of("two!"), 0644) == OK);
	CHECK(file_read(dir, "a", 4, &p, &n) == OK && n == 4 &&
	      memcmp(p, "two!", 4) == 0);
	free(p);
	CHECK(fstatat(dir, "a", &st, 0) == 0 && (st.st_mode & 0777) == 0644);
	CHECK(file_read(dir, "a", 3, &p, &n) == ERR_FORMAT);
	CHECK(file_publish(dir, "a/b", text_of(""), 0600) == ERR_USAGE);
	CHECK(mkdirat(dir, "d", 0700) == 0);
	CHECK(file_publish(dir, "d", text_of("x"), 0600) != OK);
	CHECK(file_remove(dir, "a") == OK);
	CHECK(file_remove(dir, "a") == ERR_NOT_FOUND);
	CHECK(unlinkat(dir, "d", AT_REMOVEDIR) == 0);
	(void)close(dir);
	CHECK(rmdir(path) == 0); /* empty: nothing was left */
}

static void replace_keeps_mode_and_owner(void)
{
	char path[64];
	const int dir = fresh(path);
	const bool root = geteuid() == 0;
	struct stat st;

	CHECK(file_replace(dir, "a", text_of("x")) == ERR_NOT_FOUND);
	CHECK(file_publish(dir, "a", text_of("one"), 0640) == OK);
	CHECK(!root || fchownat(dir, "a", 12, 34, 0) == 0);
	CHECK(file_replace(dir, "a", text_of("two!")) == OK);
	CHECK(fstatat(dir, "a", &st, 0) == 0 && (st.st_mode & 07777) == 0640 &&
	      st.st_size == 4);
	CHECK(!root || (st.st_uid == 12 && st.st_gid == 34));
	CHECK(unlinkat(dir, "a", 0) == 0);
	CHECK(symlinkat("b", dir, "a") == 0);
	CHECK(file_replace(dir, "a", text_of("x")) == ERR_FORMAT);
	CHECK(unlinkat(dir, "a", 0) == 0);
	CHECK(rmdir(path) == 0);
	(void)close(dir);
}

static void sweep_removes_only_what_publish_leaves(void)
{
	static const char *const keep[] = {".a.12345", ".a.1234567", ".a.12345-",
	                                   ".b.123456", "a"};
	char path[64];
	const int dir = fresh(path);

	for (size_t i = 0; i < 5; i++)
		CHECK(file_publish(dir, keep[i], text_of(""), 0600) == OK);
	CHECK(file_publish(dir, ".a.aZ09bc", text_of(""), 0600) == OK);
	CHECK(symlinkat("a", dir, ".a.linked") == 0);
	CHECK(file_sweep(dir, "a") == OK);
	CHECK(file_remove(dir, ".a.aZ09bc") == ERR_NOT_FOUND);
	CHECK(file_remove(dir, ".a.linked") == OK);
	for (size_t i = 0; i < 5; i++)
		CHECK(file_remove(dir, keep[i]) == OK);
	(void)close(dir);
	CHECK(rmdir(path) == 0);
}

static void links_and_fifos_are_refused_by_name(void)
{
	char path[64], full[80];
	const int dir = fresh(path);
	uint8_t *p = NULL;
	size_t n = 0;
	struct secret *s = NULL;

	CHECK(file_publish(dir, "a", text_of("key"), 0600) == OK);
	CHECK(symlinkat("a", dir, "l") == 0 && mkfifoat(dir, "f", 0600) == 0);
	CHECK(file_read(dir, "l", 9, &p, &n) == ERR_FORMAT);
	CHECK(file_read(dir, "f", 9, &p, &n) == ERR_FORMAT);
	CHECK(file_read(dir, "..", 9, &p, &n) == ERR_USAGE);
	CHECK(file_read(dir, "x", 9, &p, &n) == ERR_NOT_FOUND);
	(void)snprintf(full, sizeof(full), "%s/l", path);
	CHECK(file_read_secret(full, 3, &s) == OK && secret_len(s) == 3);
	s = secret_free(s);
	CHECK(file_read_secret(full, 2, &s) == ERR_FORMAT);
	CHECK(file_read_path(full, 3, &p, &n) == OK && n == 3);
	free(p);
	CHECK(file_remove(dir, "l") == OK && file_remove(dir, "f") == OK);
	CHECK(file_remove(dir, "a") == OK);
	(void)close(dir);
	CHECK(rmdir(path) == 0);
}

static void folders_are_made(void)
{
	char path[64], full[80];
	const int dir = fresh(path);
	int fd = -1;

	(void)snprintf(full, sizeof(full), "%s/x//y/", path);
	CHECK(dir_make_path(full, 0700, &fd) == OK);
	(void)close(fd);
	CHECK(dir_make_path(full, 0700, &fd) == OK);
	(void)close(fd);
	CHECK(dir_make(dir, "x", 0700, &fd) == OK);
	CHECK(unlinkat(fd, "y", AT_REMOVEDIR) == 0);
	(void)close(fd);
	CHECK(unlinkat(dir, "x", AT_REMOVEDIR) == 0);
	CHECK(symlinkat(".", dir, "l") == 0 && dir_make(dir, "l", 0700, &fd) != OK);
	CHECK(file_remove(dir, "l") == OK);
	(void)close(dir);
	CHECK(rmdir(path) == 0);
}

/* A list that decides: no part of a line, and nothing where it cannot be read. */
static void a_line_is_found_whole_or_not_at_all(void)
{
	static const char *const no[] = {"tw", "wo", "two ", "TWO", "four", "one\ntwo"};
	char path[64], file[80], none[80];
	const int dir = fresh(path);

	(void)snprintf(file, sizeof(file), "%s/a", path);
	(void)snprintf(none, sizeof(none), "%s/b", path);
	CHECK(file_publish(dir, "a", text_of("one\n\ntwo\nthree"), 0600) == OK);
	CHECK(file_has_line(file, 100, "one") && file_has_line(file, 100, "two"));
	CHECK(file_has_line(file, 100, "three")); /* without a newline behind it */
	CHECK(file_has_line(file, 100, ""));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		CHECK_ROW(!file_has_line(file, 100, no[i]), no[i]);
	CHECK(!file_has_line(file, 5, "one")); /* larger than it may be */
	CHECK(!file_has_line(none, 100, "one") && !file_has_line(none, 100, ""));
	CHECK(file_publish(dir, "a", text_of(""), 0600) == OK);
	CHECK(!file_has_line(file, 100, ""));
	CHECK(file_remove(dir, "a") == OK && close(dir) == 0 && rmdir(path) == 0);
}

static enum err count(int dirfd, const char *name, void *ctx)
{
	int *left = ctx;

	CHECK(faccessat(dirfd, name, F_OK, 0) == 0 && file_name_ok(name));
	return --*left == 0 ? ERR_REFUSED : OK;
}

static void each_name_is_seen_once_until_one_is_refused(void)
{
	char path[64];
	const int dir = fresh(path);
	int left = 100;

	CHECK(dir_each(dir, count, &left) == OK && left == 100); /* empty */
	CHECK(file_publish(dir, "a", text_of(""), 0600) == OK);
	CHECK(file_publish(dir, ".b", text_of(""), 0600) == OK);
	CHECK(mkdirat(dir, "c", 0700) == 0);
	for (int again = 0; again < 2; again++) { /* it keeps its position */
		left = 100;
		CHECK(dir_each(dir, count, &left) == OK && left == 97);
	}
	left = 2;
	CHECK(dir_each(dir, count, &left) == ERR_REFUSED && left == 0);
	CHECK(dir_each(-1, count, &left) != OK);
	CHECK(file_remove(dir, "a") == OK && file_remove(dir, ".b") == OK);
	CHECK(unlinkat(dir, "c", AT_REMOVEDIR) == 0);
	(void)close(dir);
	CHECK(rmdir(path) == 0);
}

static void a_new_file_replaces_nothing(void)
{
	char path[64];
	const int dir = fresh(path);
	struct stat st;
	uint8_t *is = NULL;
	size_t n = 0;

	const mode_t mask = umask(077);
	CHECK(file_create(dir, "a", text_of("first"), 0644) == OK);
	(void)umask(mask);
	CHECK(fstatat(dir, "a", &st, 0) == 0 && (st.st_mode & 07777) == 0644);
	CHECK(file_create(dir, "a", text_of("second"), 0644) == ERR_EXISTS);
	CHECK(symlinkat("b", dir, "link") == 0);
	CHECK(file_create(dir, "link", text_of("through it"), 0644) == ERR_EXISTS);
	CHECK(file_create(dir, "../a", text_of(""), 0644) == ERR_USAGE);
	CHECK(file_read(dir, "a", 10, &is, &n) == OK && n == 5 &&
	      memcmp(is, "first", 5) == 0);
	free(is);
	CHECK(file_remove(dir, "a") == OK && file_remove(dir, "link") == OK);
	(void)close(dir);
	CHECK(rmdir(path) == 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"publish_replaces_and_leaves_nothing_aside",
	         publish_replaces_and_leaves_nothing_aside                                  },
	        {"replace_keeps_mode_and_owner",                replace_keeps_mode_and_owner},
	        {"sweep_removes_only_what_publish_leaves",
	         sweep_removes_only_what_publish_leaves                                     },
	        {"links_and_fifos_are_refused_by_name",
	         links_and_fifos_are_refused_by_name                                        },
	        {"a_line_is_found_whole_or_not_at_all",
	         a_line_is_found_whole_or_not_at_all                                        },
	        {"each_name_is_seen_once_until_one_is_refused",
	         each_name_is_seen_once_until_one_is_refused                                },
	        {"a_new_file_replaces_nothing",                 a_new_file_replaces_nothing },
	        {"folders_are_made",                            folders_are_made            },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
