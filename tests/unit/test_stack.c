/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a block device lies on, in a sysfs that is made here. */
#include "unlock/stack.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/unit/check.h"

#define HEX_A  "0123456789abcdef0123456789abcdef"
#define UUID_A "01234567-89ab-cdef-0123-456789abcdef"
#define HEX_B  "ffffffff89abcdef0123456789abcdef"
#define UUID_B "ffffffff-89ab-cdef-0123-456789abcdef"

static int sys_open(char dir[static 32])
{
	(void)snprintf(dir, 32, "/tmp/test_stack.XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void sys_close(int sys, const char *dir)
{
	char line[64];

	(void)close(sys);
	(void)snprintf(line, sizeof(line), "rm -r %s", dir);
	CHECK(system(line) == 0);
}

/* PATH with its folders; text NULL: a folder itself. */
static void put(int sys, const char *path, const char *text)
{
	char part[200];

	(void)snprintf(part, sizeof(part), "%s", path);
	for (char *p = strchr(part, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		(void)mkdirat(sys, part, 0700);
		*p = '/';
	}
	if (!text) {
		CHECK(mkdirat(sys, path, 0700) == 0);
		return;
	}
	const int fd = openat(sys, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && dprintf(fd, "%s\n", text) > 0 && close(fd) == 0);
}

static void disk(int sys, const char *devno)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/dev", devno);
	put(sys, path, devno);
	(void)snprintf(path, sizeof(path), "%s/slaves", devno);
	put(sys, path, NULL);
}

static void lies_on(int sys, const char *devno, const char *below)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/slaves/on-%s/dev", devno, below);
	put(sys, path, below);
}

static void dm(int sys, const char *devno, const char *uuid)
{
	char path[64];

	disk(sys, devno);
	(void)snprintf(path, sizeof(path), "%s/dm/uuid", devno);
	put(sys, path, uuid);
}

static void a_mapping_of_luks_is_known_by_its_uuid(void)
{
	static const struct {
		const char *uuid;
		bool luks;
	} rows[] = {
	        {"CRYPT-LUKS1-" HEX_A "-root",                     true },
	        {"CRYPT-LUKS2-0123456789ABCDEF0123456789abcdef-x", true },
	        {"CRYPT-LUKS2-" HEX_A "-a-b",                      true },
	        {"CRYPT-PLAIN-" HEX_A "-root",                     false},
	        {"LVM-" HEX_A HEX_B,                               false},
	        {"CRYPT-LUKS2-" HEX_A,                             false},
	        {"CRYPT-LUKS2-" HEX_A "0-root",                    false},
	        {"CRYPT-LUKS2-root",                               false},
	        {"",	                                       false},
	        {"xCRYPT-LUKS2-" HEX_A "-root",                    false},
	        {"CRYPT-LUKS3-" HEX_A "-root",                     false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char dir[32], uuid[LUKS_UUID_LEN + 1] = "";
		const int sys = sys_open(dir);

		dm(sys, "253:0", rows[i].uuid);
		const enum err e = stack_uuid(sys, makedev(253, 0), uuid);

		CHECK_ROW(e == (rows[i].luks ? OK : ERR_NOT_FOUND), rows[i].uuid);
		CHECK_ROW(!rows[i].luks || strcmp(uuid, UUID_A) == 0, rows[i].uuid);
		sys_close(sys, dir);
	}
}

static void a_plain_disk_lies_on_nothing(void)
{
	struct stack s = {.n = 7};
	char dir[32];
	const int sys = sys_open(dir);

	disk(sys, "254:16");
	CHECK(stack_look(sys, makedev(254, 16), &s) == ERR_NOT_FOUND);
	CHECK(stack_look(sys, makedev(9, 9), &s) == ERR_NOT_FOUND && s.n == 7);
	sys_close(sys, dir);
}

/* root on LVM on RAID 1 over two LUKS; the walk ends at LUKS. */
static void what_is_in_between_is_walked_through(void)
{
	struct stack s = {.n = 0};
	char dir[32];
	const int sys = sys_open(dir);

	dm(sys, "253:2", "LVM-x");
	lies_on(sys, "253:2", "9:0");
	disk(sys, "9:0");
	lies_on(sys, "9:0", "253:0");
	lies_on(sys, "9:0", "253:1");
	dm(sys, "253:0", "CRYPT-LUKS2-" HEX_A "-a");
	dm(sys, "253:1", "CRYPT-LUKS1-" HEX_B "-b");
	lies_on(sys, "253:0", "8:1");
	disk(sys, "8:1");
	CHECK(stack_look(sys, makedev(253, 2), &s) == OK && s.n == 2);
	CHECK(strcmp(s.uuid[0], UUID_A) == 0 || strcmp(s.uuid[1], UUID_A) == 0);
	CHECK(strcmp(s.uuid[0], UUID_B) == 0 || strcmp(s.uuid[1], UUID_B) == 0);
	sys_close(sys, dir);
}

static void one_plain_part_is_enough_to_refuse(void)
{
	struct stack s = {.n = 0};
	char dir[32];
	const int sys = sys_open(dir);

	dm(sys, "253:2", "LVM-x");
	lies_on(sys, "253:2", "253:0");
	lies_on(sys, "253:2", "8:16");
	dm(sys, "253:0", "CRYPT-LUKS2-" HEX_A "-a");
	disk(sys, "8:16");
	CHECK(stack_look(sys, makedev(253, 2), &s) == ERR_NOT_FOUND);
	sys_close(sys, dir);
}

/* md0p1: sysfs has its link below the disk's folder. */
static void a_partition_lies_on_what_its_disk_lies_on(void)
{
	struct stack s = {.n = 0};
	char dir[32];
	const int sys = sys_open(dir);

	disk(sys, "9:0");
	lies_on(sys, "9:0", "253:0");
	put(sys, "9:0/md0p1/partition", "1");
	CHECK(symlinkat("9:0/md0p1", sys, "259:1") == 0);
	dm(sys, "253:0", "CRYPT-LUKS2-" HEX_A "-a");
	CHECK(stack_look(sys, makedev(259, 1), &s) == OK);
	CHECK(s.n == 1 && strcmp(s.uuid[0], UUID_A) == 0);
	disk(sys, "8:0");
	put(sys, "8:0/sda1/partition", "1");
	CHECK(symlinkat("8:0/sda1", sys, "8:1") == 0);
	CHECK(stack_look(sys, makedev(8, 1), &s) == ERR_NOT_FOUND);
	sys_close(sys, dir);
}

static void a_circle_and_a_crowd_end(void)
{
	struct stack s = {.n = 0};
	char dir[32], below[16];
	const int sys = sys_open(dir);

	disk(sys, "9:0");
	disk(sys, "9:1");
	lies_on(sys, "9:0", "9:1");
	lies_on(sys, "9:1", "9:0");
	/* Each lies on the other and on nothing else: no plain disk, and no volume. */
	CHECK(stack_look(sys, makedev(9, 0), &s) == ERR_NOT_FOUND);
	disk(sys, "9:2");
	for (int i = 0; i < STACK_MAX; i++) {
		(void)snprintf(below, sizeof(below), "10:%d", i);
		lies_on(sys, "9:2", below);
	}
	CHECK(stack_look(sys, makedev(9, 2), &s) == ERR_UNSUPPORTED);
	sys_close(sys, dir);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a mapping of LUKS is known by its UUID",
	         a_mapping_of_luks_is_known_by_its_uuid                                   },
	        {"a plain disk lies on nothing",              a_plain_disk_lies_on_nothing},
	        {"what is in between is walked through",
	         what_is_in_between_is_walked_through                                     },
	        {"one plain part is enough to refuse",
	         one_plain_part_is_enough_to_refuse                                       },
	        {"a partition lies on what its disk lies on",
	         a_partition_lies_on_what_its_disk_lies_on                                },
	        {"a circle and a crowd end",                  a_circle_and_a_crowd_end    },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
