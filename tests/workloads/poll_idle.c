/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll_idle [TIMES [MS]]: waits in ppoll and pselect6, half of the waits ending by their timeout
 * and half by a peer's message. Proves that both are the reason poll.
 */
#include <poll.h>
#include <sys/select.h>
#include "truth.h"

static long times, ms;
static int pipe_fds[2];

static void peer(void *unused)
{
	(void)unused;
	for (long i = 0; i < times; i++) {
		truth_sleep_ns((uint64_t)ms * TRUTH_MS);
		if (write(pipe_fds[1], "x", 1) != 1)
			truth_die("write");
	}
}

int main(int argc, char **argv)
{
	struct truth_instant begin;
	struct timespec timeout;
	struct pollfd poll_fd;
	fd_set set;
	char byte;
	pid_t pid;

	truth_init(&argc, argv);
	times = truth_argument(argc, argv, 1, 10);
	ms = truth_argument(argc, argv, 2, 25);
	truth_must(pipe2(pipe_fds, 0), "pipe2");
	truth_instant_read(&begin);
	for (long i = 0; i < times; i++) {
		timeout = (struct timespec){ms / 1000, ms % 1000 * (long)TRUTH_MS};
		poll_fd = (struct pollfd){pipe_fds[0], POLLIN, 0};
		if (syscall(SYS_ppoll, &poll_fd, 1, &timeout, NULL, 8))
			truth_die("ppoll");
	}
	truth_wait_end(&begin, TRUTH_POLL);
	pid = truth_child_start(peer, NULL);
	truth_instant_read(&begin);
	for (long i = 0; i < times; i++) {
		FD_ZERO(&set);
		FD_SET(pipe_fds[0], &set);
		truth_must(syscall(SYS_pselect6, pipe_fds[0] + 1, &set, NULL, NULL, NULL, NULL),
			   "pselect6");
		if (read(pipe_fds[0], &byte, 1) != 1)
			truth_die("read");
	}
	truth_wait_end(&begin, TRUTH_POLL);
	truth_children_reap(&pid, 1, NULL);
	truth_count("ppoll", (uint64_t)times);
	truth_count("pselect6", (uint64_t)times);
	return truth_finish();
}
