/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stop_self [TIMES [MS]]: a child stops itself, its parent waits a known time and continues it.
 * Proves that job control is the reason stopped, and no other state while it lasts.
 */
#include "truth.h"

static void child(void *argument)
{
	const long *times = argument;
	struct truth_instant begin;

	truth_instant_read(&begin);
	for (long i = 0; i < *times; i++)
		raise(SIGSTOP);
	truth_wait_end(&begin, TRUTH_STOPPED);
}

int main(int argc, char **argv)
{
	struct truth_instant begin;
	siginfo_t info;
	long times, ms;
	pid_t pid;

	truth_init(&argc, argv);
	times = truth_argument(argc, argv, 1, 5);
	ms = truth_argument(argc, argv, 2, 100);
	pid = truth_child_start(child, &times);
	for (long i = 0; i < times; i++) {
		truth_instant_read(&begin);
		truth_must(waitid(P_PID, (id_t)pid, &info, WSTOPPED), "waitid");
		truth_wait_end(&begin, TRUTH_CHILD);
		truth_sleep_ns((uint64_t)ms * TRUTH_MS);
		truth_must(kill(pid, SIGCONT), "kill");
	}
	truth_children_reap(&pid, 1, NULL);
	truth_count("kill", (uint64_t)times);
	return truth_finish();
}
