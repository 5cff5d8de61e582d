/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cond_wait [TIMES [MS]]: a thread waits on a condition variable that another signals at times.
 * Proves that a condition variable's wait is the reason lock and the signaller's pauses sleep.
 */
#include "truth.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long signalled, times;

static void *waiter(void *unused)
{
	struct truth_instant begin;

	(void)unused;
	truth_instant_read(&begin);
	pthread_mutex_lock(&mutex);
	while (signalled < times)
		pthread_cond_wait(&condition, &mutex);
	pthread_mutex_unlock(&mutex);
	truth_wait_end(&begin, TRUTH_LOCK);
	truth_thread_end();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	long ms;

	truth_init(&argc, argv);
	times = truth_argument(argc, argv, 1, 50);
	ms = truth_argument(argc, argv, 2, 10);
	thread = truth_thread_start(waiter, NULL);
	for (long i = 0; i < times; i++) {
		truth_sleep_ns((uint64_t)ms * TRUTH_MS);
		pthread_mutex_lock(&mutex);
		signalled++;
		pthread_cond_signal(&condition);
		pthread_mutex_unlock(&mutex);
	}
	truth_threads_join(&thread, 1);
	return truth_finish();
}
