/* SPDX-License-Identifier: BSD-2-Clause */
/* The way into the program: picks the subcommand. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/options.h"

static const struct subcommand *const SUBCOMMANDS[] = {
	&SUBCOMMAND_RUN,
	&SUBCOMMAND_ATTACH,
	&SUBCOMMAND_DOCTOR,
	&SUBCOMMAND_REPORT,
};

#define COUNT (sizeof(SUBCOMMANDS) / sizeof(*SUBCOMMANDS))

static void print_usage(FILE *out)
{
	fputs("Usage: fathom COMMAND [OPTION…]\n\n"
	      "Where did the time go? fathom accounts for every nanosecond of every thread it\n"
	      "watches: computing, in system calls, waiting for a CPU, blocked and on what.\n\n"
	      "Commands:\n",
	      out);
	for (size_t i = 0; i < COUNT; i++)
		fprintf(out, "  %-8s  %s\n", SUBCOMMANDS[i]->name, SUBCOMMANDS[i]->summary);
	fputs("\n'fathom COMMAND --help' says more. First steps:\n"
	      "  fathom run -- make -j4\n"
	      "  fathom attach -p PID -d 10\n"
	      "  fathom doctor\n",
	      out);
}

int main(int argc, char **argv)
{
	struct error error;

	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		print_usage(stderr);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("fathom " FATHOM_VERSION);
		return 0;
	}
	for (size_t i = 0; i < COUNT; i++) {
		if (strcmp(argv[1], SUBCOMMANDS[i]->name) == 0)
			return SUBCOMMANDS[i]->run(SUBCOMMANDS[i], argc - 1, argv + 1);
	}
	error_set(&error, -EINVAL, "unknown %s '%.80s' (see fathom --help)",
		  argv[1][0] == '-' ? "option" : "command", argv[1]);
	print_error(&error);
	return 2;
}
