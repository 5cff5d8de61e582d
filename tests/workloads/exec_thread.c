/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec_thread [CALLS]: a thread that is not the leader replaces the program by its second stage,
 * which goes on with known calls. Proves that the account survives when the kernel kills the
 * leader and gives its number to the thread that called exec, and that the new name is taken.
 *
 * What the first stage knows is handed over as arguments. The CPU clock of the process goes on
 * through exec and has the leader's time in it.
 */
#include "truth.h"

static struct truth_instant joining;
static _Atomic bool leader_joins;
static long calls;

static void make_calls(void)
{
	for (long i = 0; i < calls; i++)
		syscall(SYS_getppid);
}

/* The leader sits in pthread_join: what it has done until now is all it will do. */
static void *replace(void *unused)
{
	char *next[16] = {"exec_thread", "--second-stage"}, text[5][32], status[64];
	struct truth_schedstat leader;
	uint64_t figures[5], wall_ns;

	(void)unused;
	while (!leader_joins)
		truth_sleep_ns(TRUTH_MS);
	make_calls();
	truth_spin_cpu_ns(100 * TRUTH_MS);
	snprintf(status, sizeof(status), "/proc/self/task/%d/schedstat", getpid());
	truth_schedstat_read(status, &leader);
	wall_ns = truth_now_ns() - joining.wall_ns;
	figures[0] = (uint64_t)calls;
	figures[1] = leader.runqueue_ns;
	figures[2] = wall_ns - (leader.on_cpu_ns - joining.on_cpu_ns) -
		     (leader.runqueue_ns - joining.runqueue_ns);
	figures[3] = truth_sums->blocked_ns[TRUTH_SLEEP];
	figures[4] = 2 * (uint64_t)calls;
	for (int i = 0; i < 5; i++) {
		snprintf(text[i], sizeof(text[i]), "%llu", (unsigned long long)figures[i]);
		next[2 + i] = text[i];
	}
	if (truth_path) {
		next[7] = "--truth";
		next[8] = (char *)(uintptr_t)truth_path;
	}
	execv("/proc/self/exe", next);
	truth_die("execv");
}

static int second_stage(int argc, char **argv)
{
	calls = truth_argument(argc, argv, 2, 0);
	truth_sums->runqueue_ns = (uint64_t)truth_argument(argc, argv, 3, 0);
	truth_sums->blocked_ns[TRUTH_LOCK] = (uint64_t)truth_argument(argc, argv, 4, 0);
	truth_sums->blocked_ns[TRUTH_SLEEP] = (uint64_t)truth_argument(argc, argv, 5, 0);
	make_calls();
	truth_sleep_ns(100 * TRUTH_MS);
	truth_count("getppid", (uint64_t)truth_argument(argc, argv, 6, 0));
	truth_process_end();
	truth_blocked_lines();
	truth_line("on_cpu_ns %llu", (unsigned long long)truth_sums->on_cpu_ns);
	truth_line("runqueue_ns %llu", (unsigned long long)truth_sums->runqueue_ns);
	truth_line("processes 1");
	truth_flush();
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	truth_init(&argc, argv);
	if (argc > 1 && !strcmp(argv[1], "--second-stage"))
		return second_stage(argc, argv);
	calls = truth_argument(argc, argv, 1, 100000);
	thread = truth_thread_start(replace, NULL);
	truth_instant_read(&joining);
	leader_joins = true;
	pthread_join(thread, NULL);
	return 1;
}
