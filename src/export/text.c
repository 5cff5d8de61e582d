/* SPDX-License-Identifier: BSD-2-Clause */
/* The report for people: the answer on the first screen, 80 columns wide. */
#include "export/exporter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "export/line.h"

#define BAR_COLUMNS   16
#define TOP_CALLS     12
#define TOP_ERRORS    4
#define TOP_WAITS     6
#define NAMES_IN_LINE 3
#define COMMAND_SIZE  4096
#define ARGUMENT_SIZE 1024

/* A call, or a command, and its share of something. */
struct share {
	const char *name;
	uint64_t ns;
	char room[CALL_NAME_SIZE];
};

static const char *dot(const struct text *text)
{
	return text->style->utf8 ? "·" : "-";
}

/* A bar to an eighth of a column, or to a whole one where there is only ASCII. */
static void bar(struct text *text, size_t column, uint64_t part, uint64_t whole)
{
	static const char *const EIGHTHS[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	double columns = whole ? (double)part / (double)whole * BAR_COLUMNS : 0;
	unsigned eighths = (unsigned)(columns * 8 + 0.5);
	unsigned width = text->style->utf8 ? eighths / 8 : (unsigned)(columns + 0.5);

	if (width == 0 && (!text->style->utf8 || eighths == 0))
		return;
	line_left(text, column, width ? text->style->utf8 ? "█" : "#" : EIGHTHS[eighths % 8]);
	for (unsigned i = 1; i < width; i++)
		line_put(text, text->style->utf8 ? "█" : "#");
	if (width && text->style->utf8)
		line_put(text, EIGHTHS[eighths % 8]);
}

static int compare_shares(const void *a, const void *b)
{
	const struct share *left_share = a, *right_share = b;

	if (left_share->ns != right_share->ns)
		return left_share->ns < right_share->ns ? 1 : -1;
	return strcmp(left_share->name, right_share->name);
}

/* "read 2.1 %, write 0.9 %": the largest few that are worth a mention, as shares of `whole`, as far
 * as they fit. */
static void name_shares(struct text *text, size_t column, struct share *shares, size_t count,
			uint64_t whole)
{
	if (count)
		qsort(shares, count, sizeof(*shares), compare_shares);
	for (size_t i = 0; i < count && i < NAMES_IN_LINE; i++) {
		char percent[WORD_SIZE], word[WORD_SIZE + CALL_NAME_SIZE + 4];
		size_t start = text->at > column ? text->at : column;

		if (shares[i].ns == 0 || shares[i].ns < whole / 1000 * NOTABLE_PERMILLE)
			break;
		snprintf(word, sizeof(word), "%s%s %s", i ? ", " : "", shares[i].name,
			 word_percent(shares[i].ns, whole, percent));
		if (start + word_columns(word) > text->style->columns)
			break;
		if (i)
			line_put(text, word);
		else
			line_left(text, column, word);
	}
}

static struct share *new_shares(size_t count)
{
	return calloc(count ? count : 1, sizeof(struct share));
}

/* What of the calls' time: the part on a CPU, or blocked for one reason. */
static int name_calls(struct text *text, size_t column, unsigned reason, uint64_t whole)
{
	const struct profile *profile = text->profile;
	struct share *shares = new_shares(profile->call_count);

	if (!shares)
		return -ENOMEM;
	for (size_t i = 0; i < profile->call_count; i++) {
		const struct call_stats *stats = profile->calls[i];

		shares[i].name = call_name(stats->call, shares[i].room, sizeof(shares[i].room));
		shares[i].ns = reason < BLOCKED_REASON_COUNT ? stats->blocked_ns[reason]
							     : call_row_of(stats).on_cpu_ns;
	}
	name_shares(text, column, shares, profile->call_count, whole);
	free(shares);
	return 0;
}

static void name_reasons(struct text *text, size_t column, const struct ledger *ledger,
			 uint64_t whole)
{
	struct share shares[BLOCKED_REASON_COUNT] = {0};

	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++) {
		shares[i].name = blocked_reason_label(i);
		shares[i].ns = ledger->blocked_ns[i];
	}
	name_shares(text, column, shares, BLOCKED_REASON_COUNT, whole);
}

