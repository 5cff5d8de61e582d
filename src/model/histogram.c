/* SPDX-License-Identifier: BSD-2-Clause */
/* See histogram.h. */
#include "model/histogram.h"

#include <math.h>

uint64_t histogram_lower_ns(unsigned bucket)
{
	unsigned octave, quarter;

	if (bucket == 0)
		return 0;
	octave = HISTOGRAM_MIN_SHIFT + (bucket - 1) / 4;
	quarter = (bucket - 1) % 4;
	return (UINT64_C(4) + quarter) << (octave - 2);
}

uint64_t histogram_upper_ns(unsigned bucket)
{
	return bucket >= HISTOGRAM_SIZE - 1 ? UINT64_MAX : histogram_lower_ns(bucket + 1) - 1;
}

uint64_t histogram_total(const struct histogram *histogram)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < HISTOGRAM_SIZE; i++)
		total += histogram->counts[i];
	return total;
}

void histogram_add(struct histogram *into, const struct histogram *from)
{
	for (unsigned i = 0; i < HISTOGRAM_SIZE; i++)
		into->counts[i] += from->counts[i];
}

uint64_t histogram_percentile_ns(const struct histogram *histogram, double fraction,
				 uint64_t min_ns, uint64_t max_ns)
{
	uint64_t total = histogram_total(histogram);
	uint64_t rank, seen = 0, value = max_ns;

	if (total == 0)
		return 0;
	rank = (uint64_t)ceil(fraction * (double)total);
	if (rank < 1)
		rank = 1;
	for (unsigned i = 0; i < HISTOGRAM_SIZE; i++) {
		seen += histogram->counts[i];
		if (seen < rank)
			continue;
		if (i < HISTOGRAM_SIZE - 1)
			value = (histogram_lower_ns(i) + histogram_lower_ns(i + 1)) / 2;
		break;
	}
	if (value < min_ns)
		value = min_ns;
	return value > max_ns ? max_ns : value;
}
