/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of model/calls.h: sums of calls, the rows made of them, and the seven-way breakdown. */
#include <string.h>

#include "model/calls.h"
#include "testing.h"

static uint16_t id_of(const char *name)
{
	int nr = syscall_find(syscall_arch_of(CALL_ABI_NATIVE), name);

	if (nr < 0)
		fail_msg("no call %s", name);
	return (uint16_t)CALL_ID(CALL_ABI_NATIVE, (unsigned)nr);
}

/* One finished and timed call. */
static void record(struct call_stats *stats, uint64_t ns)
{
	stats->count++;
	stats->wall_ns += ns;
	stats->histogram.counts[histogram_bucket(ns)]++;
	if (ns < stats->min_ns)
		stats->min_ns = ns;
	if (ns > stats->max_ns)
		stats->max_ns = ns;
}

/* ---- sums and rows ---- */

static void test_empty_row(void **state)
{
	struct call_stats stats = call_stats_of(id_of("read"));
	struct call_row row = call_row_of(&stats);
	const struct call_row expected = {.call = id_of("read")};

	(void)state;
	assert_true(stats.min_ns == UINT64_MAX);
	assert_memory_equal(&row, &expected, sizeof(row));
}

static void test_add_sums_every_field(void **state)
{
	struct call_stats a = call_stats_of(id_of("read")), b = a, sum;

	(void)state;
	record(&a, 100);
	record(&a, 300);
	record(&b, 50);
	b.in_flight = 2;
	b.untimed = 3;
	b.count += 3;
	b.errors = 4;
	b.restarts = 5;
	b.runqueue_ns = 6;
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		b.blocked_ns[i] = i + 1;
	sum = a;
	call_stats_add(&sum, &b);
	assert_int_equal(sum.call, id_of("read"));
	assert_int_equal(sum.count, 6);
	assert_int_equal(sum.in_flight, 2);
	assert_int_equal(sum.untimed, 3);
	assert_int_equal(sum.errors, 4);
	assert_int_equal(sum.restarts, 5);
	assert_int_equal(sum.wall_ns, 450);
	assert_int_equal(sum.runqueue_ns, 6);
	assert_int_equal(sum.min_ns, 50);
	assert_int_equal(sum.max_ns, 300);
	assert_int_equal(histogram_total(&sum.histogram), 3);
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		assert_int_equal(sum.blocked_ns[i], i + 1);
	assert_int_equal(call_stats_blocked_ns(&sum), 11 * 12 / 2);
}

static void test_adding_nothing_changes_nothing(void **state)
{
	struct call_stats stats = call_stats_of(id_of("write")), before;
	const struct call_stats nothing = call_stats_of(id_of("write"));

	(void)state;
	memset(&before, 0, sizeof(before));
	record(&stats, 1234);
	memcpy(&before, &stats, sizeof(before));
	call_stats_add(&stats, &nothing);
	assert_memory_equal(&stats, &before, sizeof(before));
}

static void test_row_splits_the_time(void **state)
{
	struct call_stats stats = call_stats_of(id_of("read"));
	struct call_row row;

	(void)state;
	for (unsigned i = 0; i < 99; i++)
		record(&stats, 1000);
	record(&stats, 1000000);
	stats.runqueue_ns = 100;
	stats.blocked_ns[BLOCKED_IPC] = 2000;
	stats.blocked_ns[BLOCKED_DISK_IO] = 3000;
	stats.errors = 7;
	row = call_row_of(&stats);
	assert_int_equal(row.count, 100);
	assert_int_equal(row.timed, 100);
	assert_int_equal(row.errors, 7);
	assert_int_equal(row.wall_ns, 1099000);
	assert_int_equal(row.blocked_ns, 5000);
	assert_int_equal(row.runqueue_ns, 100);
	assert_int_equal(row.on_cpu_ns, 1099000 - 5100);
	assert_int_equal(row.min_ns, 1000);
	assert_int_equal(row.max_ns, 1000000);
	/* The bucket's middle is below the shortest call, which is the better answer. */
	assert_int_equal(row.p50_ns, 1000);
	assert_int_equal(row.p99_ns, 1000);
}

