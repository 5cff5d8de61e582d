/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finding, making and filling the cell of a (process, call, shard), and counting errors by errno.
 * When a cell may be touched at all is the business of the programs that include this.
 */
#ifndef FATHOM_BPF_CELLS_H
#define FATHOM_BPF_CELLS_H

#include "bpf/maps.bpf.h"
#include "wire/histogram.h"

/* How often a chain's head is tried before giving up; contenders are threads of one process that
 * make their first call of a kind at the same instant. */
#define LINK_TRIES 32

#define ADD_SHARED(place, amount)                                                                  \
	do {                                                                                       \
		if (setting_cells_shared)                                                          \
			__sync_fetch_and_add(&(place), (amount));                                  \
		else                                                                               \
			(place) += (amount);                                                       \
	} while (0)

/* The wire id of a call that is not simply a native one. */
static __noinline u32 call_id_of(struct task_struct *task, long id)
{
	u32 nr = (u32)id;
	u32 abi = CALL_ABI_NATIVE;

	if (!task)
		return 0;
	if (task_in_compat_call(task))
		abi = CALL_ABI_COMPAT;
#ifdef X32_BIT
	else if (nr != ~0u && (nr & X32_BIT)) {
		abi = CALL_ABI_X32;
		nr &= ~X32_BIT;
	}
#endif
	return CALL_ID(abi, nr < CALL_NR_FILTERED ? nr : CALL_NR_UNKNOWN);
}

static __always_inline u32 call_id(struct task_struct *task, long id)
{
	if (likely((u64)id < CALL_TABLE_SIZE && !task_in_compat_call(task)))
		return (u32)id;
	return call_id_of(task, id);
}

/* A thread off the CPU that was seeded: its registers are at rest and say which call it is in, if
 * any. It counts from `since`, when the watch began. */
static __always_inline void seed_call(struct thread_ledger *ledger, struct task_struct *task,
				      u64 since)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	long nr = regs_call_number(regs);

	ledger->flags &= ~THREAD_SEEDED_RUNNING;
	if (nr == -1 || ledger->enter_ns || ledger->flags & THREAD_ARMED ||
	    task->flags & (PF_IO_WORKER | PF_KTHREAD))
		return;
	ledger->call = call_id(task, nr);
	ledger->flags |= THREAD_CALL_PARTIAL;
	WRITE_ONCE(ledger->enter_ns, since);
}

static __always_inline u32 call_table_index(u32 call)
{
	u32 nr = CALL_NR(call), abi = CALL_ABI(call);

	if (nr >= CALL_TABLE_SIZE || abi >= CALL_ABI_COUNT)
		return ~0u;
	return abi * CALL_TABLE_SIZE + nr;
}

static __always_inline bool call_is_restart(u32 call)
{
	return call == CALL_ID(CALL_ABI_NATIVE, NR_RESTART_SYSCALL) ||
	       call == CALL_ID(CALL_ABI_COMPAT, NR_RESTART_COMPAT);
}

/* The call under whose name it is kept: itself, or the one row for all that --syscall leaves out.
 */
static __always_inline u32 call_row(u32 call)
{
	u32 index;

	if (!setting_select_calls)
		return call;
	index = call_table_index(call);
	if (index < CALL_ABI_COUNT * CALL_TABLE_SIZE && setting_call_selected[index])
		return call;
	return CALL_ID(CALL_ABI_NATIVE, CALL_NR_FILTERED);
}

static __always_inline u32 cell_take_free(void)
{
	u32 index;

	if (bpf_map_pop_elem(&free_cells, &index) == 0)
		return index;
	if (READ_ONCE(next_cell) >= setting_cells_max)
		return 0;
	index = __sync_fetch_and_add(&next_cell, 1) + 1;
	return index < setting_cells_max ? index : 0;
}

/* A cell that was taken and cannot be used. Returns the index that means none. */
static __always_inline u32 cell_give_back(struct syscall_cell *cell, u32 index)
{
	cell->process = 0;
	cell->next = 0;
	cell->call = 0;
	cell->shard = 0;
	cell->min_ns = 0;
	bpf_map_push_elem(&free_cells, &index, BPF_ANY);
	return 0;
}

