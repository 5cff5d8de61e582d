/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flock_wait [MS]: a child waits for a file lock, once of flock and once of fcntl, that its parent
 * holds a known time. Proves that both are the reason lock.
 */
#include <sys/file.h>
#include "truth.h"

static char file_path[64];

static void lock_flock(int fd, bool hold)
{
	truth_must(flock(fd, hold ? LOCK_EX : LOCK_UN), "flock");
}

static void lock_fcntl(int fd, bool hold)
{
	struct flock range = {.l_type = hold ? F_WRLCK : F_UNLCK, .l_whence = SEEK_SET};

	truth_must(fcntl(fd, F_SETLKW, &range), "fcntl");
}

static void waiter(void *argument)
{
	void (*const *lock)(int, bool) = argument;
	struct truth_instant begin;
	/* A description of its own: flock belongs to that, not to the process. */
	int fd = (int)truth_must(open(file_path, O_RDWR), file_path);

	truth_instant_read(&begin);
	(*lock)(fd, true);
	truth_wait_end(&begin, TRUTH_LOCK);
	(*lock)(fd, false);
}

int main(int argc, char **argv)
{
	void (*const locks[])(int, bool) = {lock_flock, lock_fcntl};
	long ms;
	pid_t pid;
	int fd;

	truth_init(&argc, argv);
	ms = truth_argument(argc, argv, 1, 250);
	fd = (int)truth_must(memfd_create("flock_wait", 0), "memfd_create");
	snprintf(file_path, sizeof(file_path), "/proc/%d/fd/%d", getpid(), fd);
	for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++) {
		locks[i](fd, true);
		pid = truth_child_start(waiter, (void *)&locks[i]);
		truth_sleep_ns((uint64_t)ms * TRUTH_MS);
		locks[i](fd, false);
		truth_children_reap(&pid, 1, NULL);
	}
	truth_count("flock", 4);
	return truth_finish();
}
