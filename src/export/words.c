/* SPDX-License-Identifier: BSD-2-Clause */
/* See words.h. */
#include "export/words.h"

#include <stdio.h>
#include <string.h>

const char *word_duration(uint64_t ns, int utf8, char buf[WORD_SIZE])
{
	/* A unit begins where the smaller one would print as 1000; people count hours and days
	 * sooner. */
	static const struct {
		double from_ns, ns;
		const char *unit, *ascii;
	} UNITS[] = {
		{99.95 * 3600e9, 86400e9, "d", "d"},
		{99.95 * 60e9, 3600e9, "h", "h"},
		{999.5e9, 60e9, "min", "min"},
		{999.5e6, 1e9, "s", "s"},
		{999.5e3, 1e6, "ms", "ms"},
		{999.5, 1e3, "µs", "us"},
		{0, 1, "ns", "ns"},
	};
	size_t i = 0;
	double value;
	int digits;

	if (ns == 0) {
		snprintf(buf, WORD_SIZE, "0 s");
		return buf;
	}
	while ((double)ns < UNITS[i].from_ns)
		i++;
	value = (double)ns / UNITS[i].ns;
	digits = UNITS[i].ns == 1 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
	snprintf(buf, WORD_SIZE, "%.*f %s", digits, value, utf8 ? UNITS[i].unit : UNITS[i].ascii);
	return buf;
}

const char *word_count(uint64_t count, char buf[WORD_SIZE])
{
	char digits[24];
	size_t length = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
	size_t at = 0;

	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

const char *word_bytes(uint64_t bytes, char buf[WORD_SIZE])
{
	static const char *const UNITS[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	double value = (double)bytes;
	size_t i = 0;

	for (; value >= 999.5 && i < 5; i++)
		value /= 1024;
	snprintf(buf, WORD_SIZE, "%.*f %s", i == 0 || value >= 99.95 ? 0 : 1, value, UNITS[i]);
	return buf;
}

const char *word_percent(uint64_t part, uint64_t whole, char buf[WORD_SIZE])
{
	double percent = whole ? (double)part / (double)whole * 100.0 : 0.0;

	if (part == 0 || whole == 0)
		snprintf(buf, WORD_SIZE, "0 %%");
	else if (percent < 0.05)
		snprintf(buf, WORD_SIZE, "<0.1 %%");
	else if (percent < 9.95)
		snprintf(buf, WORD_SIZE, "%.1f %%", percent);
	else
		snprintf(buf, WORD_SIZE, "%.0f %%", percent);
	return buf;
}

/* Length of the valid UTF-8 sequence at `text`, 0 if there is none (RFC 3629: no surrogates, no
 * overlong forms, nothing above U+10FFFF). */
static size_t utf8_length(const unsigned char *text)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (text[0] < 0x80)
		return 1;
	if (text[0] >= 0xc2 && text[0] <= 0xdf)
		length = 2;
	else if (text[0] >= 0xe0 && text[0] <= 0xef)
		length = 3;
	else if (text[0] >= 0xf0 && text[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (text[0] == 0xe0)
		low = 0xa0;
	else if (text[0] == 0xed)
		high = 0x9f;
	else if (text[0] == 0xf0)
		low = 0x90;
	else if (text[0] == 0xf4)
		high = 0x8f;
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

/* Whether a terminal may be shown this valid sequence as it is. C1 controls (U+0080 … U+009F) are
 * as dangerous to it as C0 ones. */
static int harmless(const unsigned char *text, size_t length, int utf8)
{
	if (length == 1)
		return text[0] >= 0x20 && text[0] != 0x7f;
	return utf8 && !(text[0] == 0xc2 && text[1] < 0xa0);
}

/* Appends a piece with room for a final zero; 0 when it does not fit. */
static size_t append(char *buf, size_t size, size_t at, const void *piece, size_t length)
{
	if (at + length >= size)
		return 0;
	memcpy(buf + at, piece, length);
	buf[at + length] = '\0';
	return length;
}

const char *word_printable(const char *text, int utf8, char *buf, size_t size)
{
	const unsigned char *from = (const unsigned char *)text;
	size_t at = 0, added = 1;

	buf[0] = '\0';
	while (*from && added) {
		size_t length = utf8_length(from);
		char escaped[8];

		if (length && harmless(from, length, utf8)) {
			added = append(buf, size, at, from, length);
			from += length;
		} else {
			snprintf(escaped, sizeof(escaped), "\\x%02x", *from++);
			added = append(buf, size, at, escaped, strlen(escaped));
		}
		at += added;
	}
	return buf;
}

const char *word_utf8(const char *text, char *buf, size_t size)
{
	const unsigned char *from = (const unsigned char *)text;
	size_t at = 0, added = 1;

	buf[0] = '\0';
	for (size_t length; *from && added; from += length ? length : 1) {
		length = utf8_length(from);
		added = length ? append(buf, size, at, from, length)
			       : append(buf, size, at, "\xef\xbf\xbd", 3);
		at += added;
	}
	return buf;
}

size_t word_columns(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}
