/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the helpers of cli/options.h that read numbers and durations. */
#include <errno.h>
#include <string.h>

/* The cli is no library, so the file is compiled in here; cmocka has a print_error() of its own. */
#define print_error cli_print_error
#include "cli/options.c"
#undef print_error
#include "testing.h"

/* ---- parse_number ---- */

static void assert_number(const char *text, uint64_t least, uint64_t most, uint64_t expected)
{
	struct error error = {0};
	uint64_t number = ~expected;

	if (parse_number(text, "--n", least, most, &number, &error))
		fail_msg("'%s': %s", text, error.text);
	assert_true(number == expected);
}

static void assert_no_number(const char *text, uint64_t least, uint64_t most)
{
	struct error error = {0};
	uint64_t number;

	if (parse_number(text, "--n", least, most, &number, &error) != -EINVAL)
		fail_msg("'%s' was taken", text);
	/* The line names the option, and what was wrong. */
	assert_non_null(strstr(error.text, "--n"));
	assert_non_null(strstr(error.text, text));
}

static void test_good_numbers(void **state)
{
	(void)state;
	assert_number("0", 0, 10, 0);
	assert_number("10", 0, 10, 10);
	assert_number("1", 1, 1, 1);
	assert_number("007", 0, 10, 7);
	assert_number("18446744073709551615", 0, UINT64_MAX, UINT64_MAX);
}

static void test_bad_numbers(void **state)
{
	static const char *const BAD[] = {
		"",   " ",   "x",   "5x",   "5 ",  " 5",  "\t5", "+5",	"-5",
		"-0", "1.5", "1e3", "0x10", "nan", "inf", "5,0", "--5", "-18446744073709551611",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
		assert_no_number(BAD[i], 0, UINT64_MAX);
}

static void test_numbers_out_of_range(void **state)
{
	(void)state;
	assert_no_number("0", 1, 10);
	assert_no_number("11", 1, 10);
	assert_no_number("18446744073709551616", 0, UINT64_MAX);
	assert_no_number("99999999999999999999999", 0, UINT64_MAX);
}

/* ---- parse_duration ---- */

static void assert_duration(const char *text, uint64_t expected)
{
	struct error error = {0};
	uint64_t ns = ~expected;

	if (parse_duration(text, "--duration", &ns, &error))
		fail_msg("'%s': %s", text, error.text);
	if (ns != expected)
		fail_msg("'%s': %llu ns", text, (unsigned long long)ns);
}

static void assert_no_duration(const char *text)
{
	struct error error = {0};
	uint64_t ns;

	if (parse_duration(text, "--duration", &ns, &error) != -EINVAL)
		fail_msg("'%s' was taken", text);
	assert_non_null(strstr(error.text, "--duration"));
	assert_non_null(strstr(error.text, text));
}

static void test_good_durations(void **state)
{
	(void)state;
	assert_duration("3", 3000000000);
	assert_duration("1.5s", 1500000000);
	assert_duration("1.5", 1500000000);
	assert_duration(".5s", 500000000);
	assert_duration("200ms", 200000000);
	assert_duration("10us", 10000);
	assert_duration("0.001us", 1);
	assert_duration("2m", 120000000000);
	assert_duration("1h", 3600000000000);
	assert_duration("1000000000", 1000000000000000000);
}

static void test_bad_durations(void **state)
{
	static const char *const BAD[] = {
		"",	  "s",	  "ms",	  "five", "5x",	  "5 s",  "5s ", "5sec",
		"5S",	  "5min", "5d",	  "5ns",  "1,5s", "5s5",  "--5", "1.5.2s",
		"5ms2us", "%n%s", "0x10", " 5",	  "+5",	  "1e1s",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
		assert_no_duration(BAD[i]);
}

static void test_durations_out_of_range(void **state)
{
	static const char *const BAD[] = {
		"0",	  "0s",	  "0ms",	"-0",	     "-1",
		"-1s",	  "-5ms", "1e-10",	"0.0001us",  "1e400",
		"1e300h", "1e18", "1000000001", "99999999h", "1e999ms",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
		assert_no_duration(BAD[i]);
}

/* strtod(3) takes these for numbers. */
static void test_what_is_no_finite_time(void **state)
{
	static const char *const BAD[] = {
		"nan",	"nans", "NAN",	    "nan(1)",	  "nanms", "inf",
		"infs", "INF",	"infinity", "infinityms", "-inf",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
		assert_no_duration(BAD[i]);
}

static void test_long_nonsense_is_cut(void **state)
{
	struct error error;
	char text[2000];
	uint64_t value;

	(void)state;
	memset(text, '7', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(parse_number(text, "--n", 0, UINT64_MAX, &value, &error), -EINVAL);
	assert_true(strlen(error.text) < 200);
	assert_int_equal(parse_duration(text, "--n", &value, &error), -EINVAL);
	assert_true(strlen(error.text) < 200);
	assert_int_equal(parse_duration(text, "--n", &value, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_numbers),
		cmocka_unit_test(test_bad_numbers),
		cmocka_unit_test(test_numbers_out_of_range),
		cmocka_unit_test(test_good_durations),
		cmocka_unit_test(test_bad_durations),
		cmocka_unit_test(test_durations_out_of_range),
		cmocka_unit_test(test_what_is_no_finite_time),
		cmocka_unit_test(test_long_nonsense_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
