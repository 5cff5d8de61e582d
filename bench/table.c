/* SPDX-License-Identifier: BSD-2-Clause */
/* See table.h. */
#include "table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void table_init(struct table *table, const char *const *headings)
{
	memset(table, 0, sizeof(*table));
	table->rows = 1;
	for (; headings[table->columns] && table->columns < TABLE_COLUMNS; table->columns++)
		table_set(table, 0, table->columns, "%s", headings[table->columns]);
}

int table_row(struct table *table)
{
	if (table->rows < TABLE_ROWS)
		table->rows++;
	return table->rows - 1;
}

void table_set(struct table *table, int row, int column, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(table->cells[row][column], TABLE_CELL, format, arguments);
	va_end(arguments);
}

void table_set_number(struct table *table, int row, int column, double number, int digits)
{
	if (!isnan(number))
		table_set(table, row, column, "%.*f", digits, number);
}

/* Columns on a screen, not bytes: continuation bytes of UTF-8 take no room. */
static int width(const char *text)
{
	int columns = 0;

	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

static void print_row(const struct table *table, int row, const int *widths, bool markdown)
{
	const char *text;
	int pad;

	for (int i = 0; i < table->columns; i++) {
		bool left = i == 0 || i == table->columns - 1;

		text = table->cells[row][i];
		pad = widths[i] - width(text);
		fputs(markdown ? (i ? " | " : "| ") : (i ? "  " : ""), stdout);
		if (left && i == table->columns - 1 && !markdown)
			pad = 0;
		printf("%*s%s%*s", left ? 0 : pad, "", text, left ? pad : 0, "");
	}
	puts(markdown ? " |" : "");
}

void table_print(const struct table *table, bool markdown)
{
	int widths[TABLE_COLUMNS] = {0};

	for (int i = 0; i < table->rows; i++) {
		for (int j = 0; j < table->columns; j++) {
			int here = width(table->cells[i][j]);

			if (here > widths[j])
				widths[j] = here;
		}
	}
	for (int i = 0; i < table->rows; i++) {
		print_row(table, i, widths, markdown);
		if (i || !markdown)
			continue;
		for (int j = 0; j < table->columns; j++)
			fputs(j && j < table->columns - 1 ? "|---:" : "|---", stdout);
		puts("|");
	}
	puts("");
}
