/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command-line options as data: one table per subcommand drives parsing and --help alike. What an
 * option means is in the function its row names.
 */
#ifndef FATHOM_CLI_OPTIONS_H
#define FATHOM_CLI_OPTIONS_H

#include <stdint.h>

#include "base/error.h"

struct option_row {
	char letter;	      /* 0: none */
	const char *name;     /* without the dashes; NULL ends the table */
	const char *argument; /* what to call its argument in the help; NULL: it takes none */
	const char *help;
	/* Stores the value. 0, or a negative errno with a line. `value` is NULL without an
	 * argument. */
	int (*store)(void *settings, const char *value, struct error *error);
};

struct subcommand {
	const char *name;
	const char *usage;		  /* what follows the name */
	const char *summary;		  /* half a line, for the list of subcommands */
	const char *details;		  /* a paragraph, or NULL */
	const char *const *examples;	  /* NULL-terminated */
	const struct option_row *options; /* without --help, which all have */
	/* Returns the exit status. */
	int (*run)(const struct subcommand *self, int argc, char **argv);
};

extern const struct subcommand SUBCOMMAND_RUN;
extern const struct subcommand SUBCOMMAND_ATTACH;
extern const struct subcommand SUBCOMMAND_DOCTOR;
extern const struct subcommand SUBCOMMAND_REPORT;

enum options_result {
	OPTIONS_OK,
	OPTIONS_HELP,  /* --help was printed */
	OPTIONS_ERROR, /* the error was printed */
};

/* Reads options up to the first word that is none, whose index goes to *rest. */
enum options_result options_parse(const struct subcommand *self, int argc, char **argv,
				  void *settings, int *rest);

/* "fathom: …" on stderr, in one line. */
void print_error(const struct error *error);

/* "1.5s", "200ms", "2m", "3" (seconds) to ns. 0, or -EINVAL with a line that names `what`. */
int parse_duration(const char *text, const char *what, uint64_t *ns, struct error *error);

/* A whole number from `least` to `most`. */
int parse_number(const char *text, const char *what, uint64_t least, uint64_t most,
		 uint64_t *number, struct error *error);

#endif
