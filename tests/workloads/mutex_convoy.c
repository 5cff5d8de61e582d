/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mutex_convoy [THREADS [ROUNDS [HOLD_US]]]: threads queue for one mutex that each holds a while.
 * Proves that lock waits of many threads are all found; the first thread's join is a futex too.
 */
#include <semaphore.h>
#include "truth.h"

#define MOST_THREADS 1024

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long rounds, hold_us;

/* The threads end one after the other: what a thread waits for a CPU after its last reading of its
 * own figures is in none, and sixteen that end at once wait for each other. */
static sem_t turns[MOST_THREADS];

static void *convoy(void *turn)
{
	struct truth_instant begin;

	truth_instant_read(&begin);
	for (long i = 0; i < rounds; i++) {
		pthread_mutex_lock(&mutex);
		truth_spin_wall_ns((uint64_t)hold_us * 1000);
		pthread_mutex_unlock(&mutex);
		truth_spin_wall_ns(5000);
	}
	while (sem_wait(turn))
		;
	truth_wait_end(&begin, TRUTH_LOCK);
	truth_thread_end();
	return NULL;
}

static void end_in_turn(const pthread_t *threads, long count)
{
	struct truth_instant begin;

	truth_instant_read(&begin);
	for (long i = 0; i < count; i++) {
		sem_post(&turns[i]);
		pthread_join(threads[i], NULL);
	}
	truth_wait_end(&begin, TRUTH_LOCK);
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
	for (long i = 0; i < count; i++) {
		if (sem_init(&turns[i], 0, 0))
			truth_die("sem_init");
		threads[i] = truth_thread_start(convoy, &turns[i]);
	}
	end_in_turn(threads, count);
	return truth_finish();
}
