/* SPDX-License-Identifier: BSD-2-Clause */
/* What has ended: reads the ring, moves dead processes into the profile, frees their table places.
 */
#include "collect/internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "collect/kernel_side.h"

/* Announcements of dead processes may be lost when the ring is full, so the table itself is
 * searched for them now and then, and at the end. */
#define SWEEP_INTERVAL_NS (5 * NS_PER_SECOND)

/* How often live threads are read until the readings agree; see read_pending(). */
#define LIVE_PASSES 8

static int list_add(struct serial_list *list, uint32_t serial)
{
	uint32_t *grown;

	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 64;

		grown = realloc(list->serials, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		list->serials = grown;
		list->room = room;
	}
	list->serials[list->count++] = serial;
	return 0;
}

/* Threads that were read alive and died since have a row already. */
static bool has_row(const struct profile *profile, const struct thread_record *record)
{
	for (size_t i = 0; i < profile->thread_count; i++) {
		const struct thread *thread = &profile->threads[i];

		if (thread->tid == record->tid && thread->start_ns == record->start_ns)
			return true;
	}
	return false;
}

static int on_thread(struct collector *collector, const struct thread_record *record)
{
	if (!collector->draining || (collector->after_live && has_row(collector->draining, record)))
		return 0;
	return collector_add_thread(collector->draining, record);
}

int collector_on_record(void *context, void *data, size_t size)
{
	struct collector *collector = context;
	const struct notice *notice = data;
	int result = 0;

	if (size < sizeof(*notice))
		return 0;
	switch (notice->kind) {
	case RECORD_THREAD_DEAD:
		if (size >= sizeof(struct thread_record))
			result = on_thread(collector, data);
		break;
	case RECORD_PROCESS_DEAD:
		result = list_add(&collector->dead, notice->process);
		break;
	case RECORD_RESEED: /* only wakes the reader; see collector_drain() */
		break;
	}
	if (result && !collector->drain_result)
		collector->drain_result = result;
	return 0;
}

/* Its pid may be another's tomorrow. */
static void forget_target(struct collector *collector, const struct process_entry *entry)
{
	int fd = bpf_map__fd(collector->kernel->maps.targets);
	uint32_t serial;

	if (bpf_map_lookup_elem(fd, &entry->tgid, &serial) == 0 && serial == entry->serial)
		bpf_map_delete_elem(fd, &entry->tgid);
}

static int bury(struct collector *collector, struct profile *profile, uint32_t serial)
{
	int fd = bpf_map__fd(collector->kernel->maps.processes);
	struct process_entry entry;
	int result;

	if (bpf_map_lookup_elem(fd, &serial, &entry) || !(entry.flags & PROCESS_DEAD))
		return 0; /* a sweep was faster */
	result = collector_add_process(collector, profile, &entry, NULL);
	process_calls_release(collector, &entry);
	bpf_map_delete_elem(fd, &serial);
	forget_target(collector, &entry);
	return result;
}

static int sweep(struct collector *collector)
{
	int fd = bpf_map__fd(collector->kernel->maps.processes);
	struct process_entry entry;
	uint32_t serial, *previous = NULL;
	int result = 0;

	while (!result && bpf_map_get_next_key(fd, previous, &serial) == 0) {
		previous = &serial;
		if (bpf_map_lookup_elem(fd, &serial, &entry) == 0 && entry.flags & PROCESS_DEAD)
			result = list_add(&collector->dead, serial);
	}
	return result;
}

static int read_ring(struct collector *collector, struct profile *profile, bool after_live)
{
	int result;

	collector->draining = profile;
	collector->after_live = after_live;
	collector->drain_result = 0;
	result = ring_buffer__consume(collector->ring);
	collector->draining = NULL;
	return result < 0 ? result : collector->drain_result;
}

