/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The set of signed files: which names are in it, in which order, and what is refused. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "sign/kexec.h"
#include "tests/unit/check.h"
#include "tests/unit/tree_folder.h"

/* SHA-256 of nothing and of "abc" (FIPS 180-2). */
#define OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OF_ABC     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void names_begin_with_kexec_and_end_in_txt(void)
{
	static const char *const in[] = {"kexec.txt",           "kexec_hashes.txt",
	                                 "kexec_default.1.txt", "kexecx.txt",
	                                 "kexec_bootlatch.txt", "kexec .txt",
	                                 "kexec.txt.txt",       "kexec\n.txt"};
	static const char *const out[] = {"",
	                                  "kexec",
	                                  "kexectxt",
	                                  "kexec.sig",
	                                  "kexec.tx",
	                                  "kexec.txt~",
	                                  "kexec_hotp_counter",
	                                  "Kexec.txt",
	                                  "xkexec.txt",
	                                  "kexec.TXT",
	                                  "kexec/a.txt",
	                                  "kexe.txt",
	                                  ".kexec.txt",
	                                  "kexec_bootlatch.stage"};

	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		CHECK_ROW(kexec_signed_name(in[i]), in[i]);
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		CHECK_ROW(!kexec_signed_name(out[i]), out[i]);
}

static bool manifest_is(const struct kexec_set *s, enum kexec_style style,
                        const char *wanted)
{
	AUTO_BUFFER b = {0};

	return kexec_manifest(s, style, &b) == OK &&
	       bytes_equal(buffer_bytes(&b), bytes_of(wanted));
}

/* HEADS.md 1 and 2: bare or absolute names, in the order of their bytes. */
static void the_manifest_is_byte_for_byte_that_of_heads(void)
{
	struct kexec_set *s = NULL;

	CHECK(kexec_new(&s) == OK && s->n == 0);
	CHECK(manifest_is(s, KEXEC_RELATIVE, ""));
	CHECK(kexec_put(s, "kexec_tree.txt", bytes_of("abc")) == OK);
	CHECK(kexec_put(s, "kexec_default_hashes.txt", bytes_of("")) == OK);
	CHECK(kexec_put(s, "kexec_default.1.txt", bytes_of("abc")) == OK);
	CHECK(kexec_put(s, "kexec.txt", bytes_of("")) == OK);
	CHECK(kexec_put(s, "kexec_hashes.txt", bytes_of("abc")) == OK);
	CHECK(kexec_put_sig(s, bytes_of("not in it")) == OK);
	CHECK(manifest_is(s, KEXEC_RELATIVE,
	                  OF_NOTHING "  kexec.txt\n" OF_ABC
	                             "  kexec_default.1.txt\n" OF_NOTHING
	                             "  kexec_default_hashes.txt\n" OF_ABC
	                             "  kexec_hashes.txt\n" OF_ABC "  kexec_tree.txt\n"));
	CHECK(manifest_is(s, KEXEC_ABSOLUTE,
	                  OF_NOTHING "  /boot/kexec.txt\n" OF_ABC
	                             "  /boot/kexec_default.1.txt\n" OF_NOTHING
	                             "  /boot/kexec_default_hashes.txt\n" OF_ABC
	                             "  /boot/kexec_hashes.txt\n" OF_ABC
	                             "  /boot/kexec_tree.txt\n"));
	CHECK(strcmp(kexec_style_text(KEXEC_RELATIVE), "relative") == 0 &&
	      strcmp(kexec_style_text(KEXEC_ABSOLUTE), "absolute") == 0);
	s = kexec_free(s);
}

