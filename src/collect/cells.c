/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the system-call cells and errno entries of one process, and gives them back. */
#include "collect/internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/array.h"
#include "collect/kernel_side.h"

#define RELEASE_BATCH 64

/* Chains can be longer than the tables only if they are corrupt: then stop. */
#define CHAIN_MAX (1u << 20)

struct syscall_cell *collector_cell(struct collector *collector, uint32_t index)
{
	unsigned piece = index / collector->cells_per_piece;
	size_t bytes = (size_t)collector->cells_per_piece * sizeof(struct syscall_cell);
	void *mapped;

	if (index >= collector->cell_max || piece >= collector->cell_piece_count) {
		errno = ERANGE;
		return NULL;
	}
	if (!collector->cell_pieces[piece]) {
		mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			      bpf_map__fd(collector->kernel->maps.cells), (off_t)(piece * bytes));
		if (mapped == MAP_FAILED)
			return NULL;
		collector->cell_pieces[piece] = mapped;
	}
	return &collector->cell_pieces[piece][index % collector->cells_per_piece];
}

void process_calls_fini(struct process_calls *calls)
{
	free(calls->calls);
	free(calls->errnos);
	memset(calls, 0, sizeof(*calls));
}

struct call_stats *process_calls_find(struct process_calls *calls, uint16_t call)
{
	for (size_t i = 0; i < calls->call_count; i++) {
		if (calls->calls[i].call == call)
			return &calls->calls[i];
	}
	if (array_reserve(&calls->calls, &calls->call_room, calls->call_count,
			  sizeof(*calls->calls)))
		return NULL;
	calls->calls[calls->call_count] = call_stats_of(call);
	return &calls->calls[calls->call_count++];
}

static uint64_t wraps_of(struct collector *collector, uint32_t index, unsigned bucket)
{
	uint32_t key = index << 8 | bucket, wraps = 0;

	bpf_map_lookup_elem(bpf_map__fd(collector->kernel->maps.histogram_wraps), &key, &wraps);
	return (uint64_t)wraps << 32;
}

static int add_errors(struct process_calls *calls, uint16_t call, uint16_t error, uint64_t count)
{
	if (array_reserve(&calls->errnos, &calls->errno_room, calls->errno_count,
			  sizeof(*calls->errnos)))
		return -ENOMEM;
	calls->errnos[calls->errno_count++] =
		(struct errno_stats){.call = call, .error = error, .count = count};
	return 0;
}

static int add_cell(struct collector *collector, uint32_t index, const struct syscall_cell *cell,
		    struct process_calls *calls)
{
	struct call_stats *stats = process_calls_find(calls, cell->call);
	struct call_stats part = call_stats_of(cell->call);

	if (!stats)
		return -ENOMEM;
	part.untimed = cell->untimed;
	part.errors = cell->main_errors + cell->other_errors;
	part.restarts = cell->restarts;
	part.wall_ns = cell->wall_ns;
	part.runqueue_ns = cell->runqueue_ns;
	memcpy(part.blocked_ns, cell->blocked_ns, sizeof(part.blocked_ns));
	part.min_ns = cell->min_ns;
	part.max_ns = cell->max_ns;
	for (unsigned i = 0; i < HISTOGRAM_SIZE; i++) {
		part.histogram.counts[i] = cell->histogram[i];
		if (cell->wraps)
			part.histogram.counts[i] += wraps_of(collector, index, i);
	}
	part.count = histogram_total(&part.histogram) + part.untimed;
	call_stats_add(stats, &part);
	return cell->main_errors ? add_errors(calls, cell->call, (uint16_t)cell->main_error,
					      cell->main_errors)
				 : 0;
}

static bool is_end(const struct errno_key *key)
{
	return key->process == 0;
}

static int read_errnos(struct collector *collector, const struct process_entry *entry,
		       struct process_calls *calls)
{
	int fd = bpf_map__fd(collector->kernel->maps.errnos);
	struct errno_key key = entry->errnos;
	struct errno_entry value;
	int result = 0;