static __noinline u32 cell_make(const struct cell_key *key)
{
	u32 serial = key->process;
	struct process_entry *process = bpf_map_lookup_elem(&processes, &serial);
	struct syscall_cell *cell;
	u32 index, head;

	if (!process)
		return 0;
	index = cell_take_free();
	cell = bpf_map_lookup_elem(&cells, &index);
	if (!index || !cell)
		return 0;
	/* Free cells are zero: fresh ones from the start, used ones because user space clears them.
	 */
	cell->process = serial;
	cell->call = key->call;
	cell->shard = key->shard;
	cell->min_ns = ~0ull;
	if (bpf_map_update_elem(&cell_index, key, &index, BPF_ANY))
		return cell_give_back(cell, index);
	for (int i = 0; i < LINK_TRIES; i++) {
		head = READ_ONCE(process->cells);
		cell->next = head;
		if (__sync_val_compare_and_swap(&process->cells, head, index) == head)
			return index;
	}
	bpf_map_delete_elem(&cell_index, key);
	return cell_give_back(cell, index);
}

/* The slow way to a cell: look it up, or make it, and remember it in the thread's cache. */
static __noinline u32 cell_find(struct thread_ledger *ledger, u32 call)
{
	struct cell_key key = {};
	u32 slot = call & (CELL_CACHE_SIZE - 1);
	u32 *known;
	u32 index;

	if (!ledger)
		return 0;
	key.process = ledger->process;
	key.call = call_row(call);
	key.shard = ledger->shard;
	known = bpf_map_lookup_elem(&cell_index, &key);
	index = known ? *known : cell_make(&key);
	if (index)
		ledger->cell_cache[slot] = call << CELL_INDEX_BITS | index;
	return index;
}

static __always_inline struct syscall_cell *cell_of(struct thread_ledger *ledger, u32 call)
{
	u32 cached = ledger->cell_cache[call & (CELL_CACHE_SIZE - 1)];
	u32 index = cached & (CELL_INDEX_LIMIT - 1);

	if (unlikely(cached >> CELL_INDEX_BITS != call)) {
		index = cell_find(ledger, call);
		if (!index)
			return NULL;
	}
	return bpf_map_lookup_elem(&cells, &index);
}

/* Forget every cached cell: the thread's shard has changed. */
static __always_inline void cell_cache_clear(struct thread_ledger *ledger)
{
	for (int i = 0; i < CELL_CACHE_SIZE; i++)
		ledger->cell_cache[i] = CELL_CACHE_EMPTY;
}

static __noinline int histogram_wrapped(struct syscall_cell *cell, u32 index, u32 bucket)
{
	u32 key = index << 8 | bucket, one = 1;
	u32 *wraps;

	if (!cell)
		return 0;
	wraps = bpf_map_lookup_elem(&histogram_wraps, &key);
	if (wraps)
		__sync_fetch_and_add(wraps, 1);
	else
		bpf_map_update_elem(&histogram_wraps, &key, &one, BPF_NOEXIST);
	cell->wraps++;
	return 0;
}

static __always_inline void cell_add_duration(struct thread_ledger *ledger,
					      struct syscall_cell *cell, u64 wall)
{
	u32 bucket, before;

	/* Up to 16 µs, which most calls are, the bucket is one load away. */
	if (likely(wall < BUCKET_TABLE_NS))
		bucket = setting_bucket[wall / BUCKET_TABLE_STEP_NS];
	else
		bucket = histogram_bucket(wall);

	if (wall < cell->min_ns)
		cell->min_ns = wall;
	if (wall > cell->max_ns)
		cell->max_ns = wall;
	if (bucket >= HISTOGRAM_SIZE)
		return; /* cannot be: told to the verifier */
	if (setting_cells_shared)
		before = __sync_fetch_and_add(&cell->histogram[bucket], 1);
	else
		before = cell->histogram[bucket]++;
	if (unlikely(before == ~0u)) {
		u32 cached = ledger->cell_cache[ledger->call & (CELL_CACHE_SIZE - 1)];

		histogram_wrapped(cell, cached & (CELL_INDEX_LIMIT - 1), bucket);
	}
}

static __noinline int errno_count(struct syscall_cell *cell, u32 error)
{
	struct errno_entry fresh = {.count = 1};
	struct errno_entry *entry;
	struct process_entry *process;
	struct errno_key key = {};
	u64 head, mine;
	u32 serial;

	if (!cell)
		return 0;
	key.process = serial = cell->process;
	key.call = cell->call;
	key.error = error;
	entry = bpf_map_lookup_elem(&errnos, &key);
	if (entry) {
		__sync_fetch_and_add(&entry->count, 1);
		return 0;
	}
	process = bpf_map_lookup_elem(&processes, &serial);
	if (!process)
		return 0;
	/* Two threads may meet here: whoever inserts first links the entry, the other adds to it.
	 */
	if (bpf_map_update_elem(&errnos, &key, &fresh, BPF_NOEXIST)) {
		entry = bpf_map_lookup_elem(&errnos, &key);
		if (entry)
			__sync_fetch_and_add(&entry->count, 1);
		else
			lose(LOSS_ERRNO_TABLE_FULL);
		return 0;
	}
	entry = bpf_map_lookup_elem(&errnos, &key);
	if (!entry)
		return 0;
	mine = *(u64 *)&key;
	for (int i = 0; i < LINK_TRIES; i++) {
		head = READ_ONCE(*(u64 *)&process->errnos);
		*(u64 *)&entry->next = head;
		if (__sync_val_compare_and_swap((u64 *)&process->errnos, head, mine) == head)
			return 0;
	}
	bpf_map_delete_elem(&errnos, &key);
	lose(LOSS_ERRNO_TABLE_FULL);
	return 0;
}

