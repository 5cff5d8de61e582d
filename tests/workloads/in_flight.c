/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * in_flight [readv|epoll_pwait|futex [MS]]: sits in one call until an alarm kills it there.
 * Proves that time in a call that never returns is shown, in each window and at the end.
 * The truth is written before the wait and tells what it will be.
 */
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/uio.h>
#include "truth.h"

static void wait_in_readv(void)
{
	char byte;
	struct iovec vector = {&byte, 1};
	int fds[2];

	truth_must(pipe2(fds, 0), "pipe2");
	syscall(SYS_readv, fds[0], &vector, 1);
}

static void wait_in_epoll_pwait(void)
{
	int fd = (int)truth_must(epoll_create1(0), "epoll_create1");
	struct epoll_event event;

	syscall(SYS_epoll_pwait, fd, &event, 1, -1, NULL, 0);
}

static void wait_in_futex(void)
{
	uint32_t word = 0;

	syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static const struct {
	const char *name;
	enum truth_reason reason;
	void (*wait)(void);
	/* The signal ends the call before it ends the process: with EINTR where the kernel never
	 * restarts the call (signal(7)), else with an -ERESTART* that is no error. */
	unsigned interrupted;
} calls[] = {
	{"readv", TRUTH_IPC, wait_in_readv, 0},
	{"epoll_pwait", TRUTH_POLL, wait_in_epoll_pwait, 1},
	{"futex", TRUTH_LOCK, wait_in_futex, 0},
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

int main(int argc, char **argv)
{
	const char *name;
	size_t index = 0;
	long ms;
	struct itimerval timer = {0};

	truth_init(&argc, argv);
	name = argc > 1 ? argv[1] : calls[0].name;
	ms = truth_argument(argc, argv, 2, 1000);
	while (index < CALLS && strcmp(name, calls[index].name))
		index++;
	if (index == CALLS) {
		fprintf(stderr, "usage: %s [readv|epoll_pwait|futex [MS]]\n", argv[0]);
		return 2;
	}
	truth_blocked_add(calls[index].reason, (uint64_t)ms * TRUTH_MS);
	atomic_fetch_add(&truth_sums->voluntary, 1);
	truth_count(name, 1);
	truth_errors(name, "EINTR", calls[index].interrupted);
	truth_finish();
	timer.it_value.tv_sec = ms / 1000;
	timer.it_value.tv_usec = ms % 1000 * 1000;
	truth_must(setitimer(ITIMER_REAL, &timer, NULL), "setitimer");
	calls[index].wait();
	return 1;
}
