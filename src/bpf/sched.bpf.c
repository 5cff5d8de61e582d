// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the scheduler does to watched threads: switched in, switched out, woken. The last switch-out
 * of a dying thread ends its account.
 */
#include "bpf/cells.bpf.h"
#include "bpf/ledger.bpf.h"
#include "bpf/reason.bpf.h"
#include "bpf/life.bpf.h"

/* Wake the reader at once only when this much waits; else its timer is soon enough, and cheaper. */
#define RING_WAKE_BYTES (64 * 1024)
#define EXTREME_TRIES	8

static __always_inline u64 ring_wake_flag(void)
{
	return bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) >= RING_WAKE_BYTES
		       ? BPF_RB_FORCE_WAKEUP
		       : BPF_RB_NO_WAKEUP;
}

static __always_inline void atomic_least(u64 *place, u64 value)
{
	for (int i = 0; i < EXTREME_TRIES; i++) {
		u64 old = READ_ONCE(*place);

		if (old <= value || __sync_val_compare_and_swap(place, old, value) == old)
			return;
	}
}

static __always_inline void atomic_most(u64 *place, u64 value)
{
	for (int i = 0; i < EXTREME_TRIES; i++) {
		u64 old = READ_ONCE(*place);

		if (old >= value || __sync_val_compare_and_swap(place, old, value) == old)
			return;
	}
}

static __always_inline void process_fold(struct process_entry *process,
					 const struct thread_record *record)
{
	const struct task_counters *counters = &record->counters;

	__sync_fetch_and_add(&process->thread_time_ns, record->end_ns - record->start_ns);
	__sync_fetch_and_add(&process->times.on_cpu_ns, record->times.on_cpu_ns);
	__sync_fetch_and_add(&process->times.runqueue_ns, record->times.runqueue_ns);
	__sync_fetch_and_add(&process->times.unaccounted_ns, record->times.unaccounted_ns);
	__sync_fetch_and_add(&process->times.call_on_cpu_ns, record->times.call_on_cpu_ns);
	for (int i = 0; i < BLOCKED_REASON_COUNT; i++)
		__sync_fetch_and_add(&process->times.blocked_ns[i], record->times.blocked_ns[i]);
	__sync_fetch_and_add(&process->waits.count, record->waits.count);
	atomic_least(&process->waits.min_ns, record->waits.min_ns);
	atomic_most(&process->waits.max_ns, record->waits.max_ns);
	__sync_fetch_and_add(&process->counters.voluntary_switches, counters->voluntary_switches);
	__sync_fetch_and_add(&process->counters.involuntary_switches,
			     counters->involuntary_switches);
	__sync_fetch_and_add(&process->counters.minor_faults, counters->minor_faults);
	__sync_fetch_and_add(&process->counters.major_faults, counters->major_faults);
	__sync_fetch_and_add(&process->counters.rchar_bytes, counters->rchar_bytes);
	__sync_fetch_and_add(&process->counters.wchar_bytes, counters->wchar_bytes);
	__sync_fetch_and_add(&process->counters.read_bytes, counters->read_bytes);
	__sync_fetch_and_add(&process->counters.write_bytes, counters->write_bytes);
}

/* The last thread of a process is gone. Like wait(2), a group exit's status goes before the
 * leader's. */
static __always_inline void process_end(struct process_entry *process, struct task_struct *task,
					u64 now, u64 wake)
{
	if (task->signal->flags & SIGNAL_GROUP_EXIT)
		process->wait_status = task->signal->group_exit_code;
	atomic_most(&process->peak_rss_pages, task->signal->maxrss);
	process->end_ns = now;
	__sync_fetch_and_or(&process->flags, PROCESS_DEAD);
	notify(RECORD_PROCESS_DEAD, process->serial, wake);
}

