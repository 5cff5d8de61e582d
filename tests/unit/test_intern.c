/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of base/intern.h: equal strings share one copy, and copies stay where they are. */
#include <stdio.h>
#include <string.h>

#include "base/intern.h"
#include "testing.h"

#define STRINGS 10000

static void test_equal_strings_share_a_copy(void **state)
{
	struct intern intern = {0};
	char text[] = "/usr/bin/make";
	const char *kept = intern_string(&intern, text);

	(void)state;
	assert_non_null(kept);
	assert_true(kept != text);
	assert_ptr_equal(intern_string(&intern, "/usr/bin/make"), kept);
	text[0] = 'x';
	assert_string_equal(kept, "/usr/bin/make");
	assert_ptr_not_equal(intern_string(&intern, text), kept);
	assert_int_equal(intern.used, 2);
	intern_fini(&intern);
}

static void test_copies_stay_while_the_set_grows(void **state)
{
	static const char *kept[STRINGS];
	struct intern intern = {0};
	char text[32];

	(void)state;
	for (unsigned i = 0; i < STRINGS; i++) {
		snprintf(text, sizeof(text), "/proc/%u", i * 7919);
		kept[i] = intern_string(&intern, text);
		assert_non_null(kept[i]);
	}
	assert_int_equal(intern.used, STRINGS);
	for (unsigned i = 0; i < STRINGS; i++) {
		snprintf(text, sizeof(text), "/proc/%u", i * 7919);
		assert_string_equal(kept[i], text);
		assert_ptr_equal(intern_string(&intern, text), kept[i]);
	}
	assert_int_equal(intern.used, STRINGS);
	intern_fini(&intern);
}

static void test_odd_strings(void **state)
{
	struct intern intern = {0};
	char huge[70000];
	const char *empty = intern_string(&intern, ""), *kept;

	(void)state;
	memset(huge, 'a', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	kept = intern_string(&intern, huge);
	assert_string_equal(empty, "");
	assert_ptr_equal(intern_string(&intern, ""), empty);
	assert_string_equal(kept, huge);
	assert_string_equal(intern_string(&intern, "\xff\x01"), "\xff\x01");
	intern_fini(&intern);
}

static void test_fini_leaves_an_empty_set(void **state)
{
	struct intern intern = {0};

	(void)state;
	intern_fini(&intern);
	assert_non_null(intern_string(&intern, "a"));
	intern_fini(&intern);
	assert_int_equal(intern.used, 0);
	assert_int_equal(intern.size, 0);
	assert_non_null(intern_string(&intern, "a"));
	intern_fini(&intern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_strings_share_a_copy),
		cmocka_unit_test(test_copies_stay_while_the_set_grows),
		cmocka_unit_test(test_odd_strings),
		cmocka_unit_test(test_fini_leaves_an_empty_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
