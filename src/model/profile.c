/* SPDX-License-Identifier: BSD-2-Clause */
/* See profile.h. */
#include "model/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define CALL_IDS   (1u << 16) /* all that a call id can be; most are never touched */
#define VARINT_MAX 10	      /* bytes that 64 bits need at 7 a byte */

/* The numbers of a call_row in the order they are packed in. */
/* clang-format off */
#define ROW_NUMBERS(X)                                                                             \
	X(call) X(count) X(in_flight) X(timed) X(errors) X(wall_ns) X(on_cpu_ns) X(runqueue_ns)    \
	X(blocked_ns) X(min_ns) X(max_ns) X(p50_ns) X(p90_ns) X(p99_ns)
/* clang-format on */
#define COUNT_ONE(field) +1
#define ROW_BYTES_MAX	 ((0 ROW_NUMBERS(COUNT_ONE)) * VARINT_MAX)

struct profile *profile_new(void)
{
	struct profile *profile = calloc(1, sizeof(*profile));

	if (!profile)
		return NULL;
	profile->ledger = LEDGER_EMPTY;
	profile->calls_by_id = calloc(CALL_IDS, sizeof(*profile->calls_by_id));
	if (!profile->calls_by_id) {
		free(profile);
		return NULL;
	}
	return profile;
}

void profile_free(struct profile *profile)
{
	if (!profile)
		return;
	for (size_t i = 0; i < profile->process_count; i++)
		free(profile->processes[i].packed_calls);
	for (size_t i = 0; i < profile->call_count; i++)
		free(profile->calls[i]);
	for (char **word = profile->command.argv; word && *word; word++)
		free(*word);
	free(profile->command.argv);
	free(profile->command.target);
	free(profile->processes);
	free(profile->threads);
	free(profile->calls);
	free(profile->calls_by_id);
	free(profile->errnos);
	intern_fini(&profile->strings);
	free(profile);
}

static uint8_t *put_number(uint8_t *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	return at;
}

static const uint8_t *get_number(const uint8_t *at, uint64_t *value)
{
	unsigned shift = 0;

	for (*value = 0; *at & 0x80; shift += 7)
		*value |= (uint64_t)(*at++ & 0x7f) << shift;
	*value |= (uint64_t)*at++ << shift;
	return at;
}

static int compare_rows(const void *left, const void *right)
{
	const struct call_row *a = left, *b = right;

	if (a->wall_ns != b->wall_ns)
		return a->wall_ns < b->wall_ns ? 1 : -1;
	return (a->call > b->call) - (a->call < b->call);
}

static int pack_calls(struct process *process, const struct process_facts *facts)
{
	struct call_row *rows;
	uint8_t *bytes, *at, *fitted;

	if (facts->call_count == 0)
		return 0;
	rows = calloc(facts->call_count, sizeof(*rows));
	bytes = malloc(facts->call_count * ROW_BYTES_MAX);
	if (!rows || !bytes) {
		free(rows);
		free(bytes);
		return -ENOMEM;
	}
	for (size_t i = 0; i < facts->call_count; i++)
		rows[i] = call_row_of(&facts->calls[i]);
	qsort(rows, facts->call_count, sizeof(*rows), compare_rows);
	at = bytes;
	for (size_t i = 0; i < facts->call_count; i++) {
#define PUT(field) at = put_number(at, rows[i].field);
		ROW_NUMBERS(PUT)
#undef PUT
	}
	free(rows);
	fitted = realloc(bytes, (size_t)(at - bytes));
	process->packed_calls = fitted ? fitted : bytes;
	process->call_count = (uint32_t)facts->call_count;
	return 0;
}

bool process_next_call(const struct process *process, size_t *cursor, struct call_row *row)
{
	/* The cursor holds the number of rows seen above the offset of the next. */
	size_t seen = *cursor >> 32, offset = *cursor & UINT32_MAX;
	const uint8_t *at = process->packed_calls + offset;
	uint64_t value;

	if (seen >= process->call_count)
		return false;
#define GET(field)                                                                                 \
	at = get_number(at, &value);                                                               \
	row->field = (__typeof__(row->field))value;
	ROW_NUMBERS(GET)
#undef GET
	*cursor = (seen + 1) << 32 | (size_t)(at - process->packed_calls);
	return true;
}

static int add_call(struct profile *profile, const struct call_stats *stats)
{
	struct call_stats **known;

	known = &profile->calls_by_id[stats->call];
	if (!*known) {
		if (array_reserve(&profile->calls, &profile->call_room, profile->call_count,
				  sizeof(*profile->calls)))
			return -ENOMEM;
		*known = malloc(sizeof(**known));
		if (!*known)
			return -ENOMEM;
		**known = call_stats_of(stats->call);
		profile->calls[profile->call_count++] = *known;
	}
	call_stats_add(*known, stats);
	return 0;
}

