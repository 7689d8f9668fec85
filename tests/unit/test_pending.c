/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is pending: noted, told, forgotten, and what becomes of a list that was damaged.
 */
#include "sign/pending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/file.h"
#include "tests/unit/check.h"
#include "tests/unit/double_io.h"

static char folder[64], inner[96];

/* A folder that is there, and one in it that is not. */
static void fresh(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/pendingXXXXXX");
	CHECK(mkdtemp(folder) != NULL);
	(void)snprintf(inner, sizeof(inner), "%s/state", folder);
}

static void remove_in(const char *dir, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	(void)unlink(path);
}

static void gone(void)
{
	static const char *const names[] = {"pending",
	                                    "asked",
	                                    "lock",
	                                    "kexec.sig",
	                                    PENDING_TRIGGER_PRE_NAME,
	                                    PENDING_TRIGGER_POST_NAME};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		remove_in(inner, names[i]);
		remove_in(folder, names[i]);
	}
	(void)rmdir(inner);
	CHECK(rmdir(folder) == 0); /* nothing else was left in it */
}

static void put(const char *dir, const char *name, struct bytes content)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(write(fd, content.p, content.n) == (ssize_t)content.n);
	(void)close(fd);
}

static struct pending now(void)
{
	struct pending p = {0};

	CHECK(pending_read(inner, &p) == OK);
	return p;
}

static bool is(const struct pending *p, size_t i, const char *by, const char *what)
{
	return i < p->n && strcmp(p->line[i].by, by) == 0 &&
	       strcmp(p->line[i].what, what) == 0;
}

static void what_is_noted_is_read_in_its_order(void)
{
	fresh();
	CHECK(now().n == 0);
	CHECK(pending_record(inner, "kernel", "6.1.0-44-amd64 was installed") == OK);
	CHECK(pending_record(inner, "initramfs", "6.1.0-44-amd64") == OK);
	const struct pending p = now();
	CHECK(p.n == 2 && is(&p, 0, "kernel", "6.1.0-44-amd64 was installed"));
	CHECK(is(&p, 1, "initramfs", "6.1.0-44-amd64"));
	CHECK(strlen(p.line[0].when) == PENDING_WHEN_MAX - 1);
	CHECK(strcmp(p.line[0].when, p.line[1].when) < 0);
	gone();
}

static void what_is_noted_twice_is_one_line_of_the_second_time(void)
{
	fresh();
	CHECK(pending_record(inner, "kernel", "a") == OK);
	const struct pending first = now();
	CHECK(pending_record(inner, "grub", "b") == OK);
	CHECK(pending_record(inner, "kernel", "a") == OK);
	const struct pending p = now();
	CHECK(p.n == 2 && is(&p, 0, "grub", "b") && is(&p, 1, "kernel", "a"));
	CHECK(strcmp(p.line[1].when, first.line[0].when) > 0);
	gone();
}

static void who_is_no_word_notes_nothing(void)
{
	static const char *const bad[] = {
	        "", "two words", "Kernel", "a\nb", "a/b", "abcdefghijklmnopqrstuvwx"};

	fresh();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ROW(pending_record(inner, bad[i], "x") == ERR_USAGE, bad[i]);
	CHECK(pending_record(inner, "abcdefghijklmnopqrstuvw", "x") == OK);
	CHECK(now().n == 1);
	gone();
}

static void what_strangers_say_cannot_become_lines_or_drive_a_terminal(void)
{
	char huge[5000];

	fresh();
	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	CHECK(pending_record(inner, "kernel", "6\n2026 evil line\033[2J\303\244") == OK);
	CHECK(pending_record(inner, "kernel", huge) == OK);
	CHECK(pending_record(inner, "kernel", "") == OK);
	CHECK(pending_record(inner, "grub", "   ") == OK);
	const struct pending p = now();
	CHECK(p.n == 4 && is(&p, 0, "kernel", "6?2026 evil line?[2J??"));
	CHECK(strlen(p.line[1].what) == PENDING_WHAT_MAX - 1);
	CHECK(is(&p, 2, "kernel", "changed") && is(&p, 3, "grub", "changed"));
	gone();
}

