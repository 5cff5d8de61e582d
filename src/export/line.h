/* SPDX-License-Identifier: BSD-2-Clause */
/* A line of the text report, put together word by word, each in its columns. What the lines say is
 * in text.c and text_tasks.c. */
#ifndef FATHOM_EXPORT_LINE_H
#define FATHOM_EXPORT_LINE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "export/exporter.h"
#include "export/words.h"

#define NOTABLE_PERMILLE 5 /* smaller shares are not named */

/* The report that is being written. */
struct text {
	const struct profile *profile;
	const struct export_style *style;
	FILE *out;
	size_t at; /* columns written on the present line */
};

#define BOLD  "\033[1m"
#define DIM   "\033[2m"
#define RED   "\033[31m"
#define PLAIN "\033[0m"

/* Starts or ends a style, where colour may be used. */
void line_style(const struct text *text, const char *escape);

/*
 * A line is written word by word, each to its place. printf's field widths count bytes and push
 * what follows aside; these count what a terminal shows, and what is too wide for its place takes
 * from the free columns after it.
 */
void line_put(struct text *text, const char *word);
void line_end(struct text *text);
/* The word's first column is `column`, counted from 0, or one after what is there already. */
void line_left(struct text *text, size_t column, const char *word);
/* The word ends before `column`, or as soon after as what is there already allows. */
void line_right(struct text *text, size_t column, const char *word);
void line_duration(struct text *text, size_t column, uint64_t ns);
void line_count(struct text *text, size_t column, uint64_t count);
void line_percent(struct text *text, size_t column, uint64_t part, uint64_t whole);
/* Columns that are left on the line. */
size_t line_room(const struct text *text);

/* A heading over the columns that follow is written like their words, between these. */
void heading_begin(struct text *text, const char *word);
void heading_end(struct text *text);

const char *line_ellipsis(const struct text *text);
/* Text from outside, made harmless. */
const char *line_printable(const struct text *text, const char *from, char *buf, size_t size);
const char *plural(uint64_t count, const char *one, const char *many);
/* How a process ended: "exit 1", "SIGKILL". */
void exit_words(int wait_status, char *words, size_t size);

/* text_tasks.c: the tables of processes, or of commands where there are many, and of threads. 0 or
 * -ENOMEM. */
int text_write_processes(struct text *text);
int text_write_threads(struct text *text);

#endif
