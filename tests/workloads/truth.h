/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every workload shares: it counts its own time, switches and calls over its whole process
 * tree and writes them as truth lines, one fact a line. Nothing here knows the tool under test.
 *
 * Usage of a workload: NAME [ARGUMENTS...] [--truth FILE]. Lines written:
 *   count NAME N            calls of NAME made by all threads of the tree
 *   errors NAME ERRNO N     of these, failed with ERRNO
 *   blocked REASON NS       time the tree was blocked for REASON
 *   blocked_min REASON NS   at least that much
 *   on_cpu_ns NS            schedstat field 1 of all threads, living and dead
 *   runqueue_ns NS          schedstat field 2 likewise
 *   runqueue_before_ns NS   of that, what the first thread had when main began: waits before its
 *                           execve, and in it
 *   voluntary N, involuntary N, threads N, processes N
 *   exited CODE N, killed SIGNAL N    how children of the first process ended
 *   comm NAME               a thread of the tree had this name
 *   skip REASON             the program could not do its work here, and exits 77
 *
 * How the measuring shows in the figures. Helpers below use openat, pread64, pwrite64, close,
 * clock_gettime of CPU clocks and getrusage: no workload asserts those. Time from the last reading
 * to the end of the writing process (one open, one write, exit: tens of microseconds to a few
 * hundred) is in no figure. A switch in that time is not counted either, save the last one, which
 * every thread makes when it dies and which `voluntary` includes, as nvcsw does.
 */
#ifndef FATHOM_TRUTH_H
#define FATHOM_TRUTH_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRUTH_MS       1000000ull
#define TRUTH_S	       1000000000ull
#define TRUTH_SKIPPED  77
#define TRUTH_CHILDREN 1024

enum truth_reason {
	TRUTH_DISK_IO,
	TRUTH_NETWORK,
	TRUTH_LOCK,
	TRUTH_SLEEP,
	TRUTH_POLL,
	TRUTH_IPC,
	TRUTH_CHILD,
	TRUTH_TERMINAL,
	TRUTH_PAGE_FAULT,
	TRUTH_STOPPED,
	TRUTH_OTHER,
	TRUTH_REASONS,
};

static const char *const truth_reason_names[TRUTH_REASONS] = {
	[TRUTH_DISK_IO] = "disk_io",
	[TRUTH_NETWORK] = "network",
	[TRUTH_LOCK] = "lock",
	[TRUTH_SLEEP] = "sleep",
	[TRUTH_POLL] = "poll",
	[TRUTH_IPC] = "ipc",
	[TRUTH_CHILD] = "child",
	[TRUTH_TERMINAL] = "terminal",
	[TRUTH_PAGE_FAULT] = "page_fault",
	[TRUTH_STOPPED] = "stopped",
	[TRUTH_OTHER] = "other",
};

/* Sums over the tree; lies in memory that all its processes share. */
struct truth_sums {
	_Atomic uint64_t blocked_ns[TRUTH_REASONS];
	_Atomic uint64_t on_cpu_ns;
	_Atomic uint64_t runqueue_ns;
	uint64_t runqueue_before_ns;
	_Atomic uint64_t voluntary;
	_Atomic uint64_t involuntary;
	_Atomic uint64_t threads;
	_Atomic uint64_t processes;
};

static struct truth_sums *truth_sums;
static const char *truth_path;
static char truth_text[32768];
static size_t truth_length;

static inline _Noreturn void truth_die(const char *what)
{
	perror(what);
	_exit(1);
}

/* Gives `result` back unless it is negative, which ends the program. */
static inline long truth_must(long result, const char *what)
{
	if (result < 0)
		truth_die(what);
	return result;
}

static inline void truth_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void truth_line(const char *format, ...)
{
	va_list values;
	size_t room = sizeof(truth_text) - truth_length;
	int length;

	va_start(values, format);
	length = vsnprintf(truth_text + truth_length, room, format, values);
	va_end(values);
	if (length < 0 || (size_t)length + 1 >= room)
		truth_die("truth text too long");
	truth_length += (size_t)length;
	truth_text[truth_length++] = '\n';
}

