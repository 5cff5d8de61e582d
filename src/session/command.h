/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting the command of `run` so that it can be brought under the watch before its first call. */
#ifndef FATHOM_SESSION_COMMAND_H
#define FATHOM_SESSION_COMMAND_H

#include <signal.h>
#include <sys/types.h>

#include "base/error.h"

struct command {
	pid_t pid;	/* -1 before and after */
	int go_fd;	/* closing it unwritten makes the child exit */
	int failure_fd; /* gives the errno of execve, or end of file when it succeeded */
};

/* Forks a child that waits. It has the caller's descriptors 0 to 2, environment and limits, and the
 * signal mask and action on SIGCHLD given. Call it early: the child's peak memory starts with what
 * the caller holds now. */
int command_spawn(const char *program, char **argv, const sigset_t *mask,
		  const struct sigaction *child_action, struct command *command,
		  struct error *error);

/* Lets the child call execve. 0, or execve's negative errno: the child is then gone and reaped. */
int command_release(struct command *command);

/* Sends a child away that has not been released. Harmless after that. */
void command_abandon(struct command *command);

#endif
