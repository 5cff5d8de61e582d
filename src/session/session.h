/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The composition: starts or finds what is to be watched, runs the event loop until it ends, and
 * hands over the profile. How it is shown is the caller's business.
 */
#ifndef FATHOM_SESSION_SESSION_H
#define FATHOM_SESSION_SESSION_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "collect/collector.h"
#include "model/profile.h"

/* Exit statuses of fathom's own, as env(1) and timeout(1) use them. */
enum {
	STATUS_FAILED = 125,
	STATUS_NOT_EXECUTABLE = 126,
	STATUS_NOT_FOUND = 127,
};

struct session_options {
	struct collector_options collect;
	uint64_t started_ns; /* CLOCK_MONOTONIC when the program began */

	/* A command to run: its file, and its arguments with argv[0]. NULL to watch what runs
	 * already. */
	const char *program;
	char **argv;

	/* Processes to watch that run already, and what was asked for, in words. */
	const pid_t *pids;
	size_t pid_count;
	const char *target;
	uint64_t duration_ns; /* 0: until all of `pids` have ended, or a signal */

	/*
	 * What the session reads by signalfd. The caller has blocked these, has SIGCHLD at its
	 * default, and leaves out what it was started to ignore. The command gets both back as they
	 * were: its mask, and what is done with SIGCHLD.
	 */
	sigset_t signals;
	sigset_t original_mask;
	struct sigaction original_child_action;
};

/*
 * Watches from beginning to end. On success 0 and a sorted profile, which the caller frees. On
 * failure a negative errno and *status, the exit status that fits it. The command, once started, is
 * always waited for.
 */
int session_run(const struct session_options *options, struct profile **out, int *status,
		struct error *error);

/* select.c: turns a list like "read,write,%network,!poll" into a table for
 * collector_options.selected: CALL_ABI_COUNT × CALL_TABLE_SIZE bytes. 0 or -EINVAL. */
int session_select_calls(const char *list, uint8_t *selected, struct error *error);

/* host.c */
void session_read_host(struct host_info *host);
void session_read_self(struct self_cost *self);

#endif
