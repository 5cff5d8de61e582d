/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clone_flags [CHILDREN [CALLS]]: makes children by fork, vfork, clone and clone3, as many by each,
 * that make known calls and exit with 1, 2, 3 and 4. Proves that every way into the world is seen.
 */
#include <linux/sched.h>
#include "truth.h"

#define MOST_CHILDREN 250

static long calls;

static inline __attribute__((always_inline)) void child(int code)
{
	for (long i = 0; i < calls; i++)
		syscall(SYS_getppid);
	_exit(code);
}

/* The library's fork is a clone: the call itself exists on older architectures only. */
static pid_t by_fork(void)
{
#ifdef SYS_fork
	pid_t pid = (pid_t)syscall(SYS_fork);
#else
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
#endif

	if (!pid)
		child(1);
	return pid;
}

static pid_t by_vfork(void)
{
	struct truth_instant begin;
	pid_t pid;

	truth_instant_read(&begin);
	pid = vfork();
	if (!pid)
		child(2);
	truth_wait_end(&begin, TRUTH_CHILD);
	return pid;
}

static pid_t by_clone(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		child(3);
	return pid;
}

static pid_t by_clone3(void)
{
	struct clone_args arguments = {.exit_signal = SIGCHLD};
	pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (!pid)
		child(4);
	return pid;
}

static pid_t (*const ways[])(void) = {by_fork, by_vfork, by_clone, by_clone3};

#define WAYS ((long)(sizeof(ways) / sizeof(ways[0])))

int main(int argc, char **argv)
{
	static pid_t pids[TRUTH_CHILDREN];
	static siginfo_t how[TRUTH_CHILDREN];
	long children;

	truth_init(&argc, argv);
	children = truth_argument(argc, argv, 1, 50);
	calls = truth_argument(argc, argv, 2, 1000);
	if (children > MOST_CHILDREN)
		truth_die("too many children");
	for (long i = 0; i < WAYS * children; i++)
		pids[i] = (pid_t)truth_must(ways[i % WAYS](), "child");
	truth_sums->threads += (uint64_t)(WAYS * children);
	truth_sums->processes += (uint64_t)(WAYS * children);
	truth_children_reap(pids, (size_t)(WAYS * children), how);
	for (long i = 0; i < WAYS * children; i++) {
		if (how[i].si_code != CLD_EXITED || how[i].si_status != 1 + i % WAYS)
			truth_die("a child ended unexpectedly");
	}
	for (long i = 0; i < WAYS; i++)
		truth_line("exited %ld %ld", 1 + i, children);
#ifdef SYS_fork
	truth_count("fork", (uint64_t)children);
	truth_count("vfork", (uint64_t)children);
	truth_count("clone", (uint64_t)children);
#else
	truth_count("clone", 3 * (uint64_t)children);
#endif
	truth_count("clone3", (uint64_t)children);
	truth_count("getppid", (uint64_t)(WAYS * children * calls));
	return truth_finish();
}
