/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A confined process: which files it opens, by whatever way.  Each case runs in a process
 * of its own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "card/confine.h"
#include "core/log.h"
#include "tests/unit/check.h"
#include "tests/unit/forked.h"

static bool write_file(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	const ssize_t n = (ssize_t)strlen(text);

	return fd >= 0 && write(fd, text, strlen(text)) == n && close(fd) == 0;
}

/* What is there when the child begins; a folder ends with a slash, a FIFO with a bar. */
static const char *const tree[] = {
        "/dev/",
        "/dev/console",
        "/dev/tty",
        "/dev/ttyS0",
        "/dev/sda",
        "/dev/mem",
        "/dev/uinput",
        "/dev/hidraw0",
        "/dev/usbmon0",
        "/dev/input/",
        "/dev/input/event0",
        "/sys/",
        "/sys/bus/",
        "/sys/bus/usb/",
        "/sys/bus/usb/devices/",
        "/sys/class/",
        "/sys/devices/",
        "/sys/devices/usb1/",
        "/sys/devices/usb1/descriptors",
        "/sys/kernel/",
        "/sys/kernel/debug/",
        "/sys/kernel/debug/events",
        "/run/",
        "/run/udev/",
        "/run/udev/data/",
        "/run/udev/data/c189:0",
        "/run/cryptsetup.sock",
        "/etc/",
        "/etc/shadow",
        "/etc/crypttab",
        "/etc/libccid_Info.plist",
        "/usr/",
        "/usr/lib/",
        "/usr/lib/cryptsetup/",
        "/usr/lib/cryptsetup/passfifo|",
        "/usr/lib/pcsc/",
        "/usr/lib/pcsc/drivers/",
        "/usr/lib/pcsc/drivers/ifd-ccid.bundle/",
        "/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/",
        "/secret.key",
        "/root/",
        "/root/file",
};
#define INFO_PLIST "/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist"

static bool make_one(const char *path)
{
	char name[128];
	const size_t n = strlen(path) - 1;

	if (path[n] != '/' && path[n] != '|')
		return mknod(path, S_IFREG | 0600, 0) == 0;
	(void)snprintf(name, sizeof(name), "%.*s", (int)n, path);
	return path[n] == '/' ? mkdir(name, 0755) == 0 : mkfifo(name, 0600) == 0;
}

/* A root of its own, gone with the process. */
static bool own_root(void)
{
	char uids[32], gids[32];

	(void)snprintf(uids, sizeof(uids), "0 %u 1", geteuid());
	(void)snprintf(gids, sizeof(gids), "0 %u 1", getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
	    !write_file("/proc/self/setgroups", "deny") ||
	    !write_file("/proc/self/uid_map", uids) ||
	    !write_file("/proc/self/gid_map", gids) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", "/tmp", "tmpfs", 0, NULL) != 0 || chroot("/tmp") != 0 ||
	    chdir("/") != 0 || syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 0)
		return false;
	for (size_t i = 0; i < sizeof(tree) / sizeof(tree[0]); i++)
		if (!make_one(tree[i]))
			return false;
	return symlink("/etc/libccid_Info.plist", INFO_PLIST) == 0 &&
	       symlink("usr/lib", "/lib") == 0 &&
	       symlink("/secret.key", "/dev/bus.link") == 0;
}

static bool opens(const char *path, int flags, int e)
{
	errno = 0;
	const int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC, 0600);

	if (e == 0 ? fd >= 0 : fd < 0 && errno == e)
		return true;
	(void)dprintf(2, "%s: %d, %s\n", path, fd, strerror(errno));
	return false;
}

/* The kernel makes /dev/bus/usb/001 later, and sysfs fills. */
static bool a_reader_comes(void)
{
	return mkdir("/dev/bus/usb/001", 0755) == 0 &&
	       mknod("/dev/bus/usb/001/002", S_IFREG | 0600, 0) == 0 &&
	       symlink("/secret.key", "/dev/bus/usb/001/003") == 0 &&
	       symlink("/dev/console", "/sys/devices/usb1/link") == 0;
}

