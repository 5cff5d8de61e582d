/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel side, seen from user space: loading and attaching it, telling it whom to watch, and
 * turning what it holds into model values. It never waits: the session's event loop does.
 */
#ifndef FATHOM_COLLECT_COLLECTOR_H
#define FATHOM_COLLECT_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "model/profile.h"
#include "wire/call.h"
#include "wire/ledger.h"

struct collector; /* opaque; one per process is enough for anything */

struct collector_options {
	enum watch_filter filter;
	const char *comm;	 /* WATCH_COMM; compared over 15 bytes, as the kernel keeps them */
	uint64_t cgroup_id;	 /* WATCH_CGROUP; see cgroup_find() */
	uid_t uid;		 /* WATCH_USER */
	bool follow;		 /* children of watched processes are watched too */
	bool kernel_threads;	 /* a filter takes kernel threads too */
	const uint8_t *selected; /* by abi × CALL_TABLE_SIZE + number: 1 = own row; NULL = all */
	uint32_t process_max;	 /* sizes of the kernel tables; 0 = default */
	uint32_t cell_max;
	uint32_t errno_max;
};

/*
 * Loads the kernel side and attaches it. 0, or a negative errno with a line on what is missing and
 * how to get it. From here on watched threads would be counted; there are none yet.
 */
int collector_open(const struct collector_options *options, struct collector **out,
		   struct error *error);
void collector_close(struct collector *collector); /* NULL is fine */

/* Names a process to be brought under the watch by the next collector_seed(). */
int collector_add_target(struct collector *collector, pid_t pid, struct error *error);

/*
 * Brings the named processes, and those that the filter asks for, under the watch: all their
 * threads. With `armed`, their account begins only at their next execve. *threads says how many
 * were found.
 */
int collector_seed(struct collector *collector, bool armed, unsigned *threads, struct error *error);

/* A descriptor that becomes readable when much waits to be drained; drain now and then besides. */
int collector_fd(const struct collector *collector);

/* Moves what has ended since the last time, processes and threads, into the profile, and frees
 * their places in the kernel tables. */
int collector_drain(struct collector *collector, struct profile *profile, struct error *error);

/* Adds everything that is still alive, as it stands now, to the profile. Once, at the end. */
int collector_read_live(struct collector *collector, struct profile *profile, struct error *error);

/* Losses so far, and what the kernel skipped of fathom's own programs. */
void collector_read_losses(struct collector *collector, struct profile *profile);

/* Is the process with this pid still in the table and alive? For waiting until a last switch-out.
 */
bool collector_is_alive(struct collector *collector, pid_t pid);

#endif
