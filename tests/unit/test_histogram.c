/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of wire/histogram.h and model/histogram.h: the buckets against their bounds, and
 * percentiles against exact ones over the same data.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/histogram.h"
#include "testing.h"

#define SAMPLES 20000

/* ---- bounds ---- */

static void test_size_is_that_of_the_spec(void **state)
{
	(void)state;
	assert_int_equal(HISTOGRAM_SIZE, 122);
	assert_int_equal(histogram_lower_ns(0), 0);
	assert_int_equal(histogram_upper_ns(0), 63);
	assert_int_equal(histogram_lower_ns(1), 64);
	assert_int_equal(histogram_lower_ns(HISTOGRAM_SIZE - 1), UINT64_C(1) << 36);
	assert_true(histogram_upper_ns(HISTOGRAM_SIZE - 1) == UINT64_MAX);
}

static void test_bounds_leave_no_gap(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HISTOGRAM_SIZE; i++) {
		uint64_t lower = histogram_lower_ns(i), upper = histogram_upper_ns(i);

		assert_true(lower < upper);
		if (i)
			assert_true(lower == histogram_upper_ns(i - 1) + 1);
		/* A quarter as wide as its lower bound at most. */
		if (i && i < HISTOGRAM_SIZE - 1)
			assert_true((upper - lower + 1) * 4 <= lower);
	}
}

static void test_upper_of_a_wild_bucket_has_no_end(void **state)
{
	(void)state;
	assert_true(histogram_upper_ns(HISTOGRAM_SIZE) == UINT64_MAX);
	assert_true(histogram_upper_ns(UINT32_MAX) == UINT64_MAX);
}

static void assert_contained(uint64_t duration_ns)
{
	unsigned bucket = histogram_bucket(duration_ns);

	assert_true(bucket < HISTOGRAM_SIZE);
	if (duration_ns < histogram_lower_ns(bucket) || duration_ns > histogram_upper_ns(bucket))
		fail_msg("%llu ns is not in bucket %u", (unsigned long long)duration_ns, bucket);
}

static void test_every_duration_is_in_its_bucket(void **state)
{
	struct random random = {1};

	(void)state;
	for (uint64_t ns = 0; ns < 100000; ns++)
		assert_contained(ns);
	for (unsigned shift = 0; shift < 64; shift++) {
		uint64_t power = UINT64_C(1) << shift;

		assert_contained(power - 1);
		assert_contained(power);
		assert_contained(power + 1);
	}
	for (unsigned i = 0; i < HISTOGRAM_SIZE; i++) {
		assert_int_equal(histogram_bucket(histogram_lower_ns(i)), i);
		assert_int_equal(histogram_bucket(histogram_upper_ns(i)), i);
	}
	for (unsigned i = 0; i < 1000000; i++)
		assert_contained(random_magnitude(&random));
	assert_contained(UINT64_MAX);
}

static void test_longer_durations_are_in_no_earlier_bucket(void **state)
{
	struct random random = {2};

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t a = random_magnitude(&random), b = random_magnitude(&random);

		assert_true((a <= b) == (histogram_bucket(a) <= histogram_bucket(b)) ||
			    histogram_bucket(a) == histogram_bucket(b));
	}
}

/* ---- percentiles ---- */

