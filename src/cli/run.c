/* SPDX-License-Identifier: BSD-2-Clause */
/* `fathom run`: the options, and finding the command's file. */
#include <errno.h>
#include <paths.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/watch.h"

/* 0 if `path` can be executed, else why not, as execve(2) would say. */
static int check_executable(const char *path)
{
	struct stat status;

	if (stat(path, &status))
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	return access(path, X_OK) ? -errno : 0;
}

/* The search of execvp(3), done once here: trying each folder by execve would show in the report.
 */
static int find_program(const char *name, char *path, size_t size)
{
	const char *folders = getenv("PATH");
	int result = -ENOENT, found;

	if (strchr(name, '/')) {
		snprintf(path, size, "%s", name);
		return check_executable(path);
	}
	if (!folders)
		folders = _PATH_DEFPATH;
	for (const char *at = folders;; at++) {
		size_t length = strcspn(at, ":");

		/* An empty folder is the current one. */
		if (snprintf(path, size, "%.*s%s%s", (int)length, at, length ? "/" : "./", name) <
		    (int)size) {
			found = check_executable(path);
			if (found == 0)
				return 0;
			if (found == -EACCES)
				result = found;
		}
		at += length;
		if (!*at)
			return result;
	}
}

static int run(const struct subcommand *self, int argc, char **argv)
{
	struct watch_settings settings;
	struct error error;
	char program[4096];
	int rest, found;

	watch_settings_init(&settings);
	settings.session.collect.follow = true;
	switch (options_parse(self, argc, argv, &settings, &rest)) {
	case OPTIONS_HELP:
		return 0;
	case OPTIONS_ERROR:
		return STATUS_FAILED;
	case OPTIONS_OK:
		break;
	}
	if (rest == argc) {
		fprintf(stderr, "fathom run: no command given (see fathom run --help)\n");
		return STATUS_FAILED;
	}
	found = argv[rest][0] ? find_program(argv[rest], program, sizeof(program)) : -ENOENT;
	if (found) {
		if (found == -ENOENT)
			error_set(&error, found, "no such command: '%.300s'", argv[rest]);
		else
			error_set_errno(&error, found, "cannot run '%.300s'", argv[rest]);
		print_error(&error);
		return found == -ENOENT || found == -ENOTDIR ? STATUS_NOT_FOUND
							     : STATUS_NOT_EXECUTABLE;
	}
	settings.session.program = program;
	settings.session.argv = argv + rest;
	return watch_run(&settings, stderr);
}

static const struct option_row OPTIONS[] = {WATCH_OPTION_ROWS};

static const char *const EXAMPLES[] = {
	"fathom run -- make -j4",
	"fathom run --format json -o report.json -- ./server --once",
	"fathom run --syscall %file_io -- tar czf /tmp/doc.tgz /usr/share/doc",
	NULL,
};

const struct subcommand SUBCOMMAND_RUN = {
	.name = "run",
	.usage = "[OPTION…] [--] COMMAND [ARGUMENT…]",
	.summary = "Run a command and say where its time went, and that of all it starts",
	.details =
		"The report goes to stderr or to -o; the command keeps stdin, stdout and stderr to "
		"itself.\nThe exit status is the command's (128+N for signal N), 125 if fathom "
		"failed, "
		"126 or 127\nif the command could not be run.",
	.examples = EXAMPLES,
	.options = OPTIONS,
	.run = run,
};
