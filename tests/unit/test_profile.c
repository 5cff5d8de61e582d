/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of model/profile.h: what goes in comes out, in the order of reports, and the totals are the
 * sums of the parts whatever the parts are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/profile.h"
#include "testing.h"

#define CALLS_MOST 40

static const uint64_t EDGES[] = {
	0,
	1,
	0x7f,
	0x80,
	0x3fff,
	0x4000,
	UINT32_MAX,
	UINT64_C(1) << 32,
	(UINT64_C(1) << 63) - 1,
	UINT64_C(1) << 63,
	UINT64_MAX - 1,
	UINT64_MAX,
};

/* Half the time a number at which the packed form changes its length, or the largest there is. */
static uint64_t random_number(struct random *random)
{
	return random_below(random, 2) ? EDGES[random_below(random, ARRAY_SIZE(EDGES))]
				       : random_magnitude(random);
}

static struct call_stats random_call(struct random *random, uint16_t call)
{
	struct call_stats stats = call_stats_of(call);

	stats.count = random_number(random);
	stats.in_flight = random_number(random);
	stats.untimed = random_below(random, 3) ? 0 : stats.count;
	stats.errors = random_number(random);
	stats.restarts = random_number(random);
	stats.wall_ns = random_number(random);
	stats.runqueue_ns = random_number(random);
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		stats.blocked_ns[i] = random_number(random);
	stats.min_ns = random_number(random);
	stats.max_ns = random_number(random);
	for (unsigned i = 0; i < 5; i++)
		stats.histogram.counts[random_below(random, HISTOGRAM_SIZE)] =
			random_below(random, 1000);
	return stats;
}

/* ---- packed calls ---- */

static int compare_rows(const void *left, const void *right)
{
	const struct call_row *a = left, *b = right;

	if (a->wall_ns != b->wall_ns)
		return a->wall_ns < b->wall_ns ? 1 : -1;
	return (a->call > b->call) - (a->call < b->call);
}

static void assert_round_trip(const struct call_stats *calls, size_t count)
{
	struct process_facts facts = {.comm = "x", .calls = calls, .call_count = count};
	struct profile *profile = profile_new();
	struct call_row *expected = calloc(count + 1, sizeof(*expected)), row;
	size_t cursor = 0;

	assert_non_null(profile);
	assert_non_null(expected);
	assert_int_equal(profile_add_process(profile, &facts), 0);
	for (size_t i = 0; i < count; i++)
		expected[i] = call_row_of(&calls[i]);
	qsort(expected, count, sizeof(*expected), compare_rows);
	for (size_t i = 0; i < count; i++) {
		memset(&row, 0, sizeof(row));
		assert_true(process_next_call(&profile->processes[0], &cursor, &row));
		assert_memory_equal(&row, &expected[i], sizeof(row));
	}
	assert_false(process_next_call(&profile->processes[0], &cursor, &row));
	assert_false(process_next_call(&profile->processes[0], &cursor, &row));
	free(expected);
	profile_free(profile);
}

static void test_random_rows_round_trip(void **state)
{
	struct random random = {11};
	struct call_stats calls[CALLS_MOST];

	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		size_t count = random_below(&random, CALLS_MOST + 1);

		for (size_t i = 0; i < count; i++)
			calls[i] = random_call(&random, (uint16_t)(i * 300));
		assert_round_trip(calls, count);
	}
}

static void test_extreme_rows_round_trip(void **state)
{
	struct call_stats calls[3] = {call_stats_of(0), call_stats_of(CALL_ID(2, 0xfff)),
				      call_stats_of(1)};

	(void)state;
	assert_round_trip(calls, 0);
	assert_round_trip(calls, 3);
	memset(&calls[1].count, 0xff, sizeof(calls[1]) - offsetof(struct call_stats, count));
	calls[1].untimed = 0;
	assert_round_trip(calls, 3);
}

static void test_process_without_calls(void **state)
{
	struct process_facts facts = {.comm = "idle"};
	struct profile *profile = profile_new();
	struct call_row row;
	size_t cursor = 0;

	(void)state;
	assert_int_equal(profile_add_process(profile, &facts), 0);
	assert_false(process_next_call(&profile->processes[0], &cursor, &row));
	profile_free(profile);
}

