/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The thread ledger's state machine: closing one stretch of time and beginning the next. Which
 * event leads to which state is decided by the programs in sched.bpf.c.
 */
#ifndef FATHOM_BPF_LEDGER_H
#define FATHOM_BPF_LEDGER_H

#include "bpf/maps.bpf.h"

static __always_inline u32 state_word(enum thread_state state, u32 reason)
{
	return state | reason << 8;
}

static __always_inline u32 state_of(const struct thread_ledger *ledger)
{
	return ledger->state & 0xff;
}

static __always_inline bool call_starts_program(u32 call)
{
	return call == CALL_ID(CALL_ABI_NATIVE, NR_EXECVE) ||
	       call == CALL_ID(CALL_ABI_NATIVE, NR_EXECVEAT);
}

/*
 * Whose clock. Threads' times are kept so that they equal the scheduler's own accounts,
 * sum_exec_runtime and run_delay (/proc/PID/schedstat), which everybody can check. These run from
 * the moment the scheduler picks a thread, by a clock that it reads when it is woken up to pick;
 * the sched_switch tracepoint comes later, by some hundred ns, or by many µs when the CPU was idle
 * and had to be brought out of its sleep. So transitions are timed by the tracepoints, and then
 * corrected:
 *
 *   - run_delay is updated just after the tracepoint. At switch-in the wait for a CPU is booked
 *     provisionally, and corrected as soon as somebody looks (ledger_settle).
 *   - at switch-out, the stretch on the CPU is what sum_exec_runtime grew by, and what is left of
 * it, the work of switching, falls to the state that begins.
 *
 * Kernels that take interrupts or stolen time out of sum_exec_runtime leave more than switching can
 * take: such a rest stays on the CPU, where interrupts taken meanwhile belong.
 */
#define SWITCH_MOST_NS 10000

/* Books the time since the last transition to the state it was spent in, and, inside a call, to
 * that call. since_ns stays 0 until ledger_enter() so that a concurrent reader sees the update is
 * not whole. Returns when the next state begins. */
static __always_inline u64 ledger_close(struct thread_ledger *ledger, u64 now)
{
	u64 since = ledger->since_ns;
	u64 span = now > since ? now - since : 0;
	u32 reason = ledger->state >> 8 & 0xff;
	bool in_call = ledger->enter_ns;

	WRITE_ONCE(ledger->since_ns, 0);
	switch (state_of(ledger)) {
	case THREAD_ON_CPU:
		ledger->on_cpu_ns += span;
		break;
	case THREAD_RUNQUEUE:
		ledger->runqueue_ns += span;
		if (in_call) {
			ledger->call_runqueue_ns += span;
			ledger->call_off_ns += span;
		}
		break;
	case THREAD_BLOCKED:
		if (reason >= BLOCKED_REASON_COUNT)
			reason = BLOCKED_OTHER;
		ledger->blocked_ns[reason] += span;
		ledger->waits.count++;
		if (span < ledger->waits.min_ns)
			ledger->waits.min_ns = span;
		if (span > ledger->waits.max_ns)
			ledger->waits.max_ns = span;
		if (in_call) {
			ledger->call_blocked_ns[reason] += span;
			ledger->call_off_ns += span;
		}
		break;
	default:
		ledger->unaccounted_ns += span;
	}
	return since + span;
}

/* What run_delay grew by since it was last asked; `booked` where the kernel keeps no such account.
 */
static __always_inline u64 ledger_new_delay(struct thread_ledger *ledger, struct task_struct *task,
					    u64 booked)
{
	u64 delay;

	if (!bpf_core_field_exists(task->sched_info.run_delay))
		return booked;
	delay = task_run_delay(task) - ledger->delay_seen_ns;
	ledger->delay_seen_ns += delay;
	return delay;
}

/* Is the thread in the call that it was in when its present stretch began? */
static __always_inline bool ledger_in_same_call(const struct thread_ledger *ledger)
{
	return ledger->enter_ns && ledger->enter_ns <= ledger->since_ns;
}