static void test_on_cpu_is_never_below_zero(void **state)
{
	struct call_stats stats = call_stats_of(id_of("read"));

	(void)state;
	stats.wall_ns = 100;
	stats.blocked_ns[BLOCKED_IPC] = 70;
	stats.runqueue_ns = 31;
	assert_int_equal(call_row_of(&stats).on_cpu_ns, 0);
	stats.runqueue_ns = 29;
	assert_int_equal(call_row_of(&stats).on_cpu_ns, 1);
}

static void test_in_flight_has_time_but_no_duration(void **state)
{
	struct call_stats stats = call_stats_of(id_of("read"));
	struct call_row row;

	(void)state;
	stats.in_flight = 1;
	stats.wall_ns = 5000000;
	stats.blocked_ns[BLOCKED_TERMINAL] = 4999000;
	row = call_row_of(&stats);
	assert_int_equal(row.count, 0);
	assert_int_equal(row.timed, 0);
	assert_int_equal(row.in_flight, 1);
	assert_int_equal(row.wall_ns, 5000000);
	assert_int_equal(row.on_cpu_ns, 1000);
	assert_int_equal(row.p50_ns | row.p90_ns | row.p99_ns | row.min_ns | row.max_ns, 0);
}

static void test_untimed_calls_are_counted_only(void **state)
{
	struct call_stats stats = call_stats_of(id_of("read"));
	struct call_row row;

	(void)state;
	stats.count = 1;
	stats.untimed = 1;
	assert_int_equal(call_row_of(&stats).timed, 0);
	assert_int_equal(call_row_of(&stats).min_ns, 0);
	record(&stats, 500);
	row = call_row_of(&stats);
	assert_int_equal(row.count, 2);
	assert_int_equal(row.timed, 1);
	assert_int_equal(row.min_ns, 500);
	assert_int_equal(row.p99_ns, 500);
}

/* ---- breakdown ---- */

struct sum {
	const char *name;
	uint64_t wall_ns;
};

static struct breakdown breakdown_of_sums(const struct sum *sums, unsigned count, uint64_t total_ns)
{
	static struct call_stats stats[16];
	const struct call_stats *calls[16];

	assert_true(count <= 16);
	for (unsigned i = 0; i < count; i++) {
		stats[i] = call_stats_of(id_of(sums[i].name));
		stats[i].wall_ns = sums[i].wall_ns;
		calls[i] = &stats[i];
	}
	return breakdown_of(calls, count, total_ns);
}

static void test_breakdown_groups(void **state)
{
	static const struct sum SUMS[] = {
		{"mmap", 1},	 {"munmap", 2},	   {"mprotect", 4},   {"brk", 8},
		{"mremap", 16},	 {"madvise", 32},  {"futex", 100},    {"ioctl", 200},
		{"read", 300},	 {"pread64", 300}, {"readv", 300},    {"write", 1000},
		{"writev", 500}, {"openat", 5000}, {"getpid", 50000},
	};
	struct breakdown breakdown = breakdown_of_sums(SUMS, ARRAY_SIZE(SUMS), 100000);

	(void)state;
	assert_int_equal(breakdown.group_ns[BREAKDOWN_MMAP], 63);
	assert_int_equal(breakdown.group_ns[BREAKDOWN_FUTEX], 100);
	assert_int_equal(breakdown.group_ns[BREAKDOWN_IOCTL], 200);
	assert_int_equal(breakdown.group_ns[BREAKDOWN_READ], 900);
	assert_int_equal(breakdown.group_ns[BREAKDOWN_WRITE], 1500);
	assert_int_equal(breakdown.group_ns[BREAKDOWN_OTHER], 55000);
	assert_int_equal(breakdown.compute_ns, 100000 - 57763);
	assert_int_equal(breakdown.total_ns, 100000);
	assert_true(breakdown.overhead_percent > 57.7629 && breakdown.overhead_percent < 57.7631);
	assert_string_equal(breakdown.dominant, "other");
}

/* The specification's example: whole nanoseconds are summed, so that nothing is rounded away. */
static void test_ten_thousand_short_calls(void **state)
{
	struct call_stats stats = call_stats_of(id_of("read"));
	const struct call_stats *calls[] = {&stats};
	struct breakdown breakdown;

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		record(&stats, 900);
	breakdown = breakdown_of(calls, 1, 20000000);
	assert_int_equal(breakdown.group_ns[BREAKDOWN_READ] / 1000, 9000);
	assert_int_equal(breakdown.compute_ns / 1000, 11000);
	assert_true(breakdown.overhead_percent == 45.0);
	assert_string_equal(breakdown.dominant, "compute");
}