/* `late`: not at the last switch-out but from another context, which has scratch of its own. */
static __noinline int thread_end(struct thread_ledger *ledger, struct task_struct *task, u64 now,
				 bool late)
{
	struct process_entry *process;
	struct scratch_pair *scratch;
	struct thread_record *record;
	u32 zero = 0, serial;
	u64 wake;

	if (!ledger || !task)
		return 0;
	if (ledger->enter_ns) /* exit and exit_group never return: the call ends with the thread */
		call_finish(ledger, now, 0);
	scratch = bpf_map_lookup_elem(&event_scratch, &zero);
	if (!scratch)
		return 0;
	record = late ? &scratch->second.record : &scratch->first.record;
	record->kind = RECORD_THREAD_DEAD;
	record->process = serial = ledger->process;
	record->tgid = task->tgid;
	record->tid = ledger->tid;
	__builtin_memcpy(record->comm, task->comm, COMM_SIZE);
	record->start_ns = ledger->start_ns;
	record->end_ns = now;
	times_of(&record->times, ledger);
	record->waits = ledger->waits;
	counters_of(&record->counters, task, ledger);
	record->in_flight.active = 0;

	process = bpf_map_lookup_elem(&processes, &serial);
	if (!process)
		return 0;
	process_fold(process, record);
	if (!ledger->shard)
		process->wait_status = task->exit_code;
	wake = ring_wake_flag();
	if (bpf_ringbuf_output(&records, record, sizeof(*record), wake))
		lose(LOSS_RING_FULL);
	if (__sync_fetch_and_add(&process->threads, -1) == 1)
		process_end(process, task, now, wake);
	return 0;
}

/*
 * What the thread being switched out goes into. On its way to sleep it has set its state already:
 * preempted there, it stays on the runqueue; and if it has a signal pending, it is made runnable
 * again after the tracepoint's prev_state was read, hence the task's own state. Neither gets a
 * wake-up.
 */
static __always_inline u32 state_after(struct thread_ledger *ledger, struct task_struct *task,
				       bool preempt)
{
	u32 state = task->__state;

	if (preempt || state == 0)
		return state_word(THREAD_RUNQUEUE, 0);
	if (unlikely(state & TASK_DEAD))
		return state_word(THREAD_DEAD, 0);
	if (unlikely(ledger->flags & THREAD_SEEDED_RUNNING))
		seed_call(ledger, task, ledger->start_ns);
	return state_word(THREAD_BLOCKED, blocked_reason(task, ledger, state));
}

static __always_inline void switched_out(struct thread_ledger *ledger, struct task_struct *task,
					 bool preempt, u64 now)
{
	/* Decided first: while the ledger is being changed, others cannot read it. */
	u32 word = state_after(ledger, task, preempt);
	u64 begin;

	if (unlikely(state_of(ledger) == THREAD_BLOCKED))
		ledger_wake_late(ledger, task, now);
	if (unlikely(state_of(ledger) == THREAD_RUNQUEUE))
		ledger_arrive_late(ledger, task, now);
	if (likely(state_of(ledger) == THREAD_ON_CPU)) {
		begin = ledger_close_on_cpu(ledger, task, now);
	} else {
		begin = ledger_conflict(ledger, now);
		ledger->exec_seen_ns = task->se.sum_exec_runtime;
		ledger->switches_seen = task->nvcsw + task->nivcsw;
	}
	if (unlikely(word == state_word(THREAD_DEAD, 0))) {
		ledger_enter(ledger, word, begin);
		thread_end(ledger, task, begin, false);
		return;
	}
	if (word == state_word(THREAD_RUNQUEUE, 0)) {
		/* sched_info_depart() begins to count only for a thread in state running. */
		ledger->delay_uncounted = task->__state != 0;
		ledger->before = state_word(THREAD_ON_CPU, 0);
	}
	/* A nanosecond, so that the return from the call takes the way that looks at waits, even if
	 * the wake-up and the switch-in go unseen. */
	if (ledger->enter_ns && !ledger->call_off_ns)
		ledger->call_off_ns = ledger->call_runqueue_ns = 1;
	ledger_enter(ledger, word, begin);
}

/* The thread left the CPU unseen (see ledger_arrive_late). The scheduler says how long it had run;
 * it is still in the call that it slept in, if it did sleep and did not only wait, which run_delay
 * will say. */