/* Of the stretch on record, the first `waited` was spent waiting for a CPU. */
static __always_inline void ledger_waited(struct thread_ledger *ledger, u64 waited)
{
	if (ledger_in_same_call(ledger)) {
		ledger->call_runqueue_ns += waited;
		ledger->call_off_ns += waited;
	}
	ledger->runqueue_ns += waited;
	ledger->since_ns += waited;
}

/* The thread has waited for a CPU, and the end of that, or both ends, went unseen: some kernels
 * leave out single events. The scheduler says how long, so nothing is lost; `unknown` is for
 * kernels that do not. */
static __always_inline void ledger_waited_unseen(struct thread_ledger *ledger,
						 struct task_struct *task, u64 now, u64 unknown)
{
	u64 span = now > ledger->since_ns ? now - ledger->since_ns : 0;
	u64 delay = ledger_new_delay(ledger, task, unknown);

	ledger_waited(ledger, delay < span ? delay : span);
}

/* On a CPU while on record as waiting for one: the switch-in was not seen. */
static __always_inline void ledger_arrive_late(struct thread_ledger *ledger,
					       struct task_struct *task, u64 now)
{
	ledger_waited_unseen(ledger, task, now, ~0ull);
	ledger->state = state_word(THREAD_ON_CPU, 0);
	ledger->settled = 1;
}

/* Gives back up to `wanted` of the time booked to the sleep that came before the present stretch.
 * Returns how much that was. */
static __always_inline u64 ledger_take_from_sleep(struct thread_ledger *ledger, u64 wanted)
{
	u32 reason = ledger->before >> 8 & 0xff;

	if ((ledger->before & 0xff) != THREAD_BLOCKED || reason >= BLOCKED_REASON_COUNT)
		return 0;
	if (wanted > ledger->blocked_ns[reason])
		wanted = ledger->blocked_ns[reason];
	ledger->blocked_ns[reason] -= wanted;
	if (ledger->call_off_ns && ledger->call_blocked_ns[reason] >= wanted) {
		ledger->call_blocked_ns[reason] -= wanted;
		ledger->call_off_ns -= wanted;
	}
	return wanted;
}

/* More waiting for a CPU than was booked: it began before the tracepoint of the wake-up, or that
 * was not seen. */
static __always_inline void ledger_wait_longer(struct thread_ledger *ledger, u64 missing)
{
	u64 call_off = ledger->call_off_ns;
	u64 of_call;

	if ((ledger->before & 0xff) == THREAD_ON_CPU) {
		/* Preempted: the scheduler had stopped its clock well before the switch-out. */
		if (missing > ledger->on_cpu_ns)
			missing = ledger->on_cpu_ns;
		ledger->on_cpu_ns -= missing;
		ledger->runqueue_ns += missing;
		of_call = call_off ? missing : 0;
	} else {
		ledger->runqueue_ns += ledger_take_from_sleep(ledger, missing);
		of_call = call_off - ledger->call_off_ns; /* what the present call had of it */
	}
	ledger->call_runqueue_ns += of_call;
	ledger->call_off_ns += of_call;
}

/* On a CPU while on record as asleep: neither the wake-up nor the switch-in was seen. It slept
 * until it began to wait and then to run, and how long it did these the scheduler says. */
static __always_inline void ledger_wake_late(struct thread_ledger *ledger, struct task_struct *task,
					     u64 now)
{
	u64 since = ledger->since_ns;
	u64 awake;

	if (ledger->exec_seen_ns == EXEC_UNKNOWN ||
	    !bpf_core_field_exists(task->sched_info.run_delay))
		return;
	awake = task->se.sum_exec_runtime - ledger->exec_seen_ns + task_run_delay(task) -
		ledger->delay_seen_ns;
	ledger->before = ledger->state;
	since = ledger_close(ledger, now > since + awake ? now - awake : since);
	ledger->state = state_word(THREAD_RUNQUEUE, 0);
	ledger->since_ns = since;
}

/* Corrects the wait for a CPU that the last switch-in booked, as soon as run_delay is up to date.
 */
