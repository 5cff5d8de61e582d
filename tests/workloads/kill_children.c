/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kill_children [EACH [MS]]: children wait for a signal and are killed by SIGKILL, SIGTERM and
 * SIGSEGV, as many by each. Proves that the way a process ended is reported, and that the wait
 * in which it died is in its account.
 */
#include <sys/prctl.h>
#include "truth.h"

#define MOST_EACH 100

/* When child i began to wait; written by the child, read by the parent. */
static _Atomic uint64_t *waiting_since_ns;

static void child(void *argument)
{
	const long *index = argument;
	sigset_t none;

	/* No core file, nor a run of a core handler. */
	truth_must(prctl(PR_SET_DUMPABLE, 0), "prctl");
	sigemptyset(&none);
	waiting_since_ns[*index] = truth_now_ns();
	sigsuspend(&none);
}

static void kill_some(int signal, long each, uint64_t ns)
{
	pid_t pids[MOST_EACH];
	siginfo_t how[MOST_EACH];

	for (long i = 0; i < each; i++) {
		waiting_since_ns[i] = 0;
		pids[i] = truth_child_start(child, &i);
	}
	truth_sleep_ns(ns);
	for (long i = 0; i < each; i++) {
		while (!waiting_since_ns[i])
			truth_sleep_ns(TRUTH_MS);
		truth_must(kill(pids[i], signal), "kill");
		truth_blocked_add(TRUTH_SLEEP, truth_now_ns() - waiting_since_ns[i]);
	}
	truth_children_reap(pids, (size_t)each, how);
	for (long i = 0; i < each; i++) {
		if (how[i].si_code == CLD_EXITED || how[i].si_status != signal)
			truth_die("a child ended unexpectedly");
	}
	truth_line("killed %d %ld", signal, each);
}

int main(int argc, char **argv)
{
	long each, ms;

	truth_init(&argc, argv);
	each = truth_argument(argc, argv, 1, 5);
	ms = truth_argument(argc, argv, 2, 100);
	if (each > MOST_EACH)
		truth_die("too many children");
	waiting_since_ns = mmap(NULL, MOST_EACH * sizeof(*waiting_since_ns), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (waiting_since_ns == MAP_FAILED)
		truth_die("mmap");
	kill_some(SIGKILL, each, (uint64_t)ms * TRUTH_MS);
	kill_some(SIGTERM, each, (uint64_t)ms * TRUTH_MS);
	kill_some(SIGSEGV, each, (uint64_t)ms * TRUTH_MS);
	truth_count("kill", 3 * (uint64_t)each);
	truth_count("rt_sigsuspend", 3 * (uint64_t)each);
	return truth_finish();
}
