/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the iterators over all tasks, and with one of them brings existing threads under the watch.
 */
#include "collect/internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/kernel_side.h"

/* Threads that are born while a pass runs may be missed by it: passes go on until one finds
 * nothing. */
#define PASSES_MAX 16

/* Records of the iterator per read; its buffer in the kernel is eight pages
 * (kernel/bpf/bpf_iter.c). */
#define READ_BYTES 65536

static int read_all(int fd, int (*sink)(void *, const void *, size_t), void *context,
		    size_t record_size)
{
	char *bytes = malloc(READ_BYTES);
	size_t held = 0;
	int result = 0;
	ssize_t got;

	if (!bytes)
		return -ENOMEM;
	while (!result) {
		got = read(fd, bytes + held, READ_BYTES - held);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got < 0)
			result = -errno;
		if (got <= 0)
			break;
		held += (size_t)got;
		if (!sink) {
			held = 0;
			continue;
		}
		size_t at = 0;

		for (; !result && held - at >= record_size; at += record_size)
			result = sink(context, bytes + at, record_size);
		memmove(bytes, bytes + at, held - at);
		held -= at;
	}
	free(bytes);
	return result;
}

int collector_iterate(const struct bpf_program *program,
		      int (*sink)(void *context, const void *data, size_t size), void *context,
		      size_t record_size, struct error *error)
{
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	int fd, result;

	if (!link)
		return error_set_errno(error, -errno, "attaching the task iterator");
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0) {
		result = -errno;
	} else {
		result = read_all(fd, sink, context, record_size);
		close(fd);
	}
	bpf_link__destroy(link);
	return result ? error_set_errno(error, result, "running the task iterator") : 0;
}

int collector_add_target(struct collector *collector, pid_t pid, struct error *error)
{
	uint32_t tgid = (uint32_t)pid, serial = 0;

	if (bpf_map_update_elem(bpf_map__fd(collector->kernel->maps.targets), &tgid, &serial,
				BPF_ANY))
		return error_set_errno(error, -errno, "naming process %d to the kernel", pid);
	return 0;
}

int collector_seed(struct collector *collector, bool armed, unsigned *threads, struct error *error)
{
	struct fathom_bpf *kernel = collector->kernel;
	unsigned found = 0;
	int result = 0;

	kernel->bss->arm_seeded = armed;
	for (unsigned pass = 0; pass < PASSES_MAX && !result; pass++) {
		kernel->bss->seeded_threads = 0;
		result = collector_iterate(kernel->progs.seed_threads, NULL, NULL, 1, error);
		found += kernel->bss->seeded_threads;
		if (kernel->bss->seeded_threads == 0)
			break;
	}
	kernel->bss->arm_seeded = false;
	if (threads)
		*threads = found;
	return result;
}
