/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sleeper [TIMES [MS]]: sleeps a known number of times and as long as told.
 * Proves that sleeping is blocked time of the reason sleep, to the accuracy asked for.
 */
#include "truth.h"

int main(int argc, char **argv)
{
	struct truth_instant begin;
	struct timespec each;
	long times, ms;

	truth_init(&argc, argv);
	times = truth_argument(argc, argv, 1, 50);
	ms = truth_argument(argc, argv, 2, 10);
	each.tv_sec = ms / 1000;
	each.tv_nsec = ms % 1000 * (long)TRUTH_MS;
	truth_instant_read(&begin);
	for (long i = 0; i < times; i++)
		truth_must(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &each, NULL),
			   "clock_nanosleep");
	truth_wait_end(&begin, TRUTH_SLEEP);
	truth_count("clock_nanosleep", (uint64_t)times);
	return truth_finish();
}
