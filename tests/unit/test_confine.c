/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A confined process: what it is refused, and that what drivers need still works.  Each
 * case runs in a process of its own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/netlink.h>
#include <linux/uinput.h>
#include <linux/usbdevice_fs.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card/confine.h"
#include "tests/unit/check.h"
#include "tests/unit/forked.h"

/* --- refused --- */

struct refusal {
	const char *what;
	int e;
	long nr, arg[4];
};

static int tries_them_all(const struct refusal *rows, size_t n)
{
	int bad = GOOD;

	for (size_t i = 0; i < n; i++) {
		const struct refusal *r = &rows[i];

		errno = 0;
		const long got =
		        syscall(r->nr, r->arg[0], r->arg[1], r->arg[2], r->arg[3]);
		if (got == -1 && errno == r->e)
			continue;
		(void)dprintf(2, "%s: %ld, %s\n", r->what, got, strerror(errno));
		bad = 1;
	}
	return bad;
}

static int other_calls(void)
{
	static char *const none[] = {NULL};
	const long path = (long)"/bin/true", nothing = (long)none;
	const struct refusal rows[] = {
	        {"a program",           ENOSYS, SYS_execve,              {path, nothing, nothing}   },
	        {"a program, at",       ENOSYS, SYS_execveat,            {AT_FDCWD, path, nothing}  },
	        {"its parent's memory", ENOSYS, SYS_ptrace,              {PTRACE_ATTACH, getppid()} },
	        {"read from it",        ENOSYS, SYS_process_vm_readv,    {getppid()}                },
	        {"a signal",            ENOSYS, SYS_kill,                {getppid()}                },
	        {"a mount",             ENOSYS, SYS_mount,               {path, path, path, MS_BIND}},
	        {"a namespace",         ENOSYS, SYS_unshare,             {CLONE_NEWUSER}            },
	        {"a module",            ENOSYS, SYS_init_module,         {path, 1, path}            },
	        {"a module's file",     ENOSYS, SYS_finit_module,        {0, path}                  },
	        {"a kernel",            ENOSYS, SYS_kexec_load,          {0}                        },
	        {"a kernel's file",     ENOSYS, SYS_kexec_file_load,     {0}                        },
	        {"the end",             ENOSYS, SYS_reboot,              {0}                        },
	        {"a ring",              ENOSYS, SYS_io_uring_setup,      {1}                        },
	        {"BPF",                 ENOSYS, SYS_bpf,                 {0}                        },
	        {"a key",               ENOSYS, SYS_keyctl,              {0}                        },
	        {"a file of memory",    ENOSYS, SYS_memfd_create,        {path}                     },
	        {"a file's end",        ENOSYS, SYS_truncate,            {path}                     },
	        {"a file's name",       ENOSYS, SYS_unlinkat,            {AT_FDCWD, path}           },
	        {"a file's rights",     ENOSYS, SYS_fchmodat,            {AT_FDCWD, path}           },
	        {"an old name of open", ENOSYS, SYS_open,                {path}                     },
	        {"a new name of open",  ENOSYS, SYS_openat2,             {AT_FDCWD, path}           },
	        {"a thread's signal",   ENOSYS, SYS_tkill,               {getppid()}                },
	        {"a queued signal",
	         ENOSYS,	                SYS_rt_sigqueueinfo,
	         {getppid(), SIGUSR1, path}	                                                 },
	        {"a process's handle",  ENOSYS, SYS_pidfd_open,          {getppid()}                },
	        {"its parent's limits", ENOSYS, SYS_prlimit64,           {getppid()}                },
	        {"its parent's rank",   ENOSYS, SYS_setpriority,         {0, getppid(), 19}         },
	        {"a watched file",      ENOSYS, SYS_inotify_init1,       {0}                        },
	        {"a call of x32",       ENOSYS, 0x40000000 + SYS_getpid, {0}                        },
	};
	confine_to_usb();
	return tries_them_all(rows, sizeof(rows) / sizeof(rows[0]));
}