static void what_is_put_replaces_and_what_is_dropped_is_gone(void)
{
	struct kexec_set *s = NULL;

	CHECK(kexec_new(&s) == OK);
	CHECK(kexec_put(s, "kexec_b.txt", bytes_of("abc")) == OK);
	CHECK(kexec_put(s, "kexec_a.txt", bytes_of("abc")) == OK);
	CHECK(kexec_put(s, "kexec_b.txt", bytes_of("")) == OK && s->n == 2);
	CHECK(kexec_find(s, "kexec_b.txt")->n == 0 &&
	      kexec_find(s, "kexec_b.txt")->data != NULL);
	CHECK(!kexec_find(s, "kexec_.txt") && !kexec_find(s, "kexec_c.txt"));
	kexec_drop(s, "kexec_c.txt");
	kexec_drop(s, "kexec_a.txt");
	CHECK(manifest_is(s, KEXEC_RELATIVE, OF_NOTHING "  kexec_b.txt\n"));
	kexec_drop(s, "kexec_b.txt");
	CHECK(s->n == 0 && manifest_is(s, KEXEC_RELATIVE, ""));
	CHECK(kexec_put_sig(s, bytes_of("one")) == OK &&
	      kexec_put_sig(s, bytes_of("other")) == OK && s->sig_n == 5);
	s = kexec_free(s);
	CHECK(!s && !kexec_free(NULL));
}

static void what_does_not_belong_into_a_set_is_refused(void)
{
	static const char *const names[] = {"kexec.sig",   "vmlinuz",
	                                    "kexec/a.txt", "kexec\n.txt",
	                                    "kexec\\.txt", "kexec\xc3\xa9.txt"};
	static uint8_t large[KEXEC_SIG_MAX + 1];
	struct kexec_set *s = NULL;
	char name[64];

	CHECK(kexec_new(&s) == OK);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK_ROW(kexec_put(s, names[i], bytes_of("x")) == ERR_USAGE, names[i]);
	CHECK(kexec_put_sig(s, (struct bytes){large, sizeof(large)}) == ERR_FORMAT &&
	      !s->sig);
	for (unsigned i = 0; i < KEXEC_FILES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "kexec_%u.txt", i);
		CHECK_ROW(kexec_put(s, name, bytes_of("x")) == OK, name);
	}
	CHECK(kexec_put(s, "kexec_more.txt", bytes_of("x")) == ERR_FORMAT);
	CHECK(kexec_put(s, "kexec_0.txt", bytes_of("y")) == OK);
	CHECK(s->n == KEXEC_FILES_MAX);
	s = kexec_free(s);
}

static bool content_is(const struct kexec_set *s, const char *name, const char *wanted)
{
	const struct kexec_file *f = kexec_find(s, name);
	AUTO_BUFFER own = {0};
	struct bytes content;

	return f && kexec_content(s, f, &own, &content) == OK &&
	       bytes_equal(content, bytes_of(wanted));
}

static enum err content_of(const struct kexec_set *s, const char *name)
{
	const struct kexec_file *f = kexec_find(s, name);
	AUTO_BUFFER own = {0};
	struct bytes content;

	return f ? kexec_content(s, f, &own, &content) : ERR_NOT_FOUND;
}

static void a_list_is_not_held_and_is_read_again_as_it_was_or_not_at_all(void)
{
	struct kexec_set *s = NULL;
	struct tree_folder f;

	tf_make(&f);
	tf_file(&f, "kexec_hashes.txt", "abc");
	tf_file(&f, "kexec_a.txt", "abc");
	CHECK(kexec_read(f.fd, &s, NULL) == OK && s->n == 2);
	CHECK(!kexec_find(s, "kexec_hashes.txt")->data &&
	      kexec_find(s, "kexec_a.txt")->data);
	CHECK(content_is(s, "kexec_hashes.txt", "abc"));
	static const char *const others[] = {"abd", "ab", "abcd", ""};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		tf_rm(&f, "kexec_hashes.txt");
		tf_file(&f, "kexec_hashes.txt", others[i]);
		CHECK_ROW(content_of(s, "kexec_hashes.txt") == ERR_BUSY, others[i]);
	}
	tf_rm(&f, "kexec_hashes.txt");
	tf_rm(&f, "kexec_a.txt");
	CHECK(content_of(s, "kexec_hashes.txt") == ERR_BUSY);
	tf_link(&f, "kexec_hashes.txt", "kexec_b.txt");
	tf_file(&f, "kexec_b.txt", "abc");
	CHECK(content_of(s, "kexec_hashes.txt") == ERR_BUSY);
	CHECK(content_is(s, "kexec_a.txt", "abc"));
	s = kexec_free(s);
	tf_drop(&f);
}

