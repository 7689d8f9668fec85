/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was signed last, kept outside of /boot: whole, by its real path, and only while
 * nobody else can write there. */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "sign/last.h"
#include "tests/unit/check.h"

static struct {
	char top[64], state[96], boot[96], other[96];
	struct kexec_set *set;
} w;

static const char *below(const char *name)
{
	static char path[400];

	(void)snprintf(path, sizeof(path), "%s/%s", w.state, name);
	return path;
}

/* signed/NAME[/FILE] of w.boot */
static const char *kept(const char *file)
{
	char name[300], *p = name;

	(void)snprintf(name, sizeof(name), "signed/%s%s", w.boot + 1, file);
	for (p += strlen("signed/"); p < name + strlen("signed/") + strlen(w.boot + 1);
	     p++)
		if (*p == '/')
			*p = '-';
	return below(name);
}

static void begin(void)
{
	(void)snprintf(w.top, sizeof(w.top), "/tmp/bootlatchXXXXXX");
	CHECK(mkdtemp(w.top) != NULL);
	(void)snprintf(w.state, sizeof(w.state), "%s/var", w.top);
	(void)snprintf(w.boot, sizeof(w.boot), "%s/boot", w.top);
	(void)snprintf(w.other, sizeof(w.other), "%s/other", w.top);
	CHECK(mkdir(w.boot, 0755) == 0 && mkdir(w.other, 0755) == 0);
	CHECK(kexec_new(&w.set) == OK &&
	      kexec_put(w.set, KEXEC_HASHES, bytes_of("hashes")) == OK &&
	      kexec_put(w.set, KEXEC_FULL, bytes_of("full")) == OK &&
	      kexec_put_sig(w.set, bytes_of("sig")) == OK);
}

static int drop_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	return type == FTW_DP ? rmdir(path) : unlink(path);
}