static int add_errno(struct profile *profile, const struct errno_stats *stats)
{
	for (size_t i = 0; i < profile->errno_count; i++) {
		struct errno_stats *known = &profile->errnos[i];

		if (known->call == stats->call && known->error == stats->error) {
			known->count += stats->count;
			return 0;
		}
	}
	if (array_reserve(&profile->errnos, &profile->errno_room, profile->errno_count,
			  sizeof(*profile->errnos)))
		return -ENOMEM;
	profile->errnos[profile->errno_count++] = *stats;
	return 0;
}

static int keep_string(struct profile *profile, const char *text, const char **kept)
{
	*kept = NULL;
	if (!text || !*text)
		return 0;
	*kept = intern_string(&profile->strings, text);
	return *kept ? 0 : -ENOMEM;
}

int profile_add_process(struct profile *profile, const struct process_facts *facts)
{
	struct process process = {
		.pid = facts->pid,
		.ppid = facts->ppid,
		.uid = facts->uid,
		.threads = facts->threads,
		.execs = facts->execs,
		.ended = facts->ended,
		.wait_status = facts->wait_status,
		.start_ns = facts->start_ns,
		.seen_ns = facts->seen_ns,
		.end_ns = facts->end_ns,
		.ledger = facts->ledger,
		.resources = facts->resources,
	};

	strncpy(process.comm, facts->comm, COMM_SIZE - 1);
	if (array_reserve(&profile->processes, &profile->process_room, profile->process_count,
			  sizeof(*profile->processes)) ||
	    keep_string(profile, facts->exe, &process.exe) ||
	    keep_string(profile, facts->cgroup, &process.cgroup) || pack_calls(&process, facts))
		return -ENOMEM;
	for (size_t i = 0; i < facts->call_count; i++) {
		if (add_call(profile, &facts->calls[i])) {
			free(process.packed_calls);
			return -ENOMEM;
		}
	}
	for (size_t i = 0; i < facts->errno_count; i++) {
		if (add_errno(profile, &facts->errnos[i])) {
			free(process.packed_calls);
			return -ENOMEM;
		}
	}
	profile->processes[profile->process_count++] = process;
	profile->threads_watched += facts->threads;
	ledger_add(&profile->ledger, &facts->ledger);
	return 0;
}

int profile_add_thread(struct profile *profile, const struct thread *thread)
{
	if (array_reserve(&profile->threads, &profile->thread_room, profile->thread_count,
			  sizeof(*profile->threads)))
		return -ENOMEM;
	profile->threads[profile->thread_count++] = *thread;
	return 0;
}

static int compare_processes(const void *left, const void *right)
{
	const struct process *a = left, *b = right;

	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	return (a->pid > b->pid) - (a->pid < b->pid);
}

static int compare_threads(const void *left, const void *right)
{
	const struct thread *a = left, *b = right;

	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	return (a->tid > b->tid) - (a->tid < b->tid);
}

static int compare_calls(const void *left, const void *right)
{
	const struct call_stats *a = *(struct call_stats *const *)left;
	const struct call_stats *b = *(struct call_stats *const *)right;

	if (a->wall_ns != b->wall_ns)
		return a->wall_ns < b->wall_ns ? 1 : -1;
	return (a->call > b->call) - (a->call < b->call);
}

static int compare_errnos(const void *left, const void *right)
{
	const struct errno_stats *a = left, *b = right;

	if (a->call != b->call)
		return a->call < b->call ? -1 : 1;
	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return (a->error > b->error) - (a->error < b->error);
}

static void sort(void *array, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	if (count) /* qsort must not be given NULL */
		qsort(array, count, size, compare);
}

void profile_sort(struct profile *profile)
{
	sort(profile->processes, profile->process_count, sizeof(*profile->processes),
	     compare_processes);
	sort(profile->threads, profile->thread_count, sizeof(*profile->threads), compare_threads);
	sort(profile->calls, profile->call_count, sizeof(struct call_stats *), compare_calls);
	sort(profile->errnos, profile->errno_count, sizeof(*profile->errnos), compare_errnos);
}

uint64_t profile_loss_count(const struct profile *profile)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < LOSS_CLASS_COUNT; i++)
		total += profile->losses[i].count;
	return total;
}

uint64_t profile_call_total(const struct profile *profile)
{
	uint64_t total = 0;

	for (size_t i = 0; i < profile->call_count; i++)
		total += profile->calls[i]->count;
	return total;
}

uint64_t profile_error_total(const struct profile *profile)
{
	uint64_t total = 0;

	for (size_t i = 0; i < profile->call_count; i++)
		total += profile->calls[i]->errors;
	return total;
}
