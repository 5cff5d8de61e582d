/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening and closing: settings, loading, attaching, and saying why it could not be done. */
#include "collect/internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "collect/probe.h"
#include "collect/kernel_side.h"

#define PROCESS_MAX_DEFAULT 16384
#define CELL_MAX_DEFAULT    16384
#define ERRNO_MAX_DEFAULT   16384

/* 512 cells, of a multiple of 8 bytes each, are whole pages of 4 KiB, so pieces can be mapped one
 * by one; where pages are larger, so are pieces. */
#define CELL_GRAIN	512
#define CELL_PIECES_MAX (sizeof(((struct collector *)0)->cell_pieces) / sizeof(void *))

/* libbpf's own messages say what went wrong inside a load. The first is the cause, the others
 * follow. */
static char first_warning[256];

static int keep_warning(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char text[sizeof(first_warning)];
	size_t length;

	if (level != LIBBPF_WARN || first_warning[0])
		return 0;
	vsnprintf(text, sizeof(text), format, arguments);
	length = strcspn(text, "\n");
	text[length] = '\0';
	memcpy(first_warning, text, sizeof(text));
	return 0;
}

/* How many pieces of `per_piece` cells hold `cells` of them. */
static uint32_t pieces_for(uint32_t cells, uint32_t per_piece)
{
	return (cells + per_piece - 1) / per_piece;
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
	return value ? value : fallback;
}

static void fill_tables(struct fathom_bpf *kernel, const struct collector_options *options)
{
	const unsigned size = CALL_ABI_COUNT * CALL_TABLE_SIZE;

	for (unsigned i = 0; i < size; i++) {
		unsigned id = CALL_ID(i / CALL_TABLE_SIZE, i % CALL_TABLE_SIZE);

		kernel->rodata->setting_wait_kind[i] = (uint8_t)call_wait(id);
	}
	for (unsigned i = 0; i < BUCKET_TABLE_SIZE; i++)
		kernel->rodata->setting_bucket[i] =
			(uint8_t)histogram_bucket((uint64_t)i * BUCKET_TABLE_STEP_NS);
	if (options->selected) {
		kernel->rodata->setting_select_calls = true;
		memcpy(kernel->rodata->setting_call_selected, options->selected, size);
	}
}

/* Programs of tracepoints run with preemption off, except on real-time kernels. */
static bool kernel_is_realtime(void)
{
	struct utsname name;

	return uname(&name) == 0 && strstr(name.version, "PREEMPT_RT");
}

static int configure(struct collector *collector, const struct collector_options *options)
{
	struct fathom_bpf *kernel = collector->kernel;
	uint32_t processes = or_default(options->process_max, PROCESS_MAX_DEFAULT);
	uint32_t wanted = or_default(options->cell_max, CELL_MAX_DEFAULT);
	uint32_t cells = wanted + 1; /* the first is not used: its index means none */
	uint32_t errnos = or_default(options->errno_max, ERRNO_MAX_DEFAULT);
	int result = 0;

	collector->cells_per_piece = CELL_GRAIN;
	while (collector->cells_per_piece * sizeof(struct syscall_cell) % collector->page_size ||
	       pieces_for(cells, collector->cells_per_piece) > CELL_PIECES_MAX)
		collector->cells_per_piece *= 2;
	collector->cell_piece_count = pieces_for(cells, collector->cells_per_piece);
	cells = collector->cell_piece_count * collector->cells_per_piece;
	collector->cell_max = cells;

	kernel->rodata->setting_own_tgid = (uint32_t)getpid();
	kernel->rodata->setting_filter = options->filter;
	kernel->rodata->setting_filter_uid = options->uid;
	kernel->rodata->setting_filter_cgroup = options->cgroup_id;
	kernel->rodata->setting_follow = options->follow;
	kernel->rodata->setting_kernel_threads = options->kernel_threads;
	kernel->rodata->setting_cells_shared = kernel_is_realtime();
	/* The limit is what was asked for; the map is larger only to consist of whole pieces. */
	kernel->rodata->setting_cells_max = wanted + 1;
	if (options->comm)
		strncpy((char *)kernel->rodata->setting_filter_comm, options->comm, COMM_SIZE - 1);
	fill_tables(kernel, options);

	result |= bpf_map__set_max_entries(kernel->maps.processes, processes);
	result |= bpf_map__set_max_entries(kernel->maps.targets, processes);
	result |= bpf_map__set_max_entries(kernel->maps.cells, cells);
	result |= bpf_map__set_max_entries(kernel->maps.cell_index, cells);
	result |= bpf_map__set_max_entries(kernel->maps.free_cells, cells);
	result |= bpf_map__set_max_entries(kernel->maps.errnos, errnos);
	return result ? -ENOMEM : 0;
}

