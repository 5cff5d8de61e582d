/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * short_children [CHILDREN [AT_ONCE [PROGRAM]]]: spawns children that end at once, with known exit
 * codes: itself as `--noop CODE`, codes 0 to 9 in turn, or the program given, which must end with
 * 0. Proves that no process is too short to be reported. CPU time of the children is what wait
 * collected, in whole microseconds.
 */
#include <spawn.h>
#include "truth.h"

#define CODES 10

extern char **environ;

static pid_t spawn(const char *program, long code)
{
	char text[16], *arguments[] = {(char *)(uintptr_t)program, "--noop", text, NULL};
	pid_t pid;

	snprintf(text, sizeof(text), "%ld", code);
	errno = posix_spawn(&pid, program, NULL, NULL, arguments, environ);
	if (errno)
		truth_die(program);
	return pid;
}

static void report(const uint64_t *ended, long children)
{
	struct rusage usage;

	for (int i = 0; i < CODES; i++) {
		if (ended[i])
			truth_line("exited %d %llu", i, (unsigned long long)ended[i]);
	}
	truth_must(getrusage(RUSAGE_CHILDREN, &usage), "getrusage");
	truth_sums->on_cpu_ns =
		(uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * TRUTH_S +
		(uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
	truth_process_end();
	truth_blocked_lines();
	truth_line("on_cpu_ns %llu", (unsigned long long)truth_sums->on_cpu_ns);
	truth_line("threads %ld", children + 1);
	truth_line("processes %ld", children + 1);
	truth_flush();
}

int main(int argc, char **argv)
{
	char own[4096];
	const char *program = own;
	uint64_t ended[CODES] = {0};
	struct truth_instant begin;
	long children, at_once, codes = CODES;

	if (argc == 3 && !strcmp(argv[1], "--noop"))
		_exit((int)truth_argument(argc, argv, 2, 0));
	truth_init(&argc, argv);
	children = truth_argument(argc, argv, 1, 500);
	at_once = truth_argument(argc, argv, 2, 8);
	own[truth_must(readlink("/proc/self/exe", own, sizeof(own) - 1), "exe")] = '\0';
	if (argc > 3) {
		program = argv[3];
		codes = 1;
	}
	truth_instant_read(&begin);
	for (long started = 0, reaped = 0; reaped < children;) {
		int status;

		if (started < children && started - reaped < at_once) {
			spawn(program, started++ % codes);
			continue;
		}
		truth_must(wait(&status), "wait");
		if (!WIFEXITED(status) || WEXITSTATUS(status) >= codes)
			truth_die("a child ended unexpectedly");
		ended[WEXITSTATUS(status)]++;
		reaped++;
	}
	truth_wait_end(&begin, TRUTH_CHILD);
	report(ended, children);
	return 0;
}
