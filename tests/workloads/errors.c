/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * errors [SCALE]: makes calls that fail with known errors a known number of times, and some that
 * succeed between them. Proves that errors are counted exactly, by call and by errno.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "truth.h"

static char long_name[400];
static char byte;
static struct iovec one_byte = {&byte, 1};
static uint32_t futex_word = 1;
static const struct timespec soon = {0, 1000};
static int pipe_fds[2];

/* A descriptor number that is no descriptor, whatever was inherited. */
#define NO_FD 1000000

static long readlinkat_missing(void)
{
	return syscall(SYS_readlinkat, AT_FDCWD, "/nonexistent", &byte, 1);
}

static long readlinkat_no_link(void)
{
	return syscall(SYS_readlinkat, AT_FDCWD, "/", &byte, 1);
}

static long readlinkat_long_name(void)
{
	return syscall(SYS_readlinkat, AT_FDCWD, long_name, &byte, 1);
}

static long unlinkat_missing(void)
{
	return syscall(SYS_unlinkat, AT_FDCWD, "/nonexistent", 0);
}

static long fdatasync_bad(void)
{
	return syscall(SYS_fdatasync, NO_FD);
}

static long fdatasync_pipe(void)
{
	return syscall(SYS_fdatasync, pipe_fds[0]);
}

static long lseek_pipe(void)
{
	return syscall(SYS_lseek, pipe_fds[0], 0, SEEK_SET);
}

static long chdir_no_directory(void)
{
	return syscall(SYS_chdir, "/dev/null");
}

static long mkdirat_there(void)
{
	return syscall(SYS_mkdirat, AT_FDCWD, "/", 0700);
}

static long execveat_denied(void)
{
	return syscall(SYS_execveat, AT_FDCWD, "/dev/null", NULL, NULL, 0);
}

static long kill_nobody(void)
{
	return syscall(SYS_kill, 0x7ffffffe, 0);
}

static long pipe2_fault(void)
{
	return syscall(SYS_pipe2, NULL, 0);
}

static long readv_again(void)
{
	return syscall(SYS_readv, pipe_fds[0], &one_byte, 1);
}

static long futex_again(void)
{
	return syscall(SYS_futex, &futex_word, 0 /* FUTEX_WAIT */, 2, NULL, NULL, 0);
}

static long futex_timeout(void)
{
	return syscall(SYS_futex, &futex_word, 0 /* FUTEX_WAIT */, 1, &soon, NULL, 0);
}

static long accept4_no_socket(void)
{
	return syscall(SYS_accept4, pipe_fds[0], NULL, NULL, 0);
}

static long getsid_self(void)
{
	return syscall(SYS_getsid, 0);
}

static long getsid_nobody(void)
{
	return syscall(SYS_getsid, 0x7ffffffe);
}

static const struct {
	const char *name;
	const char *error_name;
	int error;
	long calls;
	long (*make)(void);
} failures[] = {
	{"readlinkat", "ENOENT", ENOENT, 11, readlinkat_missing},
	{"readlinkat", "EINVAL", EINVAL, 7, readlinkat_no_link},
	{"readlinkat", "ENAMETOOLONG", ENAMETOOLONG, 5, readlinkat_long_name},
	{"unlinkat", "ENOENT", ENOENT, 3, unlinkat_missing},
	{"fdatasync", "EBADF", EBADF, 13, fdatasync_bad},
	{"fdatasync", "EINVAL", EINVAL, 17, fdatasync_pipe},
	{"lseek", "ESPIPE", ESPIPE, 19, lseek_pipe},
	{"chdir", "ENOTDIR", ENOTDIR, 23, chdir_no_directory},
	{"mkdirat", "EEXIST", EEXIST, 2, mkdirat_there},
	{"execveat", "EACCES", EACCES, 29, execveat_denied},
	{"kill", "ESRCH", ESRCH, 31, kill_nobody},
	{"pipe2", "EFAULT", EFAULT, 37, pipe2_fault},
	{"readv", "EAGAIN", EAGAIN, 41, readv_again},
	{"futex", "EAGAIN", EAGAIN, 43, futex_again},
	{"futex", "ETIMEDOUT", ETIMEDOUT, 4, futex_timeout},
	{"accept4", "ENOTSOCK", ENOTSOCK, 6, accept4_no_socket},
	{"getsid", NULL, 0, 10, getsid_self},
	{"getsid", "ESRCH", ESRCH, 1, getsid_nobody},
};

#define FAILURES (sizeof(failures) / sizeof(failures[0]))

/* Kinds of the same call stand together in the table. */
static void report(long scale)
{
	for (size_t i = 0; i < FAILURES;) {
		const char *name = failures[i].name;
		long calls = 0;

		for (; i < FAILURES && !strcmp(name, failures[i].name); i++) {
			calls += failures[i].calls * scale;
			if (failures[i].error_name)
				truth_errors(name, failures[i].error_name,
					     (uint64_t)(failures[i].calls * scale));
		}
		truth_count(name, (uint64_t)calls + (strcmp(name, "pipe2") ? 0 : 1));
	}
}

int main(int argc, char **argv)
{
	struct truth_instant begin;
	long scale;

	truth_init(&argc, argv);
	scale = truth_argument(argc, argv, 1, 500);
	memset(long_name, 'x', sizeof(long_name) - 1);
	truth_must(pipe2(pipe_fds, O_NONBLOCK), "pipe2");
	truth_instant_read(&begin);
	for (size_t i = 0; i < FAILURES; i++) {
		for (long j = 0; j < failures[i].calls * scale; j++) {
			long result = failures[i].make();

			if (failures[i].error ? result != -1 || errno != failures[i].error
					      : result < 0)
				truth_die(failures[i].name);
		}
	}
	/* The futex timeouts are the only waits. */
	truth_wait_end(&begin, TRUTH_LOCK);
	report(scale);
	return truth_finish();
}
