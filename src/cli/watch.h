/* SPDX-License-Identifier: BSD-2-Clause */
/* What `run` and `attach` have in common: their shared options, and the way from there to a report.
 */
#ifndef FATHOM_CLI_WATCH_H
#define FATHOM_CLI_WATCH_H

#include "cli/options.h"
#include "export/exporter.h"
#include "session/output.h"
#include "session/session.h"

struct watch_settings {
	struct session_options session;
	const struct exporter_ops *format;
	const char *output_path;
	bool strict;
	bool quiet;
	uint8_t selected[CALL_ABI_COUNT * CALL_TABLE_SIZE];
};

void watch_settings_init(struct watch_settings *settings);

/* Rows for the shared options; a subcommand's table begins with its own and ends with these. */
#define WATCH_OPTION_ROWS                                                                          \
	{'o', "output", "FILE", "write the report to FILE", watch_store_output},                   \
		{0, "format", "FORMAT", "text, json or csv", watch_store_format},                  \
		{0, "syscall", "LIST", "own rows only for these: read,%network,!poll",             \
		 watch_store_calls},                                                               \
		{0, "strict", NULL, "exit with 125 if anything was lost", watch_store_strict},     \
		{'q', "quiet", NULL, "no report unless -o is given", watch_store_quiet},           \
		{0, "max-processes", "N", "room for N processes at once (16384)",                  \
		 watch_store_processes},                                                           \
		{0, "max-cells", "N", "room for N rows of (process, system call) (16384)",         \
		 watch_store_cells},                                                               \
		{0, "max-errnos", "N", "room for N rows of (process, call, errno) (16384)",        \
		 watch_store_errnos},                                                              \
	{                                                                                          \
		0                                                                                  \
	}

int watch_store_output(void *settings, const char *value, struct error *error);
int watch_store_format(void *settings, const char *value, struct error *error);
int watch_store_calls(void *settings, const char *value, struct error *error);
int watch_store_strict(void *settings, const char *value, struct error *error);
int watch_store_quiet(void *settings, const char *value, struct error *error);
int watch_store_processes(void *settings, const char *value, struct error *error);
int watch_store_cells(void *settings, const char *value, struct error *error);
int watch_store_errnos(void *settings, const char *value, struct error *error);

/* Does it all: output, session, report. Returns the exit status. `fallback` is where the report
 * goes without -o. */
int watch_run(struct watch_settings *settings, FILE *fallback);

#endif
