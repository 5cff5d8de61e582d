/* SPDX-License-Identifier: BSD-2-Clause */
/* See ledger.h. */
#include "model/ledger.h"

#include <stddef.h>

const struct ledger LEDGER_EMPTY = {.wait_min_ns = UINT64_MAX};

static const struct {
	const char *name;
	const char *label;
} REASONS[BLOCKED_REASON_COUNT] = {
	[BLOCKED_DISK_IO] = {"disk_io", "disk"},
	[BLOCKED_NETWORK] = {"network", "network"},
	[BLOCKED_LOCK] = {"lock", "lock"},
	[BLOCKED_SLEEP] = {"sleep", "sleep"},
	[BLOCKED_POLL] = {"poll", "poll"},
	[BLOCKED_IPC] = {"ipc", "pipe/ipc"},
	[BLOCKED_CHILD] = {"child", "child"},
	[BLOCKED_TERMINAL] = {"terminal", "terminal"},
	[BLOCKED_PAGE_FAULT] = {"page_fault", "page fault"},
	[BLOCKED_STOPPED] = {"stopped", "stopped"},
	[BLOCKED_OTHER] = {"other", "other"},
};

static const struct {
	const char *name;
	const char *meaning;
} LOSSES[LOSS_CLASS_COUNT] = {
	[LOSS_PROCESS_TABLE_FULL] = {"process_table_full", "processes were not watched at all"},
	[LOSS_CELL_TABLE_FULL] =
		{"cell_table_full",
		 "system calls are missing from the table (thread times are whole)"},
	[LOSS_ERRNO_TABLE_FULL] = {"errno_table_full", "errors were counted without their errno"},
	[LOSS_THREAD_UNTRACKED] = {"thread_untracked", "threads were not watched at all"},
	[LOSS_RING_FULL] = {"record_ring_full",
			    "threads have no row of their own (their process has their time)"},
	[LOSS_STATE_CONFLICT] = {"state_conflict",
				 "a scheduler event was missed; the time around it is unaccounted"},
	[LOSS_MISSED_RUN] = {"missed_run", "the kernel skipped runs of fathom's programs"},
};

struct ledger ledger_from_wire(const struct ledger_times *times, const struct wait_extremes *waits,
			       const struct task_counters *counters, uint64_t thread_time_ns)
{
	struct ledger ledger = {
		.thread_time_ns = thread_time_ns,
		.on_cpu_ns = times->on_cpu_ns,
		.syscall_on_cpu_ns = times->call_on_cpu_ns,
		.runqueue_ns = times->runqueue_ns,
		.voluntary_switches = counters->voluntary_switches,
		.involuntary_switches = counters->involuntary_switches,
		.waits = waits->count,
		.wait_min_ns = waits->min_ns,
		.wait_max_ns = waits->max_ns,
	};

	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		ledger.blocked_ns[i] = times->blocked_ns[i];
	return ledger;
}

void ledger_add(struct ledger *into, const struct ledger *from)
{
	into->thread_time_ns += from->thread_time_ns;
	into->on_cpu_ns += from->on_cpu_ns;
	into->syscall_on_cpu_ns += from->syscall_on_cpu_ns;
	into->runqueue_ns += from->runqueue_ns;
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		into->blocked_ns[i] += from->blocked_ns[i];
	into->voluntary_switches += from->voluntary_switches;
	into->involuntary_switches += from->involuntary_switches;
	into->waits += from->waits;
	if (from->wait_min_ns < into->wait_min_ns)
		into->wait_min_ns = from->wait_min_ns;
	if (from->wait_max_ns > into->wait_max_ns)
		into->wait_max_ns = from->wait_max_ns;
}

uint64_t ledger_compute_ns(const struct ledger *ledger)
{
	return ledger->on_cpu_ns > ledger->syscall_on_cpu_ns
		       ? ledger->on_cpu_ns - ledger->syscall_on_cpu_ns
		       : 0;
}

uint64_t ledger_blocked_ns(const struct ledger *ledger)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		total += ledger->blocked_ns[i];
	return total;
}

uint64_t ledger_unaccounted_ns(const struct ledger *ledger)
{
	uint64_t known = ledger->on_cpu_ns + ledger->runqueue_ns + ledger_blocked_ns(ledger);

	return ledger->thread_time_ns > known ? ledger->thread_time_ns - known : 0;
}

unsigned ledger_main_reason(const struct ledger *ledger)
{
	unsigned most = BLOCKED_REASON_COUNT;

	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++) {
		if (ledger->blocked_ns[i] == 0)
			continue;
		if (most == BLOCKED_REASON_COUNT ||
		    ledger->blocked_ns[i] > ledger->blocked_ns[most])
			most = i;
	}
	return most;
}

const char *blocked_reason_name(unsigned reason)
{
	return reason < BLOCKED_REASON_COUNT ? REASONS[reason].name : "none";
}

const char *blocked_reason_label(unsigned reason)
{
	return reason < BLOCKED_REASON_COUNT ? REASONS[reason].label : "none";
}

const char *loss_class_name(unsigned class)
{
	return class < LOSS_CLASS_COUNT ? LOSSES[class].name : "unknown";
}

const char *loss_class_meaning(unsigned class)
{
	return class < LOSS_CLASS_COUNT ? LOSSES[class].meaning : "";
}
