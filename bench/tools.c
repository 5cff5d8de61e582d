/* SPDX-License-Identifier: BSD-2-Clause */
/* See tools.h. */
#include "tools.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "floors.h"

#define READY_LIMIT_MS 20000
#define STOP_LIMIT_MS  20000
#define POLL_MS	       10
/* From the last program that was loaded to the last that was attached, with room to spare. */
#define SETTLE_MS  200
#define NO_PROGRAM 127 /* exit status when exec fails, as the shell's */

/* clang-format off */
const struct tool tools[TOOL_COUNT] = {
	[TOOL_FATHOM] = {
		.name = "fathom",
		.arguments = {"%f", "attach", "-p", "%p", "-q", "--format", "json", "-o", "%o"},
		.is_fathom = true,
		.call = "getppid",
	},
	[TOOL_FATHOM_PAIR] = {
		.name = "fathom",
		.arguments = {"%f", "attach", "-p", "%p,%q", "-q", "--format", "json", "-o", "%o"},
		.is_fathom = true,
		.members = {"voluntary_switches", "involuntary_switches"},
	},
	[TOOL_FATHOM_FAMILY] = {
		.name = "fathom",
		.arguments = {"%f", "attach", "--follow", "-p", "%p", "-q", "--format", "json", "-o", "%o"},
		.is_fathom = true,
		.members = {"processes"},
	},
	[TOOL_FATHOM_ELSEWHERE] = {
		.name = "fathom, of another process",
		.arguments = {"%f", "attach", "-p", "%x", "-q", "--format", "json", "-o", "%o"},
		.is_fathom = true,
	},
	[TOOL_STRACE] = {
		.name = "strace -c",
		.arguments = {"strace", "-c", "-o", "%o", "-p", "%p"},
		.ready = READY_PTRACE,
		.key = "getppid",
		.field = 4,
	},
	[TOOL_STRACE_FAMILY] = {
		.name = "strace -f -c",
		.arguments = {"strace", "-f", "-c", "-o", "%o", "-p", "%p"},
		.ready = READY_PTRACE,
		.key = "clone",
		.field = 4,
	},
	[TOOL_PERF_TRACE] = {
		.name = "perf trace -s",
		.arguments = {"perf", "trace", "-s", "-o", "%o", "-p", "%p"},
		.ready = READY_PERF,
		.key = "getppid",
		.field = 2,
	},
	[TOOL_PERF_TRACE_PAIR] = {
		.name = "perf trace -s",
		.arguments = {"perf", "trace", "-s", "-o", "%o", "-p", "%p,%q"},
		.ready = READY_PERF,
		.key = "write",
		.field = 2,
	},
	[TOOL_BPFTRACE_COUNT] = {
		.name = "bpftrace: count",
		.arguments = {"bpftrace", "-o", "%o", "-e",
			"tracepoint:raw_syscalls:sys_enter /pid == %p/ { @calls[pid, args->id] = count(); }"},
		.key = "@calls[%p, %n]:",
		.field = 3,
	},
	[TOOL_BPFTRACE_LATENCY] = {
		.name = "bpftrace: count, histogram",
		.arguments = {"bpftrace", "-o", "%o", "-e",
			"tracepoint:raw_syscalls:sys_enter /pid == %p/ { @from[tid] = nsecs; } "
			"tracepoint:raw_syscalls:sys_exit /@from[tid]/ { "
			"@calls[pid, args->id] = count(); "
			"@ns[pid, args->id] = hist(nsecs - @from[tid]); delete(@from[tid]); }"},
		.key = "@calls[%p, %n]:",
		.field = 3,
	},
	[TOOL_BPFTRACE_SWITCHES] = {
		.name = "bpftrace: count of switches",
		.arguments = {"bpftrace", "-o", "%o", "-e",
			"tracepoint:sched:sched_switch /pid == %p || pid == %q/ "
			"{ @switches[args->prev_pid] = count(); }"},
		.key = "@switches[",
		.field = 2,
	},
	[TOOL_SYSCOUNT] = {
		.name = "libbpf-tools syscount",
		.arguments = {"syscount", "-p", "%p"},
		.output_is_stdout = true,
		.key = "getppid",
		.field = 2,
	},
	[TOOL_SYSCOUNT_LATENCY] = {
		.name = "libbpf-tools syscount -L",
		.arguments = {"syscount", "-L", "-p", "%p"},
		.output_is_stdout = true,
		.key = "getppid",
		.field = 2,
	},
};
/* clang-format on */

