/* SPDX-License-Identifier: BSD-2-Clause */
/* The report for people: the answer on the first screen, 80 columns wide. */
#include "export/exporter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "export/words.h"

#define BAR_COLUMNS	 18
#define TOP_CALLS	 12
#define TOP_ERRORS	 4
#define TOP_WAITS	 6
#define TOP_PROCESSES	 8
#define TOP_THREADS	 8
#define NAMES_IN_LINE	 3
#define NOTABLE_PERMILLE 5 /* smaller shares are not named beside a bar */
#define COMMAND_SIZE	 4096
#define ARGUMENT_SIZE	 1024

struct text {
	const struct profile *profile;
	const struct export_style *style;
	FILE *out;
	size_t at; /* columns written on the present line */
};

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

static const char *ellipsis(const struct text *text)
{
	return text->style->utf8 ? "…" : "...";
}

static void style(const struct text *text, const char *escape)
{
	if (text->style->color)
		fputs(escape, text->out);
}

#define BOLD  "\033[1m"
#define DIM   "\033[2m"
#define RED   "\033[31m"
#define PLAIN "\033[0m"

/*
 * A line is written word by word, each to its place. printf's field widths count bytes and push
 * what follows aside; these count what a terminal shows, and what is too wide for its place takes
 * from the free columns after it.
 */
static void put(struct text *text, const char *word)
{
	fputs(word, text->out);
	text->at += word_columns(word);
}

static void end_line(struct text *text)
{
	fputc('\n', text->out);
	text->at = 0;
}

/* The word's first column is `column`, counted from 0, or one after what is there already. */
static void left(struct text *text, size_t column, const char *word)
{
	if (!*word)
		return;
	if (text->at)
		put(text, " ");
	while (text->at < column)
		put(text, " ");
	put(text, word);
}

/* The word ends before `column`, or as soon after as what is there already allows. */
static void right(struct text *text, size_t column, const char *word)
{
	size_t width = word_columns(word);

	left(text, column > width ? column - width : 0, word);
}

static void right_duration(struct text *text, size_t column, uint64_t ns)
{
	char word[WORD_SIZE];

	right(text, column, ns ? word_duration(ns, text->style->utf8, word) : "0");
}

static void right_count(struct text *text, size_t column, uint64_t count)
{
	char word[WORD_SIZE];

	right(text, column, word_count(count, word));
}

static void right_percent(struct text *text, size_t column, uint64_t part, uint64_t whole)
{
	char word[WORD_SIZE];

	right(text, column, word_percent(part, whole, word));
}

/* Columns that are left on the line. */
static size_t room(const struct text *text)
{
	return text->style->columns > text->at ? text->style->columns - text->at : 0;
}