static void a_list_is_written_of_its_tree(void)
{
	static struct tree_entry entry[] = {
	        {.path = "./",  .type = TREE_FOLDER, .mode = 0755, .target = NULL},
	        {.path = "./a", .type = TREE_LINK,   .mode = 0777, .target = "b" },
	};
	const struct tree t = {.entry = entry, .n = 2, .permissions = true};
	struct kexec_set *s = NULL, *copy = NULL;

	CHECK(kexec_new(&s) == OK && kexec_new(&copy) == OK);
	if (!s || !copy)
		return;
	CHECK(kexec_put_list(s, MANIFEST_FULL, &t) == OK &&
	      kexec_put_list(s, MANIFEST_HASHES, &t) == OK && s->n == 2);
	const char full[] = "bootlatch boot manifest 1\npermissions yes\n"
	                    "d 0755 0 0 - - ./\nl - 0 0 - - ./a b\n";
	CHECK(content_is(s, KEXEC_FULL, full) && content_is(s, KEXEC_HASHES, ""));
	CHECK(kexec_find(s, KEXEC_FULL)->n == sizeof(full) - 1);
	/* Its digest is the content's. */
	CHECK(kexec_put(copy, KEXEC_FULL, bytes_of(full)) == OK &&
	      memcmp(copy->file[0].sha256, kexec_find(s, KEXEC_FULL)->sha256,
	             TREE_HASH_LEN) == 0);
	const uint8_t any[TREE_HASH_LEN] = {1};
	CHECK(kexec_put_digest(copy, KEXEC_TREE, 1, any) == OK &&
	      content_of(copy, KEXEC_TREE) != OK);
	CHECK(kexec_put_digest(copy, "vmlinuz", 1, any) == ERR_USAGE);
	s = kexec_free(s);
	copy = kexec_free(copy);
}

static void what_lies_on_boot_is_read_once_and_whole(void)
{
	struct kexec_set *s = NULL;
	struct tree_folder f;
	char culprit[KEXEC_NAME_MAX] = "?";

	tf_make(&f);
	CHECK(kexec_read(f.fd, &s, culprit) == OK && s->n == 0 && !s->sig &&
	      culprit[0] == '\0');
	s = kexec_free(s);
	tf_file(&f, "kexec_hashes.txt", "abc");
	tf_file(&f, "kexec_default.1.txt", "");
	tf_file(&f, "kexec_hotp_counter", "7");
	tf_file(&f, "vmlinuz.txt", "kernel");
	tf_dir(&f, "kexecdir");
	tf_file(&f, "kexecdir/kexec_x.txt", "");
	tf_file(&f, "kexec.sig", "");
	/* Twice: the place in the folder's list is not the caller's. */
	for (int i = 0; i < 2; i++) {
		const size_t fds = tf_count("/proc/self/fd");

		CHECK(kexec_read(f.fd, &s, NULL) == OK && s->sig && s->sig_n == 0);
		CHECK(tf_count("/proc/self/fd") == fds + 1); /* the folder */
		CHECK(manifest_is(s, KEXEC_RELATIVE,
		                  OF_NOTHING "  kexec_default.1.txt\n" OF_ABC
		                             "  kexec_hashes.txt\n"));
		s = kexec_free(s);
		CHECK(tf_count("/proc/self/fd") == fds);
	}
	tf_drop(&f);
}

/* One thing too many beside an honest file: it is named. */
static bool refuses(const struct tree_folder *f, const char *name)
{
	char culprit[KEXEC_NAME_MAX] = "?";
	const size_t fds = tf_count("/proc/self/fd");
	struct kexec_set *s = NULL;

	const bool ok = kexec_read(f->fd, &s, culprit) == ERR_FORMAT && !s &&
	                strcmp(culprit, name) == 0 && tf_count("/proc/self/fd") == fds;
	tf_rm(f, name);
	return ok;
}

