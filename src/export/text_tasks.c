/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of the text report that have a line per process, command or thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/line.h"

#define TOP_PROCESSES 8
#define TOP_THREADS   8

/* Processes of one command, taken together. */
struct group {
	char comm[COMM_SIZE];
	size_t count;
	uint32_t pid; /* of the only one */
	size_t failed;
	struct ledger ledger;
	int wait_status;
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
	heading_begin(text, name);
	line_right(text, TASK_NUMBER, number);
	line_right(text, TASK_TIME, "time");
	line_right(text, TASK_COMPUTE, "compute");
	line_right(text, TASK_SYSCALL, "syscall");
	line_right(text, TASK_QUEUED, "CPU wait");
	line_right(text, TASK_BLOCKED, "blocked");
	heading_end(text);
}

/* One line but for its name: the shares of time, and behind them `note` if there is one, and what
 * it is blocked on where that fits. */
static void task_shares(struct text *text, const struct ledger *ledger, const char *note)
{
	uint64_t whole = ledger->thread_time_ns;
	unsigned reason = ledger_main_reason(ledger);
	uint64_t blocked = ledger_blocked_ns(ledger);
	const char *label = blocked_reason_label(reason);

	line_duration(text, TASK_TIME, whole);
	line_percent(text, TASK_COMPUTE, ledger_compute_ns(ledger), whole);
	line_percent(text, TASK_SYSCALL, ledger->on_cpu_ns - ledger_compute_ns(ledger), whole);
	line_percent(text, TASK_QUEUED, ledger->runqueue_ns, whole);
	line_percent(text, TASK_BLOCKED, blocked, whole);
	line_left(text, TASK_NOTE, note);
	if (reason < BLOCKED_REASON_COUNT && blocked >= whole / 1000 * NOTABLE_PERMILLE) {
		if (!*note) {
			line_left(text, TASK_NOTE, label);
		} else if (line_room(text) >= strlen(label) + 2) {
			line_put(text, ", ");
			line_put(text, label);
		}
	}
	line_end(text);
}

/* Its name, made harmless and no wider than an ordinary one. */
static void task_name(struct text *text, const char *comm)
{
	char words[COMM_SIZE];

	line_left(text, 2, line_printable(text, comm, words, sizeof(words)));
}

static void write_group(struct text *text, const struct group *group, bool by_command)
{
	char note[64] = "", number[WORD_SIZE];

	task_name(text, group->comm);
	snprintf(number, sizeof(number), "%u", group->pid);
	line_right(text, TASK_NUMBER, by_command ? word_count(group->count, number) : number);
	if (by_command && group->failed)
		snprintf(note, sizeof(note), "%s failed", word_count(group->failed, number));
	else if (group->failed)
		exit_words(group->wait_status, note, sizeof(note));
	task_shares(text, &group->ledger, note);
}

int text_write_processes(struct text *text)
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
		fprintf(text->out, "  %s %zu more %s\n", line_ellipsis(text), count - TOP_PROCESSES,
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
int text_write_threads(struct text *text)
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
		line_right(text, TASK_NUMBER, tid);
		task_shares(text, &sorted[i]->ledger, "");
	}
	if (profile->thread_count > TOP_THREADS)
		fprintf(text->out, "  %s %zu more %s\n", line_ellipsis(text),
			profile->thread_count - TOP_THREADS,
			plural(profile->thread_count - TOP_THREADS, "thread", "threads"));
	free(sorted);
	return 0;
}