/* ---- totals ---- */

/* Everything that is summed by wrapping addition. */
static void assert_same_sums(const struct call_stats *a, const struct call_stats *b)
{
	assert_int_equal(a->call, b->call);
	assert_true(a->count == b->count && a->in_flight == b->in_flight);
	assert_true(a->untimed == b->untimed && a->errors == b->errors);
	assert_true(a->restarts == b->restarts && a->wall_ns == b->wall_ns);
	assert_true(a->runqueue_ns == b->runqueue_ns);
	assert_true(a->min_ns == b->min_ns && a->max_ns == b->max_ns);
	assert_memory_equal(a->blocked_ns, b->blocked_ns, sizeof(a->blocked_ns));
	assert_memory_equal(&a->histogram, &b->histogram, sizeof(a->histogram));
}

static struct ledger random_ledger(struct random *random)
{
	struct ledger ledger = LEDGER_EMPTY;

	ledger.thread_time_ns = random_magnitude(random);
	ledger.on_cpu_ns = random_magnitude(random);
	ledger.syscall_on_cpu_ns = random_magnitude(random);
	ledger.runqueue_ns = random_magnitude(random);
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		ledger.blocked_ns[i] = random_magnitude(random);
	ledger.waits = random_below(random, 10);
	ledger.wait_min_ns = random_number(random);
	ledger.wait_max_ns = random_number(random);
	return ledger;
}

static void check_totals(struct random *random, size_t processes)
{
	static struct call_stats sums[CALLS_MOST], calls[CALLS_MOST];
	struct profile *profile = profile_new();
	struct ledger ledger = LEDGER_EMPTY;
	uint64_t threads = 0, total = 0, errors = 0;
	bool used[CALLS_MOST] = {false};
	size_t used_count = 0;

	assert_non_null(profile);
	for (uint16_t i = 0; i < CALLS_MOST; i++)
		sums[i] = call_stats_of(i);
	for (size_t i = 0; i < processes; i++) {
		struct process_facts facts = {
			.pid = (uint32_t)i,
			.comm = "sum",
			.threads = (uint32_t)random_below(random, 100),
			.ledger = random_ledger(random),
			.calls = calls,
		};

		for (uint16_t call = 0; call < CALLS_MOST; call++) {
			if (random_below(random, 4))
				continue;
			calls[facts.call_count] = random_call(random, call);
			call_stats_add(&sums[call], &calls[facts.call_count]);
			total += calls[facts.call_count].count;
			errors += calls[facts.call_count].errors;
			used_count += !used[call];
			used[call] = true;
			facts.call_count++;
		}
		threads += facts.threads;
		ledger_add(&ledger, &facts.ledger);
		assert_int_equal(profile_add_process(profile, &facts), 0);
	}
	profile_sort(profile);
	assert_int_equal(profile->process_count, processes);
	assert_int_equal(profile->threads_watched, threads);
	assert_memory_equal(&profile->ledger, &ledger, sizeof(ledger));
	assert_true(profile_call_total(profile) == total);
	assert_true(profile_error_total(profile) == errors);
	assert_int_equal(profile->call_count, used_count);
	for (size_t i = 0; i < profile->call_count; i++)
		assert_same_sums(profile->calls[i], &sums[profile->calls[i]->call]);
	profile_free(profile);
}

static void test_totals_are_the_sums_of_the_parts(void **state)
{
	struct random random = {12};

	(void)state;
	for (unsigned round = 0; round < 60; round++)
		check_totals(&random, random_below(&random, 60));
	check_totals(&random, 5000);
}

/* Ids that no ABI has are kept apart all the same: what is in a process is in the whole. */
static void test_the_highest_call_ids(void **state)
{
	static const uint16_t IDS[] = {
		CALL_ID(CALL_ABI_NATIVE, CALL_NR_FILTERED),
		CALL_ID(CALL_ABI_COMPAT, CALL_NR_UNKNOWN),
		CALL_ID(CALL_ABI_X32, CALL_NR_UNKNOWN),
		CALL_ID(CALL_ABI_COUNT, 0),
		UINT16_MAX,
	};
	struct profile *profile = profile_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(IDS); i++) {
		struct call_stats stats = call_stats_of(IDS[i]);
		struct process_facts facts = {.comm = "x", .calls = &stats, .call_count = 1};

		stats.count = 1;
		assert_int_equal(profile_add_process(profile, &facts), 0);
	}
	assert_int_equal(profile->call_count, ARRAY_SIZE(IDS));
	assert_int_equal(profile_call_total(profile), ARRAY_SIZE(IDS));
	profile_free(profile);
}

