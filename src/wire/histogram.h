/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which bucket a duration falls in: the one piece of arithmetic that the kernel side and the model
 * must agree on, so both compile it from here. Bounds and percentiles are in model/histogram.h.
 */
#ifndef FATHOM_WIRE_HISTOGRAM_H
#define FATHOM_WIRE_HISTOGRAM_H

#include "wire/ledger.h"

/* Bucket of a duration in ns, 0 … HISTOGRAM_SIZE-1. BPF has no count-leading-zeros instruction,
 * hence the binary search; its branches go the same way for calls of similar length. */
static inline __attribute__((always_inline)) __u32 histogram_bucket(__u64 duration_ns)
{
	__u32 log2 = 0;
	__u64 rest = duration_ns;

	if (duration_ns < (1ull << HISTOGRAM_MIN_SHIFT))
		return 0;
	if (duration_ns >= (1ull << HISTOGRAM_MAX_SHIFT))
		return HISTOGRAM_SIZE - 1;
	if (rest >> 32) {
		log2 += 32;
		rest >>= 32;
	}
	if (rest >> 16) {
		log2 += 16;
		rest >>= 16;
	}
	if (rest >> 8) {
		log2 += 8;
		rest >>= 8;
	}
	if (rest >> 4) {
		log2 += 4;
		rest >>= 4;
	}
	if (rest >> 2) {
		log2 += 2;
		rest >>= 2;
	}
	if (rest >> 1)
		log2 += 1;
	return 1 + 4 * (log2 - HISTOGRAM_MIN_SHIFT) + (__u32)((duration_ns >> (log2 - 2)) & 3);
}

#endif
