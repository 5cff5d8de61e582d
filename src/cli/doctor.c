/* SPDX-License-Identifier: BSD-2-Clause */
/* `fathom doctor`: what this kernel and these privileges allow, and what to do about the rest. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "collect/collector.h"
#include "collect/probe.h"

static void print_finding(const struct probe_finding *finding)
{
	static const char *const MARKS[] = {
		[PROBE_OK] = "ok", [PROBE_MISSING] = "MISSING", [PROBE_DEGRADED] = "limited"};

	printf("%-8s %-22s %s\n", MARKS[finding->status], finding->subject, finding->found);
	if (finding->effect[0])
		printf("%-8s %-22s lost: %s\n", "", "", finding->effect);
	if (finding->remedy[0])
		printf("%-8s %-22s to get it: %s\n", "", "", finding->remedy);
}

/* The proof of the pudding: the kernel side, loaded, attached and taken away again. */
static bool try_loading(void)
{
	struct collector_options options = {.filter = WATCH_NAMED};
	struct probe_finding finding = {.subject = "load and attach"};
	struct collector *collector = NULL;
	struct error error = {0};

	if (collector_open(&options, &collector, &error) == 0) {
		snprintf(finding.found, sizeof(finding.found), "all programs accepted");
	} else {
		finding.status = PROBE_MISSING;
		snprintf(finding.found, sizeof(finding.found), "failed");
		snprintf(finding.effect, sizeof(finding.effect), "%.190s", error.text);
	}
	collector_close(collector);
	print_finding(&finding);
	return finding.status == PROBE_OK;
}

static int run(const struct subcommand *self, int argc, char **argv)
{
	struct probe_finding findings[PROBE_FINDINGS_MAX];
	size_t count, missing = 0, limited = 0;
	struct error error;
	bool works;
	int rest;

	switch (options_parse(self, argc, argv, NULL, &rest)) {
	case OPTIONS_HELP:
		return 0;
	case OPTIONS_ERROR:
		return 2;
	case OPTIONS_OK:
		break;
	}
	if (rest < argc) {
		error_set(&error, -EINVAL, "unexpected word '%.80s' (see fathom doctor --help)",
			  argv[rest]);
		print_error(&error);
		return 2;
	}
	count = probe_all(findings, PROBE_FINDINGS_MAX);
	for (size_t i = 0; i < count; i++) {
		print_finding(&findings[i]);
		missing += findings[i].status == PROBE_MISSING;
		limited += findings[i].status == PROBE_DEGRADED;
	}
	works = missing == 0 && try_loading();
	printf("\n%s\n", !works	   ? "fathom does not work here; see MISSING above."
			 : limited ? "fathom works here, with the limits above."
				   : "fathom works here.");
	if (fflush(stdout)) {
		error_set_errno(&error, -errno, "cannot write the findings");
		print_error(&error);
		return 1;
	}
	return works ? 0 : 1;
}

static const struct option_row OPTIONS[] = {{0}};

const struct subcommand SUBCOMMAND_DOCTOR = {
	.name = "doctor",
	.usage = "",
	.summary = "Say what this kernel and these privileges allow, and how to get the rest",
	.details = "The exit status is 0 if fathom works here, 1 if it does not.",
	.options = OPTIONS,
	.run = run,
};