static int reads_and_writes(void)
{
	static const struct {
		const char *path;
		int flags, e;
	} rows[] = {
	        {"/dev/bus/usb/001/002",          O_RDWR,                 0     },
	        {"/dev/bus/usb",                  O_RDONLY | O_DIRECTORY, 0     },
	        {"/sys/bus/usb/devices",          O_RDONLY | O_DIRECTORY, 0     },
	        {"/sys/devices/usb1/descriptors", O_RDONLY,               0     },
	        {"/run/udev/data/c189:0",         O_RDONLY,               0     },
	        {INFO_PLIST,                      O_RDONLY,               0     },
	        {"/sys/devices/usb1/descriptors", O_WRONLY,               EACCES},
	        {"/run/udev/data/c189:0",         O_RDWR,                 EACCES},
	        {INFO_PLIST,                      O_WRONLY,               EACCES},
	        {"/secret.key",                   O_RDONLY,               EACCES},
	        {"/dev/bus/usb/001/003",          O_RDONLY,               EACCES},
	        {"/sys/devices/usb1/link",        O_RDONLY,               EACCES},
	        {"/dev/bus/../../secret.key",     O_RDONLY,               EACCES},
	        {"/etc/shadow",                   O_RDONLY,               EACCES},
	        {"/etc/crypttab",                 O_RDONLY,               EACCES},
	        {"/root/file",                    O_RDONLY,               EACCES},
	        {"/lib/cryptsetup/passfifo",      O_RDONLY,               EACCES},
	        {"/lib/cryptsetup/passfifo",      O_RDWR,                 EACCES},
	        {"/run/cryptsetup.sock",          O_RDONLY,               EACCES},
	        {"/dev/console",                  O_RDONLY,               EACCES},
	        {"/dev/console",                  O_WRONLY,               EACCES},
	        {"/dev/tty",                      O_RDONLY,               EACCES},
	        {"/dev/ttyS0",                    O_RDONLY,               EACCES},
	        {"/dev/input/event0",             O_RDONLY,               EACCES},
	        {"/dev/hidraw0",                  O_RDONLY,               EACCES},
	        {"/dev/uinput",                   O_WRONLY,               EACCES},
	        {"/dev/usbmon0",                  O_RDONLY,               EACCES},
	        {"/dev/mem",                      O_RDONLY,               EACCES},
	        {"/dev/sda",                      O_RDONLY,               EACCES},
	        {"/dev/sda",                      O_RDWR,                 EACCES},
	        {"/sys/kernel/debug/events",      O_RDONLY,               EACCES},
	        {"/dev",	                  O_RDONLY | O_DIRECTORY, EACCES},
	        {"/dev/input",                    O_RDONLY | O_DIRECTORY, EACCES},
	        {"/",	                     O_RDONLY | O_DIRECTORY, EACCES},
	};
	int bad = GOOD, to_child[2], to_us[2];
	char byte = 0;

	if (!own_root())
		return NOT_POSSIBLE;
	if (pipe(to_child) != 0 || pipe(to_us) != 0)
		return 2;
	const pid_t other = fork();
	if (other == 0)
		_exit(read(to_child[0], &byte, 1) == 1 && a_reader_comes() &&
		                      write(to_us[1], "x", 1) == 1
		              ? GOOD
		              : 1);
	confine_to_usb();
	(void)close(to_us[1]);
	if (other < 0 || write(to_child[1], "x", 1) != 1 || read(to_us[0], &byte, 1) != 1)
		return 3;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!opens(rows[i].path, rows[i].flags, rows[i].e))
			bad = 1;
	return bad;
}

static bool possible(int (*f)(void), const char *what)
{
	return ends_well_or_skips(f, what, "no namespaces or no Landlock");
}

