/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a walk of /boot lists, in which order, and what is never opened. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/tree_folder.h"

enum { NAME_LONGEST = 255, MANY = 20000 };

static const char *const odd_names[] = {
        "-rf",         " ",           "a b",         "new\nline", "tab\ttab",
        "back\\slash", "caf\xc3\xa9", "\xff\xfe",    "\x7f",      "\x01",
        "...",         "..a",         ".hidden",     "'quote\"",  "$(x)`y`",
        "%s%n",        "*",           "a,b;c|d&e<>", "~",
};

static bool has(const struct tree *t, const char *path, enum tree_type type)
{
	const struct tree_entry *a = tree_find(t, path);

	return a && a->type == type && strcmp(a->path, path) == 0;
}

static void the_order_is_by_bytes_of_the_whole_path(void)
{
	static const char *const wanted[] = {
	        "./",    "./A",           "./a",         "./a b",
	        "./a.b", "./a/-",         "./a/b",       "./a0",
	        "./b",   "./kexec",       "./kexec.sig", "./kexec_hashes.txt",
	        "./sub", "./sub/kexec_x", "./\xc3\xa9",
	};
	struct tree_folder f;

	tf_make(&f);
	tf_dir(&f, "a");
	tf_dir(&f, "sub");
	for (size_t i = sizeof(wanted) / sizeof(wanted[0]) - 1; i > 0; i--)
		if (strcmp(wanted[i], "./a") != 0 && strcmp(wanted[i], "./sub") != 0)
			tf_file(&f, wanted[i], "");
	struct tree *t = tf_walk(&f, 0);
	CHECK(t->n == sizeof(wanted) / sizeof(wanted[0]));
	for (size_t i = 0; i < t->n; i++)
		CHECK_ROW(strcmp(t->entry[i].path, wanted[i]) == 0, wanted[i]);
	t = tree_free(t);
	tf_drop(&f);
}

/* Every path as find and sort have it, whatever it is called. */
static bool as_find_says(const struct tree_folder *f, const struct tree *t)
{
	AUTO_BUFFER b = {0};
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		buffer_add(&b, t->entry[i].path, strlen(t->entry[i].path) + 1);
	char *found = tf_run(f, "find ./ -print0 | sort -z", &n);
	const bool same =
	        bytes_equal(buffer_bytes(&b), (struct bytes){(uint8_t *)found, n});
	free(found);
	return same;
}

static void odd_names_are_listed_as_find_and_sort_list_them(void)
{
	char name[2 * NAME_LONGEST];
	struct tree_folder f;

	tf_make(&f);
	for (size_t i = 0; i < sizeof(odd_names) / sizeof(odd_names[0]); i++) {
		tf_file(&f, odd_names[i], "x");
		(void)snprintf(name, sizeof(name), "d%s", odd_names[i]);
		tf_dir(&f, name);
		(void)snprintf(name, sizeof(name), "d%s/%s", odd_names[i], odd_names[i]);
		tf_file(&f, name, odd_names[i]);
	}
	memset(name, 'n', NAME_LONGEST);
	name[NAME_LONGEST] = '\0';
	tf_file(&f, name, "");
	struct tree *t = tf_walk(&f, 0);
	CHECK(t->n == 2 + 3 * (sizeof(odd_names) / sizeof(odd_names[0])));
	CHECK(as_find_says(&f, t));
	t = tree_free(t);
	tf_drop(&f);
}

static void twenty_thousand_entries_are_sorted_and_found(void)
{
	char name[64];
	struct tree_folder f;

	tf_make(&f);
	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "d%u", i * 7919 % 97);
		tf_dir(&f, name);
	}
	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "d%u/%x", i % 20 * 7919 % 97,
		               i * 2654435761U);
		const int fd = openat(f.fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		CHECK_ROW(fd >= 0 && close(fd) == 0, name);
	}
	struct tree *t = tf_walk(&f, 0);
	CHECK(t->n == MANY + 21 && t->bytes == 0);
	for (size_t i = 0; i < t->n; i++)
		CHECK_ROW(tree_find(t, t->entry[i].path) == &t->entry[i],
		          t->entry[i].path);
	CHECK(!tree_find(t, "./d0/") && !tree_find(t, "") && !tree_find(t, "./zzz"));
	CHECK(as_find_says(&f, t));
	t = tree_free(t);
	tf_drop(&f);
}

