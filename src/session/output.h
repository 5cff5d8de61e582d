/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a report goes. A regular file appears under its name only when it is whole: until then it
 * is a temporary one beside it. Pipes, terminals and devices are written to directly.
 */
#ifndef FATHOM_SESSION_OUTPUT_H
#define FATHOM_SESSION_OUTPUT_H

#include <stdio.h>

#include "base/error.h"

struct output {
	FILE *stream;
	char *path;	 /* NULL for a stream that was there already */
	char *temporary; /* NULL when writing directly */
};

/* Opens `path`, or takes `fallback` when it is NULL. Done before the work, so that a report that
 * cannot be written is known before it has cost anything. */
int output_open(struct output *output, const char *path, FILE *fallback, struct error *error);

/* Flushes, checks, and gives the file its name. On failure nothing is left behind. */
int output_commit(struct output *output, struct error *error);

/* Leaves nothing behind. Harmless after output_commit(). */
void output_abort(struct output *output);

#endif
