/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemonize [CALLS]: forks twice, leaves its session, and works on when the first process is long
 * gone. Proves that descendants are followed past the end of the command itself.
 * The truth appears when the daemon is done, about 0.3 s after the first process has exited.
 */
#include "truth.h"

static void detach(void)
{
	if (truth_must(fork(), "fork")) {
		truth_process_end();
		_exit(0);
	}
	atomic_fetch_add(&truth_sums->threads, 1);
	atomic_fetch_add(&truth_sums->processes, 1);
}

int main(int argc, char **argv)
{
	long calls;
	int null_fd;

	truth_init(&argc, argv);
	calls = truth_argument(argc, argv, 1, 100000);
	detach();
	truth_must(setsid(), "setsid");
	detach();
	null_fd = (int)truth_must(open("/dev/null", O_RDWR), "/dev/null");
	for (int fd = 0; fd < 3; fd++)
		truth_must(dup2(null_fd, fd), "dup2");
	truth_sleep_ns(150 * TRUTH_MS);
	for (long i = 0; i < calls; i++)
		syscall(SYS_getppid);
	truth_spin_cpu_ns(150 * TRUTH_MS);
	truth_count("getppid", (uint64_t)calls);
	return truth_finish();
}
