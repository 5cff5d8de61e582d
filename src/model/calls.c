/* SPDX-License-Identifier: BSD-2-Clause */
/* See calls.h. */
#include "model/calls.h"

struct call_stats call_stats_of(uint16_t call)
{
	return (struct call_stats){.call = call, .min_ns = UINT64_MAX};
}

void call_stats_add(struct call_stats *into, const struct call_stats *from)
{
	into->count += from->count;
	into->in_flight += from->in_flight;
	into->untimed += from->untimed;
	into->errors += from->errors;
	into->restarts += from->restarts;
	into->wall_ns += from->wall_ns;
	into->runqueue_ns += from->runqueue_ns;
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		into->blocked_ns[i] += from->blocked_ns[i];
	if (from->min_ns < into->min_ns)
		into->min_ns = from->min_ns;
	if (from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
	histogram_add(&into->histogram, &from->histogram);
}

uint64_t call_stats_blocked_ns(const struct call_stats *stats)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		total += stats->blocked_ns[i];
	return total;
}

struct call_row call_row_of(const struct call_stats *stats)
{
	uint64_t blocked_ns = call_stats_blocked_ns(stats);
	uint64_t off_ns = blocked_ns + stats->runqueue_ns;
	struct call_row row = {
		.call = stats->call,
		.count = stats->count,
		.in_flight = stats->in_flight,
		.timed = stats->count - stats->untimed,
		.errors = stats->errors,
		.wall_ns = stats->wall_ns,
		.on_cpu_ns = stats->wall_ns > off_ns ? stats->wall_ns - off_ns : 0,
		.runqueue_ns = stats->runqueue_ns,
		.blocked_ns = blocked_ns,
	};

	if (row.timed) {
		row.min_ns = stats->min_ns;
		row.max_ns = stats->max_ns;
		row.p50_ns =
			histogram_percentile_ns(&stats->histogram, 0.50, row.min_ns, row.max_ns);
		row.p90_ns =
			histogram_percentile_ns(&stats->histogram, 0.90, row.min_ns, row.max_ns);
		row.p99_ns =
			histogram_percentile_ns(&stats->histogram, 0.99, row.min_ns, row.max_ns);
	}
	return row;
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

const char *breakdown_class_name(unsigned group)
{
	static const char *const NAMES[] = {
		[BREAKDOWN_MMAP] = "mmap",     [BREAKDOWN_FUTEX] = "futex",
		[BREAKDOWN_IOCTL] = "ioctl",   [BREAKDOWN_READ] = "read",
		[BREAKDOWN_WRITE] = "write",   [BREAKDOWN_OTHER] = "other",
		[BREAKDOWN_COUNT] = "compute",
	};

	return group <= BREAKDOWN_COUNT ? NAMES[group] : "none";
}

struct breakdown breakdown_of(const struct call_stats *const *calls, unsigned n, uint64_t total_ns)
{
	struct breakdown breakdown = {.total_ns = total_ns, .dominant = "none"};
	uint64_t in_calls = 0, most = 0;

	for (unsigned i = 0; i < n; i++) {
		uint64_t *group = &breakdown.group_ns[call_breakdown(calls[i]->call)];

		*group = add_saturating(*group, calls[i]->wall_ns);
		in_calls = add_saturating(in_calls, calls[i]->wall_ns);
	}
	breakdown.compute_ns = total_ns > in_calls ? total_ns - in_calls : 0;
	if (total_ns)
		breakdown.overhead_percent =
			(double)(total_ns - breakdown.compute_ns) / (double)total_ns * 100.0;
	for (unsigned i = 0; i <= BREAKDOWN_COUNT; i++) {
		uint64_t ns = i < BREAKDOWN_COUNT ? breakdown.group_ns[i] : breakdown.compute_ns;

		if (ns > most) {
			most = ns;
			breakdown.dominant = breakdown_class_name(i);
		}
	}
	return breakdown;
}
