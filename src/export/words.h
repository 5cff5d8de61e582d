/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers and names as people read them, and text made safe for a terminal. */
#ifndef FATHOM_EXPORT_WORDS_H
#define FATHOM_EXPORT_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define WORD_SIZE 48

/* "87 ns", "412 µs", "12.0 ms", "3.41 s", "16.7 min", "2.50 h", "30.0 d": three significant digits,
 * but for more than 999 days. `utf8` chooses µs or us. */
const char *word_duration(uint64_t ns, int utf8, char buf[WORD_SIZE]);
/* "38,114" */
const char *word_count(uint64_t count, char buf[WORD_SIZE]);
/* "1.5 GiB" */
const char *word_bytes(uint64_t bytes, char buf[WORD_SIZE]);
/* "45 %", "0.3 %", "<0.1 %"; "0 %" only for none at all. */
const char *word_percent(uint64_t part, uint64_t whole, char buf[WORD_SIZE]);

/*
 * Copies `text` so that it can do no harm to a terminal or a table: the bytes of control
 * characters, and those that are not UTF-8, come out as \xNN; without `utf8`, all that are not
 * ASCII do. Cut off between characters to fit in `size` bytes, of which there must be at least one.
 */
const char *word_printable(const char *text, int utf8, char *buf, size_t size);

/* The same for JSON, which holds only valid UTF-8: bytes that are not come out as U+FFFD. Cut off
 * likewise. */
const char *word_utf8(const char *text, char *buf, size_t size);

/* How many columns a valid UTF-8 text takes, each code point counted as one. */
size_t word_columns(const char *text);

#endif
