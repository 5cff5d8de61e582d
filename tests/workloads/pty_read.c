/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pty_read [LINES [MS]]: a child reads lines from a pseudo-terminal that its parent types slowly.
 * Proves that waiting for a terminal is the reason terminal.
 */
#include "truth.h"

static long lines;

static void reader(void *argument)
{
	const int *fd = argument;
	struct truth_instant begin;
	char text[64];

	truth_instant_read(&begin);
	for (long i = 0; i < lines; i++) {
		if (read(*fd, text, sizeof(text)) != 2)
			truth_die("read");
	}
	truth_wait_end(&begin, TRUTH_TERMINAL);
}

int main(int argc, char **argv)
{
	int master, slave;
	pid_t pid;
	long ms;

	truth_init(&argc, argv);
	lines = truth_argument(argc, argv, 1, 10);
	ms = truth_argument(argc, argv, 2, 50);
	master = posix_openpt(O_RDWR | O_NOCTTY);
	if (master < 0 || grantpt(master) || unlockpt(master))
		truth_skip("no pseudo-terminals");
	slave = (int)truth_must(open(ptsname(master), O_RDWR | O_NOCTTY), "pty");
	pid = truth_child_start(reader, &slave);
	for (long i = 0; i < lines; i++) {
		truth_sleep_ns((uint64_t)ms * TRUTH_MS);
		if (write(master, "x\n", 2) != 2)
			truth_die("write");
	}
	truth_children_reap(&pid, 1, NULL);
	return truth_finish();
}
