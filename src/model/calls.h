/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one system call did in one process, or in all: counts, errors, and where its time went. What
 * the call is called and what it is for is in syscall_table.h.
 */
#ifndef FATHOM_MODEL_CALLS_H
#define FATHOM_MODEL_CALLS_H

#include <stdint.h>

#include "model/histogram.h"
#include "model/syscall_table.h"
#include "wire/ledger.h"

/* Sums over calls; all times in ns. wall = on-CPU + runqueue + Σ blocked. */
struct call_stats {
	uint16_t call;	/* wire call id */
	uint64_t count; /* calls that ended */
	uint64_t
		in_flight; /* calls that had begun and not ended; their time so far is in wall_ns */
	uint64_t untimed;  /* of count: began before the watch, so their duration is not known */
	uint64_t errors;   /* -ERESTART* is none */
	uint64_t restarts; /* ended with -ERESTART*: interrupted, and usually begun again */
	uint64_t wall_ns;
	uint64_t runqueue_ns;
	uint64_t blocked_ns[BLOCKED_REASON_COUNT];
	uint64_t min_ns; /* over the count - untimed timed calls; UINT64_MAX when there are none */
	uint64_t max_ns;
	struct histogram histogram; /* of the timed calls */
};

/* How often one call failed with one errno. */
struct errno_stats {
	uint16_t call;
	uint16_t error; /* positive */
	uint64_t count;
};

/* What reports show of a call_stats: derived figures instead of the histogram. */
struct call_row {
	uint16_t call;
	uint64_t count;
	uint64_t in_flight;
	uint64_t timed;
	uint64_t errors;
	uint64_t wall_ns;
	uint64_t on_cpu_ns;
	uint64_t runqueue_ns;
	uint64_t blocked_ns;
	uint64_t min_ns; /* this and those below mean nothing when timed is 0 */
	uint64_t max_ns;
	uint64_t p50_ns;
	uint64_t p90_ns;
	uint64_t p99_ns;
};

/* An empty account of one call. */
struct call_stats call_stats_of(uint16_t call);
void call_stats_add(struct call_stats *into, const struct call_stats *from);
uint64_t call_stats_blocked_ns(const struct call_stats *stats);
struct call_row call_row_of(const struct call_stats *stats);

/* The seven-way view of call time: six groups of calls, and computing. */
struct breakdown {
	uint64_t group_ns[BREAKDOWN_COUNT]; /* by enum breakdown_class: wall time inside these calls
					     */
	uint64_t compute_ns;		    /* total less all groups, never below 0 */
	uint64_t total_ns;
	double overhead_percent; /* (total - compute) / total × 100; 0 when total is 0 */
	const char *dominant; /* the largest, the first in order on a tie; "none" when all are 0 */
};

/* Sums saturate. `calls` holds `n` rows; total_ns is the thread time they are part of. */
struct breakdown breakdown_of(const struct call_stats *const *calls, unsigned n, uint64_t total_ns);
/* "mmap", "futex" … "other"; "compute" for BREAKDOWN_COUNT. */
const char *breakdown_class_name(unsigned group);

#endif