static int load(struct collector *collector, const struct collector_options *options)
{
	int result;

	collector->kernel = fathom_bpf__open();
	if (!collector->kernel)
		return -errno;
	result = configure(collector, options);
	if (result)
		return result;
	result = fathom_bpf__load(collector->kernel);
	if (!result || probe_tracepoint("cgroup_attach_task"))
		return result;
	/* A kernel without cgroups. All that is lost is noticing that a process changes its cgroup.
	 * The question comes second because it means to parse the kernel's BTF once more. */
	fathom_bpf__destroy(collector->kernel);
	collector->kernel = fathom_bpf__open();
	if (!collector->kernel)
		return -errno;
	bpf_program__set_autoload(collector->kernel->progs.on_cgroup_attach, false);
	result = configure(collector, options);
	return result ? result : fathom_bpf__load(collector->kernel);
}

/* Why the programs could not be loaded: a tracepoint that is not there, or what libbpf says. */
static int explain_refusal(int result, struct error *error)
{
	const char *name, *effect;

	if (probe_missing_tracepoint(&name, &effect))
		return error_set(error, result,
				 "this kernel has no tracepoint %s: %s (fathom doctor)", name,
				 effect);
	return error_set_errno(error, result, "the kernel refused fathom's programs (%s)",
			       first_warning[0] ? first_warning : "no message");
}

int collector_open(const struct collector_options *options, struct collector **out,
		   struct error *error)
{
	struct collector *collector;
	int result = probe_requirements(error);

	if (result)
		return result;
	collector = calloc(1, sizeof(*collector));
	if (!collector)
		return error_set_errno(error, -ENOMEM, "starting");
	cgroup_names_init(&collector->cgroups);
	if (options->selected) {
		collector->select_calls = true;
		memcpy(collector->selected, options->selected, sizeof(collector->selected));
	}
	collector->page_size = (size_t)sysconf(_SC_PAGESIZE);
	first_warning[0] = '\0';
	libbpf_set_print(keep_warning);
	result = load(collector, options);
	if (result) {
		result = explain_refusal(result, error);
		goto fail;
	}
	result = fathom_bpf__attach(collector->kernel);
	if (result) {
		result = error_set_errno(error, result, "attaching to tracepoints (%s)",
					 first_warning[0] ? first_warning : "no message");
		goto fail;
	}
	collector->ring = ring_buffer__new(bpf_map__fd(collector->kernel->maps.records),
					   collector_on_record, collector, NULL);
	if (!collector->ring) {
		result = error_set_errno(error, -errno, "opening the ring of records");
		goto fail;
	}
	malloc_trim(0); /* loading has parsed the kernel's whole BTF */
	*out = collector;
	return 0;
fail:
	collector_close(collector);
	return result;
}

void collector_close(struct collector *collector)
{
	if (!collector)
		return;
	for (unsigned i = 0; i < collector->cell_piece_count; i++) {
		if (collector->cell_pieces[i])
			munmap(collector->cell_pieces[i],
			       (size_t)collector->cells_per_piece * sizeof(struct syscall_cell));
	}
	ring_buffer__free(collector->ring);
	fathom_bpf__destroy(collector->kernel);
	cgroup_names_fini(&collector->cgroups);
	free(collector->dead.serials);
	free(collector);
}

int collector_fd(const struct collector *collector)
{
	return ring_buffer__epoll_fd(collector->ring);
}

bool collector_is_alive(struct collector *collector, pid_t pid)
{
	int fd = bpf_map__fd(collector->kernel->maps.processes);
	struct process_entry entry;
	uint32_t serial, *previous = NULL;

	while (bpf_map_get_next_key(fd, previous, &serial) == 0) {
		previous = &serial;
		if (bpf_map_lookup_elem(fd, &serial, &entry) == 0 && entry.tgid == (uint32_t)pid &&
		    !(entry.flags & PROCESS_DEAD))
			return true;
	}
	return false;
}

void collector_read_losses(struct collector *collector, struct profile *profile)
{
	struct self_cost *self = &profile->self;
	struct bpf_program *program;

	for (unsigned i = 0; i < LOSS_CLASS_COUNT; i++) {
		const struct loss_counter *loss = &collector->kernel->bss->losses[i];

		profile->losses[i] = (struct loss){
			.count = loss->count, .first_ns = loss->first_ns, .last_ns = loss->last_ns};
	}
	self->program_count = 0;
	bpf_object__for_each_program (program, collector->kernel->obj) {
		struct bpf_prog_info info = {0};
		uint32_t size = sizeof(info);
		struct program_cost *cost;

		if (self->program_count == PROGRAMS_MAX || bpf_program__fd(program) < 0 ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			continue;
		cost = &self->programs[self->program_count++];
		snprintf(cost->name, sizeof(cost->name), "%s", bpf_program__name(program));
		cost->misses = info.recursion_misses;
		profile->losses[LOSS_MISSED_RUN].count += info.recursion_misses;
	}
}