static void end(void)
{
	w.set = kexec_free(w.set);
	CHECK(nftw(w.top, drop_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

/* Is what is kept of it these files and this signature? */
static bool is_kept(const char *boot, size_t n, const char *hashes, const char *sig)
{
	struct kexec_set *s = NULL;

	if (last_load(w.state, boot, &s) != OK)
		return false;
	const struct kexec_file *f = kexec_find(s, KEXEC_HASHES);
	AUTO_BUFFER own = {0};
	struct bytes list;
	const bool same = s->n == n && f && kexec_content(s, f, &own, &list) == OK &&
	                  bytes_equal(list, bytes_of(hashes)) && s->sig &&
	                  bytes_equal((struct bytes){s->sig, s->sig_n}, bytes_of(sig));

	s = kexec_free(s);
	return same;
}

static enum err load(void)
{
	struct kexec_set *s = NULL;
	const enum err e = last_load(w.state, w.boot, &s);

	s = kexec_free(s);
	return e;
}

static bool has_mode(const char *path, mode_t mode)
{
	struct stat st;

	return lstat(path, &st) == 0 && (st.st_mode & 07777) == mode;
}

static void what_was_saved_is_loaded(void)
{
	begin();
	CHECK(load() == ERR_NOT_FOUND);
	CHECK(last_save(w.state, w.boot, w.set) == OK);
	CHECK(is_kept(w.boot, 2, "hashes", "sig"));
	CHECK(has_mode(w.state, 0700) && has_mode(below("signed"), 0700) &&
	      has_mode(kept(""), 0700) && has_mode(kept("/kexec.sig"), 0600) &&
	      has_mode(kept("/kexec_hashes.txt"), 0600));
	end();
}

static void the_next_one_takes_its_place_whole(void)
{
	begin();
	CHECK(last_save(w.state, w.boot, w.set) == OK);
	kexec_drop(w.set, KEXEC_FULL);
	CHECK(kexec_put(w.set, KEXEC_HASHES, bytes_of("more hashes")) == OK &&
	      kexec_put_sig(w.set, bytes_of("another sig")) == OK);
	CHECK(last_save(w.state, w.boot, w.set) == OK);
	CHECK(is_kept(w.boot, 1, "more hashes", "another sig"));
	CHECK(faccessat(AT_FDCWD, kept(".new"), F_OK, AT_SYMLINK_NOFOLLOW) != 0);
	end();
}

static void what_was_interrupted_is_no_obstacle(void)
{
	begin();
	CHECK(last_save(w.state, w.boot, w.set) == OK);
	CHECK(mkdir(kept(".new"), 0700) == 0 && mkdir(kept(".new/odd"), 0700) == 0);
	CHECK(is_kept(w.boot, 2, "hashes", "sig"));
	CHECK(last_save(w.state, w.boot, w.set) == OK &&
	      is_kept(w.boot, 2, "hashes", "sig"));
	end();
}

static void each_folder_has_its_own_by_its_real_path(void)
{
	char link[128], twin[128];

	begin();
	(void)snprintf(link, sizeof(link), "%s/link", w.top);
	(void)snprintf(twin, sizeof(twin), "%s.new", w.boot);
	CHECK(symlink(w.boot, link) == 0 && mkdir(twin, 0755) == 0);
	CHECK(last_save(w.state, link, w.set) == OK);
	CHECK(is_kept(w.boot, 2, "hashes", "sig"));
	CHECK(kexec_put(w.set, KEXEC_HASHES, bytes_of("of the other")) == OK);
	CHECK(last_save(w.state, w.other, w.set) == OK &&
	      last_save(w.state, twin, w.set) == OK);
	CHECK(is_kept(w.other, 2, "of the other", "sig") &&
	      is_kept(twin, 2, "of the other", "sig") &&
	      is_kept(w.boot, 2, "hashes", "sig"));
	end();
}

static void a_path_of_any_length_has_its_own(void)
{
	char deep[600], name[129] = "";
	size_t n = 0;

	begin();
	memset(name, 'x', sizeof(name) - 1);
	n = (size_t)snprintf(deep, sizeof(deep), "%s", w.boot);
	for (int i = 0; i < 3; i++) {
		n += (size_t)snprintf(deep + n, sizeof(deep) - n, "/%s", name);
		CHECK(mkdir(deep, 0755) == 0);
	}
	CHECK(last_save(w.state, deep, w.set) == OK && is_kept(deep, 2, "hashes", "sig"));
	CHECK(load() == ERR_NOT_FOUND);
	end();
}

static void where_others_may_write_nothing_is_believed(void)
{
	static const struct {
		const char *what;
		int of; /* 0: the state folder, 1: signed, 2: the set's, 3: a file */
		mode_t mode;
	} rows[] = {
	        {"the state folder, group", 0, 0770},
	        {"signed, everybody",       1, 0707},
	        {"the set's folder",        2, 0720},
	        {"a file",                  3, 0620},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		CHECK(last_save(w.state, w.boot, w.set) == OK && load() == OK);
		const char *path = rows[i].of == 0   ? w.state
		                   : rows[i].of == 1 ? below("signed")
		                   : rows[i].of == 2 ? kept("")
		                                     : kept("/kexec_hashes.txt");
		CHECK(chmod(path, rows[i].mode) == 0);
		CHECK_ROW(load() == ERR_TAMPERED, rows[i].what);
		CHECK(geteuid() != 0 ||
		      (chmod(path, rows[i].of == 3 ? 0600 : 0700) == 0 &&
		       chown(path, 12345, 0) == 0));
		CHECK_ROW(load() == ERR_TAMPERED, rows[i].what);
		end();
	}
}

static void a_link_in_the_way_is_not_followed(void)
{
	char there[400];

	begin();
	CHECK(last_save(w.state, w.boot, w.set) == OK);
	(void)snprintf(there, sizeof(there), "%s", kept(""));
	CHECK(rename(there, below("elsewhere")) == 0);
	CHECK(symlink("../elsewhere", there) == 0);
	CHECK(load() == ERR_TAMPERED);
	end();
}

static void one_at_a_time_has_the_lock(void)
{
	int a = -1, b = -1, other = -1;

	begin();
	CHECK(!last_is_locked(w.state, w.boot));
	CHECK(last_lock(w.state, w.boot, &a) == OK && last_is_locked(w.state, w.boot));
	CHECK(last_lock(w.state, w.boot, &b) == ERR_BUSY && b == -1);
	CHECK(last_lock(w.state, w.other, &other) == OK);
	CHECK(last_save(w.state, w.boot, w.set) == OK && last_is_locked(w.state, w.boot));
	CHECK(has_mode(kept(".lock"), 0600));
	(void)close(a);
	(void)close(other);
	CHECK(!last_is_locked(w.state, w.boot));
	CHECK(last_lock(w.state, w.boot, &a) == OK);
	(void)close(a);
	end();
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"what was saved is loaded",                   what_was_saved_is_loaded         },
	        {"the next one takes its place whole",
	         the_next_one_takes_its_place_whole                                             },
	        {"what was interrupted is no obstacle",
	         what_was_interrupted_is_no_obstacle                                            },
	        {"each folder has its own by its real path",
	         each_folder_has_its_own_by_its_real_path                                       },
	        {"a path of any length has its own",           a_path_of_any_length_has_its_own },
	        {"where others may write nothing is believed",
	         where_others_may_write_nothing_is_believed                                     },
	        {"a link in the way is not followed",          a_link_in_the_way_is_not_followed},
	        {"one at a time has the lock",                 one_at_a_time_has_the_lock       },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