static inline void truth_count(const char *name, uint64_t calls)
{
	truth_line("count %s %llu", name, (unsigned long long)calls);
}

static inline void truth_errors(const char *name, const char *errno_name, uint64_t calls)
{
	truth_line("errors %s %s %llu", name, errno_name, (unsigned long long)calls);
}

static inline void truth_flush(void)
{
	int fd;

	if (!truth_path)
		return;
	fd = (int)truth_must(open(truth_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644),
			     truth_path);
	if (pwrite(fd, truth_text, truth_length, 0) != (ssize_t)truth_length)
		truth_die(truth_path);
}

static inline _Noreturn void truth_skip(const char *reason)
{
	truth_length = 0;
	truth_line("skip %s", reason);
	truth_flush();
	_exit(TRUTH_SKIPPED);
}

/* Takes --truth FILE out of the arguments and makes the shared sums. Call first. */
static inline uint64_t truth_runqueue_now_ns(void);

static inline void truth_init(int *argc, char **argv)
{
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		if (!strcmp(argv[i], "--truth") && i + 1 < *argc)
			truth_path = argv[++i];
		else
			argv[kept++] = argv[i];
	}
	*argc = kept;
	argv[kept] = NULL;
	truth_sums = mmap(NULL, sizeof(*truth_sums), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (truth_sums == MAP_FAILED)
		truth_die("mmap");
	truth_sums->threads = 1;
	truth_sums->processes = 1;
	truth_sums->runqueue_before_ns = truth_runqueue_now_ns();
}

static inline long truth_argument(int argc, char **argv, int index, long fallback)
{
	char *end;
	long value;

	if (index >= argc)
		return fallback;
	errno = 0;
	value = strtol(argv[index], &end, 10);
	if (errno || end == argv[index] || *end || value < 0) {
		fprintf(stderr, "%s: not a number: %s\n", argv[0], argv[index]);
		_exit(2);
	}
	return value;
}

static inline uint64_t truth_clock_ns(clockid_t clock)
{
	struct timespec now;

	truth_must(clock_gettime(clock, &now), "clock_gettime");
	return (uint64_t)now.tv_sec * TRUTH_S + (uint64_t)now.tv_nsec;
}

static inline uint64_t truth_now_ns(void)
{
	return truth_clock_ns(CLOCK_MONOTONIC);
}

struct truth_schedstat {
	uint64_t on_cpu_ns;
	uint64_t runqueue_ns;
};

static inline void truth_schedstat_pread(int fd, struct truth_schedstat *stat)
{
	char text[128];
	char *end;
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

	if (length <= 0)
		truth_die("schedstat");
	text[length] = '\0';
	stat->on_cpu_ns = strtoull(text, &end, 10);
	stat->runqueue_ns = strtoull(end, NULL, 10);
}

static inline void truth_schedstat_read(const char *path, struct truth_schedstat *stat)
{
	int fd = (int)truth_must(open(path, O_RDONLY | O_CLOEXEC), path);

	truth_schedstat_pread(fd, stat);
	close(fd);
}

static inline uint64_t truth_runqueue_now_ns(void)
{
	struct truth_schedstat stat;

	truth_schedstat_read("/proc/thread-self/schedstat", &stat);
	return stat.runqueue_ns;
}

/*
 * The calling thread's figures at one instant. The CPU clock is read instead of schedstat field 1:
 * it is the same number, se.sum_exec_runtime, but brought up to date first, where the file shows a
 * running thread as of its last tick (kernel/sched/core.c task_sched_runtime(), fs/proc/base.c
 * proc_pid_schedstat(), 6.18). Read again if the thread lost its CPU in between.
 */
struct truth_instant {
	uint64_t wall_ns;
	uint64_t on_cpu_ns;
	uint64_t runqueue_ns;
};

