/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * many_calls [ROUNDS]: makes forty different cheap calls in turn, over and over.
 * Proves that counts are exact where the same call is never made twice running, so that whatever
 * is remembered of a thread's last calls does not help.
 */
#include <linux/capability.h>
#include "truth.h"

/* Stand for arguments that are known only at run time. */
enum {
	FILE_FD = -1000, /* a memory file */
	OUT_1,		 /* room for what the call writes */
	OUT_2,
	OUT_3,
	HEADER, /* of capget */
};

static char room[3][8192];
static struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
static int file_fd;

static const struct {
	const char *name;
	long number;
	long arguments[4];
} calls[] = {
	{"getppid", SYS_getppid, {0}},
	{"getuid", SYS_getuid, {0}},
	{"geteuid", SYS_geteuid, {0}},
	{"getgid", SYS_getgid, {0}},
	{"getegid", SYS_getegid, {0}},
	{"getpgid", SYS_getpgid, {0}},
	{"getsid", SYS_getsid, {0}},
	{"getpid", SYS_getpid, {0}},
	{"getpriority", SYS_getpriority, {PRIO_PROCESS, 0}},
	{"sched_get_priority_max", SYS_sched_get_priority_max, {SCHED_FIFO}},
	{"sched_get_priority_min", SYS_sched_get_priority_min, {SCHED_FIFO}},
	{"sched_getscheduler", SYS_sched_getscheduler, {0}},
	{"personality", SYS_personality, {0xffffffff}},
	{"umask", SYS_umask, {022}},
	{"lseek", SYS_lseek, {FILE_FD, 0, SEEK_SET}},
	{"flock", SYS_flock, {FILE_FD, 8 /* LOCK_UN */}},
	{"fsync", SYS_fsync, {FILE_FD}},
	{"fdatasync", SYS_fdatasync, {FILE_FD}},
	{"ftruncate", SYS_ftruncate, {FILE_FD, 4096}},
	{"fadvise64", SYS_fadvise64, {FILE_FD, 0, 0, 0}},
	{"fchmod", SYS_fchmod, {FILE_FD, 0600}},
	{"fcntl", SYS_fcntl, {FILE_FD, F_GETFD}},
	{"fstatfs", SYS_fstatfs, {FILE_FD, OUT_1}},
	{"times", SYS_times, {OUT_1}},
	{"getitimer", SYS_getitimer, {0, OUT_1}},
	{"uname", SYS_uname, {OUT_1}},
	{"sysinfo", SYS_sysinfo, {OUT_1}},
	{"getcwd", SYS_getcwd, {OUT_1, sizeof(room[0])}},
	{"getresuid", SYS_getresuid, {OUT_1, OUT_2, OUT_3}},
	{"getresgid", SYS_getresgid, {OUT_1, OUT_2, OUT_3}},
	{"capget", SYS_capget, {HEADER, OUT_1}},
	{"getcpu", SYS_getcpu, {OUT_1, OUT_2, 0}},
	{"clock_getres", SYS_clock_getres, {CLOCK_MONOTONIC, OUT_1}},
	{"sched_getparam", SYS_sched_getparam, {0, OUT_1}},
	{"sched_rr_get_interval", SYS_sched_rr_get_interval, {0, OUT_1}},
	{"sched_getaffinity", SYS_sched_getaffinity, {0, sizeof(room[0]), OUT_1}},
	{"rt_sigpending", SYS_rt_sigpending, {OUT_1, 8}},
	{"gettimeofday", SYS_gettimeofday, {OUT_1, 0}},
	{"prctl", SYS_prctl, {3 /* PR_GET_DUMPABLE */}},
	{"munlock", SYS_munlock, {OUT_1, 4096}},
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

_Static_assert(CALLS == 40, "the count that the first comment tells");

static long actual(long argument)
{
	switch (argument) {
	case FILE_FD:
		return file_fd;
	case OUT_1:
	case OUT_2:
	case OUT_3:
		return (long)(uintptr_t)room[argument - OUT_1];
	case HEADER:
		return (long)(uintptr_t)&header;
	default:
		return argument;
	}
}

int main(int argc, char **argv)
{
	long rounds;

	truth_init(&argc, argv);
	rounds = truth_argument(argc, argv, 1, 10000);
	file_fd = (int)truth_must(memfd_create("many_calls", 0), "memfd_create");
	for (long i = 0; i < rounds; i++) {
		for (size_t j = 0; j < CALLS; j++)
			truth_must(syscall(calls[j].number, actual(calls[j].arguments[0]),
					   actual(calls[j].arguments[1]),
					   actual(calls[j].arguments[2]),
					   actual(calls[j].arguments[3])),
				   calls[j].name);
	}
	for (size_t j = 0; j < CALLS; j++)
		truth_count(calls[j].name, (uint64_t)rounds);
	return truth_finish();
}
