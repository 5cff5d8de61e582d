/* SPDX-License-Identifier: BSD-2-Clause */
/* `fathom report`: the description of the report format. */
#include <stdio.h>

#include "cli/options.h"
#include "export/exporter.h"

static int store_schema(void *settings, const char *value, struct error *error)
{
	(void)value;
	(void)error;
	*(bool *)settings = true;
	return 0;
}

static int run(const struct subcommand *self, int argc, char **argv)
{
	bool schema = false;
	int rest;

	switch (options_parse(self, argc, argv, &schema, &rest)) {
	case OPTIONS_HELP:
		return 0;
	case OPTIONS_ERROR:
		return 2;
	case OPTIONS_OK:
		break;
	}
	if (!schema || rest < argc) {
		fprintf(stderr,
			"fathom report: only --schema is understood (see fathom report --help)\n");
		return 2;
	}
	if (fputs(REPORT_SCHEMA, stdout) < 0 || fflush(stdout)) {
		perror("fathom report: cannot write the schema");
		return 1;
	}
	return 0;
}

static const struct option_row OPTIONS[] = {
	{0, "schema", NULL, "print the JSON Schema of fathom.report/1", store_schema},
	{0},
};

static const char *const EXAMPLES[] = {"fathom report --schema > report-1.schema.json", NULL};

const struct subcommand SUBCOMMAND_REPORT = {
	.name = "report",
	.usage = "--schema",
	.summary = "Describe the JSON report",
	.examples = EXAMPLES,
	.options = OPTIONS,
	.run = run,
};