static int compare_u64(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* Nearest rank over sorted values: the smallest that `percent` % do not exceed. */
static uint64_t exact_percentile(const uint64_t *sorted, size_t count, unsigned percent)
{
	size_t rank = (count * percent + 99) / 100;

	return sorted[(rank ? rank : 1) - 1];
}

static void assert_near(uint64_t exact, uint64_t found)
{
	double error = fabs((double)found - (double)exact) / (double)exact;

	if (error > 0.125)
		fail_msg("exact %llu, found %llu: %.2f %% off", (unsigned long long)exact,
			 (unsigned long long)found, error * 100);
}

static void check_percentiles(uint64_t *values, size_t count)
{
	struct histogram histogram = {0};

	qsort(values, count, sizeof(*values), compare_u64);
	for (size_t i = 0; i < count; i++)
		histogram.counts[histogram_bucket(values[i])]++;
	assert_int_equal(histogram_total(&histogram), count);
	for (unsigned percent = 50; percent < 100; percent++) {
		uint64_t found = histogram_percentile_ns(&histogram, percent / 100.0, values[0],
							 values[count - 1]);

		/* Bucket 0 promises nothing but its bounds and the extremes. */
		if (exact_percentile(values, count, percent) >= 64)
			assert_near(exact_percentile(values, count, percent), found);
		assert_true(found >= values[0] && found <= values[count - 1]);
	}
}

enum shape { UNIFORM, EXPONENTIAL, LOG_UNIFORM, TWO_PEAKS, ALMOST_CONSTANT, LONG_TAIL, SHAPES };

/* A duration from 64 ns to 2^36 ns. */
static uint64_t sample(enum shape shape, struct random *random)
{
	double unit = ((double)(random_next(random) >> 11) + 1) / 9007199254740993.0;
	double ns = 0;

	switch (shape) {
	case UNIFORM:
		ns = 100 + unit * 1e6;
		break;
	case EXPONENTIAL:
		ns = 64 - log(unit) * 5000;
		break;
	case LOG_UNIFORM:
		ns = exp2(6 + unit * 29.9);
		break;
	case TWO_PEAKS:
		ns = random_below(random, 10) ? 300 + unit * 100 : 5e6 + unit * 1e6;
		break;
	case ALMOST_CONSTANT:
		ns = 1000 + unit * 3;
		break;
	case LONG_TAIL:
		ns = fmin(200 / pow(unit, 1.5), 6e10);
		break;
	case SHAPES:
		break;
	}
	return (uint64_t)ns;
}

static void test_percentiles_of_many_shapes(void **state)
{
	static uint64_t values[SAMPLES];
	struct random random = {3};

	(void)state;
	for (enum shape shape = 0; shape < SHAPES; shape++) {
		for (size_t count = 1; count <= SAMPLES; count = count * 3 + 1) {
			for (size_t i = 0; i < count; i++)
				values[i] = sample(shape, &random);
			check_percentiles(values, count);
		}
	}
}

/* Every rank counts exactly: one value more must not shift the percentile. */
static void test_rank_is_exact(void **state)
{
	(void)state;
	for (uint64_t count = 1; count < 5000; count++) {
		struct histogram histogram = {0};
		uint64_t rank = (count * 99 + 99) / 100;

		/* All up to the rank are short, all after it long. */
		histogram.counts[histogram_bucket(100)] = rank;
		histogram.counts[histogram_bucket(1000000)] = count - rank;
		assert_true(histogram_percentile_ns(&histogram, 0.99, 100, 1000000) < 200);
		if (rank < 2)
			continue;
		histogram.counts[histogram_bucket(100)]--;
		histogram.counts[histogram_bucket(1000000)]++;
		assert_true(histogram_percentile_ns(&histogram, 0.99, 100, 1000000) > 200);
	}
}

static void test_empty_has_no_percentile(void **state)
{
	const struct histogram histogram = {0};

	(void)state;
	assert_int_equal(histogram_total(&histogram), 0);
	assert_int_equal(histogram_percentile_ns(&histogram, 0.5, UINT64_MAX, 0), 0);
	assert_int_equal(histogram_percentile_ns(&histogram, 0.99, 5, 10), 0);
}

static void test_single_value_is_exact(void **state)
{
	static const uint64_t VALUES[] = {0, 1, 63, 64, 65, 999, 123456789, UINT64_C(1) << 40};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(VALUES); i++) {
		struct histogram histogram = {0};

		histogram.counts[histogram_bucket(VALUES[i])] = 1;
		for (unsigned percent = 0; percent <= 100; percent += 10)
			assert_true(histogram_percentile_ns(&histogram, percent / 100.0, VALUES[i],
							    VALUES[i]) == VALUES[i]);
	}
}

static void test_result_stays_between_the_extremes(void **state)
{
	struct histogram histogram = {0};
	unsigned bucket = histogram_bucket(1000);

	(void)state;
	histogram.counts[bucket] = 10;
	assert_true(histogram_lower_ns(bucket) == 896 && histogram_upper_ns(bucket) == 1023);
	assert_int_equal(histogram_percentile_ns(&histogram, 0.5, 0, UINT64_MAX), 960);
	assert_int_equal(histogram_percentile_ns(&histogram, 0.5, 1000, 1020), 1000);
	assert_int_equal(histogram_percentile_ns(&histogram, 0.5, 900, 910), 910);
}

/* The last bucket has no middle: the longest call stands for it. */
static void test_overflow_bucket_is_the_maximum(void **state)
{
	struct histogram histogram = {0};
	uint64_t hour_ns = UINT64_C(3600000000000);

	(void)state;
	histogram.counts[0] = 1;
	histogram.counts[histogram_bucket(hour_ns)] = 1;
	assert_int_equal(histogram_bucket(hour_ns), HISTOGRAM_SIZE - 1);
	assert_int_equal(histogram_percentile_ns(&histogram, 0.5, 10, hour_ns), 32);
	assert_true(histogram_percentile_ns(&histogram, 0.99, 10, hour_ns) == hour_ns);
}

static void test_add_is_by_bucket(void **state)
{
	struct histogram into = {0}, from = {0};

	(void)state;
	for (unsigned i = 0; i < HISTOGRAM_SIZE; i++) {
		into.counts[i] = i;
		from.counts[i] = UINT64_C(1000) * i;
	}
	histogram_add(&into, &from);
	for (unsigned i = 0; i < HISTOGRAM_SIZE; i++)
		assert_int_equal(into.counts[i], UINT64_C(1001) * i);
	assert_int_equal(histogram_total(&into), UINT64_C(1001) * (121 * 122 / 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size_is_that_of_the_spec),
		cmocka_unit_test(test_bounds_leave_no_gap),
		cmocka_unit_test(test_upper_of_a_wild_bucket_has_no_end),
		cmocka_unit_test(test_every_duration_is_in_its_bucket),
		cmocka_unit_test(test_longer_durations_are_in_no_earlier_bucket),
		cmocka_unit_test(test_percentiles_of_many_shapes),
		cmocka_unit_test(test_rank_is_exact),
		cmocka_unit_test(test_empty_has_no_percentile),
		cmocka_unit_test(test_single_value_is_exact),
		cmocka_unit_test(test_result_stays_between_the_extremes),
		cmocka_unit_test(test_overflow_bucket_is_the_maximum),
		cmocka_unit_test(test_add_is_by_bucket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
