/* SPDX-License-Identifier: BSD-2-Clause */
/* What has ended: reads the ring, moves dead processes into the profile, frees their table places.
 */
#include "collect/internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "collect/kernel_side.h"

/* Announcements of dead processes may be lost when the ring is full, so the table itself is
 * searched for them now and then, and at the end. */
#define SWEEP_INTERVAL_NS (5 * NS_PER_SECOND)

int serial_list_add(struct serial_list *list, uint32_t serial)
{
	if (array_reserve(&list->serials, &list->room, list->count, sizeof(*list->serials)))
		return -ENOMEM;
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
		result = serial_list_add(&collector->dead, notice->process);
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

int collector_bury(struct collector *collector, struct profile *profile, uint32_t serial)
{
	int fd = bpf_map__fd(collector->kernel->maps.processes);
	struct process_calls calls = {0};
	struct process_entry entry;
	int result;

	if (bpf_map_lookup_elem(fd, &serial, &entry) || !(entry.flags & PROCESS_DEAD))
		return 0; /* a sweep was faster */
	result = process_calls_read(collector, &entry, &calls);
	if (!result)
		result = collector_add_process(collector, profile, &entry, &calls, NULL);
	process_calls_fini(&calls);
	process_calls_release(collector, &entry);
	bpf_map_delete_elem(fd, &serial);
	forget_target(collector, &entry);
	return result;
}

int collector_sweep(struct collector *collector)
{
	int fd = bpf_map__fd(collector->kernel->maps.processes);
	struct process_entry entry;
	uint32_t serial, *previous = NULL;
	int result = 0;

	while (!result && bpf_map_get_next_key(fd, previous, &serial) == 0) {
		previous = &serial;
		if (bpf_map_lookup_elem(fd, &serial, &entry) == 0 && entry.flags & PROCESS_DEAD)
			result = serial_list_add(&collector->dead, serial);
	}
	return result;
}

int collector_read_ring(struct collector *collector, struct profile *profile, bool after_live)
{
	int result;

	collector->draining = profile;
	collector->after_live = after_live;
	collector->drain_result = 0;
	result = ring_buffer__consume(collector->ring);
	collector->draining = NULL;
	return result < 0 ? result : collector->drain_result;
}

int collector_drain_dead(struct collector *collector, struct profile *profile)
{
	int result = collector_read_ring(collector, profile, false);

	for (size_t i = 0; !result && i < collector->dead.count; i++)
		result = collector_bury(collector, profile, collector->dead.serials[i]);
	collector->dead.count = 0;
	return result;
}

int collector_drain(struct collector *collector, struct profile *profile, struct error *error)
{
	uint64_t now = clock_monotonic_ns();
	int result = 0;

	if (now - collector->last_sweep_ns > SWEEP_INTERVAL_NS) {
		collector->last_sweep_ns = now;
		result = collector_sweep(collector);
	}
	if (!result)
		result = collector_drain_dead(collector, profile);
	if (!result && collector->kernel->bss->reseed_wanted) {
		collector->kernel->bss->reseed_wanted = 0;
		result = collector_seed(collector, false, NULL, error);
	}
	return result ? error_set_errno(error, result, "reading the kernel's tables") : 0;
}
