/* SPDX-License-Identifier: BSD-2-Clause */
/* `fathom attach`: the options that say what to watch. */
#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/watch.h"
#include "collect/cgroup.h"

#define PIDS_MAX 512 /* each takes a descriptor */

struct attach_settings {
	struct watch_settings watch; /* first: the shared options store into it */
	pid_t pids[PIDS_MAX];
	char target[256]; /* what was asked for, in words */
};

static int say_target(struct attach_settings *settings, const char *what, const char *value)
{
	size_t used = strlen(settings->target);

	snprintf(settings->target + used, sizeof(settings->target) - used, "%s%s%s%s",
		 used ? ", " : "", what, value ? " " : "", value ? value : "");
	return 0;
}

/* The thread-group leader of a PID, or -ESRCH. */
static pid_t leader_of(pid_t pid)
{
	char path[64], line[128];
	int leader = -ESRCH;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = fopen(path, "re");
	if (!status)
		return -ESRCH;
	while (fgets(line, sizeof(line), status)) {
		if (strncmp(line, "State:\tZ", 8) == 0)
			break; /* a zombie: it has ended */
		if (sscanf(line, "Tgid: %d", &leader) == 1)
			break;
	}
	fclose(status);
	return leader;
}

static int store_pid(void *context, const char *value, struct error *error)
{
	struct attach_settings *settings = context;
	struct session_options *session = &settings->watch.session;
	char *words = strdup(value), *rest = words, *word;
	uint64_t number;
	int result = words ? 0 : error_set_errno(error, -ENOMEM, "reading -p");

	while (!result && (word = strsep(&rest, ", "))) {
		pid_t leader;

		if (!*word)
			continue;
		result = parse_number(word, "a process id", 1, INT32_MAX, &number, error);
		if (result)
			break;
		leader = leader_of((pid_t)number);
		if (leader < 0)
			result = error_set(error, -ESRCH, "no such process: %.20s", word);
		else if (leader != (pid_t)number)
			result = error_set(error, -EINVAL,
					   "%.20s is a thread of process %d: give that", word,
					   leader);
		else if (session->pid_count == PIDS_MAX)
			result = error_set(error, -E2BIG, "more than %d processes", PIDS_MAX);
		else
			settings->pids[session->pid_count++] = leader;
	}
	free(words);
	if (!result && !session->pid_count)
		result = error_set(error, -EINVAL, "-p needs a process id");
	return result ? result : say_target(settings, "process", value);
}

static int set_filter(struct attach_settings *settings, enum watch_filter filter,
		      struct error *error)
{
	enum watch_filter *chosen = &settings->watch.session.collect.filter;

	if (*chosen != WATCH_NAMED)
		return error_set(
			error, -EINVAL,
			"only one of --comm, --cgroup, --user and --all can be given, once");
	*chosen = filter;
	return 0;
}

static int store_comm(void *context, const char *value, struct error *error)
{
	struct attach_settings *settings = context;

	if (!value[0])
		return error_set(error, -EINVAL, "--comm needs a name");
	settings->watch.session.collect.comm = value;
	say_target(settings, "command", value);
	return set_filter(settings, WATCH_COMM, error);
}

static int store_cgroup(void *context, const char *value, struct error *error)
{
	struct attach_settings *settings = context;
	int result = cgroup_find(value, &settings->watch.session.collect.cgroup_id, error);

	say_target(settings, "cgroup", value);
	return result ? result : set_filter(settings, WATCH_CGROUP, error);
}

static int store_user(void *context, const char *value, struct error *error)
{
	struct attach_settings *settings = context;
	struct passwd *user = getpwnam(value);
	uint64_t number;

	if (user)
		settings->watch.session.collect.uid = user->pw_uid;
	else if (isdigit((unsigned char)value[0]) &&
		 parse_number(value, "a user id", 0, UINT32_MAX - 1, &number, error) == 0)
		settings->watch.session.collect.uid = (uid_t)number;
	else
		return error_set(error, -EINVAL, "no such user: '%.80s'", value);
	say_target(settings, "user", value);
	return set_filter(settings, WATCH_USER, error);
}

static int store_all(void *context, const char *value, struct error *error)
{
	struct attach_settings *settings = context;

	say_target(settings, "all processes", value);
	return set_filter(settings, WATCH_ALL, error);
}

static int store_duration(void *context, const char *value, struct error *error)
{
	struct attach_settings *settings = context;

	return parse_duration(value, "--duration", &settings->watch.session.duration_ns, error);
}

static int store_follow(void *context, const char *value, struct error *error)
{
	(void)value;
	(void)error;
	((struct attach_settings *)context)->watch.session.collect.follow = true;
	return 0;
}

static int store_kernel_threads(void *context, const char *value, struct error *error)
{
	(void)value;
	(void)error;
	((struct attach_settings *)context)->watch.session.collect.kernel_threads = true;
	return 0;
}

static int run(const struct subcommand *self, int argc, char **argv)
{
	struct attach_settings *settings = calloc(1, sizeof(*settings));
	struct session_options *session;
	enum options_result parsed;
	int rest, status = STATUS_FAILED;

	if (!settings)
		return STATUS_FAILED;
	watch_settings_init(&settings->watch);
	session = &settings->watch.session;
	parsed = options_parse(self, argc, argv, settings, &rest);
	if (parsed == OPTIONS_HELP) {
		status = 0;
	} else if (parsed == OPTIONS_OK && rest < argc) {
		struct error error;

		error_set(&error, -EINVAL, "unexpected word '%.80s' (see fathom attach --help)",
			  argv[rest]);
		print_error(&error);
	} else if (parsed == OPTIONS_OK && !session->pid_count &&
		   session->collect.filter == WATCH_NAMED) {
		fprintf(stderr,
			"fathom attach: what to watch? Give -p, --comm, --cgroup, --user or "
			"--all (see fathom attach --help)\n");
	} else if (parsed == OPTIONS_OK) {
		session->pids = settings->pids;
		session->target = settings->target;
		status = watch_run(&settings->watch, stdout);
	}
	free(settings);
	return status;
}

static const struct option_row OPTIONS[] = {
	{'p', "pid", "PID,…", "watch these processes, all their threads", store_pid},
	{0, "comm", "NAME", "watch every process of this name, now and later", store_comm},
	{0, "cgroup", "PATH", "watch a v2 cgroup and those below it", store_cgroup},
	{0, "user", "USER", "watch the processes of a user, by name or id", store_user},
	{0, "all", NULL, "watch the whole host", store_all},
	{'d', "duration", "TIME", "stop after TIME: 5, 1.5s, 200ms, 2m", store_duration},
	{'f', "follow", NULL, "watch children of watched processes too", store_follow},
	{0, "kernel-threads", NULL, "let --all and --cgroup take kernel threads too",
	 store_kernel_threads},
	WATCH_OPTION_ROWS,
};

static const char *const EXAMPLES[] = {
	"fathom attach -p 4711 -d 10",
	"fathom attach --comm postgres -d 30s --format json -o pg.json",
	"fathom attach --all -d 5",
	NULL,
};

const struct subcommand SUBCOMMAND_ATTACH = {
	.name = "attach",
	.usage = "-p PID,… | --comm NAME | --cgroup PATH | --user USER | --all [OPTION…]",
	.summary = "Say where the time of running processes goes",
	.details =
		"Watches until TIME is over, the named processes have ended, or Ctrl-C; then "
		"reports on stdout\nor to -o. The watched processes are not stopped, signalled or "
		"changed.",
	.examples = EXAMPLES,
	.options = OPTIONS,
	.run = run,
};
