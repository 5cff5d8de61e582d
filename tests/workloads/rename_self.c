/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rename_self [CALLS]: a process renames itself twice, and a thread of it renames itself.
 * Proves that names are those taken last, and that calls before and after belong together.
 */
#include <sys/prctl.h>
#include "truth.h"

static long calls;

static void work_as(const char *name)
{
	truth_must(syscall(SYS_prctl, PR_SET_NAME, name, 0, 0, 0), "prctl");
	for (long i = 0; i < calls; i++)
		syscall(SYS_getppid);
	truth_spin_cpu_ns(100 * TRUTH_MS);
}

static void *thread_main(void *unused)
{
	(void)unused;
	work_as("renamed-thread");
	truth_thread_end();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	truth_init(&argc, argv);
	calls = truth_argument(argc, argv, 1, 10000);
	work_as("renamed-first");
	thread = truth_thread_start(thread_main, NULL);
	truth_threads_join(&thread, 1);
	work_as("renamed-last");
	truth_count("getppid", 3 * (uint64_t)calls);
	truth_count("prctl", 3);
	truth_line("comm renamed-last");
	truth_line("comm renamed-thread");
	return truth_finish();
}
