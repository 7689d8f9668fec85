/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A signed set moved to /boot: cut short anywhere it is finished, and what does not
 * belong together is left alone. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "sign/manifest.h"
#include "sign/stage.h"
#include "tests/unit/check.h"

static struct {
	char path[64];
	int dir;
	struct kexec_set *set;
} w;

static bool put(const char *name, const char *text)
{
	return file_publish(w.dir, name, bytes_of(text), 0644) == OK;
}

/* Is that the content of the file?  NULL: is there none? */
static bool has(int dir, const char *name, const char *text)
{
	uint8_t *data = NULL;
	size_t n = 0;
	const enum err e = file_read(dir, name, 1 << 20, &data, &n);
	const bool same =
	        e == OK && text && bytes_equal((struct bytes){data, n}, bytes_of(text));

	free(data);
	return text ? same : e == ERR_NOT_FOUND;
}

static bool in_place(const char *name, const char *text)
{
	return has(w.dir, name, text);
}

/* Signed before: three files of Heads, one of which goes; a new one comes. */
static void begin(void)
{
	(void)snprintf(w.path, sizeof(w.path), "/tmp/bootlatch-test.XXXXXX");
	CHECK(mkdtemp(w.path) && dir_open(w.path, &w.dir) == OK);
	CHECK(put("kexec_hashes.txt", "old hashes") && put("kexec_tree.txt", "tree") &&
	      put("kexec_package_trigger_pre.txt", "apt") &&
	      put("kexec.sig", "old sig") && put("kexec_hotp_counter", "7") &&
	      put("vmlinuz", "kernel"));
	CHECK(kexec_new(&w.set) == OK);
	CHECK(kexec_put(w.set, "kexec_hashes.txt", bytes_of("new hashes")) == OK);
	CHECK(kexec_put(w.set, "kexec_tree.txt", bytes_of("tree")) == OK);
	CHECK(kexec_put(w.set, "kexec_bootlatch.txt", bytes_of("full")) == OK);
	CHECK(kexec_put_sig(w.set, bytes_of("new sig")) == OK);
}

static void remove_all(int dir)
{
	DIR *d = fdopendir(dup(dir));
	const struct dirent *entry;

	CHECK(d != NULL);
	if (!d)
		return;
	rewinddir(d);
	while ((entry = readdir(d)))
		if (file_name_ok(entry->d_name))
			CHECK(unlinkat(dir, entry->d_name, 0) == 0);
	(void)closedir(d);
}

static void end(void)
{
	CHECK(stage_drop(w.dir) == OK);
	w.set = kexec_free(w.set);
	remove_all(w.dir);
	(void)close(w.dir);
	CHECK(rmdir(w.path) == 0); /* empty: nothing was left */
}

static bool as_before(void)
{
	return in_place("kexec_hashes.txt", "old hashes") &&
	       in_place("kexec_tree.txt", "tree") &&
	       in_place("kexec_package_trigger_pre.txt", "apt") &&
	       in_place("kexec_bootlatch.txt", NULL) && in_place("kexec.sig", "old sig");
}

static bool as_after(void)
{
	return in_place("kexec_hashes.txt", "new hashes") &&
	       in_place("kexec_tree.txt", "tree") &&
	       in_place("kexec_package_trigger_pre.txt", NULL) &&
	       in_place("kexec_bootlatch.txt", "full") &&
	       in_place("kexec.sig", "new sig") && in_place("kexec_hotp_counter", "7") &&
	       in_place("vmlinuz", "kernel");
}

