/* SPDX-License-Identifier: BSD-2-Clause */
/* See floors.h. */
#include "floors.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* Generated, and not written for our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "floor.skel.h"
#pragma GCC diagnostic pop

#define PROGRAMS_PER_SET 4
#define PROGRAMS	 8

static struct floor_bpf *floors;
static struct bpf_link *links[PROGRAMS_PER_SET];

static const size_t sets[FLOOR_SET_COUNT][PROGRAMS_PER_SET] = {
	[FLOOR_CALLS_EMPTY] = {offsetof(struct floor_bpf, progs.empty_enter),
			       offsetof(struct floor_bpf, progs.empty_exit)},
	[FLOOR_CALLS_CLOCK] = {offsetof(struct floor_bpf, progs.clock_enter),
			       offsetof(struct floor_bpf, progs.clock_exit)},
	[FLOOR_SWITCHES_EMPTY] = {offsetof(struct floor_bpf, progs.empty_switch),
				  offsetof(struct floor_bpf, progs.empty_wakeup)},
	[FLOOR_SWITCHES_CLOCK] = {offsetof(struct floor_bpf, progs.clock_switch),
				  offsetof(struct floor_bpf, progs.clock_wakeup)},
	[FLOOR_ALL_CLOCK] = {offsetof(struct floor_bpf, progs.clock_enter),
			     offsetof(struct floor_bpf, progs.clock_exit),
			     offsetof(struct floor_bpf, progs.clock_switch),
			     offsetof(struct floor_bpf, progs.clock_wakeup)},
};

int floors_open(void)
{
	floors = floor_bpf__open_and_load();
	return floors ? 0 : -errno;
}

static void detach(void)
{
	for (int i = 0; i < PROGRAMS_PER_SET; i++) {
		bpf_link__destroy(links[i]);
		links[i] = NULL;
	}
}

int floors_attach(enum floor_set set)
{
	struct bpf_program *program;
	int code;

	detach();
	for (int i = 0; i < PROGRAMS_PER_SET && sets[set][i]; i++) {
		program = *(struct bpf_program **)((char *)floors + sets[set][i]);
		links[i] = bpf_program__attach(program);
		if (!links[i]) {
			code = -errno;
			detach();
			return code;
		}
	}
	return 0;
}

static bool can_trace(__u32 type)
{
	switch (type) {
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
	case BPF_PROG_TYPE_TRACING:
		return true;
	}
	return false;
}

int tracers_count(void)
{
	struct bpf_prog_info info;
	__u32 id = 0, size;
	int count = 0, fd;

	while (bpf_prog_get_next_id(id, &id) == 0) {
		fd = bpf_prog_get_fd_by_id(id);
		if (fd < 0)
			continue; /* gone meanwhile */
		info = (struct bpf_prog_info){0};
		size = sizeof(info);
		if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && can_trace(info.type))
			count++;
		close(fd);
	}
	if (errno != ENOENT)
		return -errno;
	return count - (floors ? PROGRAMS : 0);
}
