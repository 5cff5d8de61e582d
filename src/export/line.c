/* SPDX-License-Identifier: BSD-2-Clause */
/* See line.h. */
#include "export/line.h"

#include <string.h>
#include <sys/wait.h>

const char *line_ellipsis(const struct text *text)
{
	return text->style->utf8 ? "…" : "...";
}

void line_style(const struct text *text, const char *escape)
{
	if (text->style->color)
		fputs(escape, text->out);
}

void line_put(struct text *text, const char *word)
{
	fputs(word, text->out);
	text->at += word_columns(word);
}

void line_end(struct text *text)
{
	fputc('\n', text->out);
	text->at = 0;
}

void line_left(struct text *text, size_t column, const char *word)
{
	if (!*word)
		return;
	if (text->at)
		line_put(text, " ");
	while (text->at < column)
		line_put(text, " ");
	line_put(text, word);
}

void line_right(struct text *text, size_t column, const char *word)
{
	size_t width = word_columns(word);

	line_left(text, column > width ? column - width : 0, word);
}

void line_duration(struct text *text, size_t column, uint64_t ns)
{
	char word[WORD_SIZE];

	line_right(text, column, ns ? word_duration(ns, text->style->utf8, word) : "0");
}

void line_count(struct text *text, size_t column, uint64_t count)
{
	char word[WORD_SIZE];

	line_right(text, column, word_count(count, word));
}

void line_percent(struct text *text, size_t column, uint64_t part, uint64_t whole)
{
	char word[WORD_SIZE];

	line_right(text, column, word_percent(part, whole, word));
}

size_t line_room(const struct text *text)
{
	return text->style->columns > text->at ? text->style->columns - text->at : 0;
}

const char *line_printable(const struct text *text, const char *from, char *buf, size_t size)
{
	return word_printable(from, text->style->utf8, buf, size);
}

void heading_begin(struct text *text, const char *word)
{
	line_style(text, DIM);
	fputc('\n', text->out);
	line_left(text, 2, word);
}

void heading_end(struct text *text)
{
	line_style(text, PLAIN);
	line_end(text);
}

const char *plural(uint64_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}

void exit_words(int wait_status, char *words, size_t size)
{
	const char *name;

	if (WIFSIGNALED(wait_status)) {
		name = sigabbrev_np(WTERMSIG(wait_status));
		if (name)
			snprintf(words, size, "SIG%s", name);
		else
			snprintf(words, size, "signal %d", WTERMSIG(wait_status));
	} else {
		snprintf(words, size, "exit %d", WEXITSTATUS(wait_status));
	}
}
