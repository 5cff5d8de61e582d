/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tools as data, fathom among them: how each is started on a running process, how one sees that it
 * watches, and where in its output it says how much it saw. Nothing is measured here.
 */
#ifndef FATHOM_BENCH_TOOLS_H
#define FATHOM_BENCH_TOOLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define TOOL_ARGUMENTS 16
#define TOOL_PATH      256
#define TOOL_MEMBERS   2 /* members of "ledger" that can be added up */

enum tool_ready {
	READY_BPF,    /* has loaded programs */
	READY_PTRACE, /* is the tracer of the process */
	READY_PERF,   /* holds perf events */
};

/* Of arguments and keys, %p is replaced by the process to watch, %q by its partner, %x by a
 * bystander that sleeps, %n by the number of getppid, %f by fathom's path and %o by the output
 * file. */
struct tool {
	const char *name;
	const char *arguments[TOOL_ARGUMENTS];
	enum tool_ready ready;
	bool is_fathom;
	bool output_is_stdout;
	/* What it saw. Of fathom's JSON: a call's name, or the sum of members of "ledger". Of other
	 * output: the sum over the lines with this key of the field with this number, from 1. NULL:
	 * cannot be told. */
	const char *call;
	const char *members[TOOL_MEMBERS];
	const char *key;
	int field;
};

enum tool_id {
	TOOL_FATHOM,
	TOOL_FATHOM_PAIR,
	TOOL_FATHOM_FAMILY,
	TOOL_FATHOM_ELSEWHERE,
	TOOL_STRACE,
	TOOL_STRACE_FAMILY,
	TOOL_PERF_TRACE,
	TOOL_PERF_TRACE_PAIR,
	TOOL_BPFTRACE_COUNT,
	TOOL_BPFTRACE_LATENCY,
	TOOL_BPFTRACE_SWITCHES,
	TOOL_SYSCOUNT,
	TOOL_SYSCOUNT_LATENCY,
	TOOL_COUNT,
};

extern const struct tool tools[TOOL_COUNT];

struct tool_target {
	pid_t pid;
	pid_t partner;
	pid_t bystander;
	const char *fathom;    /* path of the binary */
	const char *directory; /* where outputs go */
};

struct tool_run {
	const struct tool *tool;
	pid_t pid;
	char output[TOOL_PATH];
	char messages[TOOL_PATH]; /* its standard error */
	char key[TOOL_PATH];
};

/* Starts a tool and returns once it watches. 0 or a negative errno with the reason in *error;
 * -ENOENT when it is not installed. */
int tool_start(struct tool_run *run, enum tool_id id, const struct tool_target *target,
	       struct error *error);

/* Ends it as Ctrl-C would. 0 or a negative errno; it has ended in any case. */
int tool_stop(struct tool_run *run, struct error *error);

/* After tool_stop(): how much it says it saw, or -1 when it does not say. */
double tool_seen(const struct tool_run *run);

/* The same out of a report of fathom in JSON: the count of a call, or the sum of members of
 * "ledger", of which there are TOOL_MEMBERS or fewer with NULL after the last. -1 where the report
 * lacks them. */
double report_call_count(const char *path, const char *call);
double report_ledger_sum(const char *path, const char *const *members);

/* Waits for a child to end, at most so long. Its wait status, or -ETIMEDOUT. */
int wait_for_end(pid_t pid, unsigned limit_ms);

/* Starts a program found on the PATH with its standard output and error in files, standard input
 * empty. It dies with the caller. Returns its PID or a negative errno. */
pid_t program_start(char *const *arguments, const char *output, const char *messages);

/* The last line of a file that is not empty, for saying why something failed. */
void last_line(const char *path, char *line, size_t size);

void sleep_ms(unsigned milliseconds);

#endif
