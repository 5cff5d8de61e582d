/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of model/ledger.h: the identity of the time ledger, its sums, and its names. */
#include <string.h>

#include "model/ledger.h"
#include "testing.h"

static struct ledger random_ledger(struct random *random)
{
	struct ledger ledger = LEDGER_EMPTY;
	uint64_t known;

	ledger.on_cpu_ns = random_magnitude(random) >> 10;
	ledger.syscall_on_cpu_ns = ledger.on_cpu_ns ? random_below(random, ledger.on_cpu_ns) : 0;
	ledger.runqueue_ns = random_magnitude(random) >> 10;
	known = ledger.on_cpu_ns + ledger.runqueue_ns;
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++) {
		ledger.blocked_ns[i] = random_magnitude(random) >> 10;
		known += ledger.blocked_ns[i];
	}
	ledger.thread_time_ns = known + random_below(random, 1000);
	ledger.voluntary_switches = random_below(random, 1000);
	ledger.involuntary_switches = random_below(random, 1000);
	ledger.waits = random_below(random, 3);
	if (ledger.waits) {
		ledger.wait_min_ns = random_below(random, 1000);
		ledger.wait_max_ns = ledger.wait_min_ns + random_below(random, 1000);
	}
	return ledger;
}

/* The split without overlap and without gap. */
static void assert_identity(const struct ledger *ledger)
{
	uint64_t syscall_ns = ledger->on_cpu_ns - ledger_compute_ns(ledger);

	assert_true(ledger->thread_time_ns ==
		    ledger_compute_ns(ledger) + syscall_ns + ledger->runqueue_ns +
			    ledger_blocked_ns(ledger) + ledger_unaccounted_ns(ledger));
}

static void test_identity_holds_over_sums(void **state)
{
	struct random random = {7};
	struct ledger sum = LEDGER_EMPTY;
	uint64_t unaccounted = 0, compute = 0, blocked = 0;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct ledger one = random_ledger(&random);

		assert_identity(&one);
		ledger_add(&sum, &one);
		unaccounted += ledger_unaccounted_ns(&one);
		compute += ledger_compute_ns(&one);
		blocked += ledger_blocked_ns(&one);
		assert_identity(&sum);
	}
	assert_true(ledger_unaccounted_ns(&sum) == unaccounted);
	assert_true(ledger_compute_ns(&sum) == compute);
	assert_true(ledger_blocked_ns(&sum) == blocked);
}

static void test_empty(void **state)
{
	struct ledger ledger = LEDGER_EMPTY;

	(void)state;
	assert_int_equal(ledger_compute_ns(&ledger), 0);
	assert_int_equal(ledger_blocked_ns(&ledger), 0);
	assert_int_equal(ledger_unaccounted_ns(&ledger), 0);
	assert_int_equal(ledger_main_reason(&ledger), BLOCKED_REASON_COUNT);
	assert_true(ledger.wait_min_ns == UINT64_MAX);
}

static void test_extremes_of_waits(void **state)
{
	struct ledger sum = LEDGER_EMPTY;
	const struct ledger none = LEDGER_EMPTY;
	const struct ledger one = {.waits = 2, .wait_min_ns = 10, .wait_max_ns = 20};
	const struct ledger two = {.waits = 3, .wait_min_ns = 5, .wait_max_ns = 15};

	(void)state;
	ledger_add(&sum, &none);
	assert_true(sum.wait_min_ns == UINT64_MAX && sum.wait_max_ns == 0);
	ledger_add(&sum, &one);
	ledger_add(&sum, &none);
	assert_true(sum.waits == 2 && sum.wait_min_ns == 10 && sum.wait_max_ns == 20);
	ledger_add(&sum, &two);
	assert_true(sum.waits == 5 && sum.wait_min_ns == 5 && sum.wait_max_ns == 20);
}

static void test_switches_add_up(void **state)
{
	struct ledger sum = {.voluntary_switches = 1, .involuntary_switches = 2};
	const struct ledger more = {.voluntary_switches = 10, .involuntary_switches = 20};

	(void)state;
	ledger_add(&sum, &more);
	assert_int_equal(sum.voluntary_switches, 11);
	assert_int_equal(sum.involuntary_switches, 22);
}

/* Readings that were taken one after the other may overlap a little; nothing goes below 0. */
static void test_nothing_goes_below_zero(void **state)
{
	const struct ledger ledger = {
		.thread_time_ns = 100,
		.on_cpu_ns = 60,
		.syscall_on_cpu_ns = 61,
		.runqueue_ns = 41,
	};

	(void)state;
	assert_int_equal(ledger_compute_ns(&ledger), 0);
	assert_int_equal(ledger_unaccounted_ns(&ledger), 0);
}

