/* SPDX-License-Identifier: BSD-2-Clause */
/* See watch.h. */
#include "cli/watch.h"

#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define COLUMNS_DEFAULT 80
#define COLUMNS_MOST	160
#define TABLE_MOST	(CELL_INDEX_LIMIT - 1024)

void watch_settings_init(struct watch_settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	settings->session.started_ns = clock_monotonic_ns();
	settings->format = &EXPORTER_TEXT;
}

int watch_store_output(void *settings, const char *value, struct error *error)
{
	(void)error;
	((struct watch_settings *)settings)->output_path = value;
	return 0;
}

int watch_store_format(void *settings, const char *value, struct error *error)
{
	const struct exporter_ops *format = exporter_find(value);
	char names[128] = "";

	if (!format) {
		for (size_t i = 0; exporter_at(i); i++) {
			size_t used = strlen(names);

			snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
				 exporter_at(i)->name);
		}
		return error_set(error, -EINVAL, "unknown format '%.40s' (there are: %s)", value,
				 names);
	}
	((struct watch_settings *)settings)->format = format;
	return 0;
}

int watch_store_calls(void *settings, const char *value, struct error *error)
{
	struct watch_settings *watch = settings;

	watch->session.collect.selected = watch->selected;
	return session_select_calls(value, watch->selected, error);
}

int watch_store_strict(void *settings, const char *value, struct error *error)
{
	(void)value;
	(void)error;
	((struct watch_settings *)settings)->strict = true;
	return 0;
}

int watch_store_quiet(void *settings, const char *value, struct error *error)
{
	(void)value;
	(void)error;
	((struct watch_settings *)settings)->quiet = true;
	return 0;
}

static int store_table_size(const char *value, const char *what, uint32_t *size,
			    struct error *error)
{
	uint64_t number;
	int result = parse_number(value, what, 1, TABLE_MOST, &number, error);

	if (!result)
		*size = (uint32_t)number;
	return result;
}

int watch_store_processes(void *settings, const char *value, struct error *error)
{
	struct watch_settings *watch = settings;

	return store_table_size(value, "--max-processes", &watch->session.collect.process_max,
				error);
}

int watch_store_cells(void *settings, const char *value, struct error *error)
{
	struct watch_settings *watch = settings;

	return store_table_size(value, "--max-cells", &watch->session.collect.cell_max, error);
}

int watch_store_errnos(void *settings, const char *value, struct error *error)
{
	struct watch_settings *watch = settings;

	return store_table_size(value, "--max-errnos", &watch->session.collect.errno_max, error);
}

static struct export_style style_of(FILE *stream)
{
	struct export_style style = {
		.columns = COLUMNS_DEFAULT,
		.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
	};
	const char *no_color = getenv("NO_COLOR");
	struct winsize size;

	if (!isatty(fileno(stream)))
		return style;
	style.color = !no_color || !no_color[0];
	if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= COLUMNS_DEFAULT)
		style.columns = size.ws_col < COLUMNS_MOST ? size.ws_col : COLUMNS_MOST;
	return style;
}

/* The command's own status, as a shell would give it; 0 for attach. */
static int status_of(const struct profile *profile)
{
	int status = profile->command.wait_status;

	if (!profile->command.ended)
		return 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int report(const struct watch_settings *settings, const struct profile *profile,
		  struct output *output)
{
	struct export_style style = style_of(output->stream);
	struct error error = {0};

	if (settings->format->write(profile, &style, output->stream)) {
		output_abort(output);
		error_set_errno(&error, -ENOMEM, "writing the report");
	} else if (output_commit(output, &error) == 0) {
		return 0;
	}
	print_error(&error);
	return STATUS_FAILED;
}

/*
 * Blocks what the session is to read, and SIGPIPE, so that a closed pipe is an error code. What
 * fathom was started to ignore, as nohup and background jobs are, stays ignored. An ignored SIGCHLD
 * would have the kernel reap the command unseen.
 */
static void take_signals(struct session_options *session)
{
	static const int WANTED[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
	struct sigaction action, standard = {.sa_handler = SIG_DFL};
	sigset_t blocked;

	sigemptyset(&session->signals);
	for (size_t i = 0; i < sizeof(WANTED) / sizeof(*WANTED); i++) {
		if (sigaction(WANTED[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&session->signals, WANTED[i]);
	}
	sigaddset(&session->signals, SIGCHLD);
	sigaction(SIGCHLD, &standard, &session->original_child_action);
	blocked = session->signals;
	sigaddset(&blocked, SIGPIPE);
	sigprocmask(SIG_BLOCK, &blocked, &session->original_mask);
}

int watch_run(struct watch_settings *settings, FILE *fallback)
{
	struct profile *profile = NULL;
	struct output output = {0};
	struct error error = {0};
	bool wanted = !settings->quiet || settings->output_path;
	uint64_t lost;
	int status;

	take_signals(&settings->session);
	if (wanted && output_open(&output, settings->output_path, fallback, &error)) {
		print_error(&error);
		return STATUS_FAILED;
	}
	if (session_run(&settings->session, &profile, &status, &error)) {
		output_abort(&output);
		print_error(&error);
		return status;
	}
	status = status_of(profile);
	lost = profile_loss_count(profile);
	if (wanted && report(settings, profile, &output))
		status = STATUS_FAILED;
	if (settings->strict && lost) {
		error_set(&error, -EIO, "--strict: %llu losses; the report says which",
			  (unsigned long long)lost);
		print_error(&error);
		status = STATUS_FAILED;
	}
	profile_free(profile);
	return status;
}