/* The corrections of ledger.bpf.h move time by µs across the border of a call. Its parts must not
 * exceed the whole. */
static __always_inline void call_fit_off_cpu(struct thread_ledger *ledger, u64 wall)
{
	u64 over = ledger->call_off_ns > wall ? ledger->call_off_ns - wall : 0;
	u64 cut = over < ledger->call_runqueue_ns ? over : ledger->call_runqueue_ns;

	ledger->call_off_ns -= over;
	ledger->call_runqueue_ns -= cut;
	over -= cut;
	for (int i = 0; i < BLOCKED_REASON_COUNT && over; i++) {
		cut = over < ledger->call_blocked_ns[i] ? over : ledger->call_blocked_ns[i];
		ledger->call_blocked_ns[i] -= cut;
		over -= cut;
	}
}

/* The call's off-CPU time goes from the thread to the cell, and the thread's notes are cleared.
 * Returns that time. */
static __noinline u64 cell_add_off_cpu(struct thread_ledger *ledger, struct syscall_cell *cell,
				       u64 wall)
{
	u64 off;

	if (!ledger)
		return 0;
	call_fit_off_cpu(ledger, wall);
	off = ledger->call_off_ns;
	if (cell) {
		ADD_SHARED(cell->runqueue_ns, ledger->call_runqueue_ns);
		for (int i = 0; i < BLOCKED_REASON_COUNT; i++) {
			if (ledger->call_blocked_ns[i])
				ADD_SHARED(cell->blocked_ns[i], ledger->call_blocked_ns[i]);
		}
	}
	ledger->call_off_ns = 0;
	ledger->call_runqueue_ns = 0;
	__builtin_memset(ledger->call_blocked_ns, 0, sizeof(ledger->call_blocked_ns));
	return off;
}

#define MAX_ERRNO      4095 /* include/linux/err.h */
#define ERESTART_FIRST 512  /* ERESTARTSYS … ERESTART_RESTARTBLOCK, include/linux/errno.h */
#define ERESTART_LAST  516
#define ERESTART_BLOCK 516 /* goes on by restart_syscall(2) */

static __noinline int cell_add_error(struct thread_ledger *ledger, struct syscall_cell *cell,
				     u32 error)
{
	if (!cell || !ledger)
		return 0;
	if (error >= ERESTART_FIRST && error <= ERESTART_LAST) {
		if (error == ERESTART_BLOCK && !call_is_restart(ledger->call))
			ledger->restart_call = ledger->call;
		ADD_SHARED(cell->restarts, 1);
		return 0;
	}
	/* Most calls fail in one way only: that way needs no look-up. */
	if (!cell->main_error)
		cell->main_error = error;
	if (cell->main_error == error) {
		ADD_SHARED(cell->main_errors, 1);
		return 0;
	}
	ADD_SHARED(cell->other_errors, 1);
	return errno_count(cell, error);
}

/*
 * Ends the call that the ledger is in, at now, with what it returned. For calls that slept, waited
 * for a CPU, or began before the watch; for the others the program on sys_exit has a shorter way.
 */
static __noinline int call_finish(struct thread_ledger *ledger, u64 now, long result)
{
	struct syscall_cell *cell;
	u64 wall;

	if (!ledger)
		return 0;
	wall = now - ledger->enter_ns;
	cell = cell_of(ledger, ledger->call);
	ledger->call_on_cpu_ns += wall;
	ledger->enter_ns = 0;
	if (ledger->call_off_ns)
		ledger->call_on_cpu_ns -= cell_add_off_cpu(ledger, cell, wall);
	if (cell) {
		ADD_SHARED(cell->wall_ns, wall);
		if (ledger->flags & THREAD_CALL_PARTIAL)
			ADD_SHARED(cell->untimed, 1);
		else
			cell_add_duration(ledger, cell, wall);
		if ((u64)result >= (u64)-MAX_ERRNO)
			cell_add_error(ledger, cell, (u32)-result);
	} else {
		lose(LOSS_CELL_TABLE_FULL);
	}
	ledger->flags &= ~THREAD_CALL_PARTIAL;
	return 0;
}

#endif