static void test_losses_add_up(void **state)
{
	struct profile *profile = profile_new();

	(void)state;
	assert_int_equal(profile_loss_count(profile), 0);
	for (unsigned i = 0; i < LOSS_CLASS_COUNT; i++)
		profile->losses[i].count = UINT64_C(1) << i;
	assert_int_equal(profile_loss_count(profile), (1u << LOSS_CLASS_COUNT) - 1);
	profile_free(profile);
}

/* ---- errnos ---- */

static void test_errnos_merge_and_sort(void **state)
{
	static const struct errno_stats FIRST[] = {{5, 2, 10}, {5, 13, 1}, {4, 2, 7}};
	static const struct errno_stats SECOND[] = {{5, 13, 20}, {4, 11, 7}, {5, 2, 5}};
	static const struct errno_stats EXPECTED[] = {
		{4, 2, 7}, {4, 11, 7}, {5, 13, 21}, {5, 2, 15}};
	struct process_facts first = {.comm = "a", .errnos = FIRST, .errno_count = 3};
	struct process_facts second = {.comm = "b", .errnos = SECOND, .errno_count = 3};
	struct profile *profile = profile_new();

	(void)state;
	assert_int_equal(profile_add_process(profile, &first), 0);
	assert_int_equal(profile_add_process(profile, &second), 0);
	profile_sort(profile);
	assert_int_equal(profile->errno_count, ARRAY_SIZE(EXPECTED));
	for (size_t i = 0; i < ARRAY_SIZE(EXPECTED); i++) {
		assert_int_equal(profile->errnos[i].call, EXPECTED[i].call);
		assert_int_equal(profile->errnos[i].error, EXPECTED[i].error);
		assert_int_equal(profile->errnos[i].count, EXPECTED[i].count);
	}
	profile_free(profile);
}

static void test_many_errnos(void **state)
{
	struct profile *profile = profile_new();

	(void)state;
	for (uint16_t i = 0; i < 3000; i++) {
		struct errno_stats error = {.call = i % 30, .error = i % 133, .count = 1};
		struct process_facts facts = {.comm = "e", .errnos = &error, .errno_count = 1};

		assert_int_equal(profile_add_process(profile, &facts), 0);
	}
	/* 30 and 133 have no common divisor: 3,000 steps meet 3,000 different pairs. */
	assert_int_equal(profile->errno_count, 3000);
	profile_free(profile);
}

/* ---- strings ---- */

static void test_strings_are_kept(void **state)
{
	char comm[64] = "a-very-long-command-name", exe[] = "/bin/x", cgroup[] = "/user.slice";
	struct process_facts facts = {.comm = comm, .exe = exe, .cgroup = cgroup};
	struct profile *profile = profile_new();

	(void)state;
	assert_int_equal(profile_add_process(profile, &facts), 0);
	assert_int_equal(profile_add_process(profile, &facts), 0);
	memset(comm, '?', sizeof(comm) - 1);
	memset(exe, '?', sizeof(exe) - 1);
	memset(cgroup, '?', sizeof(cgroup) - 1);
	assert_string_equal(profile->processes[0].comm, "a-very-long-com");
	assert_string_equal(profile->processes[0].exe, "/bin/x");
	assert_string_equal(profile->processes[0].cgroup, "/user.slice");
	assert_ptr_equal(profile->processes[0].exe, profile->processes[1].exe);
	profile_free(profile);
}

static void test_empty_strings_are_not_known(void **state)
{
	struct process_facts facts = {.comm = "", .exe = "", .cgroup = NULL};
	struct profile *profile = profile_new();

	(void)state;
	assert_int_equal(profile_add_process(profile, &facts), 0);
	assert_string_equal(profile->processes[0].comm, "");
	assert_null(profile->processes[0].exe);
	assert_null(profile->processes[0].cgroup);
	profile_free(profile);
}

/* ---- order, and many ---- */

