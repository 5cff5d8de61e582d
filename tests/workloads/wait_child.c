/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wait_child [CHILDREN [MS]]: waits for children, one after the other, that sleep a known time.
 * Proves that waitid is the reason child and that a child's own sleep is the child's.
 */
#include "truth.h"

static void child(void *argument)
{
	const long *ms = argument;

	truth_sleep_ns((uint64_t)*ms * TRUTH_MS);
}

int main(int argc, char **argv)
{
	long children, ms;
	pid_t pid;

	truth_init(&argc, argv);
	children = truth_argument(argc, argv, 1, 5);
	ms = truth_argument(argc, argv, 2, 100);
	for (long i = 0; i < children; i++) {
		pid = truth_child_start(child, &ms);
		truth_children_reap(&pid, 1, NULL);
	}
	return truth_finish();
}
