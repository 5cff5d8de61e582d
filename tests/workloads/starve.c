/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * starve [PROCESSES [CPU_MS]]: more computing processes than CPUs, all pinned to one.
 * Proves runqueue time and involuntary switches where nearly all of a life is spent waiting.
 */
#include "truth.h"

static void spinner(void *argument)
{
	const uint64_t *ns = argument;

	truth_spin_cpu_ns(*ns);
}

static void pin_to_first_allowed(void)
{
	cpu_set_t allowed, one;

	truth_must(sched_getaffinity(0, sizeof(allowed), &allowed), "sched_getaffinity");
	CPU_ZERO(&one);
	for (size_t i = 0; i < CPU_SETSIZE; i++) {
		if (CPU_ISSET(i, &allowed)) {
			CPU_SET(i, &one);
			break;
		}
	}
	truth_must(sched_setaffinity(0, sizeof(one), &one), "sched_setaffinity");
}

int main(int argc, char **argv)
{
	pid_t pids[TRUTH_CHILDREN];
	uint64_t ns;
	long count;

	truth_init(&argc, argv);
	count = truth_argument(argc, argv, 1, 4);
	ns = (uint64_t)truth_argument(argc, argv, 2, 200) * TRUTH_MS;
	if (count > TRUTH_CHILDREN)
		truth_die("too many processes");
	pin_to_first_allowed();
	for (long i = 0; i < count; i++)
		pids[i] = truth_child_start(spinner, &ns);
	truth_children_reap(pids, (size_t)count, NULL);
	return truth_finish();
}