static size_t still_running(const struct profile *profile)
{
	size_t alive = 0;

	for (size_t i = 0; i < profile->process_count; i++)
		alive += !profile->processes[i].ended;
	return alive;
}

/* Cuts a line between code points, so that it takes no more than `columns` with the ellipsis.
 * `line` has COMMAND_SIZE bytes. */
static void cut(const struct text *text, char *line, size_t columns)
{
	size_t keep = columns - word_columns(line_ellipsis(text)), at = 0;

	if (word_columns(line) <= columns)
		return;
	for (size_t seen = 0; line[at]; at++) {
		seen += ((unsigned char)line[at] & 0xc0) != 0x80;
		if (seen > keep)
			break;
	}
	snprintf(line + at, COMMAND_SIZE - at, "%s", line_ellipsis(text));
}

/* The command with its arguments, or what attach was asked for. */
static void command_words(const struct text *text, char line[COMMAND_SIZE])
{
	const struct command_info *command = &text->profile->command;
	size_t used = 0;

	line[0] = '\0';
	if (!command->argv)
		line_printable(text, command->target ? command->target : "", line, COMMAND_SIZE);
	for (char **argument = command->argv; argument && *argument; argument++) {
		char word[ARGUMENT_SIZE];

		line_printable(text, *argument, word, sizeof(word));
		if (used + strlen(word) + 2 > COMMAND_SIZE)
			break;
		used += (size_t)snprintf(line + used, COMMAND_SIZE - used, "%s%s", used ? " " : "",
					 word);
	}
	cut(text, line, text->style->columns);
}

/* How the command ended, and a dot; nothing for attach. */
static void end_words(const struct text *text, char *words, size_t size)
{
	const struct command_info *command = &text->profile->command;
	const char *how = command->ended && WIFSIGNALED(command->wait_status) ? "killed by " : "";
	char ended[64] = "still running";

	words[0] = '\0';
	if (!command->argv)
		return;
	if (command->ended)
		exit_words(command->wait_status, ended, sizeof(ended));
	snprintf(words, size, "%s%s %s ", how, ended, dot(text));
}

/* "exit 0 · 3.41 s · 2 processes, 2 threads" */
static void fact_words(const struct text *text, char *words, size_t size)
{
	const struct profile *profile = text->profile;
	char duration[WORD_SIZE], processes[WORD_SIZE], threads[WORD_SIZE], ended[96];

	end_words(text, ended, sizeof(ended));
	snprintf(words, size, "%s%s %s %s %s, %s %s", ended,
		 word_duration(profile->duration_ns, text->style->utf8, duration), dot(text),
		 word_count(profile->process_count, processes),
		 plural(profile->process_count, "process", "processes"),
		 word_count(profile->threads_watched, threads),
		 plural(profile->threads_watched, "thread", "threads"));
}

/* The command and how it went; on two lines when it is too long for one. */
static void write_headline(struct text *text)
{
	const struct profile *profile = text->profile;
	char line[COMMAND_SIZE], facts[256], count[WORD_SIZE];
	size_t alive = still_running(profile);

	command_words(text, line);
	fact_words(text, facts, sizeof(facts));
	line_style(text, BOLD);
	line_put(text, line);
	line_style(text, PLAIN);
	if (line_room(text) < word_columns(facts) + 3) {
		line_end(text);
	} else if (text->at) {
		line_left(text, 0, dot(text));
		line_put(text, " ");
	}
	line_put(text, facts);
	line_end(text);
	if (alive && profile->command.argv)
		fprintf(text->out, "%s %s still running when the command ended\n",
			word_count(alive, count), plural(alive, "process was", "processes were"));
}

#define LEDGER_LABEL	2
#define LEDGER_PERCENT	26
#define LEDGER_DURATION 35
#define LEDGER_BAR	37
#define LEDGER_NAMES	(LEDGER_BAR + BAR_COLUMNS + 2)

static void ledger_line(struct text *text, const char *label, uint64_t ns)
{
	uint64_t whole = text->profile->ledger.thread_time_ns;

	line_left(text, LEDGER_LABEL, label);
	line_percent(text, LEDGER_PERCENT, ns, whole);
	line_duration(text, LEDGER_DURATION, ns);
	bar(text, LEDGER_BAR, ns, whole);
}

