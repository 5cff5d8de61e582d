/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share. Nobody outside includes it. */
#ifndef FATHOM_COLLECT_INTERNAL_H
#define FATHOM_COLLECT_INTERNAL_H

#include "collect/cgroup.h"
#include "collect/collector.h"

struct fathom_bpf;
struct ring_buffer;

/* A growing list of process serials. */
struct serial_list {
	uint32_t *serials;
	size_t count, room;
};

/* Live threads of the processes, as one pass of the reading iterator gave them. */
struct live_threads {
	struct thread_record *records;
	size_t count, room;
};

struct collector {
	struct fathom_bpf *kernel;
	struct ring_buffer *ring;
	struct cgroup_names cgroups;
	size_t page_size;
	bool select_calls;
	uint8_t selected[CALL_ABI_COUNT * CALL_TABLE_SIZE]; /* see collector_options */

	/* The cells, mapped in pieces as they come into use, so that unused ones cost no memory. */
	struct syscall_cell *cell_pieces[64];
	unsigned cell_piece_count;
	uint32_t cells_per_piece;
	uint32_t cell_max;

	struct profile *draining; /* where records go during a drain */
	bool after_live;	  /* live threads have their rows: look before adding one */
	struct serial_list dead;  /* announced as dead and not yet read */
	int drain_result;
	uint64_t last_sweep_ns;
};

/* drain.c: what the ring hands over. */
int collector_on_record(void *context, void *data, size_t size);

/* cells.c: the cell with this index, or NULL with errno set if it cannot be mapped. */
struct syscall_cell *collector_cell(struct collector *collector, uint32_t index);

/* The calls and errors of one process, merged over shards. */
struct process_calls {
	struct call_stats *calls;
	size_t call_count, call_room;
	struct errno_stats *errnos;
	size_t errno_count, errno_room;
};

void process_calls_fini(struct process_calls *calls);
int process_calls_read(struct collector *collector, const struct process_entry *entry,
		       struct process_calls *calls);
/* The merged account of `call`, made empty if there is none. NULL when memory ran out. */
struct call_stats *process_calls_find(struct process_calls *calls, uint16_t call);
/* Gives the places of a dead process back to the kernel side. */
void process_calls_release(struct collector *collector, const struct process_entry *entry);

/* drain.c, for live.c */
int serial_list_add(struct serial_list *list, uint32_t serial);
/* Moves a dead process into the profile and frees its places. Nothing if it is not dead. */
int collector_bury(struct collector *collector, struct profile *profile, uint32_t serial);
/* Looks through the whole table for the dead. */
int collector_sweep(struct collector *collector);
/* Takes thread rows and notices from the ring. */
int collector_read_ring(struct collector *collector, struct profile *profile, bool after_live);
/* The ring, and then the burial of all that are known to be dead. */
int collector_drain_dead(struct collector *collector, struct profile *profile);

/* process.c: adds one process, with its calls, and its live threads if any, to the profile. The
 * calls in flight are added to `calls`. */
int collector_add_process(struct collector *collector, struct profile *profile,
			  const struct process_entry *entry, struct process_calls *calls,
			  const struct live_threads *live);

/* The same for one thread. */
int collector_add_thread(struct profile *profile, const struct thread_record *record);

/* seed.c: runs one of the iterators; `sink` gets what it writes, or is NULL. */
struct bpf_program;
int collector_iterate(const struct bpf_program *program,
		      int (*sink)(void *context, const void *data, size_t size), void *context,
		      size_t record_size, struct error *error);

#endif
