/* SPDX-License-Identifier: BSD-2-Clause */
/* What this kernel and these privileges allow: the questions behind `fathom doctor`, and behind the
 * error when something cannot start. */
#ifndef FATHOM_COLLECT_PROBE_H
#define FATHOM_COLLECT_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum probe_status {
	PROBE_OK,
	PROBE_MISSING,	/* fathom cannot work without it */
	PROBE_DEGRADED, /* fathom works; something is lost */
};

struct probe_finding {
	char subject[48];
	enum probe_status status;
	char found[160];  /* what is there */
	char effect[200]; /* what is lost; "" when ok */
	char remedy[512]; /* how to get it; "" when ok or when there is no way */
};

#define PROBE_FINDINGS_MAX 32

/* Fills up to `room` findings and returns how many. Loads nothing into the kernel. */
size_t probe_all(struct probe_finding *findings, size_t room);

/* 0, or a negative errno and one line on the first thing that is missing and how to get it. */
int probe_requirements(struct error *error);

/* Fills in the first required tracepoint that the kernel lacks, and what is lost without it. False
 * if there is none. */
bool probe_missing_tracepoint(const char **name, const char **effect);

/* Does the kernel's BTF describe this tracepoint? */
bool probe_tracepoint(const char *name);

#endif
