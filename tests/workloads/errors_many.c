/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * errors_many [SCALE]: one call, openat2, fails with ten different errors a known number of times.
 * Proves that a call may have more errors than a small fixed table holds.
 */
#include <linux/openat2.h>
#include "truth.h"

static char long_name[400];

struct wide_how {
	struct open_how how;
	uint64_t unknown;
};

static const struct {
	const char *error_name;
	int error;
	int directory;
	const char *path;
	uint64_t flags;
	uint64_t resolve;
	size_t size;
} failures[] = {
	{"ENOENT", ENOENT, AT_FDCWD, "/nonexistent", O_RDONLY, 0, sizeof(struct open_how)},
	{"ENOTDIR", ENOTDIR, AT_FDCWD, "/dev/null/x", O_RDONLY, 0, sizeof(struct open_how)},
	{"EISDIR", EISDIR, AT_FDCWD, "/", O_WRONLY, 0, sizeof(struct open_how)},
	{"ENAMETOOLONG", ENAMETOOLONG, AT_FDCWD, long_name, O_RDONLY, 0, sizeof(struct open_how)},
	{"ELOOP", ELOOP, AT_FDCWD, "/proc/self", O_RDONLY | O_NOFOLLOW, 0, sizeof(struct open_how)},
	{"EXDEV", EXDEV, AT_FDCWD, "/", O_RDONLY, RESOLVE_BENEATH, sizeof(struct open_how)},
	{"EBADF", EBADF, 1000000, "x", O_RDONLY, 0, sizeof(struct open_how)},
	{"EFAULT", EFAULT, AT_FDCWD, NULL, O_RDONLY, 0, sizeof(struct open_how)},
	{"EINVAL", EINVAL, AT_FDCWD, "/", 1ull << 40, 0, sizeof(struct open_how)},
	{"E2BIG", E2BIG, AT_FDCWD, "/", O_RDONLY, 0, sizeof(struct wide_how)},
};

#define FAILURES (sizeof(failures) / sizeof(failures[0]))

int main(int argc, char **argv)
{
	long scale;
	uint64_t total = 0;

	truth_init(&argc, argv);
	scale = truth_argument(argc, argv, 1, 5000);
	memset(long_name, 'x', sizeof(long_name) - 1);
	for (size_t i = 0; i < FAILURES; i++) {
		long calls = scale * (long)(i + 1);
		struct wide_how how = {
			.how = {.flags = failures[i].flags, .resolve = failures[i].resolve},
			.unknown = 1};

		for (long j = 0; j < calls; j++) {
			long result = syscall(SYS_openat2, failures[i].directory, failures[i].path,
					      &how, failures[i].size);

			if (result == -1 && errno == ENOSYS)
				truth_skip("the kernel has no openat2");
			if (result != -1 || errno != failures[i].error)
				truth_die(failures[i].error_name);
		}
		truth_errors("openat2", failures[i].error_name, (uint64_t)calls);
		total += (uint64_t)calls;
	}
	truth_count("openat2", total);
	return truth_finish();
}
