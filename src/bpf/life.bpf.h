/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Beginning of threads and processes: who is watched, and making their entries. The end of a thread
 * is its last switch-out, in sched.bpf.c.
 */
#ifndef FATHOM_BPF_LIFE_H
#define FATHOM_BPF_LIFE_H

#include "bpf/cells.bpf.h"
#include "bpf/ledger.bpf.h"

#define CGROUP_DEPTH_MAX 32

static __always_inline void notify(u32 kind, u32 process, u64 wake)
{
	struct notice notice = {.kind = kind, .process = process};

	/* Losing one is harmless: the table itself says who is dead, and reseed_wanted that
	 * somebody is to be looked for. The reader looks there too. */
	if (kind == RECORD_RESEED)
		reseed_wanted = 1;
	bpf_ringbuf_output(&records, &notice, sizeof(notice), wake);
}

static __always_inline void times_of(struct ledger_times *times, const struct thread_ledger *ledger)
{
	times->on_cpu_ns = ledger->on_cpu_ns;
	times->runqueue_ns = ledger->runqueue_ns;
	times->unaccounted_ns = ledger->unaccounted_ns;
	/* Timed by other clocks, the part can be µs more than the whole. */
	times->call_on_cpu_ns = ledger->call_on_cpu_ns < ledger->on_cpu_ns ? ledger->call_on_cpu_ns
									   : ledger->on_cpu_ns;
	for (int i = 0; i < BLOCKED_REASON_COUNT; i++)
		times->blocked_ns[i] = ledger->blocked_ns[i];
}

static __always_inline void counters_of(struct task_counters *counters, struct task_struct *task,
					const struct thread_ledger *ledger)
{
	counters->voluntary_switches = task->nvcsw - ledger->voluntary_base;
	counters->involuntary_switches = task->nivcsw - ledger->involuntary_base;
	counters->minor_faults = task->min_flt;
	counters->major_faults = task->maj_flt;
	counters->rchar_bytes = task->ioac.rchar;
	counters->wchar_bytes = task->ioac.wchar;
	counters->read_bytes = task->ioac.read_bytes;
	counters->write_bytes = task->ioac.write_bytes;
}

static __always_inline bool in_filter_cgroup(struct task_struct *task)
{
	struct cgroup_subsys_state *css;
	struct cgroup *cgroup;

	if (!bpf_core_field_exists(task->cgroups))
		return false;
	css = &task->cgroups->dfl_cgrp->self;
	for (int i = 0; i < CGROUP_DEPTH_MAX && css; i++) {
		cgroup = BPF_CORE_READ(css, cgroup);
		if (BPF_CORE_READ(cgroup, kn, id) == setting_filter_cgroup)
			return true;
		css = BPF_CORE_READ(css, parent);
	}
	return false;
}

static __always_inline bool comm_is_wanted(const char *comm)
{
	for (int i = 0; i < COMM_SIZE - 1; i++) {
		if (comm[i] != setting_filter_comm[i])
			return false;
		if (!comm[i])
			break;
	}
	return true;
}

/* Does the filter of this session ask for the process of `task`? */
static __always_inline bool filter_wants(struct task_struct *task)
{
	char comm[COMM_SIZE] = {};

	if (setting_filter == WATCH_NAMED)
		return false;
	if ((u32)task->tgid == setting_own_tgid)
		return false;
	if (!setting_kernel_threads && (task->flags & PF_KTHREAD))
		return false;
	switch (setting_filter) {
	case WATCH_COMM:
		BPF_CORE_READ_STR_INTO(&comm, task, group_leader, comm);
		return comm_is_wanted(comm);
	case WATCH_CGROUP:
		return in_filter_cgroup(task);
	case WATCH_USER:
		return task->real_cred->uid.val == setting_filter_uid;
	}
	return true;
}

/* 0, which is no cgroup's id, on a kernel without them. */
static __always_inline u64 cgroup_of(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->cgroups))
		return 0;
	return task->cgroups->dfl_cgrp->kn->id;
}

/* What the kernel had counted for a task before the watch is taken off: from the thread's switches,
 * and from its process's sums, to which its death will add all. */