static void more_than_it_holds_keeps_the_newest_and_says_so(void)
{
	char what[16];

	fresh();
	for (int i = 0; i < 3 * PENDING_MAX; i++) {
		(void)snprintf(what, sizeof(what), "%d", i);
		CHECK(pending_record(inner, "kernel", what) == OK);
	}
	const struct pending p = now();
	CHECK(p.n == PENDING_MAX && is(&p, 0, "bootlatch", "earlier changes"));
	CHECK(is(&p, 1, "kernel", "65") && is(&p, PENDING_MAX - 1, "kernel", "95"));
	gone();
}

static void a_good_signing_forgets_what_was_noted_before_it_began(void)
{
	fresh();
	CHECK(pending_record(inner, "kernel", "a") == OK);
	CHECK(pending_record(inner, "initramfs", "a") == OK);
	const struct pending before = now();
	CHECK(pending_clear(inner, &before) == OK);
	CHECK(now().n == 0);
	remove_in(inner, "lock");
	CHECK(rmdir(inner) == 0); /* no file is left: a path unit looks for it */
	CHECK(pending_clear(inner, &before) == OK);
	gone();
}

static void what_is_noted_while_it_is_signed_stays(void)
{
	fresh();
	CHECK(pending_record(inner, "kernel", "a") == OK);
	CHECK(pending_record(inner, "initramfs", "a") == OK);
	const struct pending before = now();
	/* Another one, and the same thing a second time. */
	CHECK(pending_record(inner, "grub", "b") == OK);
	CHECK(pending_record(inner, "kernel", "a") == OK);
	CHECK(pending_clear(inner, &before) == OK);
	const struct pending p = now();
	CHECK(p.n == 2 && is(&p, 0, "grub", "b") && is(&p, 1, "kernel", "a"));
	gone();
}

static void two_signings_at_once_forget_no_later_change(void)
{
	fresh();
	CHECK(pending_record(inner, "kernel", "a") == OK);
	const struct pending slow = now(), fast = now();
	CHECK(pending_clear(inner, &fast) == OK);
	CHECK(pending_record(inner, "kernel", "a") == OK);
	CHECK(pending_clear(inner, &slow) == OK);
	CHECK(now().n == 1);
	gone();
}

static const char good_line[] = "2026-11-23T03:28:57.123456789Z kernel a b\n";

static void a_list_that_was_damaged_is_pending_and_can_be_cleared(void)
{
	static const char *const bad[] = {
	        "",
	        "bootlatch pending 1\n",
	        "bootlatch pending 2\n",
	        "bootlatch pend",
	        "bootlatch pending 1\nx",
	        "bootlatch pending 1\n\n",
	        "bootlatch pending 1\n2026-11-23T03:28:57.123456789Z kernel a",
	        "bootlatch pending 1\n2026-11-23T03:28:57.123456789Z kernel \n",
	        "bootlatch pending 1\n2026-11-23T03:28:57.123456789Z Kernel a\n",
	        "bootlatch pending 1\n2026-11-23T03:28:57.123456789Z  a\n",
	        "bootlatch pending 1\n2026-11-23 03:28:57.123456789Z kernel a\n",
	        "bootlatch pending 1\n2026-11-23T03:28:57.12345678Z kernel a\n",
	        "bootlatch pending 1\n2026-11-23T03:28:57.123456789Z kernel \033[2J\n",
	        "bootlatch pending 1\n2026-11-23T03:28:57.123456789Z kernel a\n\377\n"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fresh();
		CHECK(mkdir(inner, 0700) == 0);
		put(inner, "pending", bytes_of(bad[i]));
		const struct pending before = now();
		CHECK_ROW(before.n == 1 && is(&before, 0, "bootlatch",
		                              "what was noted cannot be read any more"),
		          bad[i]);
		CHECK_ROW(pending_record(inner, "kernel", "c") == OK, bad[i]);
		CHECK_ROW(now().n == 2, bad[i]);
		CHECK_ROW(pending_clear(inner, &before) == OK, bad[i]);
		const struct pending after = now();
		CHECK_ROW(after.n == 1 && is(&after, 0, "kernel", "c"), bad[i]);
		CHECK(pending_clear(inner, &after) == OK);
		gone();
	}
}

