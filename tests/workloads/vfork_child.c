/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vfork_child [CHILDREN [MS]]: children of vfork sleep before they exit, and the parent with them.
 * Proves that a parent held up by vfork is blocked for the reason child.
 */
#include "truth.h"

/* The child has the parent's memory, but the parent does not run: its figures go to the sums. */
static pid_t vfork_sleeper(uint64_t ns)
{
	pid_t pid = vfork();

	if (!pid) {
		truth_sleep_ns(ns);
		_exit(0);
	}
	return pid;
}

int main(int argc, char **argv)
{
	struct truth_instant begin;
	long children, ms;

	truth_init(&argc, argv);
	children = truth_argument(argc, argv, 1, 5);
	ms = truth_argument(argc, argv, 2, 100);
	for (long i = 0; i < children; i++) {
		pid_t pid;

		truth_instant_read(&begin);
		pid = (pid_t)truth_must(vfork_sleeper((uint64_t)ms * TRUTH_MS), "vfork");
		truth_wait_end(&begin, TRUTH_CHILD);
		atomic_fetch_add(&truth_sums->threads, 1);
		atomic_fetch_add(&truth_sums->processes, 1);
		truth_children_reap(&pid, 1, NULL);
	}
#ifdef SYS_vfork
	truth_count("vfork", (uint64_t)children);
#endif
	return truth_finish();
}