static inline void truth_instant_read(struct truth_instant *now)
{
	int fd = (int)truth_must(open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC),
				 "/proc/thread-self/schedstat");
	struct truth_schedstat before, after;

	truth_schedstat_pread(fd, &after);
	do {
		before = after;
		now->wall_ns = truth_now_ns();
		now->on_cpu_ns = truth_clock_ns(CLOCK_THREAD_CPUTIME_ID);
		truth_schedstat_pread(fd, &after);
	} while (before.runqueue_ns != after.runqueue_ns);
	now->runqueue_ns = after.runqueue_ns;
	close(fd);
}

static inline void truth_blocked_add(enum truth_reason reason, uint64_t ns)
{
	atomic_fetch_add(&truth_sums->blocked_ns[reason], ns);
}

/*
 * Between begin and end the calling thread waits for one reason only. What its wall-clock time
 * holds beyond CPU and runqueue time was spent blocked: so the cost of the calls around many short
 * waits is not taken for waiting.
 */
static inline uint64_t truth_blocked_since(const struct truth_instant *begin)
{
	struct truth_instant end;
	uint64_t wall_ns, busy_ns;

	truth_instant_read(&end);
	wall_ns = end.wall_ns - begin->wall_ns;
	busy_ns = end.on_cpu_ns - begin->on_cpu_ns + end.runqueue_ns - begin->runqueue_ns;
	return wall_ns > busy_ns ? wall_ns - busy_ns : 0;
}

static inline void truth_wait_end(const struct truth_instant *begin, enum truth_reason reason)
{
	truth_blocked_add(reason, truth_blocked_since(begin));
}

static inline void truth_sleep_ns(uint64_t ns)
{
	struct timespec left = {(time_t)(ns / TRUTH_S), (long)(ns % TRUTH_S)};
	struct truth_instant begin;

	truth_instant_read(&begin);
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
	truth_wait_end(&begin, TRUTH_SLEEP);
}

/* Works without a system call for that much wall-clock time. */
static inline void truth_spin_wall_ns(uint64_t ns)
{
	uint64_t end_ns = truth_now_ns() + ns;

	while (truth_now_ns() < end_ns)
		;
}

static volatile uint64_t truth_sink;

/* Works until the calling thread has used that much CPU time from now; asks about every 0.1 ms. */
static inline void truth_spin_cpu_ns(uint64_t ns)
{
	uint64_t end_ns = truth_clock_ns(CLOCK_THREAD_CPUTIME_ID) + ns;
	uint64_t value = 1;

	while (truth_clock_ns(CLOCK_THREAD_CPUTIME_ID) < end_ns) {
		for (int i = 0; i < 100000; i++)
			value = value * 6364136223846793005ull + 1442695040888963407ull;
		truth_sink = value;
	}
}

/*
 * getrusage gives the counters that /proc/PID/status shows (nvcsw, nivcsw) in one call. One is
 * added for the switch with which the thread will die.
 */
static inline void truth_switches_add(void)
{
	struct rusage usage;

	truth_must(getrusage(RUSAGE_THREAD, &usage), "getrusage");
	atomic_fetch_add(&truth_sums->voluntary, (uint64_t)usage.ru_nvcsw + 1);
	atomic_fetch_add(&truth_sums->involuntary, (uint64_t)usage.ru_nivcsw);
}

/* To be called last by each thread but the one that writes the truth, and reaped children. */
static inline void truth_thread_end(void)
{
	struct truth_schedstat stat;

	truth_schedstat_read("/proc/thread-self/schedstat", &stat);
	atomic_fetch_add(&truth_sums->runqueue_ns, stat.runqueue_ns);
	truth_switches_add();
}

/* As truth_thread_end(), by the last thread of a process that nobody of this program reaps. */
static inline void truth_process_end(void)
{
	truth_thread_end();
	atomic_fetch_add(&truth_sums->on_cpu_ns, truth_clock_ns(CLOCK_PROCESS_CPUTIME_ID));
}

