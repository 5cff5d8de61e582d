/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time ledger as a value: where the time of one or more threads went. Reading it out of the
 * kernel is collect's business, and showing it export's.
 */
#ifndef FATHOM_MODEL_LEDGER_H
#define FATHOM_MODEL_LEDGER_H

#include <stdint.h>

#include "wire/ledger.h"

/*
 * For the threads it covers: thread_time = compute + syscall + runqueue + Σ blocked + unaccounted.
 * All times in ns; thread_time is the sum of the threads' lifetimes within the window.
 */
struct ledger {
	uint64_t thread_time_ns;
	uint64_t on_cpu_ns;
	uint64_t syscall_on_cpu_ns; /* of on_cpu_ns, the part inside system calls */
	uint64_t runqueue_ns;
	uint64_t blocked_ns[BLOCKED_REASON_COUNT];
	uint64_t voluntary_switches;
	uint64_t involuntary_switches;
	uint64_t waits;	      /* sleeps, unfinished ones included */
	uint64_t wait_min_ns; /* UINT64_MAX when there were none */
	uint64_t wait_max_ns;
};

extern const struct ledger LEDGER_EMPTY;

/* A ledger from what the kernel side holds. */
struct ledger ledger_from_wire(const struct ledger_times *times, const struct wait_extremes *waits,
			       const struct task_counters *counters, uint64_t thread_time_ns);
void ledger_add(struct ledger *into, const struct ledger *from);
/* on-CPU time outside system calls. */
uint64_t ledger_compute_ns(const struct ledger *ledger);
uint64_t ledger_blocked_ns(const struct ledger *ledger);
/* What no state claims; 0 if the states claim everything. */
uint64_t ledger_unaccounted_ns(const struct ledger *ledger);
/* The reason with the most time; BLOCKED_REASON_COUNT when there is no blocked time. */
unsigned ledger_main_reason(const struct ledger *ledger);

/* Names as in the JSON report, for example "disk_io". */
const char *blocked_reason_name(unsigned reason);
/* Words for people, for example "disk". */
const char *blocked_reason_label(unsigned reason);

const char *loss_class_name(unsigned class);
/* One sentence on what a loss of this class means for the numbers. */
const char *loss_class_meaning(unsigned class);

#endif