static __always_inline void ledger_settle(struct thread_ledger *ledger, struct task_struct *task,
					  u64 now)
{
	u64 booked = ledger->provisional_ns;
	u64 delay, excess;

	if (state_of(ledger) == THREAD_BLOCKED)
		ledger_wake_late(ledger, task, now);
	if (state_of(ledger) == THREAD_RUNQUEUE) {
		ledger_arrive_late(ledger, task, now);
		return;
	}
	if (ledger->settled) {
		ledger_waited_unseen(ledger, task, now, 0); /* in the middle of the stretch */
		return;
	}
	ledger->settled = 1;
	delay = ledger_new_delay(ledger, task, booked);
	ledger->provisional_ns = 0;
	ledger->early_ns = 0;
	if (ledger->delay_uncounted) {
		ledger->delay_uncounted = 0;
		if (!delay)
			return;
	}
	if (delay == booked)
		return;
	if (delay > booked) {
		ledger_wait_longer(ledger, delay - booked);
		return;
	}
	excess = booked - delay;
	ledger->early_ns = excess;
	ledger->runqueue_ns -= excess;
	ledger->since_ns -= excess;
	if (ledger->call_runqueue_ns >= booked) {
		/* It was in a call then, and still is: one that ended would have settled this. */
		ledger->call_runqueue_ns -= excess;
		ledger->call_off_ns -= excess;
	}
}

/* The scheduler has counted more switches of the thread than were seen, and has it neither running
 * nor waiting for all of the time. */
static __always_inline void ledger_slept_unseen(struct thread_ledger *ledger, u64 gap)
{
	if (ledger_in_same_call(ledger)) {
		ledger->call_blocked_ns[BLOCKED_OTHER] += gap;
		ledger->call_off_ns += gap;
	}
	ledger->blocked_ns[BLOCKED_OTHER] += gap;
	ledger->since_ns += gap;
}

/* What was taken from the wait and given to the CPU is in neither of the scheduler's accounts: a
 * thread that waits is not counted while it is moved from one CPU to another. It did wait. */
static __always_inline void ledger_was_not_early(struct thread_ledger *ledger, u64 gap)
{
	ledger_waited(ledger, gap < ledger->early_ns ? gap : ledger->early_ns);
}

/* Switch-out: the stretch on the CPU that ends. Returns when the next state begins. */
static __always_inline u64 ledger_close_on_cpu(struct thread_ledger *ledger,
					       struct task_struct *task, u64 now)
{
	u64 total = task->se.sum_exec_runtime;
	u64 seen = ledger->exec_seen_ns;
	u64 switches = task->nvcsw + task->nivcsw;
	u64 before = ledger->switches_seen;
	u64 accounted, until = now;

	ledger_settle(ledger, task, now);
	ledger->switches_seen = switches;
	ledger->exec_seen_ns = total;
	if (likely(seen != EXEC_UNKNOWN)) {
		accounted = ledger->since_ns + (total - seen);
		/* The scheduler's clock was read so long before the wake-up that it counts sleep as
		 * running. Who compares with it must find the same. */
		if (accounted > now)
			ledger->on_cpu_ns += ledger_take_from_sleep(ledger, accounted - now);
		else if (accounted + SWITCH_MOST_NS >= now)
			until = accounted;
		else if (switches >
			 before + 1) /* it slept meanwhile, unseen: nobody knows on what */
			ledger_slept_unseen(ledger, now - accounted);
		else if (ledger->early_ns)
			ledger_was_not_early(ledger, now - accounted);
		/* A call that goes to sleep at once cannot have slept before it began. */
		if (until < ledger->enter_ns)
			until = ledger->enter_ns;
	}
	return ledger_close(ledger, until);
}

static __always_inline void ledger_enter(struct thread_ledger *ledger, u32 word, u64 now)
{
	ledger->state = word;
	WRITE_ONCE(ledger->since_ns, now);
}

/* An event that cannot follow the state on record: an earlier one was missed. Nobody can say where
 * in between the time went, so it is unaccounted, and counted as a loss. */
static __always_inline u64 ledger_conflict(struct thread_ledger *ledger, u64 now)
{
	if (state_of(ledger) != THREAD_UNSEEN)
		lose(LOSS_STATE_CONFLICT);
	ledger->state = THREAD_UNSEEN;
	return ledger_close(ledger, now);
}

#endif
