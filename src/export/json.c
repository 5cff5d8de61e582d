/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report as one JSON object, fathom.report/1 (report-1.schema.json). Values are built with
 * json-c piece by piece and written as they are ready: ten thousand processes never stand in memory
 * as a tree.
 */
#include "export/exporter.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "export/words.h"

#define PIECE_FLAGS	(JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE)
#define TOP_SYSCALLS	10
#define TOP_THREADS	10
#define VERDICT_REASON	"verdicts are not computed by this version"
#define ANALYSIS_REASON "the behaviour analysis is not computed by this version"
#define STACKS_REASON	"stacks are not collected by this version"

typedef struct json_object json;

static void put(json *object, const char *key, json *value)
{
	json_object_object_add(object, key, value);
}

static void put_u64(json *object, const char *key, uint64_t value)
{
	put(object, key, json_object_new_uint64(value));
}

static void put_u64_if(json *object, const char *key, bool known, uint64_t value)
{
	put(object, key, known ? json_object_new_uint64(value) : NULL);
}

static json *new_text(const char *text)
{
	size_t size;
	char *clean;
	json *value;

	if (!text)
		return NULL;
	size = strlen(text) * 3 + 1; /* each bad byte becomes the three of U+FFFD */
	clean = malloc(size);
	if (!clean)
		return NULL;
	value = json_object_new_string(word_utf8(text, clean, size));
	free(clean);
	return value;
}

static void put_text(json *object, const char *key, const char *text)
{
	put(object, key, new_text(text));
}

/* A fraction in percent, to two decimals; json-c alone would print all seventeen digits. */
static json *new_percent(double percent)
{
	char text[32];

	snprintf(text, sizeof(text), "%.2f", percent);
	return json_object_new_double_s(percent, text);
}

/* One key of the outermost object. Takes the value. */
static void write_member(FILE *out, const char *key, json *value)
{
	fprintf(out, ",\n\"%s\": %s", key, json_object_to_json_string_ext(value, PIECE_FLAGS));
	json_object_put(value);
}

/* One element of an array, or one member of an object when `key` is given. Takes the value. */
static void write_element(FILE *out, bool *first, const char *key, json *value)
{
	fputs(*first ? "\n  " : ",\n  ", out);
	*first = false;
	if (key)
		fprintf(out, "\"%s\": ", key);
	fputs(json_object_to_json_string_ext(value, PIECE_FLAGS), out);
	json_object_put(value);
}

static void put_exit(json *object, bool ended, int wait_status)
{
	put(object, "exit_code",
	    ended && WIFEXITED(wait_status) ? json_object_new_int(WEXITSTATUS(wait_status)) : NULL);
	put(object, "signal",
	    ended && WIFSIGNALED(wait_status) ? json_object_new_int(WTERMSIG(wait_status)) : NULL);
}

static json *new_host(const struct host_info *host)
{
	json *object = json_object_new_object();

	put_text(object, "name", host->name);
	put_text(object, "kernel", host->kernel);
	put_text(object, "arch", host->arch);
	put_u64(object, "cpus", host->cpus);
	return object;
}

static json *new_command(const struct command_info *command)
{
	json *object = json_object_new_object();
	json *argv = NULL;

	if (command->argv) {
		argv = json_object_new_array();
		for (char **word = command->argv; *word; word++)
			json_object_array_add(argv, new_text(*word));
	}
	put(object, "argv", argv);
	put_text(object, "target", command->target);
	put_u64_if(object, "pid", command->pid, command->pid);
	put(object, "exit_status",
	    command->ended ? json_object_new_int(WIFEXITED(command->wait_status)
							 ? WEXITSTATUS(command->wait_status)
							 : 128 + WTERMSIG(command->wait_status))
			   : NULL);
	put(object, "signal",
	    command->ended && WIFSIGNALED(command->wait_status)
		    ? json_object_new_int(WTERMSIG(command->wait_status))
		    : NULL);
	return object;
}

/* The ledger's members; with counts of threads and processes only where there is more than one. */
static void put_ledger(json *object, const struct ledger *ledger)
{
	json *on_cpu = json_object_new_object();
	json *blocked = json_object_new_object();
	char key[32];

	put_u64(object, "thread_time_ns", ledger->thread_time_ns);
	put_u64(on_cpu, "compute_ns", ledger_compute_ns(ledger));
	put_u64(on_cpu, "syscall_ns", ledger->on_cpu_ns - ledger_compute_ns(ledger));
	put(object, "on_cpu", on_cpu);
	put_u64(object, "runqueue_ns", ledger->runqueue_ns);
	put_u64(object, "blocked_ns", ledger_blocked_ns(ledger));
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++) {
		snprintf(key, sizeof(key), "%s_ns", blocked_reason_name(i));
		put_u64(blocked, key, ledger->blocked_ns[i]);
	}
	put(object, "blocked", blocked);
	put_u64(object, "unaccounted_ns", ledger_unaccounted_ns(ledger));
	put_u64(object, "voluntary_switches", ledger->voluntary_switches);
	put_u64(object, "involuntary_switches", ledger->involuntary_switches);
}

