/* SPDX-License-Identifier: BSD-2-Clause */
/* The report for people: the answer on the first screen, 80 columns wide. */
#include "export/exporter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "export/words.h"

#define BAR_COLUMNS	 25
#define TOP_CALLS	 12
#define TOP_WAITS	 6
#define TOP_PROCESSES	 8
#define TOP_THREADS	 8
#define NAMES_IN_LINE	 3
#define NOTABLE_PERMILLE 5 /* smaller shares are not named beside a bar */
#define CALL_COLUMNS	 20
#define COMMAND_COLUMNS	 60

struct text {
	const struct profile *profile;
	const struct export_style *style;
	FILE *out;
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

static void style(const struct text *text, const char *escape)
{
	if (text->style->color)
		fputs(escape, text->out);
}

#define BOLD  "\033[1m"
#define DIM   "\033[2m"
#define RED   "\033[31m"
#define PLAIN "\033[0m"

/* printf's field widths count bytes; these count what a terminal shows. */
static void left(const struct text *text, const char *word, size_t columns)
{
	size_t width = word_columns(word);

	fputs(word, text->out);
	for (; width < columns; width++)
		fputc(' ', text->out);
}

static void right(const struct text *text, const char *word, size_t columns)
{
	for (size_t width = word_columns(word); width < columns; width++)
		fputc(' ', text->out);
	fputs(word, text->out);
}

static void right_duration(const struct text *text, uint64_t ns, size_t columns)
{
	char word[WORD_SIZE];

	right(text, ns ? word_duration(ns, text->style->utf8, word) : "0", columns);
}

static void right_count(const struct text *text, uint64_t count, size_t columns)
{
	char word[WORD_SIZE];

	right(text, word_count(count, word), columns);
}

static void right_percent(const struct text *text, uint64_t part, uint64_t whole, size_t columns)
{
	char word[WORD_SIZE];

	right(text, word_percent(part, whole, word), columns);
}

/* A bar to an eighth of a column, or to a whole one where there is only ASCII. */
static void bar(const struct text *text, uint64_t part, uint64_t whole)
{
	static const char *const EIGHTHS[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	double columns = whole ? (double)part / (double)whole * BAR_COLUMNS : 0;
	unsigned eighths = (unsigned)(columns * 8 + 0.5);
	unsigned width = eighths / 8;

	if (!text->style->utf8) {
		width = (unsigned)(columns + 0.5);
		for (unsigned i = 0; i < width; i++)
			fputc('#', text->out);
	} else {
		for (unsigned i = 0; i < width; i++)
			fputs("█", text->out);
		if (eighths % 8) {
			fputs(EIGHTHS[eighths % 8], text->out);
			width++;
		}
	}
	for (; width < BAR_COLUMNS; width++)
		fputc(' ', text->out);
}

static int compare_shares(const void *a, const void *b)
{
	const struct share *left_share = a, *right_share = b;

	if (left_share->ns != right_share->ns)
		return left_share->ns < right_share->ns ? 1 : -1;
	return strcmp(left_share->name, right_share->name);
}

/* "read 2.1 %, write 0.9 %": the largest few that are worth a mention, as shares of `whole`, as far as
 * they fit. */
static void name_shares(const struct text *text, struct share *shares, size_t count, uint64_t whole,
			size_t columns)
{
	size_t used = 0;

	if (count)
		qsort(shares, count, sizeof(*shares), compare_shares);
	for (size_t i = 0; i < count && i < NAMES_IN_LINE; i++) {
		char percent[WORD_SIZE], word[WORD_SIZE + CALL_NAME_SIZE + 4];

		if (shares[i].ns == 0 || shares[i].ns < whole / 1000 * NOTABLE_PERMILLE)
			break;
		snprintf(word, sizeof(word), "%s%s %s", i ? ", " : "", shares[i].name,
			 word_percent(shares[i].ns, whole, percent));
		used += word_columns(word);
		if (used > columns)
			break;
		fputs(word, text->out);
	}
}

static struct share *new_shares(size_t count)
{
	return calloc(count ? count : 1, sizeof(struct share));
}

/* What of the calls' time: the part on a CPU, or blocked for one reason. */
static int name_calls(const struct text *text, unsigned reason, uint64_t whole, size_t columns)
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
	name_shares(text, shares, profile->call_count, whole, columns);
	free(shares);
	return 0;
}

static void name_reasons(const struct text *text, const struct ledger *ledger, uint64_t whole,
			 size_t columns)
{
	struct share shares[BLOCKED_REASON_COUNT] = {0};

	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++) {
		shares[i].name = blocked_reason_label(i);
		shares[i].ns = ledger->blocked_ns[i];
	}
	name_shares(text, shares, BLOCKED_REASON_COUNT, whole, columns);
}

