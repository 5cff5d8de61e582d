/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of export/words.h: numbers at the borders between units, and that nothing which is harmful
 * to a terminal, or is not UTF-8, gets through.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/words.h"
#include "testing.h"

/* ---- numbers ---- */

static const struct {
	uint64_t ns;
	const char *utf8, *ascii;
} DURATIONS[] = {
	{0, "0 s", "0 s"},
	{1, "1 ns", "1 ns"},
	{87, "87 ns", "87 ns"},
	{999, "999 ns", "999 ns"},
	{1000, "1.00 µs", "1.00 us"},
	{1004, "1.00 µs", "1.00 us"},
	{1006, "1.01 µs", "1.01 us"},
	{9994, "9.99 µs", "9.99 us"},
	{9996, "10.0 µs", "10.0 us"},
	{99949, "99.9 µs", "99.9 us"},
	{99951, "100 µs", "100 us"},
	{412000, "412 µs", "412 us"},
	{999499, "999 µs", "999 us"},
	{999500, "1.00 ms", "1.00 ms"},
	{1000000, "1.00 ms", "1.00 ms"},
	{12000000, "12.0 ms", "12.0 ms"},
	{999499999, "999 ms", "999 ms"},
	{999500000, "1.00 s", "1.00 s"},
	{1000000000, "1.00 s", "1.00 s"},
	{3410000000, "3.41 s", "3.41 s"},
	{59999000000, "60.0 s", "60.0 s"},
	{999499000000, "999 s", "999 s"},
	{999500000000, "16.7 min", "16.7 min"},
	{5996000000000, "99.9 min", "99.9 min"},
	{5998000000000, "1.67 h", "1.67 h"},
	{9000000000000, "2.50 h", "2.50 h"},
	{359800000000000, "99.9 h", "99.9 h"},
	{359900000000000, "4.17 d", "4.17 d"},
	{2592000000000000, "30.0 d", "30.0 d"},
	{UINT64_MAX, "213504 d", "213504 d"},
};

static void test_durations(void **state)
{
	char word[WORD_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(DURATIONS); i++) {
		assert_string_equal(word_duration(DURATIONS[i].ns, 1, word), DURATIONS[i].utf8);
		assert_string_equal(word_duration(DURATIONS[i].ns, 0, word), DURATIONS[i].ascii);
	}
}

static double unit_ns(const char *unit)
{
	static const struct {
		const char *unit;
		double ns;
	} UNITS[] = {{" ns", 1},     {" us", 1e3},   {" ms", 1e6},   {" s", 1e9},
		     {" min", 60e9}, {" h", 3600e9}, {" d", 86400e9}};

	for (size_t i = 0; i < ARRAY_SIZE(UNITS); i++) {
		if (strcmp(unit, UNITS[i].unit) == 0)
			return UNITS[i].ns;
	}
	fail_msg("unit '%s'", unit);
	return 0;
}

/* Every duration below a thousand days has three digits at most, eight columns, and is right to
 * half of its last digit. */
static void test_durations_are_short_and_right(void **state)
{
	struct random random = {21};

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		uint64_t ns = 1 + random_magnitude(&random) % 86313600000000000u;
		char word[WORD_SIZE], *unit;
		double value, exact = (double)ns;

		word_duration(ns, 0, word);
		value = strtod(word, &unit);
		assert_true(word_columns(word) <= 8);
		assert_true(value >= 1 && value < 1000);
		value *= unit_ns(unit);
		if (value < exact * 0.9949 || value > exact * 1.0051)
			fail_msg("%llu ns is not %s", (unsigned long long)ns, word);
	}
}

static void test_counts(void **state)
{
	static const struct {
		uint64_t count;
		const char *word;
	} COUNTS[] = {
		{0, "0"},
		{9, "9"},
		{999, "999"},
		{1000, "1,000"},
		{38114, "38,114"},
		{999999, "999,999"},
		{1000000, "1,000,000"},
		{UINT64_MAX, "18,446,744,073,709,551,615"},
	};
	char word[WORD_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(COUNTS); i++)
		assert_string_equal(word_count(COUNTS[i].count, word), COUNTS[i].word);
}

static void test_bytes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *word;
	} BYTES[] = {
		{0, "0 B"},
		{1, "1 B"},
		{999, "999 B"},
		{1000, "1.0 KiB"},
		{1024, "1.0 KiB"},
		{1536, "1.5 KiB"},
		{102348, "99.9 KiB"},
		{102400, "100 KiB"},
		{1023 * 1024, "1.0 MiB"},
		{1048576, "1.0 MiB"},
		{1610612736, "1.5 GiB"},
		{UINT64_C(1) << 40, "1.0 TiB"},
		{UINT64_C(1) << 50, "1.0 PiB"},
		{UINT64_MAX, "16384 PiB"},
	};
	char word[WORD_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(BYTES); i++)
		assert_string_equal(word_bytes(BYTES[i].bytes, word), BYTES[i].word);
}