static int write_ledger(struct text *text)
{
	const struct ledger *ledger = &text->profile->ledger;
	uint64_t whole = ledger->thread_time_ns;
	uint64_t unaccounted = ledger_unaccounted_ns(ledger);
	char word[WORD_SIZE], count[WORD_SIZE];
	int result;

	fprintf(text->out, "\n  %s of thread time in %s %s\n",
		word_duration(whole, text->style->utf8, word),
		word_count(text->profile->threads_watched, count),
		plural(text->profile->threads_watched, "thread", "threads"));
	ledger_line(text, "computing", ledger_compute_ns(ledger));
	line_end(text);
	ledger_line(text, "in system calls", ledger->on_cpu_ns - ledger_compute_ns(ledger));
	result = name_calls(text, LEDGER_NAMES, BLOCKED_REASON_COUNT, whole);
	line_end(text);
	ledger_line(text, "waiting for a CPU", ledger->runqueue_ns);
	line_end(text);
	ledger_line(text, "blocked", ledger_blocked_ns(ledger));
	name_reasons(text, LEDGER_NAMES, ledger, whole);
	line_end(text);
	if (unaccounted) {
		ledger_line(text, "unaccounted", unaccounted);
		line_end(text);
	}
	return result;
}

#define WAIT_TIME  24
#define WAIT_SHARE 32
#define WAIT_CALLS 34

/* The reason with the most time of those not yet done, or BLOCKED_REASON_COUNT. */
static unsigned next_reason(const struct ledger *ledger, const bool *done)
{
	unsigned most = BLOCKED_REASON_COUNT;

	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++) {
		if (!done[i] && ledger->blocked_ns[i] &&
		    (most == BLOCKED_REASON_COUNT ||
		     ledger->blocked_ns[i] > ledger->blocked_ns[most]))
			most = i;
	}
	return most;
}

static int write_waits(struct text *text)
{
	const struct ledger *ledger = &text->profile->ledger;
	bool done[BLOCKED_REASON_COUNT] = {false};
	uint64_t whole = ledger_blocked_ns(ledger);
	int result = 0;

	if (whole < ledger->thread_time_ns / 1000 * NOTABLE_PERMILLE || whole == 0)
		return 0;
	heading_begin(text, "blocked on");
	line_right(text, WAIT_TIME, "time");
	line_right(text, WAIT_SHARE, "share");
	line_left(text, WAIT_CALLS, "in which calls");
	heading_end(text);
	for (unsigned row = 0; row < TOP_WAITS && !result; row++) {
		unsigned most = next_reason(ledger, done);

		if (most == BLOCKED_REASON_COUNT ||
		    (row && ledger->blocked_ns[most] < whole / 1000 * NOTABLE_PERMILLE))
			break;
		done[most] = true;
		line_left(text, 2, blocked_reason_label(most));
		line_duration(text, WAIT_TIME, ledger->blocked_ns[most]);
		line_percent(text, WAIT_SHARE, ledger->blocked_ns[most], whole);
		result = name_calls(text, WAIT_CALLS, most, whole);
		line_end(text);
	}
	return result;
}

#define CALL_COUNT   27
#define CALL_ERRORS  35
#define CALL_TOTAL   44
#define CALL_ON_CPU  53
#define CALL_BLOCKED 62
#define CALL_P50     71
#define CALL_P99     80

static void write_call(struct text *text, const struct call_row *row)
{
	char name[CALL_NAME_SIZE], count[WORD_SIZE];

	line_left(text, 2, call_name(row->call, name, sizeof(name)));
	line_count(text, CALL_COUNT, row->count);
	line_right(text, CALL_ERRORS, row->errors ? word_count(row->errors, count) : "");
	line_duration(text, CALL_TOTAL, row->wall_ns);
	line_duration(text, CALL_ON_CPU, row->on_cpu_ns);
	line_duration(text, CALL_BLOCKED, row->blocked_ns);
	if (row->timed) {
		line_duration(text, CALL_P50, row->p50_ns);
		line_duration(text, CALL_P99, row->p99_ns);
	} else {
		line_right(text, CALL_P99, row->in_flight ? "in flight" : "not timed");
	}
	line_end(text);
}

