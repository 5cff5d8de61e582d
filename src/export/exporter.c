/* SPDX-License-Identifier: BSD-2-Clause */
/* See exporter.h. */
#include "export/exporter.h"

#include <string.h>

static const struct exporter_ops *const EXPORTERS[] = {
	&EXPORTER_TEXT,
	&EXPORTER_JSON,
	&EXPORTER_CSV,
};

const struct exporter_ops *exporter_at(size_t index)
{
	return index < sizeof(EXPORTERS) / sizeof(*EXPORTERS) ? EXPORTERS[index] : NULL;
}

const struct exporter_ops *exporter_find(const char *name)
{
	for (size_t i = 0; exporter_at(i); i++) {
		if (strcmp(exporter_at(i)->name, name) == 0)
			return exporter_at(i);
	}
	return NULL;
}