static int drain(struct collector *collector, struct profile *profile)
{
	int result = read_ring(collector, profile, false);

	for (size_t i = 0; !result && i < collector->dead.count; i++)
		result = bury(collector, profile, collector->dead.serials[i]);
	collector->dead.count = 0;
	return result;
}

int collector_drain(struct collector *collector, struct profile *profile, struct error *error)
{
	uint64_t now = clock_monotonic_ns();
	int result = 0;

	if (now - collector->last_sweep_ns > SWEEP_INTERVAL_NS) {
		collector->last_sweep_ns = now;
		result = sweep(collector);
	}
	if (!result)
		result = drain(collector, profile);
	if (!result && collector->kernel->bss->reseed_wanted) {
		collector->kernel->bss->reseed_wanted = 0;
		result = collector_seed(collector, false, NULL, error);
	}
	return result ? error_set_errno(error, result, "reading the kernel's tables") : 0;
}

static int keep_live(void *context, const void *data, size_t size)
{
	struct live_threads *live = context;
	struct thread_record *grown;

	if (live->count == live->room) {
		size_t room = live->room ? live->room * 2 : 256;

		grown = realloc(live->records, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		live->records = grown;
		live->room = room;
	}
	memcpy(&live->records[live->count++], data, size);
	return 0;
}

static int compare_records(const void *left, const void *right)
{
	const struct thread_record *a = left, *b = right;

	return (a->process > b->process) - (a->process < b->process);
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

/*
 * One pass over the processes in `pending`. A process is taken when the iterator saw as many of its
 * threads as its entry, read at once afterwards, has alive: then none died, and so was counted
 * twice or not at all, between the two readings. The others stay pending, unless `settle_for_less`.
 */
static int read_pending(struct collector *collector, struct profile *profile,
			struct serial_list *pending, bool settle_for_less, struct error *error)
{
	int fd = bpf_map__fd(collector->kernel->maps.processes);
	struct process_entry *entries = calloc(pending->count, sizeof(*entries));
	struct live_threads live = {0};
	size_t left = 0;
	int result;

	if (!entries)
		return -ENOMEM;
	result = collector_iterate(collector->kernel->progs.read_threads, keep_live, &live,
				   sizeof(struct thread_record), error);
	for (size_t i = 0; i < pending->count; i++)
		bpf_map_lookup_elem(fd, &pending->serials[i], &entries[i]);
	if (live.count)
		qsort(live.records, live.count, sizeof(*live.records), compare_records);
	for (size_t i = 0; !result && i < pending->count; i++) {
		const struct process_entry *entry = &entries[i];
		uint32_t serial = pending->serials[i];
		struct live_threads threads = threads_of(&live, serial);

		if (!entry->serial)
			continue; /* gone: buried by a pass before */
		if (entry->flags & PROCESS_DEAD)
			result = bury(collector, profile, serial);
		else if (threads.count == entry->threads || settle_for_less)
			result = collector_add_process(collector, profile, entry, &threads);
		else
			pending->serials[left++] = serial;
	}
	pending->count = left;
	free(live.records);
	free(entries);
	return result;
}

int collector_read_live(struct collector *collector, struct profile *profile, struct error *error)
{
	int fd = bpf_map__fd(collector->kernel->maps.processes);
	struct serial_list pending = {0};
	uint32_t serial, *previous = NULL;
	int result = sweep(collector);

	if (!result)
		result = drain(collector, profile);
	while (!result && bpf_map_get_next_key(fd, previous, &serial) == 0) {
		previous = &serial;
		result = list_add(&pending, serial);
	}
	for (unsigned pass = 1; !result && pending.count && pass <= LIVE_PASSES; pass++)
		result = read_pending(collector, profile, &pending, pass == LIVE_PASSES, error);
	if (!result) /* rows of threads that died meanwhile */
		result = read_ring(collector, profile, true);
	free(pending.serials);
	return result ? error_set_errno(error, result, "reading the live threads") : 0;
}