static void exit_words(bool ended, int wait_status, char *words, size_t size)
{
	const char *name;

	if (!ended) {
		snprintf(words, size, "still running");
	} else if (WIFSIGNALED(wait_status)) {
		name = sigabbrev_np(WTERMSIG(wait_status));
		snprintf(words, size, "killed by SIG%s", name ? name : "?");
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

static void write_command(const struct text *text)
{
	const struct command_info *command = &text->profile->command;
	char line[4096] = "", word[1024];
	size_t used = 0;

	if (!command->argv) {
		fputs(word_printable(command->target ? command->target : "", word, sizeof(word)),
		      text->out);
		return;
	}
	for (char **argument = command->argv; *argument && used < sizeof(line) - 1; argument++) {
		word_printable(*argument, word, sizeof(word));
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s",
					 used ? " " : "", word);
	}
	if (word_columns(line) > COMMAND_COLUMNS) {
		/* Cut between code points: step back from continuation bytes. */
		size_t at = COMMAND_COLUMNS - 3;

		while (at && ((unsigned char)line[at] & 0xc0) == 0x80)
			at--;
		strcpy(line + at, "...");
	}
	fputs(line, text->out);
}

static void write_headline(const struct text *text)
{
	const struct profile *profile = text->profile;
	char duration[WORD_SIZE], processes[WORD_SIZE], threads[WORD_SIZE], ended[64];
	size_t alive = still_running(profile);

	style(text, BOLD);
	write_command(text);
	style(text, PLAIN);
	if (profile->command.argv) {
		exit_words(profile->command.ended, profile->command.wait_status, ended,
			   sizeof(ended));
		fprintf(text->out, " %s %s", dot(text), ended);
	}
	fprintf(text->out, " %s %s", dot(text),
		word_duration(profile->duration_ns, text->style->utf8, duration));
	fprintf(text->out, " %s %s %s, %s %s\n", dot(text),
		word_count(profile->process_count, processes),
		plural(profile->process_count, "process", "processes"),
		word_count(profile->threads_watched, threads),
		plural(profile->threads_watched, "thread", "threads"));
	if (alive && profile->command.argv)
		fprintf(text->out, "%s %s still running when the command ended\n",
			word_count(alive, processes), plural(alive, "process was", "processes were"));
}

static void ledger_line(const struct text *text, const char *label, uint64_t ns)
{
	fputs("  ", text->out);
	left(text, label, 18);
	right_percent(text, ns, text->profile->ledger.thread_time_ns, 6);
	right_duration(text, ns, 9);
	fputs("  ", text->out);
	bar(text, ns, text->profile->ledger.thread_time_ns);
	fputs("  ", text->out);
}

/* Columns left beside a ledger line's bar. */
static size_t beside(const struct text *text)
{
	size_t used = 2 + 18 + 6 + 9 + 2 + BAR_COLUMNS + 2;

	return text->style->columns > used + 10 ? text->style->columns - used : 16;
}

static int write_ledger(const struct text *text)
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
	fputc('\n', text->out);
	ledger_line(text, "in system calls", ledger->on_cpu_ns - ledger_compute_ns(ledger));
	result = name_calls(text, BLOCKED_REASON_COUNT, whole, beside(text));
	fputc('\n', text->out);
	ledger_line(text, "waiting for a CPU", ledger->runqueue_ns);
	fputc('\n', text->out);
	ledger_line(text, "blocked", ledger_blocked_ns(ledger));
	name_reasons(text, ledger, whole, beside(text));
	fputc('\n', text->out);
	if (unaccounted) {
		ledger_line(text, "unaccounted", unaccounted);
		fputc('\n', text->out);
	}
	return result;
}