static int other_arguments(void)
{
	const long path = (long)"/tmp/test_confine.never";
	const struct refusal rows[] = {
	        {"a new file",            EACCES, SYS_openat, {AT_FDCWD, path, O_RDWR | O_CREAT}      },
	        {"an emptied file",
	         EACCES,	                  SYS_openat,
	         {AT_FDCWD, path, O_RDWR | O_TRUNC}	                                           },
	        {"a nameless file",
	         EACCES,	                  SYS_openat,
	         {AT_FDCWD, path, O_RDWR | O_TMPFILE}                                                 },
	        {"a process",             EACCES, SYS_clone,  {SIGCHLD}                               },
	        {"a signal to a thread",  EACCES, SYS_tgkill, {getppid(), getppid()}                  },
	        {"IP",                    EACCES, SYS_socket, {AF_INET, SOCK_STREAM}                  },
	        {"IPv6",                  EACCES, SYS_socket, {AF_INET6, SOCK_DGRAM}                  },
	        {"a local socket",        EACCES, SYS_socket, {AF_UNIX, SOCK_STREAM}                  },
	        {"packets",               EACCES, SYS_socket, {AF_PACKET, SOCK_RAW}                   },
	        {"the net's settings",
	         EACCES,	                  SYS_socket,
	         {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}                                                },
	        {"sockets of others",
	         EACCES,	                  SYS_socket,
	         {AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG}                                            },
	        {"a signal of a pipe",    EACCES, SYS_fcntl,  {2, F_SETOWN, getppid()}                },
	        {"one that it chose",     EACCES, SYS_fcntl,  {2, F_SETSIG, SIGKILL}                  },
	        {"one to a group",        EACCES, SYS_fcntl,  {2, F_SETOWN_EX, path}                  },
	        {"a signal of a socket",  EACCES, SYS_ioctl,  {2, FIOSETOWN, path}                    },
	        {"and that it is sent",   EACCES, SYS_ioctl,  {2, FIOASYNC, path}                     },
	        {"a typed character",     EACCES, SYS_ioctl,  {2, TIOCSTI, path}                      },
	        {"a pasted one",          EACCES, SYS_ioctl,  {2, TIOCLINUX, path}                    },
	        {"a terminal of its own", EACCES, SYS_ioctl,  {2, TIOCSCTTY}                          },
	        {"its echo",              EACCES, SYS_ioctl,  {2, TCSETS, path}                       },
	        {"its keys",              EACCES, SYS_ioctl,  {2, KDSKBENT, path}                     },
	        {"a device's driver",     EACCES, SYS_ioctl,  {2, (long)USBDEVFS_IOCTL, path}         },
	        {"taken and claimed",
	         EACCES,	                  SYS_ioctl,
	         {2, (long)USBDEVFS_DISCONNECT_CLAIM, path}                                           },
	        {"a port",                EACCES, SYS_ioctl,  {2, (long)USBDEVFS_CLAIM_PORT, path}    },
	        {"another's device anew", EACCES, SYS_ioctl,  {2, USBDEVFS_RESET}                     },
	        {"a device made up",      EACCES, SYS_ioctl,  {2, UI_DEV_CREATE}                      },
 /* These are let through: this is no USB device. */
	        {"a claim",               ENOTTY, SYS_ioctl,  {2, (long)USBDEVFS_CLAIMINTERFACE, path}},
	        {"what libusb asks",
	         ENOTTY,	                  SYS_ioctl,
	         {2, (long)USBDEVFS_REAPURBNDELAY, path}                                              },
	};
	confine_to_usb();
	return tries_them_all(rows, sizeof(rows) / sizeof(rows[0]));
}

static void other_calls_are_refused(void)
{
	CHECK(ends_well(other_calls));
}

static void calls_with_other_arguments_are_refused(void)
{
	CHECK(ends_well(other_arguments));
	CHECK(access("/tmp/test_confine.never", F_OK) != 0);
}