static void an_empty_boot_is_its_own_folder_alone(void)
{
	struct tree_folder f;
	struct stat st = {0};

	tf_make(&f);
	CHECK(fchmod(f.fd, 01751) == 0 && fstat(f.fd, &st) == 0);
	struct tree *t = tf_walk(&f, 0);
	CHECK(t->n == 1 && strcmp(t->entry[0].path, "./") == 0 && t->permissions);
	CHECK(t->entry[0].type == TREE_FOLDER && !t->entry[0].mount);
	CHECK(t->entry[0].mode == 01751 && t->entry[0].uid == st.st_uid &&
	      t->entry[0].gid == st.st_gid && t->entry[0].size == 0);
	t = tree_free(t);
	CHECK(tree_walk(f.fd, NULL, &t) == OK && t->n == 1); /* without options */
	t = tree_free(t);
	tf_drop(&f);
}

static void modes_owners_sizes_and_targets_are_those_of_the_entries(void)
{
	const bool root = geteuid() == 0;
	struct tree_folder f;

	tf_make(&f);
	tf_file(&f, "set", "four");
	CHECK(!root || fchownat(f.fd, "set", 12, 4294967294U, 0) == 0);
	CHECK(fchmodat(f.fd, "set", 04755, 0) == 0);
	tf_dir(&f, "sticky");
	CHECK(fchmodat(f.fd, "sticky", 03777, 0) == 0);
	tf_link(&f, "there", "set");
	tf_link(&f, "nowhere", "is not\nthere/\xff");
	struct tree *t = tf_walk(&f, 0);
	const struct tree_entry *set = tree_find(t, "./set");
	CHECK(set && set->type == TREE_FILE && set->mode == 04755 && set->size == 4 &&
	      !set->target);
	CHECK(!root || (set && set->uid == 12 && set->gid == 4294967294U));
	CHECK(has(t, "./sticky", TREE_FOLDER) && tree_find(t, "./sticky")->mode == 03777);
	const struct tree_entry *l = tree_find(t, "./there");
	CHECK(l && l->type == TREE_LINK && l->mode == 0777 && l->size == 0 &&
	      strcmp(l->target, "set") == 0);
	l = tree_find(t, "./nowhere");
	CHECK(l && strcmp(l->target, "is not\nthere/\xff") == 0);
	CHECK(t->bytes == 4);
	t = tree_free(t);
	tf_drop(&f);
}

static void links_are_listed_and_not_followed(void)
{
	struct tree_folder f;

	tf_make(&f);
	tf_dir(&f, "d");
	tf_file(&f, "d/x", "");
	tf_link(&f, "loop", "loop");
	tf_link(&f, "d/up", "..");
	tf_link(&f, "d/self", ".");
	tf_link(&f, "e", "d");
	tf_link(&f, "root", "/");
	struct tree *t = tf_walk(&f, 0);
	CHECK(t->n == 8 && has(t, "./loop", TREE_LINK) && has(t, "./d/up", TREE_LINK) &&
	      has(t, "./e", TREE_LINK) && !tree_find(t, "./e/x"));
	CHECK(as_find_says(&f, t));
	t = tree_free(t);
	tf_drop(&f);
}

static void make_socket(const struct tree_folder *f)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s/socket", f->dir);
	CHECK(s >= 0 && bind(s, (const struct sockaddr *)&to, sizeof(to)) == 0);
	(void)close(s);
}

static int watch_opening(const struct tree_folder *f, const char *const *name, size_t n)
{
	const int w = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char path[128];

	CHECK(w >= 0);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", f->dir, name[i]);
		CHECK_ROW(inotify_add_watch(w, path, IN_OPEN) >= 0, name[i]);
	}
	return w;
}

