/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * futex_pingpong [ROUNDS]: two threads take turns on a word with raw futex calls.
 * Proves that waiting on a futex is the reason lock, with short waits and within one process.
 */
#include <linux/futex.h>
#include "truth.h"

static _Atomic uint32_t turn;
static long rounds;

static void take_turns(uint32_t mine)
{
	struct truth_instant begin;

	truth_instant_read(&begin);
	for (long i = 0; i < rounds; i++) {
		while (atomic_load(&turn) != mine)
			syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, !mine, NULL, NULL, 0);
		atomic_store(&turn, !mine);
		syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	}
	truth_wait_end(&begin, TRUTH_LOCK);
}

static void *other(void *unused)
{
	(void)unused;
	take_turns(1);
	truth_thread_end();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	truth_init(&argc, argv);
	rounds = truth_argument(argc, argv, 1, 30000);
	thread = truth_thread_start(other, NULL);
	take_turns(0);
	truth_threads_join(&thread, 1);
	return truth_finish();
}
