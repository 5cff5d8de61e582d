/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns one process of the kernel side, with its live threads if it has any, into model values. */
#include "collect/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct ledger ledger_of_record(const struct thread_record *record)
{
	return ledger_from_wire(&record->times, &record->waits, &record->counters,
				record->end_ns - record->start_ns);
}

static void add_counters(struct task_counters *into, const struct task_counters *from)
{
	into->minor_faults += from->minor_faults;
	into->major_faults += from->major_faults;
	into->rchar_bytes += from->rchar_bytes;
	into->wchar_bytes += from->wchar_bytes;
	into->read_bytes += from->read_bytes;
	into->write_bytes += from->write_bytes;
}

/* The row that a call is kept in, as call_row() in bpf/cells.bpf.h has it. */
static uint16_t row_of_call(const struct collector *collector, uint16_t call)
{
	unsigned index = CALL_ABI(call) * CALL_TABLE_SIZE + CALL_NR(call);

	if (!collector->select_calls ||
	    (CALL_NR(call) < CALL_TABLE_SIZE && collector->selected[index]))
		return call;
	return CALL_ID(CALL_ABI_NATIVE, CALL_NR_FILTERED);
}

/* The call that a live thread is in belongs to its process's calls, with its time so far. */
static int add_in_flight(const struct collector *collector, struct process_calls *calls,
			 const struct in_flight *flight)
{
	struct call_stats *stats = process_calls_find(calls, row_of_call(collector, flight->call));

	if (!stats)
		return -ENOMEM;
	stats->in_flight++;
	stats->wall_ns += flight->wall_ns;
	stats->runqueue_ns += flight->runqueue_ns;
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		stats->blocked_ns[i] += flight->blocked_ns[i];
	return 0;
}

static void add_flight_on_cpu(struct ledger *ledger, const struct in_flight *flight)
{
	uint64_t off_ns = flight->runqueue_ns;

	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		off_ns += flight->blocked_ns[i];
	if (flight->active && flight->wall_ns > off_ns)
		ledger->syscall_on_cpu_ns += flight->wall_ns - off_ns;
}

int collector_add_thread(struct profile *profile, const struct thread_record *record)
{
	struct thread thread = {
		.pid = record->tgid,
		.tid = record->tid,
		.start_ns = record->start_ns,
		.ended = record->kind == RECORD_THREAD_DEAD,
		.ledger = ledger_of_record(record),
	};

	memcpy(thread.comm, record->comm, COMM_SIZE);
	thread.comm[COMM_SIZE - 1] = '\0';
	add_flight_on_cpu(&thread.ledger, &record->in_flight);
	return profile_add_thread(profile, &thread);
}

/* Peak RSS of a live process; the kernel side learns it only when a process ends. */
static uint64_t live_peak_rss_bytes(uint32_t pid)
{
	char path[64], line[256];
	unsigned long long kib = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	status = fopen(path, "re");
	if (!status)
		return 0;
	while (fgets(line, sizeof(line), status)) {
		if (sscanf(line, "VmHWM: %llu kB", &kib) == 1)
			break;
	}
	fclose(status);
	return kib * 1024;
}

static const char *live_exe(uint32_t pid, char *path, size_t size)
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%u/exe", pid);
	length = readlink(link, path, size - 1);
	if (length <= 0)
		return NULL;
	path[length] = '\0';
	return path;
}

int collector_add_process(struct collector *collector, struct profile *profile,
			  const struct process_entry *entry, struct process_calls *calls,
			  const struct live_threads *live)
{
	bool ended = entry->flags & PROCESS_DEAD;
	struct task_counters counters = entry->counters;
	struct process_facts facts = {
		.pid = entry->tgid,
		.ppid = entry->ppid,
		.uid = entry->uid,
		.threads = entry->threads_total,
		.execs = entry->execs,
		.ended = ended,
		.wait_status = entry->wait_status,
		.start_ns = entry->start_ns,
		.seen_ns = entry->seen_ns,
		.end_ns = ended ? entry->end_ns : profile->start_ns + profile->duration_ns,
		.comm = entry->comm,
		.cgroup = cgroup_path(&collector->cgroups, entry->cgroup),
		.ledger = ledger_from_wire(&entry->times, &entry->waits, &entry->counters,
					   entry->thread_time_ns),
	};
	char exe[4096];
	int result = 0;

	for (size_t i = 0; live && !result && i < live->count; i++) {
		const struct thread_record *record = &live->records[i];
		struct ledger ledger;

		if (record->process != entry->serial)
			continue;
		ledger = ledger_of_record(record);
		add_flight_on_cpu(&ledger, &record->in_flight);
		ledger_add(&facts.ledger, &ledger);
		add_counters(&counters, &record->counters);
		if (record->in_flight.active)
			result = add_in_flight(collector, calls, &record->in_flight);
		if (!result)
			result = collector_add_thread(profile, record);
	}
	if (entry->flags & PROCESS_EXECED)
		facts.exe = entry->exe;
	else if (!ended)
		facts.exe = live_exe(entry->tgid, exe, sizeof(exe));
	facts.resources = (struct resources){
		.peak_rss_bytes = ended ? entry->peak_rss_pages * collector->page_size
					: live_peak_rss_bytes(entry->tgid),
		.rchar_bytes = counters.rchar_bytes,
		.wchar_bytes = counters.wchar_bytes,
		.read_bytes = counters.read_bytes,
		.write_bytes = counters.write_bytes,
		.minor_faults = counters.minor_faults,
		.major_faults = counters.major_faults,
	};
	facts.calls = calls->calls;
	facts.call_count = calls->call_count;
	facts.errnos = calls->errnos;
	facts.errno_count = calls->errno_count;
	if (!result)
		result = profile_add_process(profile, &facts);
	return result;
}