static void fifos_sockets_and_devices_are_never_opened(void)
{
	static const char *const names[] = {"fifo", "socket", "null", "disk"};
	const bool root = geteuid() == 0;
	struct tree_folder f;
	char event[512];

	tf_make(&f);
	CHECK(mkfifoat(f.fd, "fifo", 0600) == 0);
	make_socket(&f);
	const bool devices =
	        root && mknodat(f.fd, "null", S_IFCHR | 0640, makedev(1, 3)) == 0 &&
	        mknodat(f.fd, "disk", S_IFBLK | 0640, makedev(259, 70000)) == 0;
	const int w = watch_opening(&f, names, devices ? 4 : 2);
	struct tree *t = tf_walk(&f, 0);
	CHECK(read(w, event, sizeof(event)) < 0); /* nothing happened */
	/* A watch that sees nothing at all would prove nothing. */
	(void)close(openat(f.fd, "fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	CHECK(read(w, event, sizeof(event)) > 0);
	(void)close(w);
	CHECK(has(t, "./fifo", TREE_FIFO) && has(t, "./socket", TREE_SOCKET));
	if (devices) {
		CHECK(has(t, "./null", TREE_CHAR) && has(t, "./disk", TREE_BLOCK));
		CHECK(strcmp(tree_find(t, "./null")->target, "1:3") == 0);
		CHECK(strcmp(tree_find(t, "./disk")->target, "259:70000") == 0);
	} else {
		(void)printf("skip devices: only root can make them\n");
	}
	t = tree_free(t);
	tf_drop(&f);
}

static void names_that_heads_refuses_are_known(void)
{
	static const struct {
		const char *path;
		bool refused;
	} rows[] = {
	        {"./",            false},
                {"./vmlinuz-6.1", false},
                {"./a b",         false},
	        {"./-rf",         false},
                {"./'\"$`*?~!#",  false},
                {"./a\nb",        true },
	        {"./a\tb",        true },
                {"./\x01",        true },
                {"./\x1f",        true },
	        {"./a\\b",        true },
                {"./\x7e",        false},
                {"./\x7f",        true },
	        {"./\x80",        true },
                {"./caf\xc3\xa9", true },
                {"./\xff",        true },
	        {"./a/b\r/c",     true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(tree_name_refused(rows[i].path) == rows[i].refused,
		          rows[i].path);
}

static void what_heads_leaves_out_is_a_prefix_of_the_path(void)
{
	static const char *const out[] = {"./kexec", "./kexecdir", "./kexecdir/x",
	                                  "./kexec_hashes.txt", "./kexec.sig"};
	static const char *const in[] = {"./", "./sub/kexec_x", "./kexe", "./Kexec",
	                                 "./.kexec"};

	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		CHECK_ROW(!tree_heads_sees(out[i]), out[i]);
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		CHECK_ROW(tree_heads_sees(in[i]), in[i]);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"the_order_is_by_bytes_of_the_whole_path",
	         the_order_is_by_bytes_of_the_whole_path                                                     },
	        {"odd_names_are_listed_as_find_and_sort_list_them",
	         odd_names_are_listed_as_find_and_sort_list_them                                             },
	        {"twenty_thousand_entries_are_sorted_and_found",
	         twenty_thousand_entries_are_sorted_and_found                                                },
	        {"an_empty_boot_is_its_own_folder_alone",
	         an_empty_boot_is_its_own_folder_alone	                                               },
	        {"modes_owners_sizes_and_targets_are_those_of_the_entries",
	         modes_owners_sizes_and_targets_are_those_of_the_entries                                     },
	        {"links_are_listed_and_not_followed",                       links_are_listed_and_not_followed},
	        {"fifos_sockets_and_devices_are_never_opened",
	         fifos_sockets_and_devices_are_never_opened                                                  },
	        {"names_that_heads_refuses_are_known",
	         names_that_heads_refuses_are_known	                                                  },
	        {"what_heads_leaves_out_is_a_prefix_of_the_path",
	         what_heads_leaves_out_is_a_prefix_of_the_path                                               },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
