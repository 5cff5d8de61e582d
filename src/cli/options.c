/* SPDX-License-Identifier: BSD-2-Clause */
/* See options.h. */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "export/words.h"

#define OPTIONS_MAX  40
#define LONG_BASE    1000 /* getopt_long's value for row i of the table */
#define LONG_HELP    (LONG_BASE + OPTIONS_MAX)
#define HELP_COLUMNS 28

void print_error(const struct error *error)
{
	char clean[4 * ERROR_TEXT_SIZE];

	/* What was typed stands in it, and whatever that holds must not reach the terminal. */
	fprintf(stderr, "fathom: %s\n",
		error->text[0] ? word_printable(error->text, 1, clean, sizeof(clean)) : "failed");
}

static void print_help(const struct subcommand *self)
{
	char left[64];

	printf("Usage: fathom %s %s\n\n%s.\n", self->name, self->usage, self->summary);
	if (self->details)
		printf("%s\n", self->details);
	printf("\nOptions:\n");
	for (const struct option_row *row = self->options; row && row->name; row++) {
		char letter[8] = "    ";

		if (row->letter)
			snprintf(letter, sizeof(letter), "-%c, ", row->letter);
		snprintf(left, sizeof(left), "  %s--%s%s%s", letter, row->name,
			 row->argument ? " " : "", row->argument ? row->argument : "");
		printf("%-*s%s%s\n", HELP_COLUMNS, left, strlen(left) >= HELP_COLUMNS ? "  " : "",
		       row->help);
	}
	printf("%-*s%s\n", HELP_COLUMNS, "  -h, --help", "this text");
	if (self->examples)
		printf("\nExamples:\n");
	for (const char *const *example = self->examples; example && *example; example++)
		printf("  %s\n", *example);
}

static int usage_error(const struct subcommand *self, const char *what, const char *option)
{
	char clean[512];

	fprintf(stderr, "fathom %s: %s '%s' (see fathom %s --help)\n", self->name, what,
		word_printable(option, 1, clean, sizeof(clean)), self->name);
	return OPTIONS_ERROR;
}

/* The option as it was written, for messages. */
static const char *written(char **argv, char *room, size_t size)
{
	if (optopt && optopt < LONG_BASE) {
		snprintf(room, size, "-%c", optopt);
		return room;
	}
	return argv[optind - 1];
}

enum options_result options_parse(const struct subcommand *self, int argc, char **argv,
				  void *settings, int *rest)
{
	struct option longs[OPTIONS_MAX + 2] = {0};
	char shorts[2 * OPTIONS_MAX + 8] = "+:h", room[8];
	const struct option_row *rows = self->options;
	size_t count = 0;
	struct error error = {0};
	int found;

	for (; rows && rows[count].name && count < OPTIONS_MAX; count++) {
		char letter[3] = {rows[count].letter, rows[count].argument ? ':' : '\0', '\0'};

		longs[count] = (struct option){
			.name = rows[count].name,
			.has_arg = rows[count].argument ? required_argument : no_argument,
			.val = LONG_BASE + (int)count,
		};
		if (letter[0])
			strcat(shorts, letter);
	}
	longs[count] = (struct option){.name = "help", .val = LONG_HELP};
	opterr = 0;
	optind = 1;
	while ((found = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		size_t at = 0;

		if (found == 'h' || found == LONG_HELP) {
			print_help(self);
			return OPTIONS_HELP;
		}
		if (found == ':')
			return usage_error(self, "an argument is missing after",
					   written(argv, room, sizeof(room)));
		if (found == '?')
			return usage_error(self, "unknown option",
					   written(argv, room, sizeof(room)));
		if (found >= LONG_BASE)
			at = (size_t)(found - LONG_BASE);
		else
			while (rows[at].letter != found)
				at++;
		if (rows[at].store(settings, optarg, &error)) {
			print_error(&error);
			return OPTIONS_ERROR;
		}
	}
	*rest = optind;
	return OPTIONS_OK;
}

int parse_number(const char *text, const char *what, uint64_t least, uint64_t most,
		 uint64_t *number, struct error *error)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] < '0' || text[0] > '9' || *number < least ||
	    *number > most)
		return error_set(error, -EINVAL,
				 "%s must be a whole number from %llu to %llu, not '%.40s'", what,
				 (unsigned long long)least, (unsigned long long)most, text);
	return 0;
}

int parse_duration(const char *text, const char *what, uint64_t *ns, struct error *error)
{
	static const struct {
		const char *unit;
		double ns;
	} UNITS[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"m", 60e9}, {"h", 3600e9}};
	const double most = 1e18; /* 31 years */
	char *end;
	double value = strtod(text, &end);

	/* strtod(3) takes more than people mean by a number: signs, spaces, hexadecimal. */
	if (strspn(text, "0123456789.") != (size_t)(end - text))
		end = (char *)text;
	for (size_t i = 0; end != text && i < sizeof(UNITS) / sizeof(*UNITS); i++) {
		if (strcmp(end, UNITS[i].unit) != 0)
			continue;
		value *= UNITS[i].ns;
		if (!isfinite(value) || value < 1 || value > most)
			break;
		*ns = (uint64_t)value;
		return 0;
	}
	return error_set(error, -EINVAL, "%s must be a time like 5, 1.5s, 200ms or 2m, not '%.40s'",
			 what, text);
}