void sleep_ms(unsigned milliseconds)
{
	struct timespec time = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};

	nanosleep(&time, NULL);
}

int wait_for_end(pid_t pid, unsigned limit_ms)
{
	int status;

	for (unsigned waited = 0; waited < limit_ms; waited += POLL_MS) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		sleep_ms(POLL_MS);
	}
	return -ETIMEDOUT;
}

static void redirect(const char *path, int flags, int to)
{
	int fd = open(path, flags, 0600);

	if (fd < 0 || dup2(fd, to) < 0)
		_exit(NO_PROGRAM);
	close(fd);
}

pid_t program_start(char *const *arguments, const char *output, const char *messages)
{
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? -errno : pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	redirect("/dev/null", O_RDONLY, STDIN_FILENO);
	redirect(output, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
	redirect(messages, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
	execvp(arguments[0], arguments);
	_exit(NO_PROGRAM);
}

void last_line(const char *path, char *line, size_t size)
{
	char text[1024];
	FILE *file = fopen(path, "re");

	line[0] = '\0';
	while (file && fgets(text, sizeof(text), file)) {
		text[strcspn(text, "\n")] = '\0';
		if (text[strspn(text, " \t")])
			snprintf(line, size, "%.*s", (int)size - 1, text);
	}
	if (file)
		fclose(file);
}

/* A text with its %x replaced. The result is the caller's. */
static char *expand(const char *text, const struct tool_run *run, const struct tool_target *target)
{
	char *result = NULL;
	size_t size;
	FILE *stream = open_memstream(&result, &size);

	if (!stream)
		return NULL;
	for (; *text; text++) {
		if (*text != '%') {
			fputc(*text, stream);
			continue;
		}
		switch (*++text) {
		case 'p':
			fprintf(stream, "%d", target->pid);
			break;
		case 'q':
			fprintf(stream, "%d", target->partner);
			break;
		case 'x':
			fprintf(stream, "%d", target->bystander);
			break;
		case 'n':
			fprintf(stream, "%d", SYS_getppid);
			break;
		case 'f':
			fputs(target->fathom, stream);
			break;
		case 'o':
			fputs(run->output, stream);
			break;
		default:
			abort(); /* the table above is wrong */
		}
	}
	fclose(stream);
	return result;
}

static bool has_tracer(pid_t pid)
{
	char path[64], line[256];
	int tracer = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	}
	if (file)
		fclose(file);
	return tracer != 0;
}

static bool has_perf_events(pid_t pid)
{
	char path[64], target[64];
	ssize_t length;

	for (int fd = 3; fd < 64; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
		length = readlink(path, target, sizeof(target) - 1);
		if (length < 0)
			continue;
		target[length] = '\0';
		if (strstr(target, "perf_event"))
			return true;
	}
	return false;
}

static bool is_ready(const struct tool_run *run, const struct tool_target *target, int tracers)
{
	switch (run->tool->ready) {
	case READY_BPF:
		return tracers > 0;
	case READY_PTRACE:
		return has_tracer(target->pid);
	case READY_PERF:
		return has_perf_events(run->pid);
	}
	return false;
}

static int say_how_ended(const struct tool_run *run, int status, struct error *error)
{
	char line[200];

	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM)
		return error_set(error, -ENOENT, "not installed");
	last_line(run->messages, line, sizeof(line));
	if (WIFSIGNALED(status))
		return error_set(error, -EIO, "ended by signal %d", WTERMSIG(status));
	return error_set(error, -EIO, "ended at once with status %d: %s", WEXITSTATUS(status),
			 line);
}

/* Ready, and then for a while nothing more was loaded. */
static int wait_until_ready(struct tool_run *run, const struct tool_target *target,
			    int tracers_before, struct error *error)
{
	unsigned settled = 0;
	int tracers, last = 0, status;

	for (unsigned waited = 0; waited < READY_LIMIT_MS; waited += POLL_MS) {
		if (waitpid(run->pid, &status, WNOHANG) == run->pid) {
			run->pid = 0;
			return say_how_ended(run, status, error);
		}
		tracers = tracers_count() - tracers_before;
		settled = is_ready(run, target, tracers) && tracers == last ? settled + POLL_MS : 0;
		if (settled >= SETTLE_MS)
			return 0;
		last = tracers;
		sleep_ms(POLL_MS);
	}
	return error_set(error, -ETIMEDOUT, "not watching after %d s", READY_LIMIT_MS / 1000);
}