static json *new_ledger(const struct ledger *ledger)
{
	json *object = json_object_new_object();

	put_ledger(object, ledger);
	return object;
}

static json *new_total_ledger(const struct profile *profile)
{
	json *object = json_object_new_object();

	put_u64(object, "threads", profile->threads_watched);
	put_u64(object, "processes", profile->process_count);
	put_ledger(object, &profile->ledger);
	return object;
}

static json *new_breakdown(const struct profile *profile)
{
	struct breakdown breakdown =
		breakdown_of((const struct call_stats *const *)profile->calls,
			     (unsigned)profile->call_count, profile->ledger.thread_time_ns);
	json *object = json_object_new_object();
	char key[32];

	for (unsigned i = 0; i < BREAKDOWN_COUNT; i++) {
		snprintf(key, sizeof(key), "%s_us", breakdown_class_name(i));
		put_u64(object, key, breakdown.group_ns[i] / 1000);
	}
	put_u64(object, "compute_us", breakdown.compute_ns / 1000);
	put_u64(object, "total_us", breakdown.total_ns / 1000);
	put(object, "overhead_percent", new_percent(breakdown.overhead_percent));
	put_text(object, "dominant", breakdown.dominant);
	return object;
}

static json *new_histogram(const struct histogram *histogram)
{
	json *array = json_object_new_array();

	for (unsigned i = 0; i < HISTOGRAM_SIZE; i++) {
		json *bucket;

		if (!histogram->counts[i])
			continue;
		bucket = json_object_new_object();
		/* The last bucket has no upper end. */
		put_u64_if(bucket, "le_ns", i < HISTOGRAM_SIZE - 1, histogram_upper_ns(i));
		put_u64(bucket, "count", histogram->counts[i]);
		json_object_array_add(array, bucket);
	}
	return array;
}

static json *new_errnos(const struct profile *profile, uint16_t call)
{
	json *object = json_object_new_object();
	char unknown[32];

	for (size_t i = 0; i < profile->errno_count; i++) {
		const struct errno_stats *stats = &profile->errnos[i];
		const char *name;

		if (stats->call != call)
			continue;
		name = strerrorname_np(stats->error);
		if (!name) {
			snprintf(unknown, sizeof(unknown), "ERRNO_%u", stats->error);
			name = unknown;
		}
		put_u64(object, name, stats->count);
	}
	return object;
}

static json *new_call_row(const struct call_row *row)
{
	json *object = json_object_new_object();
	char name[CALL_NAME_SIZE];

	put_text(object, "name", call_name(row->call, name, sizeof(name)));
	put_text(object, "category", syscall_category_name(call_category(row->call)));
	put_u64(object, "count", row->count);
	put_u64(object, "errors", row->errors);
	put_u64(object, "in_flight", row->in_flight);
	put_u64(object, "timed", row->timed);
	put_u64(object, "wall_ns", row->wall_ns);
	put_u64(object, "on_cpu_ns", row->on_cpu_ns);
	put_u64(object, "runqueue_ns", row->runqueue_ns);
	put_u64(object, "blocked_ns", row->blocked_ns);
	put_u64_if(object, "min_ns", row->timed, row->min_ns);
	put_u64_if(object, "max_ns", row->timed, row->max_ns);
	put_u64_if(object, "p50_ns", row->timed, row->p50_ns);
	put_u64_if(object, "p90_ns", row->timed, row->p90_ns);
	put_u64_if(object, "p99_ns", row->timed, row->p99_ns);
	if (!row->timed)
		put_text(object, "timed_reason",
			 row->count ? "begun before the watch" : "none ended");
	return object;
}

static json *new_total_call_row(const struct profile *profile, const struct call_stats *stats)
{
	struct call_row row = call_row_of(stats);
	json *object = new_call_row(&row);
	json *blocked = json_object_new_object();
	char key[32];

	put_u64(object, "restarted", stats->restarts);
	put(object, "errnos", new_errnos(profile, stats->call));
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++) {
		snprintf(key, sizeof(key), "%s_ns", blocked_reason_name(i));
		if (stats->blocked_ns[i])
			put_u64(blocked, key, stats->blocked_ns[i]);
	}
	put(object, "blocked", blocked);
	put(object, "histogram", new_histogram(&stats->histogram));
	return object;
}

