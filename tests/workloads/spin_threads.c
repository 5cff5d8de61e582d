/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spin_threads [THREADS [CPU_MS]]: threads compute, each until it has used that much CPU time.
 * Proves on-CPU and runqueue time summed over threads that are gone at the end.
 */
#include "truth.h"

#define MOST_THREADS 1024

static void *spinner(void *argument)
{
	const uint64_t *ns = argument;

	truth_spin_cpu_ns(*ns);
	truth_thread_end();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[MOST_THREADS];
	uint64_t ns;
	long count;

	truth_init(&argc, argv);
	count = truth_argument(argc, argv, 1, 4);
	ns = (uint64_t)truth_argument(argc, argv, 2, 250) * TRUTH_MS;
	if (count > MOST_THREADS)
		truth_die("too many threads");
	for (long i = 0; i < count; i++)
		threads[i] = truth_thread_start(spinner, &ns);
	truth_threads_join(threads, (size_t)count);
	return truth_finish();
}