int tool_start(struct tool_run *run, enum tool_id id, const struct tool_target *target,
	       struct error *error)
{
	char *arguments[TOOL_ARGUMENTS + 1] = {NULL};
	char printed[TOOL_PATH];
	int tracers = tracers_count();
	char *key;
	int code;

	*run = (struct tool_run){.tool = &tools[id]};
	snprintf(run->output, sizeof(run->output), "%s/output", target->directory);
	snprintf(run->messages, sizeof(run->messages), "%s/messages", target->directory);
	snprintf(printed, sizeof(printed), "%s/printed", target->directory);
	unlink(run->output);
	for (int i = 0; i < TOOL_ARGUMENTS && run->tool->arguments[i]; i++)
		arguments[i] = expand(run->tool->arguments[i], run, target);
	key = run->tool->key ? expand(run->tool->key, run, target) : NULL;
	snprintf(run->key, sizeof(run->key), "%s", key ? key : "");
	free(key);
	run->pid = program_start(arguments, run->tool->output_is_stdout ? run->output : printed,
				 run->messages);
	for (int i = 0; i < TOOL_ARGUMENTS; i++)
		free(arguments[i]);
	if (run->pid < 0)
		return error_set_errno(error, run->pid, "cannot start");
	code = wait_until_ready(run, target, tracers, error);
	if (code)
		tool_stop(run, NULL);
	return code;
}

int tool_stop(struct tool_run *run, struct error *error)
{
	char line[200];
	int status;

	if (run->pid <= 0)
		return 0;
	kill(run->pid, SIGINT);
	status = wait_for_end(run->pid, STOP_LIMIT_MS);
	if (status < 0) {
		kill(run->pid, SIGKILL);
		waitpid(run->pid, NULL, 0);
		run->pid = 0;
		return error_set(error, -ETIMEDOUT, "does not stop");
	}
	run->pid = 0;
	if (run->tool->is_fathom && status) {
		last_line(run->messages, line, sizeof(line));
		return error_set(error, -EIO, "wait status %#x: %s", (unsigned)status, line);
	}
	return 0;
}

double report_ledger_sum(const char *path, const char *const *members)
{
	struct json_object *report = json_object_from_file(path), *ledger, *value;
	double sum = 0;

	if (!json_object_object_get_ex(report, "ledger", &ledger))
		sum = -1;
	for (int i = 0; i < TOOL_MEMBERS && members[i] && sum >= 0; i++)
		sum = json_object_object_get_ex(ledger, members[i], &value)
			      ? sum + json_object_get_double(value)
			      : -1;
	json_object_put(report);
	return sum;
}

double report_call_count(const char *path, const char *call)
{
	struct json_object *report = json_object_from_file(path), *part, *value, *row;
	double count = 0;

	if (!json_object_object_get_ex(report, "syscalls", &part) ||
	    !json_object_object_get_ex(part, "table", &part)) {
		json_object_put(report);
		return -1;
	}
	for (size_t i = 0; i < json_object_array_length(part); i++) {
		row = json_object_array_get_idx(part, i);
		if (json_object_object_get_ex(row, "name", &value) &&
		    !strcmp(json_object_get_string(value), call) &&
		    json_object_object_get_ex(row, "count", &value))
			count += json_object_get_double(value);
	}
	json_object_put(report);
	return count;
}

/* The number in a field of a line, counted from 1, or 0. */
static double field_number(char *line, int field)
{
	char *rest = line, *word = NULL;

	for (int i = 0; i < field; i++)
		word = strtok_r(i ? NULL : line, " \t\n", &rest);
	return word && isdigit((unsigned char)*word) ? strtod(word, NULL) : 0;
}

double tool_seen(const struct tool_run *run)
{
	const struct tool *tool = run->tool;
	char line[1024];
	double count = 0;
	FILE *file;

	if (tool->call)
		return report_call_count(run->output, tool->call);
	if (tool->members[0])
		return report_ledger_sum(run->output, tool->members);
	if (!tool->key)
		return -1;
	file = fopen(run->output, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (strstr(line, run->key))
			count += field_number(line, tool->field);
	}
	if (file)
		fclose(file);
	return count;
}
