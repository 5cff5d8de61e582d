/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll_idle [WAKE_UPS [MS]]: a server idles in epoll and is woken now and then by a client.
 * Proves that an idle event loop is the reason poll, and shows each time in the right window.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include "truth.h"

static long wake_ups, ms;
static int event_fd;

static void client(void *unused)
{
	static const uint64_t one = 1;

	(void)unused;
	for (long i = 0; i < wake_ups; i++) {
		truth_sleep_ns((uint64_t)ms * TRUTH_MS);
		if (write(event_fd, &one, sizeof(one)) != sizeof(one))
			truth_die("write");
	}
}

int main(int argc, char **argv)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct truth_instant begin;
	uint64_t value;
	long calls = 0;
	pid_t pid;
	int epoll_fd;

	truth_init(&argc, argv);
	wake_ups = truth_argument(argc, argv, 1, 10);
	ms = truth_argument(argc, argv, 2, 50);
	event_fd = (int)truth_must(eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE), "eventfd");
	epoll_fd = (int)truth_must(epoll_create1(0), "epoll_create1");
	truth_must(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &event), "epoll_ctl");
	pid = truth_child_start(client, NULL);
	truth_instant_read(&begin);
	for (long i = 0; i < wake_ups; i++) {
		truth_must(syscall(SYS_epoll_pwait, epoll_fd, &event, 1, -1, NULL, 0),
			   "epoll_pwait");
		calls++;
		if (read(event_fd, &value, sizeof(value)) != sizeof(value))
			truth_die("read");
	}
	truth_wait_end(&begin, TRUTH_POLL);
	truth_children_reap(&pid, 1, NULL);
	truth_count("epoll_pwait", (uint64_t)calls);
	truth_count("write", (uint64_t)wake_ups);
	return truth_finish();
}