static int compare_counts(const void *left, const void *right)
{
	const struct call_stats *a = *(struct call_stats *const *)left;
	const struct call_stats *b = *(struct call_stats *const *)right;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return (a->call > b->call) - (a->call < b->call);
}

static json *new_top_syscalls(const struct profile *profile)
{
	json *array = json_object_new_array();
	struct call_stats **by_count;
	char name[CALL_NAME_SIZE];

	if (!profile->call_count)
		return array;
	by_count = malloc(profile->call_count * sizeof(struct call_stats *));
	if (!by_count)
		return array;
	memcpy(by_count, profile->calls, profile->call_count * sizeof(struct call_stats *));
	qsort(by_count, profile->call_count, sizeof(struct call_stats *), compare_counts);
	for (size_t i = 0; i < profile->call_count && i < TOP_SYSCALLS && by_count[i]->count; i++) {
		json *top = json_object_new_object();

		put_text(top, "name", call_name(by_count[i]->call, name, sizeof(name)));
		put_u64(top, "count", by_count[i]->count);
		json_object_array_add(array, top);
	}
	free(by_count);
	return array;
}

static json *new_categories(const struct profile *profile)
{
	uint64_t counts[CATEGORY_COUNT] = {0};
	json *object = json_object_new_object();

	for (size_t i = 0; i < profile->call_count; i++)
		counts[call_category(profile->calls[i]->call)] += profile->calls[i]->count;
	for (unsigned i = 0; i < CATEGORY_COUNT; i++)
		put_u64(object, syscall_category_name(i), counts[i]);
	return object;
}

static void write_syscalls(const struct profile *profile, FILE *out)
{
	bool first = true;

	fprintf(out, ",\n\"syscalls\": { \"total\": %" PRIu64 ", \"errors\": %" PRIu64,
		profile_call_total(profile), profile_error_total(profile));
	write_member(out, "by_category", new_categories(profile));
	write_member(out, "top_syscalls", new_top_syscalls(profile));
	fputs(",\n\"table\": [", out);
	for (size_t i = 0; i < profile->call_count; i++)
		write_element(out, &first, NULL, new_total_call_row(profile, profile->calls[i]));
	fputs(" ],\n\"analysis\": null, \"analysis_reason\": \"" ANALYSIS_REASON "\" }", out);
}

/* The off-CPU figures, over blocked time alone: waiting for a CPU is
 * elsewhere. */
static void put_waits(json *object, const struct ledger *ledger, const char *count_key)
{
	uint64_t total_ns = ledger_blocked_ns(ledger);

	put_u64(object, "total_time_ns", total_ns);
	put_u64(object, count_key, ledger->waits);
	put_u64_if(object, "avg_time_ns", ledger->waits,
		   ledger->waits ? total_ns / ledger->waits : 0);
	put_u64_if(object, "max_time_ns", ledger->waits, ledger->wait_max_ns);
	put_u64_if(object, "min_time_ns", ledger->waits, ledger->wait_min_ns);
}

static int compare_blocked(const void *left, const void *right)
{
	const struct thread *a = *(const struct thread *const *)left;
	const struct thread *b = *(const struct thread *const *)right;
	uint64_t a_ns = ledger_blocked_ns(&a->ledger), b_ns = ledger_blocked_ns(&b->ledger);

	if (a_ns != b_ns)
		return a_ns < b_ns ? 1 : -1;
	return (a->tid > b->tid) - (a->tid < b->tid);
}

static json *new_top_threads(const struct thread *const *by_blocked, size_t count,
			     uint64_t total_ns)
{
	json *array = json_object_new_array();
	char text[32];

	for (size_t i = 0; i < count && i < TOP_THREADS; i++) {
		uint64_t ns = ledger_blocked_ns(&by_blocked[i]->ledger);
		json *top;

		if (!ns)
			break;
		top = json_object_new_object();
		put_u64(top, "tid", by_blocked[i]->tid);
		put_u64(top, "pid", by_blocked[i]->pid);
		snprintf(text, sizeof(text), "%.3f", (double)ns / 1e6);
		put(top, "time_ms", json_object_new_double_s((double)ns / 1e6, text));
		put(top, "percentage",
		    new_percent(total_ns ? (double)ns / (double)total_ns * 100.0 : 0.0));
		json_object_array_add(array, top);
	}
	return array;
}