static void too_many_lines_or_bytes_are_a_damaged_list(void)
{
	AUTO_BUFFER many = {0}, huge = {0};

	fresh();
	CHECK(mkdir(inner, 0700) == 0);
	buffer_text(&many, "bootlatch pending 1\n");
	for (int i = 0; i < PENDING_MAX; i++)
		buffer_text(&many, good_line);
	put(inner, "pending", buffer_bytes(&many));
	CHECK(now().n == PENDING_MAX && now().line[0].by[0] == 'k');
	buffer_text(&many, good_line);
	put(inner, "pending", buffer_bytes(&many));
	const struct pending p = now();
	CHECK(p.n == 1 && strcmp(p.line[0].by, "bootlatch") == 0);
	buffer_text(&huge, "bootlatch pending 1\n");
	while (huge.n <= PENDING_FILE_MAX)
		buffer_text(&huge, good_line);
	put(inner, "pending", buffer_bytes(&huge));
	CHECK(now().n == 1 && strcmp(now().line[0].by, "bootlatch") == 0);
	gone();
}

static void what_is_no_plain_file_is_not_followed(void)
{
	char path[128], target[128];

	fresh();
	CHECK(mkdir(inner, 0700) == 0);
	(void)snprintf(target, sizeof(target), "%s/asked", inner);
	(void)snprintf(path, sizeof(path), "%s/pending", inner);
	put(inner, "asked", bytes_of("keep me"));
	CHECK(symlink(target, path) == 0);
	CHECK(now().n == 1 && strcmp(now().line[0].by, "bootlatch") == 0);
	CHECK(pending_record(inner, "kernel", "a") == OK);
	CHECK(now().n == 2);
	CHECK(file_has_line(target, 100, "keep me"));
	CHECK(unlink(path) == 0 && mkfifo(path, 0600) == 0);
	CHECK(now().n == 1);
	CHECK(pending_record(inner, "kernel", "a") == OK && now().n == 2);
	gone();
}

static void a_full_disk_keeps_what_was_noted(void)
{
	static const int errors[] = {ENOSPC, EROFS, EIO};
	static const enum err wants[] = {ERR_NO_SPACE, ERR_READ_ONLY, ERR_IO};
	unsigned hits = 0;

	for (size_t k = 0; k < 3; k++)
		for (unsigned at = 1; at < 8; at++) {
			struct double_io plan = {
			        .kinds = IO_ALL, .at = at, .error = errors[k]};
			fresh();
			plan.below = inner;
			CHECK(pending_record(inner, "kernel", "a") == OK);
			double_io_plan(&plan);
			const enum err e = pending_record(inner, "grub", "b");
			double_io_plan(NULL);
			const struct pending p = now();
			hits += plan.hit;
			CHECK(p.n >= 1 && is(&p, 0, "kernel", "a"));
			/* The last sync comes after the new list is there. */
			CHECK(e == OK ? p.n == 2 : e == wants[k]);
			gone();
		}
	CHECK(hits >= 12);
}

static void a_folder_that_cannot_be_made_is_told(void)
{
	fresh();
	put(folder, "lock", bytes_of("x"));
	(void)snprintf(inner, sizeof(inner), "%s/lock/state", folder);
	CHECK(pending_record(inner, "kernel", "a") != OK);
	gone();
}

static void a_lock_that_is_held_does_not_stop_a_hook(void)
{
	char path[128];

	fresh();
	CHECK(pending_record(inner, "kernel", "a") == OK);
	(void)snprintf(path, sizeof(path), "%s/lock", inner);
	const int fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0 && flock(fd, LOCK_EX) == 0);
	CHECK(pending_record(inner, "grub", "b") == OK);
	(void)close(fd);
	CHECK(now().n == 2);
	gone();
}