static bool no_stage(void)
{
	return faccessat(w.dir, STAGE_FOLDER, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
}

static int stage_fd(void)
{
	int fd = -1;

	CHECK(stage_open(w.dir, &fd) == OK);
	return fd;
}

static ino_t inode(const char *name)
{
	struct stat st = {0};

	CHECK(fstatat(w.dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
	return st.st_ino;
}

/* --- the straight way --- */

static void what_was_staged_is_published_and_what_was_signed_no_more_goes(void)
{
	struct kexec_set *read = NULL;
	struct stat st;

	begin();
	CHECK(stage_read(w.dir, &read) == ERR_NOT_FOUND);
	CHECK(stage_publish(w.dir) == ERR_NOT_FOUND);
	CHECK(stage_write(w.dir, w.set) == OK && as_before());
	CHECK(stage_read(w.dir, &read) == OK && read->n == 3);
	CHECK(bytes_equal((struct bytes){read->sig, read->sig_n}, bytes_of("new sig")));
	read = kexec_free(read);
	CHECK(stage_publish(w.dir) == OK && as_after() && no_stage());
	CHECK(fstatat(w.dir, "kexec_bootlatch.txt", &st, 0) == 0 &&
	      (st.st_mode & 07777) == 0644);
	CHECK(stage_publish(w.dir) == ERR_NOT_FOUND && as_after());
	end();
}

static void what_is_the_same_is_not_written_again(void)
{
	begin();
	const ino_t tree = inode("kexec_tree.txt");

	CHECK(stage_write(w.dir, w.set) == OK);
	const int fd = stage_fd();
	CHECK(has(fd, "kexec_tree.txt", NULL) &&
	      has(fd, "kexec_hashes.txt", "new hashes"));
	(void)close(fd);
	CHECK(stage_publish(w.dir) == OK && inode("kexec_tree.txt") == tree);
	end();
}

static void a_first_signature_finds_nothing_to_replace(void)
{
	begin();
	remove_all(w.dir);
	CHECK(stage_write(w.dir, w.set) == OK && stage_publish(w.dir) == OK);
	CHECK(in_place("kexec_hashes.txt", "new hashes") &&
	      in_place("kexec_bootlatch.txt", "full") &&
	      in_place("kexec.sig", "new sig"));
	end();
}

static void an_unsigned_set_is_not_staged(void)
{
	struct kexec_set *bare = NULL;

	begin();
	CHECK(kexec_new(&bare) == OK &&
	      kexec_put(bare, "kexec_a.txt", bytes_of("a")) == OK);
	CHECK(stage_write(w.dir, bare) == ERR_USAGE && no_stage());
	bare = kexec_free(bare);
	end();
}

/* --- cut short --- */

/* The moves of a publishing in their order: NULL as `to` removes. */
static void step(int fd, size_t i)
{
	static const struct {
		const char *name;
		bool goes;
	} steps[] = {
	        {"kexec_bootlatch.txt",           false},
	        {"kexec_hashes.txt",              false},
	        {"kexec.sig",                     false},
	        {"kexec_package_trigger_pre.txt", true },
	};

	if (steps[i].goes)
		CHECK(unlinkat(w.dir, steps[i].name, 0) == 0);
	else
		CHECK(renameat(fd, steps[i].name, w.dir, steps[i].name) == 0);
}
enum { STEPS = 4 };

static void cut_short_after_any_move_it_is_finished(void)
{
	for (size_t cut = 0; cut <= STEPS; cut++) {
		struct kexec_set *read = NULL;

		begin();
		CHECK(stage_write(w.dir, w.set) == OK);
		const int fd = stage_fd();
		for (size_t i = 0; i < cut; i++)
			step(fd, i);
		(void)close(fd);
		CHECK(stage_read(w.dir, &read) == OK && read->n == 3 && read->sig);
		read = kexec_free(read);
		CHECK(stage_publish(w.dir) == OK && as_after() && no_stage());
		end();
	}
}

static void a_stage_that_was_not_finished_counts_for_nothing(void)
{
	struct kexec_set *read = NULL;

	begin();
	CHECK(stage_write(w.dir, w.set) == OK);
	const int fd = stage_fd();
	CHECK(unlinkat(fd, STAGE_LIST, 0) == 0);
	(void)close(fd);
	CHECK(stage_read(w.dir, &read) == ERR_NOT_FOUND);
	CHECK(stage_publish(w.dir) == ERR_NOT_FOUND && as_before());
	CHECK(stage_write(w.dir, w.set) == OK && stage_publish(w.dir) == OK);
	CHECK(as_after());
	end();
}

static void without_room_nothing_changes_and_nothing_is_left(void)
{
	struct rlimit was, small = {.rlim_cur = 8};
	void (*const old)(int) = signal(SIGXFSZ, SIG_IGN);

	begin();
	CHECK(getrlimit(RLIMIT_FSIZE, &was) == 0);
	small.rlim_max = was.rlim_max;
	CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
	const enum err e = stage_write(w.dir, w.set);
	CHECK(setrlimit(RLIMIT_FSIZE, &was) == 0);
	CHECK(e == ERR_NO_SPACE && as_before() && no_stage());
	end();
	(void)signal(SIGXFSZ, old);
}

/* --- what does not belong together --- */

static void a_damaged_stage_is_not_published(void)
{
	static const struct {
		const char *what, *name, *text;
	} rows[] = {
	        {"a file changed",     "kexec_hashes.txt", "hashes of mine"          },
	        {"the list cut",       STAGE_LIST,         "bootlatch-stage 1\n"     },
	        {"another version",    STAGE_LIST,         "bootlatch-stage 2\nend\n"},
	        {"the signature gone", "kexec.sig",        NULL                      },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kexec_set *read = NULL;

		begin();
		CHECK(stage_write(w.dir, w.set) == OK);
		const int fd = stage_fd();
		if (rows[i].text)
			CHECK(file_publish(fd, rows[i].name, bytes_of(rows[i].text),
			                   0644) == OK);
		else
			CHECK(file_remove(fd, rows[i].name) == OK);
		(void)close(fd);
		CHECK_ROW(stage_read(w.dir, &read) == ERR_FORMAT, rows[i].what);
		CHECK_ROW(stage_publish(w.dir) == ERR_FORMAT && as_before(),
		          rows[i].what);
		end();
	}
}

/* Heads was there in between: what it signed is newer than the stage. */
static void what_was_written_since_is_not_overwritten(void)
{
	static const struct {
		const char *what, *name, *text;
	} rows[] = {
	        {"a file changed",    "kexec_tree.txt",                "tree of Heads"},
	        {"another one came",  "kexec_lukshdr_hash.txt",        "header"       },
	        {"a new name taken",  "kexec_bootlatch.txt",           "not ours"     },
	        {"what goes changed", "kexec_package_trigger_pre.txt", "apt again"    },
	        {"signed anew",       "kexec.sig",                     "sig of Heads" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kexec_set *read = NULL;

		begin();
		CHECK(stage_write(w.dir, w.set) == OK);
		CHECK(put(rows[i].name, rows[i].text));
		CHECK_ROW(stage_read(w.dir, &read) == ERR_EXISTS, rows[i].what);
		CHECK_ROW(stage_publish(w.dir) == ERR_EXISTS, rows[i].what);
		CHECK_ROW(in_place("kexec_hashes.txt", "old hashes") &&
		                  in_place(rows[i].name, rows[i].text),
		          rows[i].what);
		end();
	}
}

static void what_lies_in_the_place_of_the_stage_is_not_followed(void)
{
	struct kexec_set *read = NULL;

	begin();
	CHECK(mkdirat(w.dir, "elsewhere", 0700) == 0);
	CHECK(symlinkat("elsewhere", w.dir, STAGE_FOLDER) == 0);
	CHECK(stage_read(w.dir, &read) == ERR_FORMAT);
	CHECK(stage_publish(w.dir) == ERR_FORMAT && as_before());
	CHECK(stage_write(w.dir, w.set) == OK && stage_publish(w.dir) == OK);
	CHECK(as_after() && no_stage());
	CHECK(unlinkat(w.dir, "elsewhere", AT_REMOVEDIR) == 0);
	end();
}

/* --- the list --- */

#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define HEAD "bootlatch-stage 1\n"
#define END  "end\n"

static void a_list_is_read_strictly(void)
{
	static const struct {
		const char *what, *text;
		bool good;
	} rows[] = {
	        {"nothing to do",        HEAD END,	                                            true },
	        {"one is put",           HEAD "- " ZERO " kexec_a.txt\n" END,                         true },
	        {"one goes",             HEAD ZERO " - kexec_a.txt\n" END,                            true },
	        {"the signature",        HEAD ZERO " " ZERO " kexec.sig\n" END,                       true },
	        {"empty",                "",	                                                  false},
	        {"no end",               HEAD "- " ZERO " kexec_a.txt\n",                             false},
	        {"more after the end",   HEAD END "x",                                                false},
	        {"neither put nor goes", HEAD "- - kexec_a.txt\n" END,                                false},
	        {"a short digest",       HEAD "- 00 kexec_a.txt\n" END,                               false},
	        {"upper case",
	         HEAD
	         "- ABCDEF0000000000000000000000000000000000000000000000000000000000 "
	         "kexec_a.txt\n" END,
	         false	                                                                             },
	        {"no digest",            HEAD "- " ZERO "\n" END,                                     false},
	        {"a path",               HEAD "- " ZERO " kexec/../a.txt\n" END,                      false},
	        {"another file",         HEAD "- " ZERO " vmlinuz\n" END,                             false},
	        {"twice",                HEAD "- " ZERO " kexec_a.txt\n" ZERO " - kexec_a.txt\n" END,
	         false	                                                                             },
	};
	static struct stage_list l;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(stage_list_parse(bytes_of(rows[i].text), &l) ==
		                  (rows[i].good ? OK : ERR_FORMAT),
		          rows[i].what);
}

static void a_list_is_read_as_it_was_written(void)
{
	static struct stage_list l, again;
	AUTO_BUFFER text = {0};

	l.item[l.n++] =
	        (struct stage_item){.name = "kexec_a.txt", .put = true, .after = {1}};
	l.item[l.n++] =
	        (struct stage_item){.name = "kexec_b.txt", .had = true, .before = {2}};
	l.item[l.n++] = (struct stage_item){.name = "kexec.sig",
	                                    .had = true,
	                                    .put = true,
	                                    .before = {3},
	                                    .after = {4}};
	stage_list_write(&l, &text);
	CHECK(buffer_ok(&text) == OK);
	CHECK(stage_list_parse(buffer_bytes(&text), &again) == OK && again.n == 3);
	for (size_t i = 0; i < 3; i++)
		CHECK(memcmp(&l.item[i], &again.item[i], sizeof(l.item[i])) == 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"what was staged is published and what was signed no more goes",
	         what_was_staged_is_published_and_what_was_signed_no_more_goes                                    },
	        {"what is the same is not written again",
	         what_is_the_same_is_not_written_again	                                                    },
	        {"a first signature finds nothing to replace",
	         a_first_signature_finds_nothing_to_replace                                                       },
	        {"an unsigned set is not staged",                                 an_unsigned_set_is_not_staged   },
	        {"cut short after any move it is finished",
	         cut_short_after_any_move_it_is_finished	                                                  },
	        {"a stage that was not finished counts for nothing",
	         a_stage_that_was_not_finished_counts_for_nothing                                                 },
	        {"without room nothing changes and nothing is left",
	         without_room_nothing_changes_and_nothing_is_left                                                 },
	        {"a damaged stage is not published",                              a_damaged_stage_is_not_published},
	        {"what was written since is not overwritten",
	         what_was_written_since_is_not_overwritten                                                        },
	        {"what lies in the place of the stage is not followed",
	         what_lies_in_the_place_of_the_stage_is_not_followed                                              },
	        {"a list is read strictly",                                       a_list_is_read_strictly         },
	        {"a list is read as it was written",                              a_list_is_read_as_it_was_written},
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
