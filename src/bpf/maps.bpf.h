/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps and settings that the kernel side shares, declared weak in every file and merged by the
 * linker. What is written in which map is described with the structs in wire/ledger.h.
 */
#ifndef FATHOM_BPF_MAPS_H
#define FATHOM_BPF_MAPS_H

#include "bpf/kernel.h"
#include "wire/ledger.h"

/* These stand in the skeleton too, hence the types that user space knows as well. */

/* Settings, fixed before loading. The verifier drops the branches that they rule out. */
__weak const volatile __u32 setting_own_tgid = 0; /* fathom itself: never watched by a filter */
__weak const volatile __u32 setting_filter = 0;	  /* enum watch_filter */
__weak const volatile __u32 setting_filter_uid = 0;
__weak const volatile __u64 setting_filter_cgroup = 0;
__weak const volatile char setting_filter_comm[COMM_SIZE] = {};
__weak const volatile bool setting_follow = false; /* children of watched processes are watched */
__weak const volatile bool setting_kernel_threads = false;
__weak const volatile bool setting_cells_shared =
	false; /* programs can be preempted: use atomics */
__weak const volatile bool setting_select_calls = false;
__weak const volatile __u32 setting_cells_max = 0;

/* Indexed by CALL_ABI × CALL_TABLE_SIZE + number. */
__weak const volatile __u8 setting_wait_kind[CALL_ABI_COUNT * CALL_TABLE_SIZE] = {};
__weak const volatile __u8 setting_call_selected[CALL_ABI_COUNT * CALL_TABLE_SIZE] = {};

/* histogram_bucket() of short durations. */
__weak const volatile __u8 setting_bucket[BUCKET_TABLE_SIZE] = {};

/* State that is not per task. */
__weak __u32 next_serial = 0;	 /* serials are given out from 1 */
__weak __u32 next_cell = 0;	 /* cells never used before start here; 0 is not a cell */
__weak __u32 seeded_threads = 0; /* found by the running pass of the seeding iterator */
__weak __u32 reseed_wanted = 0;	 /* a process came under the filter; its threads are to be found */
__weak __u32 arm_seeded = 0;	 /* the seeding pass arms what it finds (see THREAD_ARMED) */
__weak struct loss_counter losses[LOSS_CLASS_COUNT] = {};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread_ledger);
} threads __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, struct process_entry);
} processes __weak SEC(".maps");

/* Read by user space through mmap: no system call per cell. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, struct syscall_cell);
} cells __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct cell_key);
	__type(value, u32);
} cell_index __weak SEC(".maps");

/* Cells of dead processes, given back by user space once it has read them. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 16384);
	__type(value, u32);
} free_cells __weak SEC(".maps");

/* How often a 32-bit bucket passed 2^32: key is cell << 8 | bucket. Almost always empty. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u32);
} histogram_wraps __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct errno_key);
	__type(value, struct errno_entry);
} errnos __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 * 1024);
} records __weak SEC(".maps");

/* What the seeding iterator looks for: thread-group ids, and the serial given to each. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, u32);
} targets __weak SEC(".maps");

/* Room for values that are too large for the 512-byte stack: per CPU for the tracepoint programs,
 * which run with preemption off, with a second one for those that may interrupt the others; and one
 * for the iterators, of which one runs at a time. */
union scratch {
	struct thread_ledger ledger;
	struct process_entry process;
	struct thread_record record;
};

struct scratch_pair {
	union scratch first;
	union scratch second;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scratch_pair);
} iterator_scratch __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scratch_pair);
} event_scratch __weak SEC(".maps");

static __always_inline void lose(enum loss_class class)
{
	struct loss_counter *loss = &losses[class];
	u64 now = bpf_ktime_get_ns();

	/* Racing first occurrences are nanoseconds apart: either time is right. */
	if (!loss->first_ns)
		loss->first_ns = now;
	loss->last_ns = now;
	__sync_fetch_and_add(&loss->count, 1);
}

/* The ledger of a task, or NULL if it is not watched. The plain load first keeps the cost for a
 * task without any local storage, which is what an unwatched one is, below that of a helper call.
 */
static __always_inline struct thread_ledger *ledger_of(struct task_struct *task)
{
	if (!task->bpf_storage)
		return NULL;
	return bpf_task_storage_get(&threads, task, NULL, 0);
}

#endif