static void a_change_is_asked_for_once(void)
{
	fresh();
	CHECK(pending_record(inner, "kernel", "a") == OK);
	struct pending p = now();
	CHECK(!pending_was_asked(inner, &p));
	CHECK(pending_set_asked(inner, &p) == OK);
	CHECK(pending_was_asked(inner, &p));
	CHECK(pending_record(inner, "kernel", "a") == OK);
	p = now();
	CHECK(!pending_was_asked(inner, &p));
	gone();
}

static void the_words_tell_the_newest_and_count_the_rest(void)
{
	struct pending p = {0};
	char text[200];

	fresh();
	pending_words(&p, 3, text, sizeof(text));
	CHECK(strcmp(text, "") == 0);
	CHECK(pending_record(inner, "kernel", "a") == OK);
	CHECK(pending_record(inner, "initramfs", "b") == OK);
	CHECK(pending_record(inner, "grub", "c") == OK);
	p = now();
	pending_words(&p, 3, text, sizeof(text));
	CHECK(strcmp(text, "grub: c; initramfs: b; kernel: a") == 0);
	pending_words(&p, 2, text, sizeof(text));
	CHECK(strcmp(text, "grub: c; initramfs: b; and 1 more") == 0);
	for (size_t cap = 1; cap < sizeof(text); cap++) {
		memset(text, 'z', sizeof(text));
		pending_words(&p, 3, text, cap);
		CHECK(strlen(text) < cap && text[cap] == 'z');
	}
	gone();
}

static void only_a_machine_that_signs_hears_of_it(void)
{
	char path[128];

	fresh();
	CHECK(!pending_signed_here(folder, folder));
	put(folder, "kexec.sig", bytes_of(""));
	CHECK(pending_signed_here("/nowhere", folder));
	remove_in(folder, "kexec.sig");
	(void)snprintf(path, sizeof(path), "%s/signers", folder);
	CHECK(mkdir(path, 0700) == 0);
	CHECK(!pending_signed_here(folder, "/nowhere"));
	put(path, "F.pgp", bytes_of(""));
	CHECK(pending_signed_here(folder, "/nowhere"));
	remove_in(path, "F.pgp");
	CHECK(rmdir(path) == 0);
	gone();
}

static void the_triggers_of_others_are_seen(void)
{
	fresh();
	CHECK(pending_triggers(folder) == 0);
	put(folder, PENDING_TRIGGER_PRE_NAME, bytes_of("x"));
	CHECK(pending_triggers(folder) == PENDING_TRIGGER_PRE);
	put(folder, PENDING_TRIGGER_POST_NAME, bytes_of("x"));
	CHECK(pending_triggers(folder) == (PENDING_TRIGGER_PRE | PENDING_TRIGGER_POST));
	gone();
}

#define CASE(f)                                                                          \
	{                                                                                \
#f, f                                                                    \
	}

int main(void)
{
	static const struct check_case cases[] = {
	        CASE(what_is_noted_is_read_in_its_order),
	        CASE(what_is_noted_twice_is_one_line_of_the_second_time),
	        CASE(who_is_no_word_notes_nothing),
	        CASE(what_strangers_say_cannot_become_lines_or_drive_a_terminal),
	        CASE(more_than_it_holds_keeps_the_newest_and_says_so),
	        CASE(a_good_signing_forgets_what_was_noted_before_it_began),
	        CASE(what_is_noted_while_it_is_signed_stays),
	        CASE(two_signings_at_once_forget_no_later_change),
	        CASE(a_list_that_was_damaged_is_pending_and_can_be_cleared),
	        CASE(too_many_lines_or_bytes_are_a_damaged_list),
	        CASE(what_is_no_plain_file_is_not_followed),
	        CASE(a_full_disk_keeps_what_was_noted),
	        CASE(a_folder_that_cannot_be_made_is_told),
	        CASE(a_lock_that_is_held_does_not_stop_a_hook),
	        CASE(a_change_is_asked_for_once),
	        CASE(the_words_tell_the_newest_and_count_the_rest),
	        CASE(only_a_machine_that_signs_hears_of_it),
	        CASE(the_triggers_of_others_are_seen),
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
