/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mutex_convoy [THREADS [ROUNDS [HOLD_US]]]: threads queue for one mutex that each holds a while.
 * Proves that lock waits of many threads are all found; the first thread's join is a futex too.
 */
#include "truth.h"

#define MOST_THREADS 1024

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long rounds, hold_us;

static void *convoy(void *unused)
{
	struct truth_instant begin;

	(void)unused;
	truth_instant_read(&begin);
	for (long i = 0; i < rounds; i++) {
		pthread_mutex_lock(&mutex);
		truth_spin_wall_ns((uint64_t)hold_us * 1000);
		pthread_mutex_unlock(&mutex);
		truth_spin_wall_ns(5000);
	}
	truth_wait_end(&begin, TRUTH_LOCK);
	truth_thread_end();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[MOST_THREADS];
	long count;

	truth_init(&argc, argv);
	count = truth_argument(argc, argv, 1, 16);
	rounds = truth_argument(argc, argv, 2, 500);
	hold_us = truth_argument(argc, argv, 3, 50);
	if (count > MOST_THREADS)
		truth_die("too many threads");
	for (long i = 0; i < count; i++)
		threads[i] = truth_thread_start(convoy, NULL);
	truth_threads_join(threads, (size_t)count);
	return truth_finish();
}