static void test_order_of_reports(void **state)
{
	struct random random = {13};
	struct profile *profile = profile_new();

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		struct call_stats call = call_stats_of((uint16_t)random_below(&random, 400));
		struct process_facts facts = {
			.pid = (uint32_t)random_below(&random, 100000),
			.comm = "sort",
			.start_ns = random_below(&random, 1000),
			.calls = &call,
			.call_count = 1,
		};
		struct thread thread = {
			.pid = facts.pid,
			.tid = (uint32_t)random_below(&random, 100000),
			.start_ns = random_below(&random, 1000),
			.ledger = LEDGER_EMPTY,
		};

		call.wall_ns = random_below(&random, 20);
		assert_int_equal(profile_add_process(profile, &facts), 0);
		assert_int_equal(profile_add_thread(profile, &thread), 0);
	}
	profile_sort(profile);
	assert_int_equal(profile->process_count, 5000);
	assert_int_equal(profile->thread_count, 5000);
	for (size_t i = 1; i < 5000; i++) {
		const struct process *p = &profile->processes[i - 1];
		const struct thread *t = &profile->threads[i - 1];

		assert_true(p->start_ns < p[1].start_ns ||
			    (p->start_ns == p[1].start_ns && p->pid <= p[1].pid));
		assert_true(t->start_ns < t[1].start_ns ||
			    (t->start_ns == t[1].start_ns && t->tid <= t[1].tid));
	}
	for (size_t i = 1; i < profile->call_count; i++) {
		const struct call_stats *a = profile->calls[i - 1], *b = profile->calls[i];

		assert_true(a->wall_ns > b->wall_ns ||
			    (a->wall_ns == b->wall_ns && a->call < b->call));
	}
	profile_free(profile);
}

/* The fields of one process among thousands are its own. */
static void test_thousands_of_processes(void **state)
{
	struct profile *profile = profile_new();
	char comm[COMM_SIZE];

	(void)state;
	for (uint32_t i = 0; i < 10000; i++) {
		struct call_stats calls[2] = {call_stats_of(1), call_stats_of(2)};
		struct process_facts facts = {
			.pid = i,
			.start_ns = 10000 - i,
			.ended = i % 2,
			.wait_status = (int)(i % 256) << 8,
			.calls = calls,
			.call_count = 2,
		};

		snprintf(comm, sizeof(comm), "job-%u", i);
		facts.comm = comm;
		calls[0].wall_ns = i;
		calls[1].wall_ns = 5000;
		assert_int_equal(profile_add_process(profile, &facts), 0);
	}
	profile_sort(profile);
	for (uint32_t i = 0; i < 10000; i++) {
		const struct process *process = &profile->processes[9999 - i];
		struct call_row row;
		size_t cursor = 0;

		snprintf(comm, sizeof(comm), "job-%u", i);
		assert_int_equal(process->pid, i);
		assert_string_equal(process->comm, comm);
		assert_int_equal(process->ended, i % 2);
		assert_int_equal(process->wait_status, (i % 256) << 8);
		assert_true(process_next_call(process, &cursor, &row));
		assert_int_equal(row.wall_ns, i > 5000 ? i : 5000);
	}
	profile_free(profile);
}

static void test_empty_profile(void **state)
{
	struct profile *profile = profile_new();

	(void)state;
	profile_sort(profile);
	assert_int_equal(profile_call_total(profile), 0);
	assert_true(profile->ledger.wait_min_ns == UINT64_MAX);
	profile_free(profile);
	profile_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_rows_round_trip),
		cmocka_unit_test(test_extreme_rows_round_trip),
		cmocka_unit_test(test_process_without_calls),
		cmocka_unit_test(test_totals_are_the_sums_of_the_parts),
		cmocka_unit_test(test_the_highest_call_ids),
		cmocka_unit_test(test_losses_add_up),
		cmocka_unit_test(test_errnos_merge_and_sort),
		cmocka_unit_test(test_many_errnos),
		cmocka_unit_test(test_strings_are_kept),
		cmocka_unit_test(test_empty_strings_are_not_known),
		cmocka_unit_test(test_order_of_reports),
		cmocka_unit_test(test_thousands_of_processes),
		cmocka_unit_test(test_empty_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