/* getpid of i386, whose number is another call's. */
static int old_machine(void)
{
	long r = 20;

	confine_to_usb();
	__asm__ volatile("int $0x80" : "+a"(r) : : "memory");
	return GOOD;
}

static void another_machines_calls_end_the_process(void)
{
	CHECK(WIFSIGNALED(status_of(old_machine)));
}

/* --- rights --- */

static bool says(const char *status, const char *line)
{
	return strstr(status, line) != NULL;
}

static int rights(void)
{
	static char text[8192];

	const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	confine_to_usb();
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 1;
	return says(text, "\nCapPrm:\t0000000000000000\n") &&
	                       says(text, "\nCapEff:\t0000000000000000\n") &&
	                       says(text, "\nNoNewPrivs:\t1\n") &&
	                       says(text, "\nSeccomp:\t2\n")
	               ? GOOD
	               : 2;
}

/* As a driver whose calls nobody knows. */
static int fewer_rights(void)
{
	static char text[8192];

	confine_privileges();
	const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 1;
	if (!says(text, "\nCapEff:\t0000000000000000\n") ||
	    !says(text, "\nNoNewPrivs:\t1\n"))
		return 2;
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? GOOD : 3;
}

static void no_capability_is_left(void)
{
	CHECK(ends_well(rights));
	CHECK(ends_well(fewer_rights));
}

static int locks_memory(void)
{
	struct rlimit little;
	enum { ENOUGH = 256 * 1024 };
	void *p = mmap(NULL, ENOUGH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	               -1, 0);

	if (p == MAP_FAILED || getrlimit(RLIMIT_MEMLOCK, &little) != 0 ||
	    little.rlim_max < ENOUGH)
		return NOT_POSSIBLE;
	little.rlim_cur = 4096;
	if (setrlimit(RLIMIT_MEMLOCK, &little) != 0)
		return NOT_POSSIBLE;
	confine_to_usb();
	return mlock(p, ENOUGH) == 0 ? GOOD : 2;
}

/* Until now CAP_IPC_LOCK did it; the limit of old kernels is 64 KiB. */
static void memory_can_still_be_locked(void)
{
	CHECK(ends_well_or_skips(locks_memory, "memory can still be locked",
	                         "the limit is lower"));
}

/* --- what drivers do --- */

static void *other_thread(void *p)
{
	*(int *)p = 7;
	return p;
}

/* For this glibc looks for libgcc_s. */
static void *ends_itself(void *p)
{
	pthread_exit(p);
}

static int as_drivers_do(void)
{
	int done = 0, pair[2];
	char byte = 0;
	pthread_t t;

	if (pipe(pair) != 0)
		return 1;
	confine_to_usb();
	if (pthread_create(&t, NULL, other_thread, &done) != 0 ||
	    pthread_join(t, NULL) != 0 || done != 7)
		return 2;
	const int events =
	        socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	if (events < 0 || close(events) != 0)
		return 3;
	if (pthread_create(&t, NULL, ends_itself, NULL) != 0 ||
	    pthread_join(t, NULL) != 0)
		return 4;
	struct pollfd fd = {.fd = pair[0], .events = POLLIN};
	if (write(pair[1], "x", 1) != 1 || poll(&fd, 1, 1000) != 1 ||
	    read(pair[0], &byte, 1) != 1 || byte != 'x')
		return 5;
	if (syscall(SYS_tgkill, getpid(), gettid(), 0) != 0)
		return 6;
	void *p = malloc(1 << 20);
	const bool slept = p && usleep(1000) == 0;
	free(p);
	return slept ? GOOD : 7;
}

static void drivers_can_work(void)
{
	CHECK(ends_well(as_drivers_do));
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"other calls are refused",                 other_calls_are_refused   },
	        {"calls with other arguments are refused",
	         calls_with_other_arguments_are_refused                               },
	        {"another machine's calls end the process",
	         another_machines_calls_end_the_process                               },
	        {"no capability is left",                   no_capability_is_left     },
	        {"memory can still be locked",              memory_can_still_be_locked},
	        {"drivers can work",                        drivers_can_work          },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
