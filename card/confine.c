/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process that drives readers may still do: capabilities, system calls, files. */
#include "card/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/log.h"

#define NODES "/dev/bus/usb"

static void tell(const char *what, bool done)
{
	if (!done)
		log_line(LOG_DEBUG, "ifd: not confined: %s: %s", what, strerror(errno));
}

/* --- capabilities --- */

enum { LOCKED_BYTES = 1 << 20 }; /* the child's secrets, many times */

void confine_privileges(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
	struct rlimit locked;

	/* Who has CAP_IPC_LOCK locks memory beyond the limit: from now on it counts. */
	if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur < LOCKED_BYTES) {
		locked.rlim_cur = LOCKED_BYTES;
		if (locked.rlim_max < LOCKED_BYTES)
			locked.rlim_max = LOCKED_BYTES;
		tell("locked memory", setrlimit(RLIMIT_MEMLOCK, &locked) == 0);
	}
	tell("no new privileges", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	tell("capabilities", syscall(SYS_capset, &head, none) == 0);
}

/* --- files --- */

/* Reading stays free: sysfs, udev's data, libccid's list of readers. */
static const uint64_t writing =
        LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
        LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
        LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
        LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
        LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
        LANDLOCK_ACCESS_FS_MAKE_SYM;

/* Before the first USB controller there is no such folder, and one that comes later could
 * not be let in. */
static bool confine_files(void)
{
	const struct landlock_ruleset_attr all = {.handled_access_fs = writing};
	const int nodes = open(NODES, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (nodes < 0)
		return false;
	const int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	const struct landlock_path_beneath_attr usb = {
	        .allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE,
	        .parent_fd = nodes,
	};
	const bool done = rules >= 0 &&
	                  syscall(SYS_landlock_add_rule, rules,
	                          LANDLOCK_RULE_PATH_BENEATH, &usb, 0) == 0 &&
	                  syscall(SYS_landlock_restrict_self, rules, 0) == 0;
	const int why = errno;
	if (rules >= 0)
		(void)close(rules); /* in force, or of no use */
	(void)close(nodes);         /* only named a place */
	errno = why;
	return done;
}

/* --- system calls --- */

/* What an argument must be for a call to be let through. */
enum when { ALWAYS, HAS_BIT, HAS_NO_BIT, IS, IS_NOT };

struct call {
	uint32_t nr;
	enum when when;
	uint8_t arg;
	uint32_t value;
};

enum {
	/* O_TMPFILE without the bit that it shares with O_DIRECTORY. */
	MAKES_FILES = O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY),
	ROWS_MAX = 128,
	ROW_LEN = 5,
	HEAD_LEN = 4,
};

/* Seen with strace: libusb, libudev, libccid, glibc, and child_serve.c; then the forms of
 * them that other versions of glibc use.  clone3 is missing on purpose: its flags cannot
 * be looked at, and glibc takes clone where it is not there. */
