/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timerfd_read [TIMES [MS]]: reads a timer descriptor at each of its periods.
 * Proves that read on a timerfd is the reason sleep, not ipc or disk_io.
 */
#include <sys/timerfd.h>
#include <sys/uio.h>
#include "truth.h"

int main(int argc, char **argv)
{
	struct itimerspec timer = {0};
	struct truth_instant begin;
	uint64_t periods, seen = 0;
	struct iovec vector = {&periods, sizeof(periods)};
	uint64_t calls = 0;
	long times, ms;
	int fd;

	truth_init(&argc, argv);
	times = truth_argument(argc, argv, 1, 50);
	ms = truth_argument(argc, argv, 2, 10);
	fd = (int)truth_must(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd_create");
	timer.it_interval.tv_sec = ms / 1000;
	timer.it_interval.tv_nsec = ms % 1000 * (long)TRUTH_MS;
	timer.it_value = timer.it_interval;
	truth_must(timerfd_settime(fd, 0, &timer, NULL), "timerfd_settime");
	truth_instant_read(&begin);
	while (seen < (uint64_t)times) {
		if (syscall(SYS_readv, fd, &vector, 1) != sizeof(periods))
			truth_die("readv");
		calls++;
		seen += periods;
	}
	truth_wait_end(&begin, TRUTH_SLEEP);
	truth_count("readv", calls);
	return truth_finish();
}
