// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Fork, exec, rename, exit and change of cgroup: these programs keep the process table right, and
 * bring processes under the watch as they come under the session's filter.
 */
#include "bpf/life.bpf.h"

static __always_inline union scratch *event_room(void)
{
	u32 zero = 0;
	struct scratch_pair *pair = bpf_map_lookup_elem(&event_scratch, &zero);

	return pair ? &pair->first : NULL;
}

static __always_inline struct process_entry *process_of(const struct thread_ledger *ledger)
{
	u32 serial = ledger->process;

	return bpf_map_lookup_elem(&processes, &serial);
}

/* task_newtask and not sched_process_fork: it also fires for io_uring's workers, which are threads
 * of the process they work for, and it says whether a thread or a process was made. */
SEC("tp_btf/task_newtask")
int BPF_PROG(on_newtask, struct task_struct *task, u64 clone_flags)
{
	struct thread_ledger *maker = ledger_of(bpf_get_current_task_btf());
	bool is_thread = clone_flags & CLONE_THREAD;
	struct process_entry *parent = NULL;
	union scratch *room;
	u32 serial;
	u64 now;

	if (maker) {
		if (maker->flags & THREAD_ARMED)
			return 0;
		if (!is_thread && !setting_follow && !filter_wants(task))
			return 0;
		parent = process_of(maker);
	} else {
		if (!filter_wants(task))
			return 0;
		if (is_thread) { /* of a process that the seeding has not reached yet */
			notify(RECORD_RESEED, 0, BPF_RB_FORCE_WAKEUP);
			return 0;
		}
	}
	room = event_room();
	if (!room)
		return 0;
	now = bpf_ktime_get_ns();
	if (maker && is_thread)
		serial = maker->process;
	else
		serial = process_make(&room->process, task, parent, 0, now);
	if (serial)
		thread_make(&room->ledger, task, serial, state_word(THREAD_RUNQUEUE, 0),
			    THREAD_NEWBORN, now);
	return 0;
}

/* A command that a filter asks for begins to run in a process that was not watched so far. */
static __always_inline struct thread_ledger *adopt(struct task_struct *task)
{
	union scratch *room = event_room();
	struct process_entry *process;
	struct thread_ledger *ledger;
	u64 now = bpf_ktime_get_ns();
	u32 serial;

	if (!room)
		return NULL;
	serial = process_make(&room->process, task, NULL, 0, now);
	if (!serial)
		return NULL;
	ledger = thread_make(&room->ledger, task, serial, state_word(THREAD_ON_CPU, 0), 0, now);
	process = bpf_map_lookup_elem(&processes, &serial);
	if (ledger && process)
		baseline_take(process, ledger, task);
	return ledger;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *program)
{
	struct thread_ledger *ledger = ledger_of(task);
	struct process_entry *process;

	if (!ledger) {
		if (!filter_wants(task))
			return 0;
		ledger = adopt(task);
		if (!ledger)
			return 0;
	}
	/* Whichever thread called execve is the leader now, under the leader's id. */
	ledger->tid = task->pid;
	if (ledger->shard) {
		ledger->shard = 0;
		cell_cache_clear(ledger);
	}
	process = process_of(ledger);
	if (!process)
		return 0;
	process->execs++;
	process->uid = task->real_cred->uid.val;
	process->cgroup = cgroup_of(task);
	process->flags |= PROCESS_EXECED;
	bpf_probe_read_kernel_str(process->exe, EXE_SIZE, program->filename);
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *task, const char *comm)
{
	struct thread_ledger *ledger;
	struct process_entry *process;
	char name[COMM_SIZE] = {};

	if (task->pid != task->tgid)
		return 0;
	ledger = ledger_of(task);
	if (!ledger) {
		if (setting_filter != WATCH_COMM)
			return 0;
		/* Only now does it have the name that is asked for; its threads are found by
		 * seeding. */
		bpf_probe_read_kernel_str(name, sizeof(name), comm);
		if (comm_is_wanted(name) && (u32)task->tgid != setting_own_tgid)
			notify(RECORD_RESEED, 0, BPF_RB_FORCE_WAKEUP);
		return 0;
	}
	process = process_of(ledger);
	if (process)
		bpf_probe_read_kernel_str(process->comm, COMM_SIZE, comm);
	return 0;
}

/* Dying still takes time and may sleep, so the account stays open until the last switch-out. Here
 * only the cell of the call that will not return is made sure of, outside the runqueue lock. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct thread_ledger *ledger = ledger_of(task);

	if (ledger && ledger->enter_ns)
		cell_of(ledger, ledger->call);
	return 0;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup_attach, struct cgroup *to, const char *path, struct task_struct *task)
{
	struct thread_ledger *ledger = ledger_of(task);
	struct process_entry *process;

	if (!ledger) {
		if (setting_filter == WATCH_CGROUP && filter_wants(task))
			notify(RECORD_RESEED, 0, BPF_RB_FORCE_WAKEUP);
		return 0;
	}
	process = process_of(ledger);
	if (process)
		process->cgroup = cgroup_of(task);
	return 0;
}
