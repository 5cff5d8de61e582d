// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The two hottest programs: entry to and return from every system call. The entry notes when and
 * which; the return does the rest. What the thread does off the CPU meanwhile is noted by
 * sched.bpf.c.
 */
#include "bpf/cells.bpf.h"
#include "bpf/ledger.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* `run`: the armed child calls execve. Its account begins here, as if it had just been born. */
static __noinline int ledger_begin(struct thread_ledger *ledger, struct task_struct *task, u64 now)
{
	struct process_entry *process;
	u32 serial;

	if (!ledger || !task)
		return 0;
	WRITE_ONCE(ledger->since_ns, 0);
	ledger->flags = 0;
	ledger->start_ns = now;
	ledger->on_cpu_ns = 0;
	ledger->runqueue_ns = 0;
	ledger->unaccounted_ns = 0;
	ledger->call_on_cpu_ns = 0;
	ledger->call_off_ns = 0;
	ledger->call_runqueue_ns = 0;
	__builtin_memset(ledger->blocked_ns, 0, sizeof(ledger->blocked_ns));
	__builtin_memset(ledger->call_blocked_ns, 0, sizeof(ledger->call_blocked_ns));
	ledger->waits.count = 0;
	ledger->waits.min_ns = ~0ull;
	ledger->waits.max_ns = 0;
	ledger->exec_seen_ns = EXEC_UNKNOWN; /* of a running thread it is up to a tick old */
	ledger->delay_seen_ns = task_run_delay(task);
	ledger->provisional_ns = 0;
	ledger->settled = 1;
	ledger->switches_seen = task->nvcsw + task->nivcsw;
	/* voluntary_base and involuntary_base stay 0: the command's switches are then those that
	 * /proc/PID/status shows, the one with which it waited to be started included. */
	ledger->voluntary_base = 0;
	ledger->involuntary_base = 0;
	serial = ledger->process;
	process = bpf_map_lookup_elem(&processes, &serial);
	if (process) {
		process->seen_ns = now;
		process->counters.minor_faults = 0 - task->min_flt;
		process->counters.major_faults = 0 - task->maj_flt;
		process->counters.rchar_bytes = 0 - task->ioac.rchar;
		process->counters.wchar_bytes = 0 - task->ioac.wchar;
		process->counters.read_bytes = 0 - task->ioac.read_bytes;
		process->counters.write_bytes = 0 - task->ioac.write_bytes;
	}
	ledger_enter(ledger, state_word(THREAD_ON_CPU, 0), now);
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long id)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_ledger *ledger = ledger_of(task);
	u64 now;
	u32 call;

	if (!ledger)
		return 0;
	now = bpf_ktime_get_ns();
	call = call_id(task, id);
	if (unlikely(ledger->flags)) {
		if (ledger->flags & THREAD_ARMED) {
			if (!call_starts_program(call))
				return 0;
			ledger_begin(ledger, task, now);
		}
		ledger->flags &= ~(THREAD_NEWBORN | THREAD_SEEDED_RUNNING);
	}
	ledger->call = call;
	ledger->enter_ns = now;
	return 0;
}

static __noinline int sys_exit_without_entry(struct task_struct *task, struct thread_ledger *ledger,
					     long id, long result)
{
	struct syscall_cell *cell;

	if (!task || !ledger || ledger->flags & THREAD_ARMED)
		return 0;
	if (ledger->flags & THREAD_NEWBORN) {
		ledger->flags &= ~THREAD_NEWBORN;
		return 0;
	}
	/* Began before the watch and was running, so the seeding could not see it. */
	ledger->flags &= ~THREAD_SEEDED_RUNNING;
	cell = cell_of(ledger, call_id(task, id));
	if (!cell) {
		lose(LOSS_CELL_TABLE_FULL);
		return 0;
	}
	ADD_SHARED(cell->untimed, 1);
	if ((u64)result >= (u64)-MAX_ERRNO)
		cell_add_error(ledger, cell, (u32)-result);
	return 0;
}

/* A call that slept or waited for a CPU. */
static __noinline int sys_exit_after_wait(struct task_struct *task, struct thread_ledger *ledger,
					  u64 now, long result)
{
	if (!task || !ledger)
		return 0;
	ledger_settle(ledger, task, now);
	return call_finish(ledger, now, result);
}

/* What nearly all calls take: nothing that is not needed for them stands here. */
SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_ledger *ledger = ledger_of(task);
	struct syscall_cell *cell;
	u64 now, wall;

	if (!ledger)
		return 0;
	wall = ledger->enter_ns;
	if (unlikely(!wall))
		return sys_exit_without_entry(task, ledger, regs_call_number(regs), result);
	now = bpf_ktime_get_ns();
	/* So is any call that began before the watch: it was asleep or waiting then. */
	if (unlikely(ledger->call_off_ns))
		return sys_exit_after_wait(task, ledger, now, result);
	wall = now - wall;
	ledger->enter_ns = 0;
	ledger->call_on_cpu_ns += wall;
	cell = cell_of(ledger, ledger->call);
	if (unlikely(!cell)) {
		lose(LOSS_CELL_TABLE_FULL);
		return 0;
	}
	ADD_SHARED(cell->wall_ns, wall);
	cell_add_duration(ledger, cell, wall);
	if (unlikely((u64)result >= (u64)-MAX_ERRNO))
		cell_add_error(ledger, cell, (u32)-result);
	return 0;
}
