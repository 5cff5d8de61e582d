/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restart [TIMES]: signals reach a child while it waits, a known number of times each in
 *  - readv, to be restarted: the kernel leaves with -ERESTARTSYS and makes the same call again;
 *  - clock_nanosleep, by stop and continue: it goes on as the call restart_syscall;
 *  - epoll_pwait, which fails with a real EINTR.
 * Proves that -ERESTART* is no error, that EINTR is one, and that each entry of a call counts.
 */
#include <sys/epoll.h>
#include <sys/uio.h>
#include "truth.h"

enum stage {
	STAGE_READ = 1,
	STAGE_EPOLL,
	STAGE_SLEEP,
};

struct shared {
	_Atomic int stage;
	_Atomic long handled;
};

static struct shared *shared;
static int read_pipe[2], epoll_pipe[2];
static long times;

static void on_signal(int signal)
{
	(void)signal;
	atomic_fetch_add(&shared->handled, 1);
}

static void wait_in_read(void)
{
	struct truth_instant begin;
	char byte;
	struct iovec vector = {&byte, 1};

	truth_instant_read(&begin);
	shared->stage = STAGE_READ;
	if (syscall(SYS_readv, read_pipe[0], &vector, 1) != 1)
		truth_die("readv");
	truth_wait_end(&begin, TRUTH_IPC);
}

static void wait_in_epoll(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd = (int)truth_must(epoll_create1(0), "epoll_create1");
	struct truth_instant begin;
	long interrupted = 0;

	truth_must(epoll_ctl(fd, EPOLL_CTL_ADD, epoll_pipe[0], &event), "epoll_ctl");
	truth_instant_read(&begin);
	shared->stage = STAGE_EPOLL;
	while (syscall(SYS_epoll_pwait, fd, &event, 1, -1, NULL, 0) != 1) {
		if (errno != EINTR)
			truth_die("epoll_pwait");
		interrupted++;
	}
	truth_wait_end(&begin, TRUTH_POLL);
	if (interrupted != times)
		truth_die("epoll_pwait was not interrupted as often as planned");
}

/* The parent moves the stops out of this sleep's account, for it knows when they were. */
static void wait_in_sleep(void)
{
	const struct timespec length = {0, 300 * (long)TRUTH_MS};
	struct truth_instant begin;

	truth_instant_read(&begin);
	shared->stage = STAGE_SLEEP;
	truth_must(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &length, NULL),
		   "clock_nanosleep");
	truth_wait_end(&begin, TRUTH_SLEEP);
}

static void child(void *unused)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	(void)unused;
	truth_must(sigaction(SIGUSR1, &action, NULL), "sigaction");
	wait_in_read();
	wait_in_epoll();
	wait_in_sleep();
}

/* In lower case too: a stopped process that is traced shows as t. */
static void wait_for_state(pid_t pid, char state)
{
	char path[64], text[512], *after_name = NULL;
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		truth_sleep_ns(TRUTH_MS);
		fd = (int)truth_must(open(path, O_RDONLY), path);
		length = pread(fd, text, sizeof(text) - 1, 0);
		close(fd);
		if (length <= 0)
			truth_die(path);
		text[length] = '\0';
		after_name = strrchr(text, ')');
	} while (!after_name || (after_name[2] & ~0x20) != state);
}

/* A stage has begun when the child says so and then sleeps: it sleeps nowhere else. */
static void interrupt(pid_t pid, int stage, int wake_fd)
{
	while (shared->stage != stage)
		truth_sleep_ns(TRUTH_MS);
	for (long i = 0; i < times; i++) {
		long handled = shared->handled;

		wait_for_state(pid, 'S');
		truth_must(kill(pid, SIGUSR1), "kill");
		while (shared->handled == handled)
			truth_sleep_ns(TRUTH_MS);
	}
	wait_for_state(pid, 'S');
	if (write(wake_fd, "x", 1) != 1)
		truth_die("write");
}

static void stop_and_continue(pid_t pid)
{
	uint64_t stopped_ns;

	while (shared->stage != STAGE_SLEEP)
		truth_sleep_ns(TRUTH_MS);
	for (long i = 0; i < times; i++) {
		wait_for_state(pid, 'S');
		truth_must(kill(pid, SIGSTOP), "kill");
		stopped_ns = truth_now_ns();
		wait_for_state(pid, 'T');
		truth_sleep_ns(5 * TRUTH_MS);
		stopped_ns = truth_now_ns() - stopped_ns;
		truth_must(kill(pid, SIGCONT), "kill");
		truth_blocked_add(TRUTH_STOPPED, stopped_ns);
		truth_blocked_add(TRUTH_SLEEP, -stopped_ns);
	}
}

int main(int argc, char **argv)
{
	pid_t pid;

	truth_init(&argc, argv);
	times = truth_argument(argc, argv, 1, 10);
	if (times > 20)
		truth_die("no more than 20 times: the sleep is not long enough");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		truth_die("mmap");
	truth_must(pipe2(read_pipe, 0), "pipe2");
	truth_must(pipe2(epoll_pipe, 0), "pipe2");
	pid = truth_child_start(child, NULL);
	interrupt(pid, STAGE_READ, read_pipe[1]);
	interrupt(pid, STAGE_EPOLL, epoll_pipe[1]);
	stop_and_continue(pid);
	truth_children_reap(&pid, 1, NULL);
	truth_count("readv", (uint64_t)times + 1);
	truth_errors("readv", "EINTR", 0);
	truth_count("epoll_pwait", (uint64_t)times + 1);
	truth_errors("epoll_pwait", "EINTR", (uint64_t)times);
	truth_count("restart_syscall", (uint64_t)times);
	truth_count("kill", 4 * (uint64_t)times);
	return truth_finish();
}
