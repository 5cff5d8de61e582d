/* SPDX-License-Identifier: BSD-2-Clause */
/* See command.h. */
#include "session/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHELL		"/bin/sh"
#define ASLEEP_PAUSE_NS 100000
#define ASLEEP_PAUSES	100

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A script without a #! line is the shell's, as execvp(3) and every shell have it. */
static void exec_by_shell(const char *program, char **argv)
{
	size_t count = 0;
	char **words;

	while (argv[count])
		count++;
	words = calloc(count + 2, sizeof(*words));
	if (!words)
		return;
	words[0] = (char *)SHELL;
	words[1] = (char *)program;
	for (size_t i = 1; i < count; i++)
		words[i + 1] = argv[i];
	execve(SHELL, words, environ);
}

static _Noreturn void run_child(const char *program, char **argv, const sigset_t *mask,
				const struct sigaction *child_action, int go_fd, int failure_fd)
{
	ssize_t got;
	int failure;
	char go;

	do
		got = read(go_fd, &go, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1)
		_exit(125);
	sigaction(SIGCHLD, child_action, NULL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execve(program, argv, environ);
	if (errno == ENOEXEC)
		exec_by_shell(program, argv);
	failure = errno;
	got = write(failure_fd, &failure, sizeof(failure));
	_exit(got == sizeof(failure) ? 126 : 125);
}

/* Gives the child the CPU until it waits for the go, so that what the kernel's own accounts hold of
 * the time before its execve is next to nothing. Not more than a courtesy: a child that does not
 * get there in time is not waited for. */
static void await_asleep(pid_t pid)
{
	struct timespec pause = {.tv_nsec = ASLEEP_PAUSE_NS};
	char path[64], line[512], *after;
	FILE *file;
	bool asleep = false;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (unsigned i = 0; i < ASLEEP_PAUSES && !asleep; i++) {
		nanosleep(&pause, NULL);
		file = fopen(path, "re");
		if (!file)
			return;
		after = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
		asleep = after && strncmp(after, ") S", 3) == 0;
		fclose(file);
	}
}

int command_spawn(const char *program, char **argv, const sigset_t *mask,
		  const struct sigaction *child_action, struct command *command,
		  struct error *error)
{
	int go[2], failure[2];
	int code;

	*command = (struct command){.pid = -1, .go_fd = -1, .failure_fd = -1};
	if (pipe2(go, O_CLOEXEC))
		return error_set_errno(error, -errno, "making a pipe");
	if (pipe2(failure, O_CLOEXEC)) {
		code = error_set_errno(error, -errno, "making a pipe");
		close(go[0]);
		close(go[1]);
		return code;
	}
	command->pid = fork();
	if (command->pid == 0) {
		close(go[1]);
		close(failure[0]);
		run_child(program, argv, mask, child_action, go[0], failure[1]);
	}
	code = errno;
	close(go[0]);
	close(failure[1]);
	command->go_fd = go[1];
	command->failure_fd = failure[0];
	if (command->pid < 0) {
		command_abandon(command);
		return error_set_errno(error, -code, "starting a process");
	}
	await_asleep(command->pid);
	return 0;
}

static void reap(struct command *command)
{
	while (waitpid(command->pid, NULL, 0) < 0 && errno == EINTR)
		;
	command->pid = -1;
}

int command_release(struct command *command)
{
	int failure = 0;
	ssize_t got;

	if (write(command->go_fd, "g", 1) != 1)
		failure = errno;
	close_fd(&command->go_fd);
	do
		got = read(command->failure_fd, &failure, sizeof(failure));
	while (got < 0 && errno == EINTR);
	close_fd(&command->failure_fd);
	if (got == sizeof(failure))
		reap(command);
	return got == sizeof(failure) ? -failure : 0;
}

void command_abandon(struct command *command)
{
	if (command->go_fd >= 0 && command->pid > 0) {
		close_fd(&command->go_fd);
		reap(command);
	}
	close_fd(&command->go_fd);
	close_fd(&command->failure_fd);
}