static void test_percents(void **state)
{
	static const struct {
		uint64_t part, whole;
		const char *word;
	} PERCENTS[] = {
		{0, 100, "0 %"},
		{0, 0, "0 %"},
		{5, 0, "0 %"},
		{1, 1000000, "<0.1 %"},
		{1, UINT64_MAX, "<0.1 %"},
		{49, 100000, "<0.1 %"},
		{51, 100000, "0.1 %"},
		{3, 1000, "0.3 %"},
		{994, 10000, "9.9 %"},
		{996, 10000, "10 %"},
		{45, 100, "45 %"},
		{999, 1000, "100 %"},
		{100, 100, "100 %"},
		{3, 2, "150 %"},
	};
	char word[WORD_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PERCENTS); i++)
		assert_string_equal(word_percent(PERCENTS[i].part, PERCENTS[i].whole, word),
				    PERCENTS[i].word);
}

/* ---- text ---- */

static const struct {
	const char *from;
	const char *utf8;  /* for a terminal */
	const char *ascii; /* for a terminal that has only ASCII */
	const char *clean; /* for JSON */
} TEXTS[] = {
	{"", "", "", ""},
	{"plain ~", "plain ~", "plain ~", "plain ~"},
	{"a\x1b[31mb", "a\\x1b[31mb", "a\\x1b[31mb", "a\x1b[31mb"},
	{"\t\n\r\a\x7f", "\\x09\\x0a\\x0d\\x07\\x7f", "\\x09\\x0a\\x0d\\x07\\x7f", "\t\n\r\a\x7f"},
	{"\x01\x1f ", "\\x01\\x1f ", "\\x01\\x1f ", "\x01\x1f "},
	/* C1: U+009B is the one-character form of ESC [. */
	{"\xc2\x9b"
	 "m",
	 "\\xc2\\x9bm", "\\xc2\\x9bm",
	 "\xc2\x9b"
	 "m"},
	{"\xc2\x80\xc2\x9f", "\\xc2\\x80\\xc2\\x9f", "\\xc2\\x80\\xc2\\x9f", "\xc2\x80\xc2\x9f"},
	{"\xc2\xa0", "\xc2\xa0", "\\xc2\\xa0", "\xc2\xa0"},
	/* The first and last of each length. */
	{"\xdf\xbf", "\xdf\xbf", "\\xdf\\xbf", "\xdf\xbf"},
	{"\xe0\xa0\x80", "\xe0\xa0\x80", "\\xe0\\xa0\\x80", "\xe0\xa0\x80"},
	{"\xed\x9f\xbf", "\xed\x9f\xbf", "\\xed\\x9f\\xbf", "\xed\x9f\xbf"},
	{"\xee\x80\x80", "\xee\x80\x80", "\\xee\\x80\\x80", "\xee\x80\x80"},
	{"\xf0\x90\x80\x80", "\xf0\x90\x80\x80", "\\xf0\\x90\\x80\\x80", "\xf0\x90\x80\x80"},
	{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf", "\\xf4\\x8f\\xbf\\xbf", "\xf4\x8f\xbf\xbf"},
	/* A continuation byte alone, a lead byte alone, at the end and before text. */
	{"\x80", "\\x80", "\\x80", "�"},
	{"\xbf!", "\\xbf!", "\\xbf!", "�!"},
	{"\xc3", "\\xc3", "\\xc3", "�"},
	{"\xe2\x82", "\\xe2\\x82", "\\xe2\\x82", "��"},
	{"\xf0\x9f\x98", "\\xf0\\x9f\\x98", "\\xf0\\x9f\\x98", "���"},
	{"\xc3(", "\\xc3(", "\\xc3(", "�("},
	{"\xe2\x82(", "\\xe2\\x82(", "\\xe2\\x82(", "��("},
	{"\xf0\x9f\x98(", "\\xf0\\x9f\\x98(", "\\xf0\\x9f\\x98(", "���("},
	/* Overlong forms, surrogates, beyond U+10FFFF, bytes that no form has. */
	{"\xc0\xaf", "\\xc0\\xaf", "\\xc0\\xaf", "��"},
	{"\xc1\xbf", "\\xc1\\xbf", "\\xc1\\xbf", "��"},
	{"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf", "\\xe0\\x9f\\xbf", "���"},
	{"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf", "\\xf0\\x8f\\xbf\\xbf", "����"},
	{"\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80", "���"},
	{"\xed\xbf\xbf", "\\xed\\xbf\\xbf", "\\xed\\xbf\\xbf", "���"},
	{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80", "����"},
	{"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80", "\\xf5\\x80\\x80\\x80", "����"},
	{"\xfe\xff", "\\xfe\\xff", "\\xfe\\xff", "��"},
	{"naïve ✓", "naïve ✓", "na\\xc3\\xafve \\xe2\\x9c\\x93", "naïve ✓"},
};

static void test_texts(void **state)
{
	char buf[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++) {
		assert_string_equal(word_printable(TEXTS[i].from, 1, buf, sizeof(buf)),
				    TEXTS[i].utf8);
		assert_string_equal(word_printable(TEXTS[i].from, 0, buf, sizeof(buf)),
				    TEXTS[i].ascii);
		assert_string_equal(word_utf8(TEXTS[i].from, buf, sizeof(buf)), TEXTS[i].clean);
	}
}

/* What may be wanted of a text, checked by a decoder that has nothing in common with the one
 * tested. */
static bool is_utf8(const char *text, bool no_controls)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		static const uint32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
		unsigned length = *at < 0x80	   ? 1
				  : *at >> 5 == 6  ? 2
				  : *at >> 4 == 14 ? 3
				  : *at >> 3 == 30 ? 4
						   : 0;
		uint32_t point = length == 1 ? *at : length ? *at & (0x7fu >> length) : 0;

		for (unsigned i = 1; i < length; i++) {
			if (at[i] >> 6 != 2)
				return false;
			point = point << 6 | (at[i] & 0x3f);
		}
		if (!length || point < LEAST[length] || point > 0x10ffff ||
		    (point >= 0xd800 && point <= 0xdfff))
			return false;
		if (no_controls && (point < 0x20 || (point >= 0x7f && point < 0xa0)))
			return false;
		at += length;
	}
	return true;
}