static void test_from_the_wire(void **state)
{
	struct ledger_times times = {.on_cpu_ns = 1000, .runqueue_ns = 200, .call_on_cpu_ns = 300};
	const struct wait_extremes waits = {.count = 4, .min_ns = 5, .max_ns = 60};
	const struct task_counters counters = {.voluntary_switches = 7, .involuntary_switches = 8};
	struct ledger ledger;

	(void)state;
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		times.blocked_ns[i] = i + 1;
	ledger = ledger_from_wire(&times, &waits, &counters, 2000);
	assert_int_equal(ledger.thread_time_ns, 2000);
	assert_int_equal(ledger_compute_ns(&ledger), 700);
	assert_int_equal(ledger.syscall_on_cpu_ns, 300);
	assert_int_equal(ledger.runqueue_ns, 200);
	assert_int_equal(ledger_blocked_ns(&ledger), 66);
	assert_int_equal(ledger.blocked_ns[BLOCKED_NETWORK], BLOCKED_NETWORK + 1);
	assert_int_equal(ledger_unaccounted_ns(&ledger), 2000 - 1000 - 200 - 66);
	assert_int_equal(ledger.waits, 4);
	assert_int_equal(ledger.wait_min_ns, 5);
	assert_int_equal(ledger.wait_max_ns, 60);
	assert_int_equal(ledger.voluntary_switches, 7);
	assert_int_equal(ledger.involuntary_switches, 8);
}

static void test_main_reason(void **state)
{
	struct ledger ledger = LEDGER_EMPTY;

	(void)state;
	for (unsigned i = BLOCKED_REASON_COUNT; i-- > 0;) {
		ledger.blocked_ns[i] = 5;
		/* The first in order wins a tie. */
		assert_int_equal(ledger_main_reason(&ledger), i);
	}
	ledger.blocked_ns[BLOCKED_OTHER] = 6;
	assert_int_equal(ledger_main_reason(&ledger), BLOCKED_OTHER);
}

/* ---- names ---- */

static void assert_name(const char *name, const char *others)
{
	assert_non_null(name);
	assert_true(strlen(name) > 0 && strspn(name, others) == strlen(name));
}

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz_"

static void test_reasons_have_names_of_their_own(void **state)
{
	static const char *const NAMES[] = {"disk_io",	  "network", "lock",  "sleep",
					    "poll",	  "ipc",     "child", "terminal",
					    "page_fault", "stopped", "other"};

	(void)state;
	assert_int_equal(ARRAY_SIZE(NAMES), BLOCKED_REASON_COUNT);
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++) {
		assert_string_equal(blocked_reason_name(i), NAMES[i]);
		assert_name(blocked_reason_name(i), NAME_LETTERS);
		assert_name(blocked_reason_label(i), NAME_LETTERS " /");
		for (unsigned j = 0; j < i; j++) {
			assert_string_not_equal(blocked_reason_name(i), blocked_reason_name(j));
			assert_string_not_equal(blocked_reason_label(i), blocked_reason_label(j));
		}
	}
	assert_string_equal(blocked_reason_name(BLOCKED_REASON_COUNT), "none");
	assert_string_equal(blocked_reason_label(BLOCKED_REASON_COUNT), "none");
}

static void test_losses_have_names_of_their_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LOSS_CLASS_COUNT; i++) {
		assert_name(loss_class_name(i), NAME_LETTERS);
		assert_true(strlen(loss_class_meaning(i)) > 10);
		for (unsigned j = 0; j < i; j++) {
			assert_string_not_equal(loss_class_name(i), loss_class_name(j));
			assert_string_not_equal(loss_class_meaning(i), loss_class_meaning(j));
		}
	}
	assert_string_equal(loss_class_name(LOSS_CLASS_COUNT), "unknown");
	assert_string_equal(loss_class_meaning(LOSS_CLASS_COUNT), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity_holds_over_sums),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_extremes_of_waits),
		cmocka_unit_test(test_switches_add_up),
		cmocka_unit_test(test_nothing_goes_below_zero),
		cmocka_unit_test(test_from_the_wire),
		cmocka_unit_test(test_main_reason),
		cmocka_unit_test(test_reasons_have_names_of_their_own),
		cmocka_unit_test(test_losses_have_names_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
