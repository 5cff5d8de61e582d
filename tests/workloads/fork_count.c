/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork_count [PROCESSES [CALLS]]: forks 16 processes that each call getpid 62,500 times.
 * Proves that a million calls from many CPUs at once, of processes soon dead, are all counted.
 */
#include "truth.h"

static void child(void *argument)
{
	const long *calls = argument;

	for (long i = 0; i < *calls; i++)
		syscall(SYS_getpid);
}

int main(int argc, char **argv)
{
	pid_t pids[TRUTH_CHILDREN];
	long processes, calls;

	truth_init(&argc, argv);
	processes = truth_argument(argc, argv, 1, 16);
	calls = truth_argument(argc, argv, 2, 62500);
	if (processes > TRUTH_CHILDREN)
		truth_die("too many processes");
	for (long i = 0; i < processes; i++)
		pids[i] = truth_child_start(child, &calls);
	truth_children_reap(pids, (size_t)processes, NULL);
	truth_count("getpid", (uint64_t)(processes * calls));
	return truth_finish();
}
