/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk_sync DIRECTORY [TIMES [KIB]]: writes a file in the directory and flushes it to its device.
 * Proves that waiting for a disk is disk_io. How long it takes is the device's affair: the truth
 * is a lower limit, nine tenths of what was spent blocked in these calls.
 */
#include "truth.h"

int main(int argc, char **argv)
{
	char path[4096], *data;
	struct truth_instant begin;
	size_t size;
	long times;
	int fd;

	truth_init(&argc, argv);
	if (argc < 2) {
		fprintf(stderr, "usage: %s DIRECTORY [TIMES [KIB]]\n", argv[0]);
		return 2;
	}
	times = truth_argument(argc, argv, 2, 100);
	size = (size_t)truth_argument(argc, argv, 3, 256) * 1024;
	data = malloc(size);
	if (!data)
		truth_die("malloc");
	memset(data, 'x', size);
	snprintf(path, sizeof(path), "%s/disk_sync.%d", argv[1], getpid());
	fd = (int)truth_must(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600), path);
	truth_instant_read(&begin);
	for (long i = 0; i < times; i++) {
		if (write(fd, data, size) != (ssize_t)size)
			truth_die("write");
		truth_must(fsync(fd), "fsync");
	}
	truth_line("blocked_min disk_io %llu",
		   (unsigned long long)(truth_blocked_since(&begin) / 10 * 9));
	/* Giving the blocks back may sleep: now, not when the process ends and nobody counts. */
	unlink(path);
	close(fd);
	free(data);
	truth_count("write", (uint64_t)times);
	truth_count("fsync", (uint64_t)times);
	return truth_finish();
}