static bool is_printable_ascii(const char *text)
{
	for (; *text; text++) {
		if (*text < 0x20 || *text > 0x7e)
			return false;
	}
	return true;
}

/* Bytes that make sequences and near misses likely. */
static void random_text(struct random *random, char *text, size_t size)
{
	static const unsigned char LEADS[] = {0xc2, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xc3};
	size_t length = random_below(random, size);

	for (size_t i = 0; i < length; i++) {
		uint64_t kind = random_below(random, 4);

		text[i] = (char)(kind == 0   ? LEADS[random_below(random, sizeof(LEADS))]
				 : kind == 1 ? 'a'
				 : kind == 2 ? 0x80 + random_below(random, 64)
					     : 1 + random_below(random, 255));
	}
	text[length] = '\0';
}

static void test_nothing_harmful_gets_through(void **state)
{
	struct random random = {22};
	char text[40], buf[40 * 4 + 1];

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		random_text(&random, text, sizeof(text));
		assert_true(is_utf8(word_printable(text, 1, buf, sizeof(buf)), true));
		assert_true(is_printable_ascii(word_printable(text, 0, buf, sizeof(buf))));
		assert_true(is_utf8(word_utf8(text, buf, sizeof(buf)), false));
		if (is_utf8(text, false))
			assert_string_equal(buf, text);
		if (is_utf8(text, true))
			assert_string_equal(word_printable(text, 1, buf, sizeof(buf)), text);
	}
}

/* Whatever the room, the result is the beginning of the whole, ends in it, and is still UTF-8. */
static void test_cutting_splits_nothing(void **state)
{
	struct random random = {23};
	char text[40], whole[40 * 4 + 1], buf[40 * 4 + 1];

	(void)state;
	for (unsigned i = 0; i < 50000; i++) {
		size_t size = 1 + random_below(&random, sizeof(buf) - 1);

		random_text(&random, text, sizeof(text));
		memset(buf, '#', sizeof(buf));
		word_utf8(text, whole, sizeof(whole));
		word_utf8(text, buf, size);
		assert_true(strlen(buf) < size && is_utf8(buf, false));
		assert_memory_equal(buf, whole, strlen(buf));
		/* Nothing is left out that would have fitted. */
		assert_true(strlen(whole) == strlen(buf) || strlen(buf) + 4 >= size);
		word_printable(text, 1, whole, sizeof(whole));
		word_printable(text, 1, buf, size);
		assert_true(strlen(buf) < size && is_utf8(buf, true));
		assert_memory_equal(buf, whole, strlen(buf));
		assert_true(strlen(whole) == strlen(buf) || strlen(buf) + 4 >= size);
	}
}

static void test_cutting_at_each_place(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(word_utf8("aé€😀", buf, 1), "");
	assert_string_equal(word_utf8("aé€😀", buf, 2), "a");
	assert_string_equal(word_utf8("aé€😀", buf, 3), "a");
	assert_string_equal(word_utf8("aé€😀", buf, 4), "aé");
	assert_string_equal(word_utf8("aé€😀", buf, 6), "aé");
	assert_string_equal(word_utf8("aé€😀", buf, 7), "aé€");
	assert_string_equal(word_utf8("aé€😀", buf, 10), "aé€");
	assert_string_equal(word_utf8("aé€😀", buf, 11), "aé€😀");
	assert_string_equal(word_utf8("\xff\xff", buf, 4), "�");
	assert_string_equal(word_printable("a\x1b", 1, buf, 5), "a");
	assert_string_equal(word_printable("a\x1b", 1, buf, 6), "a\\x1b");
}

static void test_columns(void **state)
{
	(void)state;
	assert_int_equal(word_columns(""), 0);
	assert_int_equal(word_columns("412 µs"), 6);
	assert_int_equal(word_columns("aé€😀"), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_durations_are_short_and_right),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_percents),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_nothing_harmful_gets_through),
		cmocka_unit_test(test_cutting_splits_nothing),
		cmocka_unit_test(test_cutting_at_each_place),
		cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
