/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of output formats. A new format is one file with one `struct exporter_ops` and one row
 * in exporter.c. An exporter only writes to the stream it is given: opening, closing and checking
 * it for errors is the session's business.
 */
#ifndef FATHOM_EXPORT_EXPORTER_H
#define FATHOM_EXPORT_EXPORTER_H

#include <stdbool.h>
#include <stdio.h>

#include "model/profile.h"

struct export_style {
	bool color;	  /* terminal escape sequences may be used */
	bool utf8;	  /* else ASCII only */
	unsigned columns; /* width to keep to; 80 unless it is known */
};

struct exporter_ops {
	const char *name;
	/* Writes all of the profile, which is sorted. 0, or -ENOMEM; stream errors are left in the
	 * stream (ferror). */
	int (*write)(const struct profile *profile, const struct export_style *style, FILE *out);
};

extern const struct exporter_ops EXPORTER_TEXT;
extern const struct exporter_ops EXPORTER_JSON;
extern const struct exporter_ops EXPORTER_CSV;

/* The format of this name, or NULL. */
const struct exporter_ops *exporter_find(const char *name);
/* By position; NULL after the last. */
const struct exporter_ops *exporter_at(size_t index);

/* The JSON Schema of fathom.report/1, as text. */
extern const char REPORT_SCHEMA[];

#endif