static __always_inline void baseline_take(struct process_entry *process,
					  struct thread_ledger *ledger, struct task_struct *task)
{
	ledger->delay_seen_ns = task_run_delay(task);
	ledger->settled = 1;
	ledger->switches_seen = task->nvcsw + task->nivcsw;
	ledger->voluntary_base = task->nvcsw;
	ledger->involuntary_base = task->nivcsw;
	__sync_fetch_and_add(&process->counters.minor_faults, 0 - task->min_flt);
	__sync_fetch_and_add(&process->counters.major_faults, 0 - task->maj_flt);
	__sync_fetch_and_add(&process->counters.rchar_bytes, 0 - task->ioac.rchar);
	__sync_fetch_and_add(&process->counters.wchar_bytes, 0 - task->ioac.wchar);
	__sync_fetch_and_add(&process->counters.read_bytes, 0 - task->ioac.read_bytes);
	__sync_fetch_and_add(&process->counters.write_bytes, 0 - task->ioac.write_bytes);
}

/* Enters a process into the table. Returns its serial, or 0 with the loss counted. `room` is
 * scratch; `parent` is the entry whose program it still runs, or NULL. */
static __always_inline u32 process_make(struct process_entry *room, struct task_struct *task,
					const struct process_entry *parent, u32 flags, u64 now)
{
	u32 serial = __sync_fetch_and_add(&next_serial, 1) + 1;

	__builtin_memset(room, 0, sizeof(*room));
	room->serial = serial;
	room->tgid = task->tgid;
	room->ppid = BPF_CORE_READ(task, real_parent, tgid);
	room->uid = task->real_cred->uid.val;
	room->flags = flags;
	room->start_ns = BPF_CORE_READ(task, group_leader, start_time);
	room->seen_ns = now;
	room->cgroup = cgroup_of(task);
	room->waits.min_ns = ~0ull;
	BPF_CORE_READ_STR_INTO(&room->comm, task, group_leader, comm);
	if (parent) {
		__builtin_memcpy(room->exe, parent->exe, EXE_SIZE);
		room->flags |= parent->flags & PROCESS_EXECED;
	}
	if (bpf_map_update_elem(&processes, &serial, room, BPF_NOEXIST)) {
		lose(LOSS_PROCESS_TABLE_FULL);
		return 0;
	}
	return serial;
}

/* Gives a task its ledger. Returns it, or NULL with the loss counted. `room` is scratch. */
static __always_inline struct thread_ledger *thread_make(struct thread_ledger *room,
							 struct task_struct *task, u32 serial,
							 u32 state, u32 flags, u64 now)
{
	struct process_entry *process = bpf_map_lookup_elem(&processes, &serial);
	struct thread_ledger *ledger;

	if (!process)
		return NULL;
	__builtin_memset(room, 0, sizeof(*room));
	room->process = serial;
	room->flags = flags;
	room->tid = task->pid;
	room->shard = task->pid == task->tgid ? 0 : task->thread_info.cpu + 1;
	room->start_ns = now;
	room->since_ns = now;
	room->state = state;
	room->exec_seen_ns = flags & THREAD_NEWBORN ? 0 : EXEC_UNKNOWN;
	room->waits.min_ns = ~0ull;
	cell_cache_clear(room);
	__sync_fetch_and_add(&process->threads, 1);
	__sync_fetch_and_add(&process->threads_total, 1);
	ledger = bpf_task_storage_get(&threads, task, room, BPF_LOCAL_STORAGE_GET_F_CREATE);
	/* An exec and a seeding can meet over one task: whoever came second has another's ledger,
	 * or none, and withdraws. */
	if (!ledger || ledger->process != serial) {
		if (!ledger && !ledger_of(task))
			lose(LOSS_THREAD_UNTRACKED);
		ledger = NULL;
		__sync_fetch_and_add(&process->threads_total, -1);
		if (__sync_fetch_and_add(&process->threads, -1) == 1)
			bpf_map_delete_elem(&processes, &serial);
	}
	return ledger;
}

#endif