static bool same_thread(const struct thread *a, const struct thread *b)
{
	return a->pid == b->pid && a->tid == b->tid;
}

static int compare_ids(const void *left, const void *right)
{
	const struct thread *a = *(const struct thread *const *)left;
	const struct thread *b = *(const struct thread *const *)right;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->tid > b->tid) - (a->tid < b->tid);
}

/* A "PID:TID" that was used by several threads in turn (reuse, or an execve by another thread than
 * the leader) has one entry with their sum: `threads` has them one by one. */
static void write_thread_stats(const struct thread *const *by_id, size_t count, FILE *out)
{
	bool first = true;

	fputs(",\n\"thread_stats\": {", out);
	for (size_t i = 0; i < count;) {
		struct ledger sum = LEDGER_EMPTY;
		json *object = json_object_new_object();
		const struct thread *thread = by_id[i];
		char key[32];

		for (; i < count && same_thread(by_id[i], thread); i++)
			ledger_add(&sum, &by_id[i]->ledger);
		snprintf(key, sizeof(key), "%u:%u", thread->pid, thread->tid);
		put_u64(object, "tid", thread->tid);
		put_waits(object, &sum, "count");
		write_element(out, &first, key, object);
	}
	fputs(" }", out);
}

static int write_offcpu(const struct profile *profile, FILE *out)
{
	const struct thread **sorted = NULL;
	json *head = json_object_new_object();
	const char *text;

	if (profile->thread_count) {
		sorted = malloc(profile->thread_count * sizeof(const struct thread *));
		if (!sorted) {
			json_object_put(head);
			return -ENOMEM;
		}
	}
	for (size_t i = 0; i < profile->thread_count; i++)
		sorted[i] = &profile->threads[i];
	put_waits(head, &profile->ledger, "total_events");
	text = json_object_to_json_string_ext(head, PIECE_FLAGS);
	/* Without its closing brace, so that more members can follow. */
	fprintf(out, ",\n\"offcpu\": %.*s", (int)strlen(text) - 1, text);
	json_object_put(head);
	if (sorted)
		qsort(sorted, profile->thread_count, sizeof(*sorted), compare_ids);
	write_thread_stats(sorted, profile->thread_count, out);
	if (sorted)
		qsort(sorted, profile->thread_count, sizeof(*sorted), compare_blocked);
	write_member(out, "top_blocking_threads",
		     new_top_threads(sorted, profile->thread_count,
				     ledger_blocked_ns(&profile->ledger)));
	free(sorted);
	fputs(",\n\"bottlenecks\": [],"
	      "\n\"stack_traces\": null, \"stack_traces_reason\": \"" STACKS_REASON "\","
	      "\n\"stacks\": null, \"stacks_reason\": \"" STACKS_REASON "\","
	      "\n\"analysis\": null, \"analysis_reason\": \"" ANALYSIS_REASON "\" }",
	      out);
	return 0;
}

static json *new_resources(const struct resources *resources)
{
	json *object = json_object_new_object();

	put_u64_if(object, "peak_rss_bytes", resources->peak_rss_bytes, resources->peak_rss_bytes);
	if (!resources->peak_rss_bytes)
		put_text(object, "peak_rss_bytes_reason", "the kernel had no figure");
	put_u64(object, "read_bytes", resources->read_bytes);
	put_u64(object, "write_bytes", resources->write_bytes);
	put_u64(object, "rchar_bytes", resources->rchar_bytes);
	put_u64(object, "wchar_bytes", resources->wchar_bytes);
	put_u64(object, "minor_faults", resources->minor_faults);
	put_u64(object, "major_faults", resources->major_faults);
	return object;
}

static json *new_process_syscalls(const struct process *process)
{
	json *object = json_object_new_object();
	json *table = json_object_new_array();
	uint64_t total = 0, errors = 0;
	struct call_row row;
	size_t cursor = 0;

	while (process_next_call(process, &cursor, &row)) {
		total += row.count;
		errors += row.errors;
		json_object_array_add(table, new_call_row(&row));
	}
	put_u64(object, "total", total);
	put_u64(object, "errors", errors);
	put(object, "table", table);
	return object;
}