static const char *printable(const struct text *text, const char *from, char *buf, size_t size)
{
	return word_printable(from, text->style->utf8, buf, size);
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
	left(text, column, width ? text->style->utf8 ? "█" : "#" : EIGHTHS[eighths % 8]);
	for (unsigned i = 1; i < width; i++)
		put(text, text->style->utf8 ? "█" : "#");
	if (width && text->style->utf8)
		put(text, EIGHTHS[eighths % 8]);
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
			put(text, word);
		else
			left(text, column, word);
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

/* "exit 1", "SIGKILL" */
static void exit_words(int wait_status, char *words, size_t size)
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

static const char *plural(uint64_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
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
	size_t keep = columns - word_columns(ellipsis(text)), at = 0;

	if (word_columns(line) <= columns)
		return;
	for (size_t seen = 0; line[at]; at++) {
		seen += ((unsigned char)line[at] & 0xc0) != 0x80;
		if (seen > keep)
			break;
	}
	snprintf(line + at, COMMAND_SIZE - at, "%s", ellipsis(text));
}

/* The command with its arguments, or what attach was asked for. */
static void command_words(const struct text *text, char line[COMMAND_SIZE])
{
	const struct command_info *command = &text->profile->command;
	size_t used = 0;

	line[0] = '\0';
	if (!command->argv)
		printable(text, command->target ? command->target : "", line, COMMAND_SIZE);
	for (char **argument = command->argv; argument && *argument; argument++) {
		char word[ARGUMENT_SIZE];

		printable(text, *argument, word, sizeof(word));
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
	style(text, BOLD);
	put(text, line);
	style(text, PLAIN);
	if (room(text) < word_columns(facts) + 3) {
		end_line(text);
	} else if (text->at) {
		left(text, 0, dot(text));
		put(text, " ");
	}
	put(text, facts);
	end_line(text);
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

	left(text, LEDGER_LABEL, label);
	right_percent(text, LEDGER_PERCENT, ns, whole);
	right_duration(text, LEDGER_DURATION, ns);
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
	end_line(text);
	ledger_line(text, "in system calls", ledger->on_cpu_ns - ledger_compute_ns(ledger));
	result = name_calls(text, LEDGER_NAMES, BLOCKED_REASON_COUNT, whole);
	end_line(text);
	ledger_line(text, "waiting for a CPU", ledger->runqueue_ns);
	end_line(text);
	ledger_line(text, "blocked", ledger_blocked_ns(ledger));
	name_reasons(text, LEDGER_NAMES, ledger, whole);
	end_line(text);
	if (unaccounted) {
		ledger_line(text, "unaccounted", unaccounted);
		end_line(text);
	}
	return result;
}

/* A heading over the columns that follow is written like their words, after this. */
static void begin_heading(struct text *text, const char *word)
{
	style(text, DIM);
	fputc('\n', text->out);
	left(text, 2, word);
}

static void end_heading(struct text *text)
{
	style(text, PLAIN);
	end_line(text);
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
	begin_heading(text, "blocked on");
	right(text, WAIT_TIME, "time");
	right(text, WAIT_SHARE, "share");
	left(text, WAIT_CALLS, "in which calls");
	end_heading(text);
	for (unsigned row = 0; row < TOP_WAITS && !result; row++) {
		unsigned most = next_reason(ledger, done);

		if (most == BLOCKED_REASON_COUNT ||
		    (row && ledger->blocked_ns[most] < whole / 1000 * NOTABLE_PERMILLE))
			break;
		done[most] = true;
		left(text, 2, blocked_reason_label(most));
		right_duration(text, WAIT_TIME, ledger->blocked_ns[most]);
		right_percent(text, WAIT_SHARE, ledger->blocked_ns[most], whole);
		result = name_calls(text, WAIT_CALLS, most, whole);
		end_line(text);
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

	left(text, 2, call_name(row->call, name, sizeof(name)));
	right_count(text, CALL_COUNT, row->count);
	right(text, CALL_ERRORS, row->errors ? word_count(row->errors, count) : "");
	right_duration(text, CALL_TOTAL, row->wall_ns);
	right_duration(text, CALL_ON_CPU, row->on_cpu_ns);
	right_duration(text, CALL_BLOCKED, row->blocked_ns);
	if (row->timed) {
		right_duration(text, CALL_P50, row->p50_ns);
		right_duration(text, CALL_P99, row->p99_ns);
	} else {
		right(text, CALL_P99, row->in_flight ? "in flight" : "not timed");
	}
	end_line(text);
}

static void write_calls(struct text *text)
{
	const struct profile *profile = text->profile;
	size_t shown = 0;

	if (!profile->call_count)
		return;
	begin_heading(text, "system call");
	right(text, CALL_COUNT, "calls");
	right(text, CALL_ERRORS, "errors");
	right(text, CALL_TOTAL, "total");
	right(text, CALL_ON_CPU, "on-CPU");
	right(text, CALL_BLOCKED, "blocked");
	right(text, CALL_P50, "p50");
	right(text, CALL_P99, "p99");
	end_heading(text);
	for (; shown < profile->call_count && shown < TOP_CALLS; shown++) {
		struct call_row row = call_row_of(profile->calls[shown]);

		write_call(text, &row);
	}
	if (shown < profile->call_count)
		fprintf(text->out, "  %s %zu more %s (--format csv has all)\n", ellipsis(text),
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
		if (word_columns(word) > room(text))
			break;
		put(text, word);
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
			begin_heading(text, "errors in");
			right(text, CALL_COUNT, "errors");
			end_heading(text);
		}
		left(text, 2, call_name(profile->calls[i]->call, name, sizeof(name)));
		right_count(text, CALL_COUNT, profile->calls[i]->errors);
		write_errnos(text, profile->calls[i]);
		end_line(text);
	}
}

/* Processes of one command, taken together. */
struct group {
	char comm[COMM_SIZE];
	size_t count;
	uint32_t pid; /* of the only one */
	size_t failed;
	struct ledger ledger;
	int wait_status;
	bool ended;
};

static int compare_groups(const void *a, const void *b)
{
	const struct group *left_group = a, *right_group = b;
	uint64_t left_ns = left_group->ledger.thread_time_ns;
	uint64_t right_ns = right_group->ledger.thread_time_ns;

	if (left_ns != right_ns)
		return left_ns < right_ns ? 1 : -1;
	return strcmp(left_group->comm, right_group->comm);
}

static size_t make_groups(const struct profile *profile, bool by_command, struct group *groups)
{
	size_t count = 0;

	for (size_t i = 0; i < profile->process_count; i++) {
		const struct process *process = &profile->processes[i];
		size_t at = by_command ? 0 : count;

		while (at < count && strcmp(groups[at].comm, process->comm) != 0)
			at++;
		if (at == count) {
			groups[count] = (struct group){.ledger = LEDGER_EMPTY, .pid = process->pid};
			memcpy(groups[count++].comm, process->comm, COMM_SIZE);
		}
		groups[at].count++;
		groups[at].ended = process->ended;
		groups[at].wait_status = process->wait_status;
		groups[at].failed += process->ended && process->wait_status != 0;
		ledger_add(&groups[at].ledger, &process->ledger);
	}
	if (count)
		qsort(groups, count, sizeof(*groups), compare_groups);
	return count;
}

/* Columns of the tables of processes and of threads. */
#define TASK_NUMBER  24
#define TASK_TIME    32
#define TASK_COMPUTE 40
#define TASK_SYSCALL 48
#define TASK_QUEUED  57
#define TASK_BLOCKED 65
#define TASK_NOTE    67

static void task_heading(struct text *text, const char *name, const char *number)
{
	begin_heading(text, name);
	right(text, TASK_NUMBER, number);
	right(text, TASK_TIME, "time");
	right(text, TASK_COMPUTE, "compute");
	right(text, TASK_SYSCALL, "syscall");
	right(text, TASK_QUEUED, "CPU wait");
	right(text, TASK_BLOCKED, "blocked");
	end_heading(text);
}

/* One line but for its name: the shares of time, and behind them `note` if there is one, and what
 * it is blocked on where that fits. */
static void task_shares(struct text *text, const struct ledger *ledger, const char *note)
{
	uint64_t whole = ledger->thread_time_ns;
	unsigned reason = ledger_main_reason(ledger);
	uint64_t blocked = ledger_blocked_ns(ledger);
	const char *label = blocked_reason_label(reason);

	right_duration(text, TASK_TIME, whole);
	right_percent(text, TASK_COMPUTE, ledger_compute_ns(ledger), whole);
	right_percent(text, TASK_SYSCALL, ledger->on_cpu_ns - ledger_compute_ns(ledger), whole);
	right_percent(text, TASK_QUEUED, ledger->runqueue_ns, whole);
	right_percent(text, TASK_BLOCKED, blocked, whole);
	left(text, TASK_NOTE, note);
	if (reason < BLOCKED_REASON_COUNT && blocked >= whole / 1000 * NOTABLE_PERMILLE) {
		if (!*note) {
			left(text, TASK_NOTE, label);
		} else if (room(text) >= strlen(label) + 2) {
			put(text, ", ");
			put(text, label);
		}
	}
	end_line(text);
}

/* Its name, made harmless and no wider than an ordinary one. */
static void task_name(struct text *text, const char *comm)
{
	char words[COMM_SIZE];

	left(text, 2, printable(text, comm, words, sizeof(words)));
}

static void write_group(struct text *text, const struct group *group, bool by_command)
{
	char note[64] = "", number[WORD_SIZE];

	task_name(text, group->comm);
	snprintf(number, sizeof(number), "%u", group->pid);
	right(text, TASK_NUMBER, by_command ? word_count(group->count, number) : number);
	if (by_command && group->failed)
		snprintf(note, sizeof(note), "%s failed", word_count(group->failed, number));
	else if (group->failed)
		exit_words(group->wait_status, note, sizeof(note));
	task_shares(text, &group->ledger, note);
}

static int write_processes(struct text *text)
{
	const struct profile *profile = text->profile;
	bool by_command = profile->process_count > TOP_PROCESSES;
	struct group *groups;
	size_t count;

	if (profile->process_count < 2)
		return 0;
	groups = calloc(profile->process_count, sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	count = make_groups(profile, by_command, groups);
	task_heading(text, by_command ? "command" : "process", by_command ? "processes" : "pid");
	for (size_t i = 0; i < count && i < TOP_PROCESSES; i++)
		write_group(text, &groups[i], by_command);
	if (count > TOP_PROCESSES)
		fprintf(text->out, "  %s %zu more %s\n", ellipsis(text), count - TOP_PROCESSES,
			plural(count - TOP_PROCESSES, "command", "commands"));
	free(groups);
	return 0;
}

static int compare_on_cpu(const void *a, const void *b)
{
	const struct thread *left_thread = *(const struct thread *const *)a;
	const struct thread *right_thread = *(const struct thread *const *)b;

	if (left_thread->ledger.on_cpu_ns != right_thread->ledger.on_cpu_ns)
		return left_thread->ledger.on_cpu_ns < right_thread->ledger.on_cpu_ns ? 1 : -1;
	return (left_thread->tid > right_thread->tid) - (left_thread->tid < right_thread->tid);
}

/* Only where some process has several threads: else the processes have said it all. */
static int write_threads(struct text *text)
{
	const struct profile *profile = text->profile;
	const struct thread **sorted;

	if (profile->thread_count <= profile->process_count)
		return 0;
	sorted = calloc(profile->thread_count, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < profile->thread_count; i++)
		sorted[i] = &profile->threads[i];
	qsort(sorted, profile->thread_count, sizeof(*sorted), compare_on_cpu);
	task_heading(text, "thread", "tid");
	for (size_t i = 0; i < profile->thread_count && i < TOP_THREADS; i++) {
		char tid[WORD_SIZE];

		task_name(text, sorted[i]->comm);
		snprintf(tid, sizeof(tid), "%u", sorted[i]->tid);
		right(text, TASK_NUMBER, tid);
		task_shares(text, &sorted[i]->ledger, "");
	}
	if (profile->thread_count > TOP_THREADS)
		fprintf(text->out, "  %s %zu more %s\n", ellipsis(text),
			profile->thread_count - TOP_THREADS,
			plural(profile->thread_count - TOP_THREADS, "thread", "threads"));
	free(sorted);
	return 0;
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
			style(text, RED);
			fputs("\n  this report is not complete; lost:\n", text->out);
		}
		first = false;
		fprintf(text->out, "  %s %s\n      %s\n", word_count(loss->count, count),
			loss_class_name(i), loss_class_meaning(i));
	}
	if (!first)
		style(text, PLAIN);
}

static void write_self(const struct text *text)
{
	const struct self_cost *self = &text->profile->self;
	char cpu[WORD_SIZE], rss[WORD_SIZE];

	style(text, DIM);
	fprintf(text->out, "\n  fathom itself: %s of CPU time, %s of memory\n",
		word_duration(self->cpu_ns, text->style->utf8, cpu),
		word_bytes(self->peak_rss_bytes, rss));
	style(text, PLAIN);
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
	if (write_processes(&text) || write_threads(&text))
		return -ENOMEM;
	write_losses(&text);
	write_self(&text);
	return 0;
}

const struct exporter_ops EXPORTER_TEXT = {
	.name = "text",
	.write = text_write,
};
