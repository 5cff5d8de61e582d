/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread_churn [THREADS [CALLS [AT_ONCE]]]: creates and joins many threads that make a few calls.
 * Proves that the account of each thread goes into its process before the thread is gone.
 */
#include "truth.h"

#define MOST_AT_ONCE 256

static void *churn(void *argument)
{
	const long *calls = argument;

	for (long i = 0; i < *calls; i++)
		syscall(SYS_getppid);
	truth_thread_end();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[MOST_AT_ONCE];
	long count, calls, at_once, now;

	truth_init(&argc, argv);
	count = truth_argument(argc, argv, 1, 4000);
	calls = truth_argument(argc, argv, 2, 50);
	at_once = truth_argument(argc, argv, 3, 8);
	if (!at_once || at_once > MOST_AT_ONCE)
		truth_die("1 to 256 threads at once");
	for (long started = 0; started < count; started += now) {
		now = count - started < at_once ? count - started : at_once;
		for (long i = 0; i < now; i++)
			threads[i] = truth_thread_start(churn, &calls);
		truth_threads_join(threads, (size_t)now);
	}
	truth_count("getppid", (uint64_t)(count * calls));
	return truth_finish();
}