	for (unsigned i = 0; i < CHAIN_MAX && !is_end(&key) && !result; i++) {
		if (bpf_map_lookup_elem(fd, &key, &value))
			break;
		result = add_errors(calls, key.call, key.error, value.count);
		key = value.next;
	}
	return result;
}

int process_calls_read(struct collector *collector, const struct process_entry *entry,
		       struct process_calls *calls)
{
	uint32_t index = entry->cells;
	const struct syscall_cell *cell;
	int result;

	for (unsigned i = 0; i < CHAIN_MAX && index; i++) {
		cell = collector_cell(collector, index);
		if (!cell)
			return -errno;
		if (cell->process != entry->serial)
			break;
		result = add_cell(collector, index, cell, calls);
		if (result)
			return result;
		index = cell->next;
	}
	return read_errnos(collector, entry, calls);
}

static void release_cell(struct collector *collector, uint32_t index, struct syscall_cell *cell)
{
	if (cell->wraps) {
		for (uint32_t bucket = 0; bucket < HISTOGRAM_SIZE; bucket++) {
			uint32_t key = index << 8 | bucket;

			bpf_map_delete_elem(bpf_map__fd(collector->kernel->maps.histogram_wraps),
					    &key);
		}
	}
	/* Cleared before it is given back: the kernel side counts on free cells being zero. */
	memset(cell, 0, sizeof(*cell));
	__sync_synchronize();
	bpf_map_update_elem(bpf_map__fd(collector->kernel->maps.free_cells), NULL, &index, BPF_ANY);
}

/* Deletes a full or last batch of keys in one system call, or one by one where the kernel cannot.
 */
static void delete_keys(int fd, void *keys, size_t key_size, uint32_t count)
{
	uint32_t done = count;

	if (count == 0)
		return;
	if (bpf_map_delete_batch(fd, keys, &done, NULL) == 0)
		return;
	for (uint32_t i = 0; i < count; i++)
		bpf_map_delete_elem(fd, (char *)keys + i * key_size);
}

void process_calls_release(struct collector *collector, const struct process_entry *entry)
{
	struct cell_key cell_keys[RELEASE_BATCH];
	struct errno_key errno_keys[RELEASE_BATCH], key = entry->errnos;
	struct errno_entry value;
	uint32_t index = entry->cells, next, used = 0;
	int index_fd = bpf_map__fd(collector->kernel->maps.cell_index);
	int errno_fd = bpf_map__fd(collector->kernel->maps.errnos);
	struct syscall_cell *cell;

	/* First the index, so that no cell is given out again while it still can be found by its
	 * key. */
	for (unsigned i = 0; i < CHAIN_MAX && index; i++) {
		cell = collector_cell(collector, index);
		if (!cell || cell->process != entry->serial)
			break;
		cell_keys[used++] = (struct cell_key){
			.process = cell->process, .call = cell->call, .shard = cell->shard};
		index = cell->next;
		if (used == RELEASE_BATCH || !index) {
			delete_keys(index_fd, cell_keys, sizeof(*cell_keys), used);
			used = 0;
		}
	}
	delete_keys(index_fd, cell_keys, sizeof(*cell_keys), used);
	index = entry->cells;
	for (unsigned i = 0; i < CHAIN_MAX && index; i++) {
		cell = collector_cell(collector, index);
		if (!cell || cell->process != entry->serial)
			break;
		next = cell->next;
		release_cell(collector, index, cell);
		index = next;
	}
	used = 0;
	for (unsigned i = 0; i < CHAIN_MAX && !is_end(&key); i++) {
		if (bpf_map_lookup_elem(errno_fd, &key, &value))
			break;
		errno_keys[used++] = key;
		key = value.next;
		if (used == RELEASE_BATCH) {
			delete_keys(errno_fd, errno_keys, sizeof(*errno_keys), used);
			used = 0;
		}
	}
	delete_keys(errno_fd, errno_keys, sizeof(*errno_keys), used);
}
