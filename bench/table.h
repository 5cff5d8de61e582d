/* SPDX-License-Identifier: BSD-2-Clause */
/* A table of short texts, printed in columns or as Markdown. The first column is left-aligned, and
 * so is the last, which is for remarks; the others are right-aligned. */
#ifndef FATHOM_BENCH_TABLE_H
#define FATHOM_BENCH_TABLE_H

#include <stdbool.h>

#define TABLE_ROWS    24
#define TABLE_COLUMNS 9
#define TABLE_CELL    112

struct table {
	int columns;
	int rows; /* the headings included */
	char cells[TABLE_ROWS][TABLE_COLUMNS][TABLE_CELL];
};

/* Starts a table with the given headings, the last of them NULL. */
void table_init(struct table *table, const char *const *headings);

/* Adds an empty row and returns its number, or the last row's where the table is full. */
int table_row(struct table *table);

void table_set(struct table *table, int row, int column, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A number with `digits` after the point; nothing where it is NaN. */
void table_set_number(struct table *table, int row, int column, double number, int digits);

void table_print(const struct table *table, bool markdown);

#endif
