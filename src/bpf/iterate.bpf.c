// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The two iterators over all tasks: one brings threads that exist already under the watch, the
 * other reads the ledgers of live threads, the running part of their current state included.
 */
#include "bpf/life.bpf.h"
#include "bpf/reason.bpf.h"

/* The state of a thread whose ledger has just been made. Its events have been seen since then, so
 * if one comes in between, the compare-and-swap fails and the event is right. */
static __always_inline void seed_state(struct thread_ledger *ledger, struct task_struct *task,
				       u64 now)
{
	u32 unseen = state_word(THREAD_UNSEEN, 0);
	u32 state = task->__state;
	u32 word;

	/* An int up to 7.1, a byte since: this way of reading takes whatever size it has. */
	if (BPF_CORE_READ_BITFIELD(task, on_cpu)) {
		ledger->flags |= THREAD_SEEDED_RUNNING;
		__sync_val_compare_and_swap(&ledger->state, unseen, state_word(THREAD_ON_CPU, 0));
		return;
	}
	seed_call(ledger, task, now);
	word = state ? state_word(THREAD_BLOCKED, blocked_reason(task, ledger, state))
		     : state_word(THREAD_RUNQUEUE, 0);
	if (__sync_val_compare_and_swap(&ledger->state, unseen, word) != unseen) {
		WRITE_ONCE(ledger->enter_ns, 0);
		ledger->flags &= ~THREAD_CALL_PARTIAL;
	}
}

SEC("iter/task")
int seed_threads(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct process_entry *process;
	struct thread_ledger *ledger;
	struct scratch_pair *room;
	u32 zero = 0, tgid, serial = 0;
	u32 *target;
	u64 now;

	if (!task || task->exit_state || ledger_of(task))
		return 0;
	tgid = task->tgid;
	target = bpf_map_lookup_elem(&targets, &tgid);
	if (!target && !filter_wants(task))
		return 0;
	room = bpf_map_lookup_elem(&iterator_scratch, &zero);
	if (!room)
		return 0;
	now = bpf_ktime_get_ns();
	if (target)
		serial = *target;
	process = bpf_map_lookup_elem(&processes, &serial);
	if (!process || process->tgid != tgid || process->flags & PROCESS_DEAD) {
		serial = process_make(&room->first.process, task, NULL, 0, now);
		if (!serial)
			return 0;
		/* Without this, each of its threads would be taken for a process. */
		if (bpf_map_update_elem(&targets, &tgid, &serial, BPF_ANY)) {
			bpf_map_delete_elem(&processes, &serial);
			lose(LOSS_PROCESS_TABLE_FULL);
			return 0;
		}
		process = bpf_map_lookup_elem(&processes, &serial);
	}
	if (!process)
		return 0;
	ledger = thread_make(&room->second.ledger, task, serial, state_word(THREAD_UNSEEN, 0),
			     arm_seeded ? THREAD_ARMED : 0, now);
	if (!ledger)
		return 0;
	baseline_take(process, ledger, task);
	seed_state(ledger, task, now);
	__sync_fetch_and_add(&seeded_threads, 1);
	return 0;
}

/* The unfinished stretch, from since to now, in the record and, inside a call, in its in-flight
 * part. */
static __always_inline void add_running_part(struct thread_record *record, u32 word, u64 span)
{
	struct in_flight *flight = &record->in_flight;
	u32 reason = word >> 8 & 0xff;

	switch (word & 0xff) {
	case THREAD_ON_CPU:
		record->times.on_cpu_ns += span;
		break;
	case THREAD_RUNQUEUE:
		record->times.runqueue_ns += span;
		if (flight->active)
			flight->runqueue_ns += span;
		break;
	case THREAD_BLOCKED:
		if (reason >= BLOCKED_REASON_COUNT)
			reason = BLOCKED_OTHER;
		record->times.blocked_ns[reason] += span;
		record->waits.count++;
		if (span < record->waits.min_ns)
			record->waits.min_ns = span;
		if (span > record->waits.max_ns)
			record->waits.max_ns = span;
		if (flight->active)
			flight->blocked_ns[reason] += span;
		break;
	default:
		record->times.unaccounted_ns += span;
	}
}

static __noinline bool read_ledger(struct thread_record *record, const struct thread_ledger *ledger)
{
	struct in_flight *flight;
	u64 since, enter, now;
	u32 word;

	if (!record || !ledger)
		return false;
	since = READ_ONCE(ledger->since_ns);
	enter = READ_ONCE(ledger->enter_ns);
	word = READ_ONCE(ledger->state);
	now = bpf_ktime_get_ns();

	if (!since)
		return false;
	flight = &record->in_flight;
	record->end_ns = now;
	times_of(&record->times, ledger);
	record->waits = ledger->waits;
	flight->active = enter != 0;
	flight->partial = (ledger->flags & THREAD_CALL_PARTIAL) != 0;
	flight->call = ledger->call;
	flight->wall_ns = enter && now > enter ? now - enter : 0;
	flight->runqueue_ns = ledger->call_runqueue_ns;
	for (int i = 0; i < BLOCKED_REASON_COUNT; i++)
		flight->blocked_ns[i] = ledger->call_blocked_ns[i];
	add_running_part(record, word, now > since ? now - since : 0);
	return READ_ONCE(ledger->since_ns) == since && READ_ONCE(ledger->enter_ns) == enter;
}

SEC("iter/task")
int read_threads(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct thread_record *record;
	struct thread_ledger *ledger;
	struct scratch_pair *room;
	u32 zero = 0;

	if (!task)
		return 0;
	ledger = ledger_of(task);
	if (!ledger || ledger->flags & THREAD_ARMED || state_of(ledger) == THREAD_DEAD)
		return 0;
	room = bpf_map_lookup_elem(&iterator_scratch, &zero);
	if (!room)
		return 0;
	record = &room->first.record;
	record->kind = RECORD_THREAD_LIVE;
	record->process = ledger->process;
	record->tgid = task->tgid;
	record->tid = ledger->tid;
	record->start_ns = ledger->start_ns;
	__builtin_memcpy(record->comm, task->comm, COMM_SIZE);
	counters_of(&record->counters, task, ledger);
	/* A thread in the middle of a transition is tried again; the last try stands as it is. Not
	 * a loop: the verifier of 6.1 takes the compiler's form of it for an endless one. */
	record->end_ns = 0;
	if (!read_ledger(record, ledger) && !read_ledger(record, ledger) &&
	    !read_ledger(record, ledger))
		read_ledger(record, ledger);
	if (!record->end_ns) /* none came through: the reader sees a thread missing, and asks again
			      */
		return 0;
	bpf_seq_write(context->meta->seq, record, sizeof(*record));
	return 0;
}
