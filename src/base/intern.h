/* SPDX-License-Identifier: BSD-2-Clause */
/* A set of strings, each kept once: ten thousand processes share a handful of program paths. */
#ifndef FATHOM_BASE_INTERN_H
#define FATHOM_BASE_INTERN_H

#include <stddef.h>

struct intern {
	char **slots; /* open addressing; size is a power of two, or 0 */
	size_t size;
	size_t used;
};

/* The kept copy of `text`, valid until intern_fini(). NULL when memory ran out. */
const char *intern_string(struct intern *intern, const char *text);
void intern_fini(struct intern *intern);

#endif