static json *new_process(const struct process *process)
{
	json *object = json_object_new_object();

	put_u64(object, "pid", process->pid);
	put_u64(object, "ppid", process->ppid);
	put_u64(object, "uid", process->uid);
	put_u64(object, "start_ns", process->start_ns);
	put_u64(object, "watched_since_ns", process->seen_ns);
	put_u64_if(object, "end_ns", process->ended, process->end_ns);
	put_text(object, "comm", process->comm);
	put_text(object, "exe", process->exe);
	if (!process->exe)
		put_text(object, "exe_reason",
			 "not to be had: older than the watch, and gone or foreign");
	put_text(object, "cgroup", process->cgroup);
	if (!process->cgroup)
		put_text(object, "cgroup_reason", "its name could not be looked up");
	put_exit(object, process->ended, process->wait_status);
	put_u64(object, "threads", process->threads);
	put_u64(object, "execs", process->execs);
	put(object, "ledger", new_ledger(&process->ledger));
	put(object, "syscalls", new_process_syscalls(process));
	put(object, "verdict", NULL);
	put_text(object, "verdict_reason", VERDICT_REASON);
	put(object, "resources", new_resources(&process->resources));
	return object;
}

static json *new_thread(const struct thread *thread)
{
	json *object = json_object_new_object();

	put_u64(object, "pid", thread->pid);
	put_u64(object, "tid", thread->tid);
	put_text(object, "comm", thread->comm);
	put_u64(object, "start_ns", thread->start_ns);
	put(object, "ended", json_object_new_boolean(thread->ended));
	put(object, "ledger", new_ledger(&thread->ledger));
	return object;
}

static json *new_losses(const struct profile *profile)
{
	json *object = json_object_new_object();

	for (unsigned i = 0; i < LOSS_CLASS_COUNT; i++) {
		const struct loss *loss = &profile->losses[i];
		json *entry = json_object_new_object();

		put_u64(entry, "count", loss->count);
		put_u64_if(entry, "first_ns", loss->first_ns, loss->first_ns);
		put_u64_if(entry, "last_ns", loss->last_ns, loss->last_ns);
		if (loss->count && !loss->first_ns) {
			put_text(entry, "first_ns_reason",
				 "the kernel counts these without a time");
			put_text(entry, "last_ns_reason", "the kernel counts these without a time");
		}
		put(object, loss_class_name(i), entry);
	}
	return object;
}

static json *new_self(const struct self_cost *self)
{
	json *object = json_object_new_object();
	json *programs = json_object_new_array();

	put_u64(object, "cpu_ns", self->cpu_ns);
	put_u64(object, "peak_rss_bytes", self->peak_rss_bytes);
	put_u64(object, "startup_ns", self->startup_ns);
	for (unsigned i = 0; i < self->program_count; i++) {
		json *program = json_object_new_object();

		put_text(program, "name", self->programs[i].name);
		put(program, "runs", NULL);
		put_text(program, "runs_reason",
			 "the kernel counts runs only with kernel.bpf_stats_enabled, which is "
			 "costly");
		put_u64(program, "missed", self->programs[i].misses);
		json_object_array_add(programs, program);
	}
	put(object, "bpf_programs", programs);
	return object;
}

static json *new_window(const struct profile *profile)
{
	json *object = json_object_new_object();

	put_u64(object, "start_unix_ns", profile->start_unix_ns);
	put_u64(object, "start_ns", profile->start_ns);
	put_u64(object, "duration_ns", profile->duration_ns);
	return object;
}

static int json_write(const struct profile *profile, const struct export_style *style, FILE *out)
{
	bool first = true;

	(void)style;
	fputs("{ \"schema\": \"fathom.report/1\", \"fathom_version\": \"" FATHOM_VERSION "\"", out);
	write_member(out, "host", new_host(&profile->host));
	write_member(out, "command", new_command(&profile->command));
	write_member(out, "window", new_window(profile));
	write_member(out, "ledger", new_total_ledger(profile));
	write_member(out, "breakdown", new_breakdown(profile));
	write_syscalls(profile, out);
	if (write_offcpu(profile, out))
		return -ENOMEM;
	fputs(",\n\"verdict\": null, \"verdict_reason\": \"" VERDICT_REASON "\"", out);
	fputs(",\n\"processes\": [", out);
	for (size_t i = 0; i < profile->process_count; i++)
		write_element(out, &first, NULL, new_process(&profile->processes[i]));
	fputs(" ],\n\"threads\": [", out);
	first = true;
	for (size_t i = 0; i < profile->thread_count; i++)
		write_element(out, &first, NULL, new_thread(&profile->threads[i]));
	fputs(" ]", out);
	write_member(out, "loss", new_losses(profile));
	write_member(out, "self", new_self(&profile->self));
	fputs(" }\n", out);
	return 0;
}

const struct exporter_ops EXPORTER_JSON = {
	.name = "json",
	.write = json_write,
};