static void heading(const struct text *text, const char *line)
{
	style(text, DIM);
	fprintf(text->out, "\n  %s\n", line);
	style(text, PLAIN);
}

static int write_waits(const struct text *text)
{
	const struct ledger *ledger = &text->profile->ledger;
	bool done[BLOCKED_REASON_COUNT] = {false};
	uint64_t whole = ledger_blocked_ns(ledger);
	int result = 0;

	if (whole < ledger->thread_time_ns / 1000 * NOTABLE_PERMILLE || whole == 0)
		return 0;
	heading(text, "blocked on        time   share  in which calls");
	for (unsigned row = 0; row < TOP_WAITS && !result; row++) {
		unsigned most = BLOCKED_REASON_COUNT;

		for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++) {
			if (!done[i] && ledger->blocked_ns[i] &&
			    (most == BLOCKED_REASON_COUNT ||
			     ledger->blocked_ns[i] > ledger->blocked_ns[most]))
				most = i;
		}
		if (most == BLOCKED_REASON_COUNT ||
		    (row && ledger->blocked_ns[most] < whole / 1000 * NOTABLE_PERMILLE))
			break;
		done[most] = true;
		fputs("  ", text->out);
		left(text, blocked_reason_label(most), 13);
		right_duration(text, ledger->blocked_ns[most], 9);
		right_percent(text, ledger->blocked_ns[most], whole, 8);
		fputs("  ", text->out);
		result = name_calls(text, most, whole, text->style->columns - 34);
		fputc('\n', text->out);
	}
	return result;
}

static void write_errnos(const struct text *text, const struct call_stats *stats)
{
	const struct profile *profile = text->profile;
	unsigned named = 0;
	char count[WORD_SIZE];

	for (size_t i = 0; i < profile->errno_count && named < NAMES_IN_LINE; i++) {
		const struct errno_stats *error = &profile->errnos[i];
		const char *name;

		if (error->call != stats->call)
			continue;
		name = strerrorname_np(error->error);
		fprintf(text->out, "%s%s %s", named++ ? ", " : "  ", name ? name : "?",
			word_count(error->count, count));
	}
}

static void write_calls(const struct text *text)
{
	const struct profile *profile = text->profile;
	size_t shown = 0;

	if (!profile->call_count)
		return;
	heading(text, "system call              calls   errors     total    on-CPU   blocked"
		      "       p50       p99");
	for (; shown < profile->call_count && shown < TOP_CALLS; shown++) {
		struct call_row row = call_row_of(profile->calls[shown]);
		char name[CALL_NAME_SIZE], count[WORD_SIZE];

		fputs("  ", text->out);
		left(text, call_name(row.call, name, sizeof(name)), CALL_COLUMNS - 2);
		right_count(text, row.count, 12);
		right(text, row.errors ? word_count(row.errors, count) : "", 9);
		right_duration(text, row.wall_ns, 10);
		right_duration(text, row.on_cpu_ns, 10);
		right_duration(text, row.blocked_ns, 10);
		if (row.timed) {
			right_duration(text, row.p50_ns, 10);
			right_duration(text, row.p99_ns, 10);
		} else {
			right(text, row.in_flight ? "in flight" : "", 20);
		}
		fputc('\n', text->out);
	}
	if (shown < profile->call_count)
		fprintf(text->out, "  %s %zu more %s (--format csv has all)\n",
			text->style->utf8 ? "…" : "...", profile->call_count - shown,
			plural(profile->call_count - shown, "call", "calls"));
}

