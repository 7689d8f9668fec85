/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process that drives readers may still do: capabilities, system calls, files. */
#include "card/confine.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/usbdevice_fs.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/harden.h"
#include "core/log.h"

/* Linux' USB devices, and what libccid reads to know its readers. */
#define NODES     "/dev/bus/usb"
#define CCID_LIST "/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist"

static void tell(const char *what, bool done)
{
	if (!done)
		log_line(LOG_DEBUG, "ifd: not confined: %s: %s", what, strerror(errno));
}

/* --- capabilities --- */

enum { LOCKED_BYTES = 1 << 20 }; /* the child's secrets, many times */

void confine_privileges(void)
{
	struct rlimit locked;

	/* Who has CAP_IPC_LOCK locks memory beyond the limit: from now on it counts. */
	if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur < LOCKED_BYTES) {
		locked.rlim_cur = LOCKED_BYTES;
		if (locked.rlim_max < LOCKED_BYTES)
			locked.rlim_max = LOCKED_BYTES;
		tell("locked memory", setrlimit(RLIMIT_MEMLOCK, &locked) == 0);
	}
	harden_capabilities(0);
}

/* --- files --- */

enum {
	READS = LANDLOCK_ACCESS_FS_READ_FILE,
	LISTS = LANDLOCK_ACCESS_FS_READ_DIR,
	WRITES = LANDLOCK_ACCESS_FS_WRITE_FILE,
};

/* All of ABI 1: what no place below allows is refused. */
static const uint64_t everything =
        READS | LISTS | WRITES | LANDLOCK_ACCESS_FS_EXECUTE |
        LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
        LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
        LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
        LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
        LANDLOCK_ACCESS_FS_MAKE_SYM;

/* /proc and the folders of libraries are missing on purpose: consoles, other processes,
 * and /lib/cryptsetup/passfifo, through which passphrases go. */
static const struct place {
	const char *path;
	uint64_t rights;
} places[] = {
        {NODES,          READS | LISTS | WRITES},
        {"/sys/bus",     READS | LISTS         },
        {"/sys/class",   READS | LISTS         },
        {"/sys/devices", READS | LISTS         },
        {"/run/udev",    READS | LISTS         },
        {CCID_LIST,      READS                 }, /* or what it is a link to */
};

/* Before the first USB controller there is no such folder, and one that the kernel makes
 * later could not be let in.  It fills one that is there, and leaves it there. */
static void make_nodes(void)
{
	const mode_t was = umask(0);

	(void)mkdir("/dev/bus", 0755); /* most often it is there; if not, the rule */
	(void)mkdir(NODES, 0755);      /* that finds no folder says so */
	(void)umask(was);
}

static bool allow(int rules, const struct place *p)
{
	const int fd = open(p->path, O_PATH | O_CLOEXEC);

	if (fd < 0) {
		log_line(LOG_DEBUG, "ifd: %s stays closed: %s", p->path, strerror(errno));
		return true;
	}
	const struct landlock_path_beneath_attr rule = {
	        .allowed_access = p->rights,
	        .parent_fd = fd,
	};
	const bool done = syscall(SYS_landlock_add_rule, rules,
	                          LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
	const int why = errno;
	(void)close(fd); /* only named a place */
	errno = why;
	return done;
}

static bool confine_files(void)
{
	const struct landlock_ruleset_attr all = {.handled_access_fs = everything};
	const int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	bool done = rules >= 0;

	if (!done)
		return false;
	make_nodes();
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		done = done && allow(rules, &places[i]);
	done = done && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
	const int why = errno;
	(void)close(rules); /* in force, or of no use */
	errno = why;
	return done;
}

/* --- system calls --- */

/* The bits of `mask` of an argument's low half must be `value`; no mask, no test. */
struct test {
	uint8_t arg;
	uint32_t mask, value;
};

#define IS(n, v)                                                                         \
	{                                                                                \
		.arg = (n), .mask = UINT32_MAX, .value = (uint32_t)(v)                   \
	}
#define NO_BIT(n, m)                                                                     \
	{                                                                                \
		.arg = (n), .mask = (uint32_t)(m)                                        \
	}

enum { TESTS_MAX = 2 };

/* Rows of one number stand together; one of them has to fit. */
struct call {
	uint32_t nr;
	struct test test[TESTS_MAX];
};

enum {
	/* O_TMPFILE without the bit that it shares with O_DIRECTORY. */
	MAKES_FILES = O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY),
};