static void only_readers_are_read_and_written(void)
{
	CHECK(possible(reads_and_writes, "only readers are read and written"));
}

/* The roundabout ways to a file that is open already, and to other processes. */
static int by_proc(void)
{
	const int parent = getppid();
	static const char *const of_parent[] = {"mem",  "environ",  "maps", "status",
	                                        "fd/2", "root/etc", "cwd"};
	int bad = GOOD;
	char name[64];

	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 0)
		return NOT_POSSIBLE;
	const int file = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const int self = open("/proc/self", O_PATH | O_CLOEXEC);
	if (file < 0 || self < 0)
		return NOT_POSSIBLE;
	confine_to_usb();
	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
	bad += !opens(name, O_RDONLY, EACCES);
	(void)snprintf(name, sizeof(name), "/dev/fd/%d", file);
	bad += !opens(name, O_RDONLY, EACCES);
	(void)snprintf(name, sizeof(name), "/proc/thread-self/fd/%d", file);
	bad += !opens(name, O_RDWR, EACCES);
	(void)snprintf(name, sizeof(name), "fd/%d", file);
	bad += !(openat(self, name, O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
	bad += !opens("/proc", O_RDONLY | O_DIRECTORY, EACCES);
	for (size_t i = 0; i < sizeof(of_parent) / sizeof(of_parent[0]); i++) {
		(void)snprintf(name, sizeof(name), "/proc/%d/%s", parent, of_parent[i]);
		bad += !opens(name, O_RDONLY, EACCES);
	}
	return bad == 0 ? GOOD : 1;
}

static void no_roundabout_way_is_open(void)
{
	CHECK(possible(by_proc, "no roundabout way is open"));
}

/* Under a parent that, as our programs do, forbids others to look into it. */
static int below_a_closed_parent(int (*f)(void))
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? status_of(f) == GOOD ? GOOD : 1
	                                               : NOT_POSSIBLE;
}

/* A driver whose calls nobody knows has neither Landlock nor the filter. */
static int unknown_driver(void)
{
	char name[64];
	int bad = 0;

	confine_privileges();
	(void)snprintf(name, sizeof(name), "/proc/%d/mem", getppid());
	bad += !opens(name, O_RDWR, EACCES);
	(void)snprintf(name, sizeof(name), "/proc/%d/environ", getppid());
	bad += !opens(name, O_RDONLY, EACCES);
	bad += !(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) != 0 && errno == EPERM);
	return bad;
}

static int unknown_driver_below(void)
{
	return below_a_closed_parent(unknown_driver);
}

static void even_an_unknown_driver_cannot_look_into_its_parent(void)
{
	CHECK(ends_well(unknown_driver_below));
}

/* --- a kernel without Landlock --- */

static void keep(enum log_level level, const char *line, void *ctx)
{
	(void)level;
	if (strstr(line, "not confined: files"))
		*(bool *)ctx = true;
}

static bool without_landlock(void)
{
	struct sock_filter f[] = {
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = sizeof(f) / sizeof(f[0]), .filter = f};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static int old_kernel(void)
{
	bool told = false;

	if (!without_landlock())
		return 1;
	log_to(keep, &told, LOG_DEBUG);
	confine_to_usb();
	if (!told || !opens("/proc/self/status", O_RDONLY, 0))
		return 2;
	return opens("/tmp/test_confine.never", O_WRONLY | O_CREAT, EACCES) ? GOOD : 3;
}

static void without_landlock_the_rest_is_in_force_and_it_is_told(void)
{
	CHECK(ends_well(old_kernel));
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"only readers are read and written",                     only_readers_are_read_and_written},
	        {"no roundabout way is open",                             no_roundabout_way_is_open        },
	        {"even an unknown driver cannot look into its parent",
	         even_an_unknown_driver_cannot_look_into_its_parent                                        },
	        {"without Landlock the rest is in force, and it is told",
	         without_landlock_the_rest_is_in_force_and_it_is_told                                      },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