static void only_regular_files_of_allowed_size_and_name_are_read(void)
{
	struct tree_folder f;
	struct kexec_set *s = NULL;

	tf_make(&f);
	tf_file(&f, "kexec_a.txt", "abc");
	tf_link(&f, "kexec_b.txt", "kexec_a.txt");
	CHECK(refuses(&f, "kexec_b.txt"));
	tf_dir(&f, "kexec_b.txt");
	CHECK(refuses(&f, "kexec_b.txt"));
	CHECK(mkfifoat(f.fd, "kexec_b.txt", 0600) == 0);
	CHECK(refuses(&f, "kexec_b.txt"));
	tf_file(&f, "kexec_\n.txt", "");
	CHECK(refuses(&f, "kexec_\n.txt"));
	tf_file(&f, "kexec_b.txt", "");
	const int fd = openat(f.fd, "kexec_b.txt", O_WRONLY | O_CLOEXEC);
	CHECK(ftruncate(fd, (off_t)KEXEC_FILE_MAX + 1) == 0 && close(fd) == 0);
	CHECK(refuses(&f, "kexec_b.txt"));
	tf_link(&f, "kexec.sig", "kexec_a.txt");
	CHECK(refuses(&f, "kexec.sig"));
	tf_dir(&f, "kexec.sig");
	CHECK(refuses(&f, "kexec.sig"));
	tf_file(&f, "kexec.sig", "");
	const int sig = openat(f.fd, "kexec.sig", O_WRONLY | O_CLOEXEC);
	CHECK(ftruncate(sig, KEXEC_SIG_MAX + 1) == 0 && close(sig) == 0);
	CHECK(refuses(&f, "kexec.sig"));
	CHECK(kexec_read(f.fd, &s, NULL) == OK && s->n == 1);
	s = kexec_free(s);
	tf_drop(&f);
}

static void too_many_files_are_refused(void)
{
	char name[64], culprit[KEXEC_NAME_MAX] = "";
	struct kexec_set *s = NULL;
	struct tree_folder f;

	tf_make(&f);
	for (unsigned i = 0; i <= KEXEC_FILES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "kexec_%u.txt", i);
		tf_file(&f, name, "");
	}
	CHECK(kexec_read(f.fd, &s, culprit) == ERR_FORMAT && !s);
	CHECK(strncmp(culprit, "kexec_", 6) == 0);
	tf_rm(&f, "kexec_7.txt");
	CHECK(kexec_read(f.fd, &s, culprit) == OK && s->n == KEXEC_FILES_MAX);
	s = kexec_free(s);
	CHECK(kexec_read(-1, &s, culprit) == ERR_IO && culprit[0] == '\0');
	tf_drop(&f);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"names_begin_with_kexec_and_end_in_txt",
	         names_begin_with_kexec_and_end_in_txt	                                                },
	        {"the_manifest_is_byte_for_byte_that_of_heads",
	         the_manifest_is_byte_for_byte_that_of_heads                                                  },
	        {"what_is_put_replaces_and_what_is_dropped_is_gone",
	         what_is_put_replaces_and_what_is_dropped_is_gone                                             },
	        {"what_does_not_belong_into_a_set_is_refused",
	         what_does_not_belong_into_a_set_is_refused                                                   },
	        {"a_list_is_not_held_and_is_read_again_as_it_was_or_not_at_all",
	         a_list_is_not_held_and_is_read_again_as_it_was_or_not_at_all                                 },
	        {"a_list_is_written_of_its_tree",                                a_list_is_written_of_its_tree},
	        {"what_lies_on_boot_is_read_once_and_whole",
	         what_lies_on_boot_is_read_once_and_whole                                                     },
	        {"only_regular_files_of_allowed_size_and_name_are_read",
	         only_regular_files_of_allowed_size_and_name_are_read                                         },
	        {"too_many_files_are_refused",                                   too_many_files_are_refused   },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
