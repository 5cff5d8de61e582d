/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading what is still alive: threads, the calls they are in, and their processes' cells stand in
 * different places and change while they are read. Here they are read until they agree.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "collect/internal.h"
#include "collect/kernel_side.h"

/* How often a process is read until its readings agree. */
#define LIVE_PASSES 8

/* Processes per pass: what bounds the memory for their calls. */
#define LIVE_CHUNK 64

/* A call in flight for longer than this must not be in its cell as well. */
#define LONG_CALL_NS NS_PER_MS

struct reading {
	struct process_entry entry; /* serial 0: it is gone */
	struct process_calls calls;
};

static int keep_live(void *context, const void *data, size_t size)
{
	struct live_threads *live = context;

	if (array_reserve(&live->records, &live->room, live->count, sizeof(*live->records)))
		return -ENOMEM;
	memcpy(&live->records[live->count++], data, size);
	return 0;
}

static int compare_records(const void *left, const void *right)
{
	const struct thread_record *a = left, *b = right;

	return (a->process > b->process) - (a->process < b->process);
}

static int read_threads(struct collector *collector, struct live_threads *live, struct error *error)
{
	int result = collector_iterate(collector->kernel->progs.read_threads, keep_live, live,
				       sizeof(struct thread_record), error);

	if (live->count)
		qsort(live->records, live->count, sizeof(*live->records), compare_records);
	return result;
}

/* The part of the sorted records that belongs to one process. */
static struct live_threads threads_of(const struct live_threads *live, uint32_t serial)
{
	struct live_threads part = {0};
	size_t low = 0, high = live->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (live->records[middle].process < serial)
			low = middle + 1;
		else
			high = middle;
	}
	part.records = live->records ? live->records + low : NULL;
	while (low + part.count < live->count && live->records[low + part.count].process == serial)
		part.count++;
	return part;
}

static uint64_t call_began_ns(const struct thread_record *record)
{
	return record->end_ns - record->in_flight.wall_ns;
}

/* Is the call that `record` was in still going on in the later reading? */
static bool still_in_call(const struct thread_record *record, const struct live_threads *later)
{
	for (size_t i = 0; i < later->count; i++) {
		const struct thread_record *other = &later->records[i];

		if (other->tid == record->tid && other->start_ns == record->start_ns)
			return other->in_flight.active &&
			       call_began_ns(other) == call_began_ns(record);
	}
	return false;
}

/*
 * Threads were read before and after the process's entry and cells. If as many were seen as the
 * entry has alive, none died in between, and so was counted twice or not at all; if a long call was
 * going on both before and after, its time is not in its cell yet.
 */
static bool readings_agree(const struct process_entry *entry, const struct live_threads *before,
			   const struct live_threads *after)
{
	if (before->count != entry->threads)
		return false;
	for (size_t i = 0; i < before->count; i++) {
		const struct in_flight *flight = &before->records[i].in_flight;

		if (flight->active && flight->wall_ns > LONG_CALL_NS &&
		    !still_in_call(&before->records[i], after))
			return false;
	}
	return true;
}

/* Reads the processes of one chunk. Those whose readings do not agree stay in `serials`, unless
 * `settle_for_less`. Returns through *left how many these are. */
static int read_chunk(struct collector *collector, struct profile *profile, uint32_t *serials,
		      size_t count, bool settle_for_less, size_t *left, struct error *error)
{
	int fd = bpf_map__fd(collector->kernel->maps.processes);
	struct reading *readings = calloc(count, sizeof(*readings));
	struct live_threads before = {0}, after = {0};
	int result;

	*left = 0;
	if (!readings)
		return -ENOMEM;
	result = read_threads(collector, &before, error);
	for (size_t i = 0; i < count; i++)
		bpf_map_lookup_elem(fd, &serials[i], &readings[i].entry);
	for (size_t i = 0; i < count && !result; i++)
		result = process_calls_read(collector, &readings[i].entry, &readings[i].calls);
	if (!result)
		result = read_threads(collector, &after, error);
	for (size_t i = 0; i < count && !result; i++) {
		const struct process_entry *entry = &readings[i].entry;
		struct live_threads threads = threads_of(&before, serials[i]);
		struct live_threads later = threads_of(&after, serials[i]);

		if (!entry->serial)
			continue;
		if (entry->flags & PROCESS_DEAD)
			result = collector_bury(collector, profile, serials[i]);
		else if (settle_for_less || readings_agree(entry, &threads, &later))
			result = collector_add_process(collector, profile, entry,
						       &readings[i].calls, &threads);
		else
			serials[(*left)++] = serials[i];
	}
	for (size_t i = 0; i < count; i++)
		process_calls_fini(&readings[i].calls);
	free(readings);
	free(before.records);
	free(after.records);
	return result;
}

int collector_read_live(struct collector *collector, struct profile *profile, struct error *error)
{
	int fd = bpf_map__fd(collector->kernel->maps.processes);
	struct serial_list pending = {0};
	uint32_t serial, *previous = NULL;
	int result = collector_sweep(collector);

	if (!result)
		result = collector_drain_dead(collector, profile);
	while (!result && bpf_map_get_next_key(fd, previous, &serial) == 0) {
		previous = &serial;
		result = serial_list_add(&pending, serial);
	}
	for (size_t at = 0; at < pending.count && !result; at += LIVE_CHUNK) {
		size_t count = pending.count - at < LIVE_CHUNK ? pending.count - at : LIVE_CHUNK;

		for (unsigned pass = 1; count && !result && pass <= LIVE_PASSES; pass++)
			result = read_chunk(collector, profile, &pending.serials[at], count,
					    pass == LIVE_PASSES, &count, error);
	}
	if (!result) /* rows of threads that died meanwhile */
		result = collector_read_ring(collector, profile, true);
	free(pending.serials);
	return result ? error_set_errno(error, result, "reading the live threads") : 0;
}
