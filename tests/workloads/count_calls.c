/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * count_calls [SCALE]: makes a known, different number of each of a dozen system calls.
 * Proves that calls are counted exactly and that none is filed under another's name.
 */
#include "truth.h"

static const struct {
	const char *name;
	long number;
	long argument;
	long calls;
} calls[] = {
	{"getppid", SYS_getppid, 0, 100},
	{"getuid", SYS_getuid, 0, 90},
	{"geteuid", SYS_geteuid, 0, 80},
	{"getgid", SYS_getgid, 0, 70},
	{"getegid", SYS_getegid, 0, 60},
	{"getpgid", SYS_getpgid, 0, 50},
	{"getsid", SYS_getsid, 0, 40},
	{"getpriority", SYS_getpriority, PRIO_PROCESS, 30},
	{"sched_get_priority_max", SYS_sched_get_priority_max, SCHED_FIFO, 20},
	{"sched_get_priority_min", SYS_sched_get_priority_min, SCHED_FIFO, 10},
	{"sched_getscheduler", SYS_sched_getscheduler, 0, 7},
	{"personality", SYS_personality, 0xffffffff, 3},
	{"umask", SYS_umask, 022, 1},
};

int main(int argc, char **argv)
{
	long scale;

	truth_init(&argc, argv);
	scale = truth_argument(argc, argv, 1, 5000);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		for (long j = 0; j < calls[i].calls * scale; j++)
			truth_must(syscall(calls[i].number, calls[i].argument, 0), calls[i].name);
		truth_count(calls[i].name, (uint64_t)(calls[i].calls * scale));
	}
	return truth_finish();
}