static const struct call calls[] = {
        {.nr = SYS_read             },
        {.nr = SYS_readv            },
        {.nr = SYS_pread64          },
        {.nr = SYS_write            },
        {.nr = SYS_writev           },
        {.nr = SYS_lseek            },
        {.nr = SYS_close            },
        {.nr = SYS_dup              },
        {.nr = SYS_dup3             },
        {.nr = SYS_fcntl            },
 /* A terminal could be made to read what its reader has not typed. */
        {SYS_ioctl,                   IS_NOT, 1, TIOCSTI},
        {SYS_openat,                          HAS_NO_BIT, 2, MAKES_FILES},
        {.nr = SYS_getdents64                          },
        {.nr = SYS_getcwd},
        {.nr = SYS_fstat               },
        {.nr = SYS_newfstatat       },
        {.nr = SYS_statx           },
        {.nr = SYS_statfs            },
        {.nr = SYS_fstatfs       },
        {.nr = SYS_faccessat            },
        {.nr = SYS_faccessat2           },
        {.nr = SYS_readlinkat          },
        {.nr = SYS_name_to_handle_at        },
        {.nr = SYS_mmap       },
        {.nr = SYS_munmap       },
        {.nr = SYS_mremap},
        {.nr = SYS_mprotect             },
        {.nr = SYS_madvise           },
        {.nr = SYS_mlock           },
        {.nr = SYS_munlock         },
        {.nr = SYS_brk          },
        {.nr = SYS_ppoll            },
        {.nr = SYS_pselect6          },
        {.nr = SYS_epoll_create1              },
        {.nr = SYS_epoll_ctl            },
        {.nr = SYS_epoll_pwait         },
        {.nr = SYS_eventfd2    },
        {.nr = SYS_pipe2        },
        {.nr = SYS_timerfd_create      },
        {.nr = SYS_timerfd_settime         },
        {.nr = SYS_timerfd_gettime            },
        {.nr = SYS_setitimer   },
        {.nr = SYS_nanosleep  },
        {.nr = SYS_clock_nanosleep  },
        {.nr = SYS_clock_gettime        },
        {.nr = SYS_clock_getres        },
        {.nr = SYS_gettimeofday  },
        {.nr = SYS_restart_syscall    },
        {SYS_socket,      IS, 0, AF_NETLINK}, /* the kernel's events: who comes, who goes */
        {.nr = SYS_bind     },
        {.nr = SYS_getsockname  },
        {.nr = SYS_getsockopt                 },
        {.nr = SYS_setsockopt                         },
        {.nr = SYS_sendmsg                          },
        {.nr = SYS_sendto                     },
        {.nr = SYS_recvmsg                        },
        {.nr = SYS_recvfrom         },
        {.nr = SYS_shutdown },
        {SYS_clone, HAS_BIT, 0, CLONE_THREAD},
        {.nr = SYS_set_robust_list     },
        {.nr = SYS_rseq  },
        {.nr = SYS_futex                 },
        {.nr = SYS_membarrier                         },
        {.nr = SYS_sched_yield                   },
        {.nr = SYS_sched_getaffinity              },
        {.nr = SYS_sigaltstack  },
        {.nr = SYS_rt_sigaction             },
        {.nr = SYS_rt_sigprocmask            },
        {.nr = SYS_rt_sigreturn       },
        {.nr = SYS_getpid      },
        {.nr = SYS_gettid},
        {.nr = SYS_getuid      },
        {.nr = SYS_geteuid     },
        {.nr = SYS_getgid   },
        {.nr = SYS_getegid     },
        {.nr = SYS_uname           },
        {.nr = SYS_sysinfo           },
        {.nr = SYS_getrandom           },
        {.nr = SYS_exit          },
        {.nr = SYS_exit_group           },
#ifdef __x86_64__  /* the only machine that has these names, and that was tried */
        {.nr = SYS_poll          },
        {.nr = SYS_select            },
        {.nr = SYS_epoll_wait          },
        {.nr = SYS_dup2        },
        {.nr = SYS_alarm             },
        {.nr = SYS_access       },
        {.nr = SYS_readlink             },
        {.nr = SYS_stat           },
        {.nr = SYS_lstat       },
        {.nr = SYS_time             },
#endif
};
_Static_assert(sizeof(calls) / sizeof(calls[0]) < ROWS_MAX, "the filter has room");

enum { LOAD = BPF_LD | BPF_W | BPF_ABS, END = BPF_RET | BPF_K };

static struct sock_filter end_with(uint32_t what)
{
	return (struct sock_filter)BPF_STMT(END, what);
}

/* Adds the row of one call: *n instructions so far, ROW_LEN more at most. */
static void add_call(struct sock_filter *f, uint16_t *n, const struct call *c)
{
	const bool bits = c->when == HAS_BIT || c->when == HAS_NO_BIT;
	const bool turned = c->when == HAS_NO_BIT || c->when == IS_NOT;
	const uint16_t test = BPF_JMP | BPF_K | (bits ? BPF_JSET : BPF_JEQ);
	const uint32_t arg = (uint32_t)offsetof(struct seccomp_data, args) +
	                     (uint32_t)sizeof(uint64_t) * c->arg; /* its low half */
	const uint8_t row = c->when == ALWAYS ? 1 : ROW_LEN - 1;

	f[(*n)++] =
	        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, c->nr, 0, row);
	if (c->when != ALWAYS) {
		f[(*n)++] = (struct sock_filter)BPF_STMT(LOAD, arg);
		f[(*n)++] = (struct sock_filter)BPF_JUMP(test, c->value, turned ? 1 : 0,
		                                         turned ? 0 : 1);
	}
	f[(*n)++] = end_with(SECCOMP_RET_ALLOW);
	if (c->when != ALWAYS)
		f[(*n)++] = end_with(SECCOMP_RET_ERRNO | EACCES);
}

static bool confine_calls(void)
{
	struct sock_filter f[HEAD_LEN + ROWS_MAX * ROW_LEN + 1];
	struct sock_fprog program = {.filter = f};
	/* Cancelling one, and abort(). */
	const struct call own_threads = {SYS_tgkill, IS, 0, (uint32_t)getpid()};
	uint16_t n = 0;

#ifndef __x86_64__
	errno = ENOSYS; /* the rows were never tried on it */
	return false;
#endif
	/* The numbers of i386 mean other calls; those of x32 are none of these. */
	f[n++] = (struct sock_filter)BPF_STMT(LOAD, offsetof(struct seccomp_data, arch));
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
	                                      AUDIT_ARCH_X86_64, 1, 0);
	f[n++] = end_with(SECCOMP_RET_KILL_PROCESS);
	f[n++] = (struct sock_filter)BPF_STMT(LOAD, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		add_call(f, &n, &calls[i]);
	add_call(f, &n, &own_threads);
	f[n++] = end_with(SECCOMP_RET_ERRNO | ENOSYS);
	program.len = n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

void confine_to_usb(void)
{
	confine_privileges();
	tell("files", confine_files());
	tell("system calls", confine_calls());
}