static void write_calls(struct text *text)
{
	const struct profile *profile = text->profile;
	size_t shown = 0;

	if (!profile->call_count)
		return;
	heading_begin(text, "system call");
	line_right(text, CALL_COUNT, "calls");
	line_right(text, CALL_ERRORS, "errors");
	line_right(text, CALL_TOTAL, "total");
	line_right(text, CALL_ON_CPU, "on-CPU");
	line_right(text, CALL_BLOCKED, "blocked");
	line_right(text, CALL_P50, "p50");
	line_right(text, CALL_P99, "p99");
	heading_end(text);
	for (; shown < profile->call_count && shown < TOP_CALLS; shown++) {
		struct call_row row = call_row_of(profile->calls[shown]);

		write_call(text, &row);
	}
	if (shown < profile->call_count)
		fprintf(text->out, "  %s %zu more %s (--format csv has all)\n", line_ellipsis(text),
			profile->call_count - shown,
			plural(profile->call_count - shown, "call", "calls"));
}

/* "ENOENT 1,234, EACCES 2": the commonest errors of one call, as far as they fit. */
static void write_errnos(struct text *text, const struct call_stats *stats)
{
	const struct profile *profile = text->profile;
	unsigned named = 0;

	for (size_t i = 0; i < profile->errno_count && named < NAMES_IN_LINE; i++) {
		const struct errno_stats *error = &profile->errnos[i];
		char word[2 * WORD_SIZE], number[WORD_SIZE], count[WORD_SIZE];
		const char *name = strerrorname_np(error->error);

		if (error->call != stats->call)
			continue;
		snprintf(number, sizeof(number), "errno %u", error->error);
		snprintf(word, sizeof(word), "%s%s %s", named++ ? ", " : "  ", name ? name : number,
			 word_count(error->count, count));
		if (word_columns(word) > line_room(text))
			break;
		line_put(text, word);
	}
}

static void write_errors(struct text *text)
{
	const struct profile *profile = text->profile;
	unsigned shown = 0;

	for (size_t i = 0; i < profile->call_count && shown < TOP_ERRORS; i++) {
		char name[CALL_NAME_SIZE];

		if (!profile->calls[i]->errors)
			continue;
		if (shown++ == 0) {
			heading_begin(text, "errors in");
			line_right(text, CALL_COUNT, "errors");
			heading_end(text);
		}
		line_left(text, 2, call_name(profile->calls[i]->call, name, sizeof(name)));
		line_count(text, CALL_COUNT, profile->calls[i]->errors);
		write_errnos(text, profile->calls[i]);
		line_end(text);
	}
}

static void write_losses(const struct text *text)
{
	char count[WORD_SIZE];
	bool first = true;

	for (unsigned i = 0; i < LOSS_CLASS_COUNT; i++) {
		const struct loss *loss = &text->profile->losses[i];

		if (!loss->count)
			continue;
		if (first) {
			line_style(text, RED);
			fputs("\n  this report is not complete; lost:\n", text->out);
		}
		first = false;
		fprintf(text->out, "  %s %s\n      %s\n", word_count(loss->count, count),
			loss_class_name(i), loss_class_meaning(i));
	}
	if (!first)
		line_style(text, PLAIN);
}

static void write_self(const struct text *text)
{
	const struct self_cost *self = &text->profile->self;
	char cpu[WORD_SIZE], rss[WORD_SIZE];

	line_style(text, DIM);
	fprintf(text->out, "\n  fathom itself: %s of CPU time, %s of memory\n",
		word_duration(self->cpu_ns, text->style->utf8, cpu),
		word_bytes(self->peak_rss_bytes, rss));
	line_style(text, PLAIN);
}

static int text_write(const struct profile *profile, const struct export_style *export_style,
		      FILE *out)
{
	struct text text = {.profile = profile, .style = export_style, .out = out};

	write_headline(&text);
	if (profile->process_count == 0) {
		fputs("\n  nothing was watched\n", out);
		write_losses(&text);
		return 0;
	}
	if (write_ledger(&text) || write_waits(&text))
		return -ENOMEM;
	write_calls(&text);
	write_errors(&text);
	if (text_write_processes(&text) || text_write_threads(&text))
		return -ENOMEM;
	write_losses(&text);
	write_self(&text);
	return 0;
}

const struct exporter_ops EXPORTER_TEXT = {
	.name = "text",
	.write = text_write,
};
