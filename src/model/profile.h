/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A profile: one stretch of time, arranged by process, thread and system call. It is what collect
 * builds and what every exporter takes. It knows nothing of where its figures come from.
 */
#ifndef FATHOM_MODEL_PROFILE_H
#define FATHOM_MODEL_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/intern.h"
#include "model/calls.h"
#include "model/ledger.h"

/* Memory and I/O of a process within the window. */
struct resources {
	uint64_t peak_rss_bytes; /* of its whole life, as getrusage gives it; 0 if not known */
	uint64_t rchar_bytes;	 /* through read-like calls */
	uint64_t wchar_bytes;
	uint64_t read_bytes; /* from storage */
	uint64_t write_bytes;
	uint64_t minor_faults;
	uint64_t major_faults;
};

/* A process as collect hands it over. Strings and arrays are borrowed for the call. */
struct process_facts {
	uint32_t pid;
	uint32_t ppid;
	uint32_t uid;
	uint32_t threads; /* watched in its life, the dead included */
	uint32_t execs;
	bool ended;
	int wait_status;   /* as wait(2) gives it; valid when ended */
	uint64_t start_ns; /* CLOCK_MONOTONIC; with pid, its identity */
	uint64_t seen_ns;  /* birth, or when the watch began */
	uint64_t end_ns;   /* death, or the end of the window */
	const char *comm;
	const char *exe;    /* NULL if not known */
	const char *cgroup; /* path below the v2 root; NULL if not known */
	struct ledger ledger;
	struct resources resources;
	const struct call_stats *calls;
	size_t call_count;
	const struct errno_stats *errnos;
	size_t errno_count;
};

/* A process as the profile keeps it: its calls packed, since there may be ten thousand of them. */
struct process {
	uint32_t pid;
	uint32_t ppid;
	uint32_t uid;
	uint32_t threads;
	uint32_t execs;
	uint32_t call_count;
	bool ended;
	int wait_status;
	uint64_t start_ns;
	uint64_t seen_ns;
	uint64_t end_ns;
	char comm[COMM_SIZE];
	const char *exe;
	const char *cgroup;
	struct ledger ledger;
	struct resources resources;
	uint8_t *packed_calls;
};

struct thread {
	uint32_t pid;
	uint32_t tid;
	uint64_t start_ns;
	char comm[COMM_SIZE];
	bool ended;
	struct ledger ledger;
};

/* What was asked for: a command, or a set of processes that ran already. */
struct command_info {
	char **argv; /* NULL-terminated; NULL for attach. Owned by the profile. */
	uint32_t pid;
	bool ended;
	int wait_status;
	char *target; /* attach: what was asked for, in words. Owned by the profile. */
};

struct host_info {
	char name[65];
	char kernel[65];
	char arch[65];
	unsigned cpus;
};

struct loss {
	uint64_t count;
	uint64_t first_ns;
	uint64_t last_ns;
};

struct program_cost {
	char name[32];
	uint64_t misses; /* runs that the kernel skipped */
};

#define PROGRAMS_MAX 16

/* What fathom itself used. */
struct self_cost {
	uint64_t cpu_ns;
	uint64_t peak_rss_bytes;
	uint64_t startup_ns; /* from the start to the first event that could be counted */
	struct program_cost programs[PROGRAMS_MAX];
	unsigned program_count;
};

struct profile {
	struct host_info host;
	struct command_info command;
	uint64_t start_unix_ns;
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	uint64_t duration_ns;
	struct loss losses[LOSS_CLASS_COUNT];
	struct self_cost self;

	struct ledger ledger; /* sum over the processes */
	struct process *processes;
	size_t process_count;
	struct thread *threads;
	size_t thread_count;
	size_t threads_watched;	   /* may exceed thread_count when thread rows were lost */
	struct call_stats **calls; /* one per call that occurred */
	size_t call_count;
	struct errno_stats *errnos; /* over all processes */
	size_t errno_count;

	struct intern strings;
	struct call_stats **calls_by_id;
	size_t process_room, thread_room, call_room, errno_room;
};

/* NULL when memory ran out. */
struct profile *profile_new(void);
void profile_free(struct profile *profile);

/* Each adds one row and its sums. 0, or -ENOMEM: the profile is then good for nothing but freeing.
 */
int profile_add_process(struct profile *profile, const struct process_facts *facts);
int profile_add_thread(struct profile *profile, const struct thread *thread);

/* Puts everything into the order of reports: processes and threads by start, calls by wall time. */
void profile_sort(struct profile *profile);

/* Sum over all loss classes. */
uint64_t profile_loss_count(const struct profile *profile);

/* Calls that ended, and errors, over all processes. */
uint64_t profile_call_total(const struct profile *profile);
uint64_t profile_error_total(const struct profile *profile);

/* Steps through the calls of one process, most wall time first. Start with a cursor of 0; false at
 * the end. */
bool process_next_call(const struct process *process, size_t *cursor, struct call_row *row);

#endif