static inline pthread_t truth_thread_start(void *(*body)(void *), void *argument)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, body, argument);
	if (errno)
		truth_die("pthread_create");
	atomic_fetch_add(&truth_sums->threads, 1);
	return thread;
}

static inline void truth_threads_join(const pthread_t *threads, size_t count)
{
	struct truth_instant begin;

	truth_instant_read(&begin);
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	truth_wait_end(&begin, TRUTH_LOCK);
}

static inline pid_t truth_child_start(void (*body)(void *), void *argument)
{
	pid_t pid = (pid_t)truth_must(fork(), "fork");

	if (!pid) {
		body(argument);
		_exit(0);
	}
	atomic_fetch_add(&truth_sums->threads, 1);
	atomic_fetch_add(&truth_sums->processes, 1);
	return pid;
}

static inline uint64_t truth_field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	if (!at)
		truth_die(name);
	return strtoull(at + strlen(name), NULL, 10);
}

static inline void truth_zombie_add(pid_t pid)
{
	struct truth_schedstat stat;
	char path[64], text[8192];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	truth_schedstat_read(path, &stat);
	atomic_fetch_add(&truth_sums->on_cpu_ns, stat.on_cpu_ns);
	atomic_fetch_add(&truth_sums->runqueue_ns, stat.runqueue_ns);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = (int)truth_must(open(path, O_RDONLY | O_CLOEXEC), path);
	length = pread(fd, text, sizeof(text) - 1, 0);
	if (length <= 0)
		truth_die(path);
	text[length] = '\0';
	close(fd);
	atomic_fetch_add(&truth_sums->voluntary, truth_field(text, "\nvoluntary_ctxt_switches:"));
	atomic_fetch_add(&truth_sums->involuntary,
			 truth_field(text, "nonvoluntary_ctxt_switches:"));
}

/*
 * Waits for single-threaded children and adds their whole account, read while they are zombies
 * and so to the last switch: a zombie makes that switch just after its parent has been told of
 * it, hence the short sleep. `how` (may be NULL) receives how each ended.
 */
static inline void truth_children_reap(const pid_t *pids, size_t count, siginfo_t *how)
{
	struct truth_instant begin;
	siginfo_t info;

	truth_instant_read(&begin);
	for (size_t i = 0; i < count; i++)
		truth_must(waitid(P_PID, (id_t)pids[i], &info, WEXITED | WNOWAIT), "waitid");
	truth_wait_end(&begin, TRUTH_CHILD);
	truth_sleep_ns(2 * TRUTH_MS);
	for (size_t i = 0; i < count; i++) {
		truth_zombie_add(pids[i]);
		truth_must(waitid(P_PID, (id_t)pids[i], &info, WEXITED), "waitid");
		if (how)
			how[i] = info;
		else if (info.si_code != CLD_EXITED || info.si_status)
			truth_die("a child failed");
	}
}

static inline void truth_blocked_lines(void)
{
	for (int i = 0; i < TRUTH_REASONS; i++) {
		uint64_t ns = truth_sums->blocked_ns[i];

		if (ns)
			truth_line("blocked %s %llu", truth_reason_names[i],
				   (unsigned long long)ns);
	}
}

/* Ends the account of the calling process, which outlives all others of the tree, and writes. */
static inline int truth_finish(void)
{
	truth_process_end();
	truth_blocked_lines();
	truth_line("on_cpu_ns %llu", (unsigned long long)truth_sums->on_cpu_ns);
	truth_line("runqueue_ns %llu", (unsigned long long)truth_sums->runqueue_ns);
	truth_line("runqueue_before_ns %llu", (unsigned long long)truth_sums->runqueue_before_ns);
	truth_line("voluntary %llu", (unsigned long long)truth_sums->voluntary);
	truth_line("involuntary %llu", (unsigned long long)truth_sums->involuntary);
	truth_line("threads %llu", (unsigned long long)truth_sums->threads);
	truth_line("processes %llu", (unsigned long long)truth_sums->processes);
	truth_flush();
	return 0;
}

#endif
