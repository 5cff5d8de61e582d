/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two processes hand eight bytes to and fro over descriptors of any kind: each blocks until the
 * other has answered. The ping-pong workloads differ only in the descriptors.
 */
#ifndef FATHOM_PINGPONG_H
#define FATHOM_PINGPONG_H

#include "truth.h"

/* The parent writes to `there_out`, the child reads `there_in`; the answer takes the other pair. */
struct pingpong {
	int there_out, there_in;
	int back_out, back_in;
	long rounds;
	enum truth_reason reason;
};

static inline void pingpong_write(int fd)
{
	static const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		truth_die("write");
}

static inline void pingpong_read(int fd)
{
	uint64_t value;

	if (read(fd, &value, sizeof(value)) != sizeof(value))
		truth_die("read");
}

static inline void pingpong_child(void *argument)
{
	const struct pingpong *game = argument;
	struct truth_instant begin;

	truth_instant_read(&begin);
	for (long i = 0; i < game->rounds; i++) {
		pingpong_read(game->there_in);
		pingpong_write(game->back_out);
	}
	truth_wait_end(&begin, game->reason);
}

static inline int pingpong_run(struct pingpong *game)
{
	pid_t pid = truth_child_start(pingpong_child, game);
	struct truth_instant begin;

	truth_instant_read(&begin);
	for (long i = 0; i < game->rounds; i++) {
		pingpong_write(game->there_out);
		pingpong_read(game->back_in);
	}
	truth_wait_end(&begin, game->reason);
	truth_children_reap(&pid, 1, NULL);
	truth_count("write", 2 * (uint64_t)game->rounds);
	return truth_finish();
}

#endif