/* Seen with strace: libusb, libudev, libccid, glibc, and child_serve.c; then the forms of
 * them that other versions of glibc use.  clone3 is missing on purpose: its flags cannot
 * be looked at, and glibc takes clone where it is not there. */
static const uint32_t harmless[] = {
        SYS_read,
        SYS_readv,
        SYS_pread64,
        SYS_write,
        SYS_writev,
        SYS_lseek,
        SYS_close,
        SYS_dup,
        SYS_dup3,
        SYS_getdents64,
        SYS_getcwd,
        SYS_fstat,
        SYS_newfstatat,
        SYS_statx,
        SYS_statfs,
        SYS_fstatfs,
        SYS_faccessat,
        SYS_faccessat2,
        SYS_readlinkat,
        SYS_name_to_handle_at,
        SYS_mmap,
        SYS_munmap,
        SYS_mremap,
        SYS_mprotect,
        SYS_madvise,
        SYS_mlock,
        SYS_munlock,
        SYS_brk,
        SYS_ppoll,
        SYS_pselect6,
        SYS_epoll_create1,
        SYS_epoll_ctl,
        SYS_epoll_pwait,
        SYS_eventfd2,
        SYS_pipe2,
        SYS_timerfd_create,
        SYS_timerfd_settime,
        SYS_timerfd_gettime,
        SYS_setitimer,
        SYS_nanosleep,
        SYS_clock_nanosleep,
        SYS_clock_gettime,
        SYS_clock_getres,
        SYS_gettimeofday,
        SYS_restart_syscall,
        SYS_bind,
        SYS_getsockname,
        SYS_getsockopt,
        SYS_setsockopt,
        SYS_sendmsg,
        SYS_sendto,
        SYS_recvmsg,
        SYS_recvfrom,
        SYS_shutdown,
        SYS_set_robust_list,
        SYS_rseq,
        SYS_futex,
        SYS_membarrier,
        SYS_sched_yield,
        SYS_sched_getaffinity,
        SYS_sigaltstack,
        SYS_rt_sigaction,
        SYS_rt_sigprocmask,
        SYS_rt_sigreturn,
        SYS_getpid,
        SYS_gettid,
        SYS_getuid,
        SYS_geteuid,
        SYS_getgid,
        SYS_getegid,
        SYS_uname,
        SYS_sysinfo,
        SYS_getrandom,
        SYS_exit,
        SYS_exit_group,
#ifdef SYS_poll /* an older machine, which has these too */
        SYS_poll,
        SYS_select,
        SYS_epoll_wait,
        SYS_dup2,
        SYS_alarm,
        SYS_access,
        SYS_readlink,
        SYS_stat,
        SYS_lstat,
        SYS_time,
#endif
};

static const struct call looked_at[] = {
        {SYS_openat, {NO_BIT(2, MAKES_FILES)}                          },
        {SYS_clone,  {{0, CLONE_THREAD, CLONE_THREAD}}                 },
 /* The kernel's events: who comes, who goes. */
        {SYS_socket, {IS(0, AF_NETLINK), IS(2, NETLINK_KOBJECT_UEVENT)}},
 /* Nobody else gets a signal: F_SETSIG and F_SETOWN_EX have that bit, too. */
        {SYS_fcntl,  {NO_BIT(1, F_SETOWN)}                             },
 /* What libccid and libusb need of a device: not to take it from a driver of the
  * kernel's, for keyboards are USB devices; and nothing of terminals. */
        {SYS_ioctl,  {IS(1, USBDEVFS_GET_CAPABILITIES)}                },
        {SYS_ioctl,  {IS(1, USBDEVFS_GET_SPEED)}                       },
        {SYS_ioctl,  {IS(1, USBDEVFS_CONNECTINFO)}                     },
        {SYS_ioctl,  {IS(1, USBDEVFS_GETDRIVER)}                       },
        {SYS_ioctl,  {IS(1, USBDEVFS_CLAIMINTERFACE)}                  },
        {SYS_ioctl,  {IS(1, USBDEVFS_RELEASEINTERFACE)}                },
        {SYS_ioctl,  {IS(1, USBDEVFS_SETINTERFACE)}                    },
        {SYS_ioctl,  {IS(1, USBDEVFS_CLEAR_HALT)}                      },
        {SYS_ioctl,  {IS(1, USBDEVFS_SUBMITURB)}                       },
        {SYS_ioctl,  {IS(1, USBDEVFS_DISCARDURB)}                      },
        {SYS_ioctl,  {IS(1, USBDEVFS_REAPURB)}                         },
        {SYS_ioctl,  {IS(1, USBDEVFS_REAPURBNDELAY)}                   },
};

