/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * migrate [ROUNDS]: a thread computes, sleeps and plays ping-pong over pipes with a second one,
 * while a third keeps moving both from CPU to CPU. Proves that an account belongs to the thread.
 * On a machine with one CPU it does the same without the moves.
 */
#include "pingpong.h"

#define PINGS_A_ROUND 100

static int there[2], back[2];
static long rounds;
static _Atomic bool done;
static _Atomic pid_t moved[2];

static void *partner(void *unused)
{
	struct truth_instant begin;

	(void)unused;
	moved[1] = (pid_t)syscall(SYS_gettid);
	truth_instant_read(&begin);
	for (long i = 0; i < rounds * PINGS_A_ROUND; i++) {
		pingpong_read(there[0]);
		pingpong_write(back[1]);
	}
	truth_wait_end(&begin, TRUTH_IPC);
	moved[1] = 0;
	truth_thread_end();
	return NULL;
}

/* Setting the affinity of a running thread waits until it has left its CPU: a wait of its own. */
static void move(pid_t thread, const cpu_set_t *allowed, size_t *cpu)
{
	struct truth_instant begin;
	cpu_set_t one;

	do
		*cpu = (*cpu + 1) % CPU_SETSIZE;
	while (!CPU_ISSET(*cpu, allowed));
	CPU_ZERO(&one);
	CPU_SET(*cpu, &one);
	truth_instant_read(&begin);
	if (sched_setaffinity(thread, sizeof(one), &one) && errno != ESRCH)
		truth_die("sched_setaffinity");
	truth_wait_end(&begin, TRUTH_OTHER);
}

static void *mover(void *unused)
{
	cpu_set_t allowed;
	size_t cpu = 0;

	(void)unused;
	truth_must(sched_getaffinity(0, sizeof(allowed), &allowed), "sched_getaffinity");
	while (!done) {
		for (int i = 0; i < 2 && CPU_COUNT(&allowed) > 1; i++) {
			if (moved[i])
				move(moved[i], &allowed, &cpu);
		}
		/* So that the two are now on one CPU, now on two. */
		cpu += CPU_COUNT(&allowed) > 1 && cpu % 3 == 0;
		truth_sleep_ns(TRUTH_MS / 2);
	}
	truth_thread_end();
	return NULL;
}

int main(int argc, char **argv)
{
	struct truth_instant begin;
	pthread_t threads[2];

	truth_init(&argc, argv);
	rounds = truth_argument(argc, argv, 1, 150);
	truth_must(pipe2(there, 0), "pipe2");
	truth_must(pipe2(back, 0), "pipe2");
	moved[0] = (pid_t)syscall(SYS_gettid);
	threads[0] = truth_thread_start(partner, NULL);
	threads[1] = truth_thread_start(mover, NULL);
	for (long i = 0; i < rounds; i++) {
		truth_spin_cpu_ns(TRUTH_MS);
		truth_sleep_ns(TRUTH_MS);
		truth_instant_read(&begin);
		for (int j = 0; j < PINGS_A_ROUND; j++) {
			pingpong_write(there[1]);
			pingpong_read(back[0]);
		}
		truth_wait_end(&begin, TRUTH_IPC);
	}
	done = true;
	truth_threads_join(threads, 2);
	truth_count("write", 2 * (uint64_t)rounds * PINGS_A_ROUND);
	return truth_finish();
}