static __noinline bool missed_switch_out(struct thread_ledger *ledger, struct task_struct *task)
{
	u64 ran;

	if (!ledger || !task || state_of(ledger) != THREAD_ON_CPU ||
	    ledger->exec_seen_ns == EXEC_UNKNOWN)
		return false;
	ran = task->se.sum_exec_runtime - ledger->exec_seen_ns;
	ledger->exec_seen_ns += ran;
	ledger->on_cpu_ns += ran;
	ledger->since_ns += ran;
	ledger->state = state_word(THREAD_BLOCKED, blocked_reason(task, ledger, 0));
	return true;
}

static __always_inline void switched_in(struct thread_ledger *ledger, struct task_struct *task,
					u64 now)
{
	u64 begin;
	u32 shard;

	ledger->settled = 0;
	if (likely(state_of(ledger) == THREAD_RUNQUEUE)) {
		u64 since = ledger->since_ns;

		begin = ledger_close(ledger, now);
		ledger->provisional_ns = begin - since;
	} else if (state_of(ledger) == THREAD_BLOCKED || missed_switch_out(ledger, task)) {
		/* No wake-up was seen. run_delay will say when it was. */
		ledger->before = ledger->state;
		begin = ledger_close(ledger, now);
		ledger->provisional_ns = 0;
	} else {
		begin = ledger_conflict(ledger, now);
		ledger->exec_seen_ns = EXEC_UNKNOWN;
		ledger->provisional_ns = 0;
	}
	if (ledger->shard) {
		shard = bpf_get_smp_processor_id() + 1;
		if (ledger->shard != shard) {
			ledger->shard = shard;
			cell_cache_clear(ledger);
		}
	}
	ledger_enter(ledger, state_word(THREAD_ON_CPU, 0), begin);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct thread_ledger *ledger;
	u64 now = 0;

	ledger = ledger_of(prev);
	if (ledger) {
		now = bpf_ktime_get_ns();
		switched_out(ledger, prev, preempt, now);
	}
	ledger = ledger_of(next);
	if (ledger) /* one clock for both: no time falls between them */
		switched_in(ledger, next, now ? now : bpf_ktime_get_ns());
	return 0;
}

/*
 * sched_wakeup and not sched_waking: it fires when the thread is on a runqueue, which is where the
 * kernel's own run_delay begins, and it cannot overtake the switch-out of a thread still on its way
 * to sleep, since both hold that runqueue's lock. A thread woken before it slept is on a CPU:
 * nothing to do.
 */
SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_sched_wakeup, struct task_struct *task)
{
	struct thread_ledger *ledger = ledger_of(task);
	u64 now;

	if (!ledger || state_of(ledger) != THREAD_BLOCKED)
		return 0;
	ledger->before = ledger->state;
	now = ledger_close(ledger, bpf_ktime_get_ns());
	ledger_enter(ledger, state_word(THREAD_RUNQUEUE, 0), now);
	return 0;
}

/* A newborn becomes runnable: its life begins. What came before was its maker's work. */
SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *task)
{
	struct thread_ledger *ledger = ledger_of(task);
	u64 now;

	if (!ledger || !(ledger->flags & THREAD_NEWBORN))
		return 0;
	now = bpf_ktime_get_ns();
	ledger->start_ns = now;
	WRITE_ONCE(ledger->since_ns, now);
	return 0;
}

/* The kernel lets go of a dead thread, some time after its last switch-out. It has been accounted
 * for, unless just that event was missed. */
SEC("tp_btf/sched_process_free")
int BPF_PROG(on_free, struct task_struct *task)
{
	struct thread_ledger *ledger = ledger_of(task);
	u64 end;

	if (!ledger || state_of(ledger) == THREAD_DEAD || ledger->flags & THREAD_ARMED)
		return 0;
	end = ledger->since_ns;
	if (state_of(ledger) == THREAD_ON_CPU && ledger->exec_seen_ns != EXEC_UNKNOWN)
		end += task->se.sum_exec_runtime - ledger->exec_seen_ns;
	ledger_close(ledger, end);
	ledger_enter(ledger, state_word(THREAD_DEAD, 0), end);
	thread_end(ledger, task, end, true);
	return 0;
}