/* The machines that the rows are for; the kernel calls them so.  An argument's low half
 * stands first on both. */
#if defined(__x86_64__)
static const uint32_t machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__) && defined(__AARCH64EL__)
static const uint32_t machine = AUDIT_ARCH_AARCH64;
#else
static const uint32_t machine = 0;
#endif

enum {
	HARMLESS = sizeof(harmless) / sizeof(harmless[0]),
	LOOKED_AT = sizeof(looked_at) / sizeof(looked_at[0]),
	ROW_LEN = 3 * TESTS_MAX + 3,
	HEAD_LEN = 4,
	FILTER_LEN = HEAD_LEN + (HARMLESS + LOOKED_AT + 1) * ROW_LEN + 1,
};
_Static_assert(FILTER_LEN <= BPF_MAXINSNS, "a filter's length");

enum { LOAD = BPF_LD | BPF_W | BPF_ABS, END = BPF_RET | BPF_K };

static struct sock_filter end_with(uint32_t what)
{
	return (struct sock_filter)BPF_STMT(END, what);
}

static struct sock_filter number(void)
{
	return (struct sock_filter)BPF_STMT(LOAD, offsetof(struct seccomp_data, nr));
}

/* Adds the row of one call: *n instructions so far, ROW_LEN more at most. */
static void add_call(struct sock_filter *f, uint16_t *n, const struct call *c, bool last)
{
	size_t tests = 0;

	while (tests < TESTS_MAX && c->test[tests].mask != 0)
		tests++;
	const uint8_t row = (uint8_t)(tests == 0 ? 1 : 3 * tests + 2);
	f[(*n)++] =
	        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, c->nr, 0, row);
	for (size_t i = 0; i < tests; i++) {
		const struct test *t = &c->test[i];
		const uint32_t at = (uint32_t)offsetof(struct seccomp_data, args) +
		                    (uint32_t)sizeof(uint64_t) * t->arg;
		const uint8_t to_miss = (uint8_t)(3 * (tests - 1 - i) + 1);

		f[(*n)++] = (struct sock_filter)BPF_STMT(LOAD, at);
		f[(*n)++] =
		        (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, t->mask);
		f[(*n)++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
		                                         t->value, 0, to_miss);
	}
	f[(*n)++] = end_with(SECCOMP_RET_ALLOW);
	if (tests > 0)
		f[(*n)++] = last ? end_with(SECCOMP_RET_ERRNO | EACCES) : number();
}

static bool confine_calls(void)
{
	struct sock_filter f[FILTER_LEN];
	struct sock_fprog program = {.filter = f};
	/* Cancelling one, and abort(). */
	const struct call own_threads = {SYS_tgkill, {IS(0, getpid())}};
	uint16_t n = 0;

	if (machine == 0) {
		errno = ENOSYS;
		return false;
	}
	/* The numbers of i386 and of 32-bit ARM mean other calls; those of x32 are none
	 * of these. */
	f[n++] = (struct sock_filter)BPF_STMT(LOAD, offsetof(struct seccomp_data, arch));
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, machine, 1, 0);
	f[n++] = end_with(SECCOMP_RET_KILL_PROCESS);
	f[n++] = number();
	for (size_t i = 0; i < HARMLESS; i++)
		add_call(f, &n, &(struct call){.nr = harmless[i]}, true);
	for (size_t i = 0; i < LOOKED_AT; i++)
		add_call(f, &n, &looked_at[i],
		         i + 1 == LOOKED_AT || looked_at[i + 1].nr != looked_at[i].nr);
	add_call(f, &n, &own_threads, true);
	f[n++] = end_with(SECCOMP_RET_ERRNO | ENOSYS);
	program.len = n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

void confine_to_usb(void)
{
	/* glibc loads it when a thread ends, and libraries are out of reach then; where
	 * it is not, no thread of libccid could end before either. */
	(void)dlopen("libgcc_s.so.1", RTLD_NOW);
	confine_privileges();
	tell("files", confine_files());
	tell("system calls", confine_calls());
}
