/* SPDX-License-Identifier: BSD-2-Clause */
/* Medians and extremes of a few numbers. A number that was not measured is NaN, and is left out. */
#ifndef FATHOM_BENCH_STATS_H
#define FATHOM_BENCH_STATS_H

#include <stddef.h>

struct spread {
	size_t count; /* numbers that were measured; with 0, the rest is NaN */
	double least;
	double median;
	double most;
};

struct spread spread_of(const double *values, size_t count);

/* Round by round: a − b, and (a − base) / (b − base). NaN where a part was not measured, or where
 * the divisor is not above zero, which only noise can bring about. */
struct spread spread_of_difference(const double *a, const double *b, size_t count);
struct spread spread_of_ratio(const double *a, const double *b, const double *base, size_t count);

#endif