static void test_first_in_order_wins_a_tie(void **state)
{
	static const struct sum ALL[] = {
		{"openat", 10}, {"write", 10}, {"read", 10},
		{"ioctl", 10},	{"futex", 10}, {"mmap", 10},
	};
	static const char *const WINNERS[] = {"mmap", "futex", "ioctl", "read", "write", "other"};

	(void)state;
	/* Without the last of the list, the next in order wins; compute ties too and comes last. */
	for (unsigned left_out = 0; left_out < ARRAY_SIZE(ALL); left_out++) {
		unsigned count = (unsigned)ARRAY_SIZE(ALL) - left_out;

		assert_string_equal(breakdown_of_sums(ALL, count, count * 10 + 10).dominant,
				    WINNERS[left_out]);
	}
	assert_string_equal(breakdown_of_sums(ALL, 0, 10).dominant, "compute");
}

static void test_nothing_dominates_nothing(void **state)
{
	static const struct sum ZERO[] = {{"read", 0}};
	struct breakdown breakdown = breakdown_of_sums(ZERO, 1, 0);

	(void)state;
	assert_string_equal(breakdown.dominant, "none");
	assert_true(breakdown.overhead_percent == 0);
	assert_int_equal(breakdown.compute_ns, 0);
	assert_string_equal(breakdown_of(NULL, 0, 0).dominant, "none");
}

static void test_zero_total_has_no_overhead(void **state)
{
	static const struct sum SUMS[] = {{"read", 100}};
	struct breakdown breakdown = breakdown_of_sums(SUMS, 1, 0);

	(void)state;
	assert_true(breakdown.overhead_percent == 0);
	assert_int_equal(breakdown.compute_ns, 0);
	assert_int_equal(breakdown.group_ns[BREAKDOWN_READ], 100);
	assert_string_equal(breakdown.dominant, "read");
}

static void test_compute_is_never_below_zero(void **state)
{
	static const struct sum SUMS[] = {{"read", 100}, {"write", 50}};
	struct breakdown breakdown = breakdown_of_sums(SUMS, 2, 149);

	(void)state;
	assert_int_equal(breakdown.compute_ns, 0);
	assert_true(breakdown.overhead_percent == 100.0);
}

static void test_sums_saturate(void **state)
{
	static const struct sum SUMS[] = {{"read", UINT64_MAX - 5},
					  {"pread64", 10},
					  {"write", UINT64_MAX},
					  {"writev", UINT64_MAX}};
	struct breakdown breakdown = breakdown_of_sums(SUMS, 4, UINT64_MAX);

	(void)state;
	assert_true(breakdown.group_ns[BREAKDOWN_READ] == UINT64_MAX);
	assert_true(breakdown.group_ns[BREAKDOWN_WRITE] == UINT64_MAX);
	assert_int_equal(breakdown.compute_ns, 0);
	assert_true(breakdown.overhead_percent == 100.0);
	assert_string_equal(breakdown.dominant, "read");
}

static void test_group_names(void **state)
{
	static const char *const NAMES[] = {"mmap",  "futex", "ioctl",	"read",
					    "write", "other", "compute"};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(NAMES); i++)
		assert_string_equal(breakdown_class_name(i), NAMES[i]);
	assert_string_equal(breakdown_class_name(BREAKDOWN_COUNT + 1), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_row),
		cmocka_unit_test(test_add_sums_every_field),
		cmocka_unit_test(test_adding_nothing_changes_nothing),
		cmocka_unit_test(test_row_splits_the_time),
		cmocka_unit_test(test_on_cpu_is_never_below_zero),
		cmocka_unit_test(test_in_flight_has_time_but_no_duration),
		cmocka_unit_test(test_untimed_calls_are_counted_only),
		cmocka_unit_test(test_breakdown_groups),
		cmocka_unit_test(test_ten_thousand_short_calls),
		cmocka_unit_test(test_first_in_order_wins_a_tie),
		cmocka_unit_test(test_nothing_dominates_nothing),
		cmocka_unit_test(test_zero_total_has_no_overhead),
		cmocka_unit_test(test_compute_is_never_below_zero),
		cmocka_unit_test(test_sums_saturate),
		cmocka_unit_test(test_group_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