static void write_errors(const struct text *text)
{
	const struct profile *profile = text->profile;
	unsigned shown = 0;

	for (size_t i = 0; i < profile->call_count && shown < 4; i++) {
		char name[CALL_NAME_SIZE];

		if (!profile->calls[i]->errors)
			continue;
		if (shown++ == 0)
			heading(text, "errors");
		fputs("  ", text->out);
		left(text, call_name(profile->calls[i]->call, name, sizeof(name)), CALL_COLUMNS - 2);
		right_count(text, profile->calls[i]->errors, 12);
		write_errnos(text, profile->calls[i]);
		fputc('\n', text->out);
	}
}

/* Processes of one command, taken together. */
struct group {
	char comm[COMM_SIZE];
	size_t count;
	uint32_t pid; /* of the only one */
	size_t failed;
	struct ledger ledger;
	uint64_t lifetime_ns;
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

static void write_shares(const struct text *text, const struct ledger *ledger)
{
	uint64_t whole = ledger->thread_time_ns;
	unsigned reason = ledger_main_reason(ledger);
	uint64_t blocked = ledger_blocked_ns(ledger);

	right_duration(text, whole, 10);
	right_percent(text, ledger_compute_ns(ledger), whole, 9);
	right_percent(text, ledger->on_cpu_ns - ledger_compute_ns(ledger), whole, 8);
	right_percent(text, ledger->runqueue_ns, whole, 8);
	right_percent(text, blocked, whole, 8);
	if (reason < BLOCKED_REASON_COUNT && blocked >= whole / 1000 * NOTABLE_PERMILLE)
		fprintf(text->out, "  %s", blocked_reason_label(reason));
}

static int write_processes(const struct text *text)
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
	heading(text, by_command
			      ? "command            processes      time  compute   calls     CPU  blocked"
			      : "process                  pid      time  compute   calls     CPU  blocked");
	for (size_t i = 0; i < count && i < TOP_PROCESSES; i++) {
		char comm[COMM_SIZE * 4], words[64], number[WORD_SIZE];

		fputs("  ", text->out);
		left(text, word_printable(groups[i].comm, comm, sizeof(comm)), 16);
		if (by_command) {
			right_count(text, groups[i].count, 12);
		} else {
			snprintf(number, sizeof(number), "%u", groups[i].pid);
			right(text, number, 12);
		}
		write_shares(text, &groups[i].ledger);
		if (by_command && groups[i].failed) {
			fprintf(text->out, "; %s failed", word_count(groups[i].failed, number));
		} else if (groups[i].failed) {
			exit_words(true, groups[i].wait_status, words, sizeof(words));
			fprintf(text->out, "; %s", words);
		}
		fputc('\n', text->out);
	}
	if (count > TOP_PROCESSES)
		fprintf(text->out, "  %s %zu more\n", text->style->utf8 ? "…" : "...",
			count - TOP_PROCESSES);
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
static int write_threads(const struct text *text)
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
	heading(text, "thread                   tid      time  compute   calls     CPU  blocked");
	for (size_t i = 0; i < profile->thread_count && i < TOP_THREADS; i++) {
		char comm[COMM_SIZE * 4], tid[WORD_SIZE];

		fputs("  ", text->out);
		left(text, word_printable(sorted[i]->comm, comm, sizeof(comm)), 16);
		snprintf(tid, sizeof(tid), "%u", sorted[i]->tid);
		right(text, tid, 12);
		write_shares(text, &sorted[i]->ledger);
		fputc('\n', text->out);
	}
	if (profile->thread_count > TOP_THREADS)
		fprintf(text->out, "  %s %zu more threads\n", text->style->utf8 ? "…" : "...",
			profile->thread_count - TOP_THREADS);
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
			fputs("\n  this report is not complete:\n", text->out);
		}
		first = false;
		fprintf(text->out, "  lost %s %s: %s\n", word_count(loss->count, count),
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
	const struct text text = {.profile = profile, .style = export_style, .out = out};

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
	.help = "for people; the default",
	.write = text_write,
};
