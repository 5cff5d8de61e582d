/* SPDX-License-Identifier: BSD-2-Clause */
/* See stats.h. */
#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 1024

static int compare(const void *a, const void *b)
{
	double left, right;

	memcpy(&left, a, sizeof(left));
	memcpy(&right, b, sizeof(right));
	return (left > right) - (left < right);
}

struct spread spread_of(const double *values, size_t count)
{
	struct spread spread = {0, NAN, NAN, NAN};
	double sorted[COUNT_MAX];
	size_t measured = 0;

	for (size_t i = 0; i < count && measured < COUNT_MAX; i++) {
		if (!isnan(values[i]))
			sorted[measured++] = values[i];
	}
	if (!measured)
		return spread;
	qsort(sorted, measured, sizeof(sorted[0]), compare);
	spread.count = measured;
	spread.least = sorted[0];
	spread.median = (sorted[(measured - 1) / 2] + sorted[measured / 2]) / 2;
	spread.most = sorted[measured - 1];
	return spread;
}

struct spread spread_of_difference(const double *a, const double *b, size_t count)
{
	double values[COUNT_MAX];

	if (count > COUNT_MAX)
		count = COUNT_MAX;
	for (size_t i = 0; i < count; i++)
		values[i] = a[i] - b[i];
	return spread_of(values, count);
}

struct spread spread_of_ratio(const double *a, const double *b, const double *base, size_t count)
{
	double values[COUNT_MAX];

	if (count > COUNT_MAX)
		count = COUNT_MAX;
	for (size_t i = 0; i < count; i++)
		values[i] = b[i] - base[i] > 0 ? (a[i] - base[i]) / (b[i] - base[i]) : NAN;
	return spread_of(values, count);
}
