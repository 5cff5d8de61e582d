/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Call latencies as a log-linear histogram: bounds, merging and percentiles. The bucket of a
 * duration is in wire/histogram.h, because the kernel side computes it too.
 */
#ifndef FATHOM_MODEL_HISTOGRAM_H
#define FATHOM_MODEL_HISTOGRAM_H

#include <stdint.h>

#include "wire/histogram.h"

struct histogram {
	uint64_t counts[HISTOGRAM_SIZE];
};

/* Smallest duration in ns that falls in `bucket`. */
uint64_t histogram_lower_ns(unsigned bucket);
/* Largest duration in ns that falls in `bucket`; UINT64_MAX for the last, which has no end. */
uint64_t histogram_upper_ns(unsigned bucket);
uint64_t histogram_total(const struct histogram *histogram);
void histogram_add(struct histogram *into, const struct histogram *from);

/*
 * The duration in ns that `fraction` (0 … 1) of the calls do not exceed, by the nearest-rank rule,
 * as the middle of its bucket, hence within 12.5 % of the true one from 64 ns to 68.7 s; max_ns
 * beyond that. Never outside [min_ns, max_ns]. 0 when the histogram is empty.
 */
uint64_t histogram_percentile_ns(const struct histogram *histogram, double fraction,
				 uint64_t min_ns, uint64_t max_ns);

#endif
