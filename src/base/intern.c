/* SPDX-License-Identifier: BSD-2-Clause */
/* See intern.h. */
#include "base/intern.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 64

/* FNV-1a, 64 bit: http://www.isthe.com/chongo/tech/comp/fnv */
static uint64_t hash_string(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return hash;
}

static char **find_slot(char **slots, size_t size, const char *text)
{
	size_t at = hash_string(text) & (size - 1);

	while (slots[at] && strcmp(slots[at], text) != 0)
		at = (at + 1) & (size - 1);
	return &slots[at];
}

static int grow(struct intern *intern)
{
	size_t size = intern->size ? intern->size * 2 : FIRST_SIZE;
	char **slots = calloc(size, sizeof(*slots));

	if (!slots)
		return -1;
	for (size_t i = 0; i < intern->size; i++) {
		if (intern->slots[i])
			*find_slot(slots, size, intern->slots[i]) = intern->slots[i];
	}
	free(intern->slots);
	intern->slots = slots;
	intern->size = size;
	return 0;
}

const char *intern_string(struct intern *intern, const char *text)
{
	char **slot;

	if (intern->used * 2 >= intern->size && grow(intern) != 0)
		return NULL;
	slot = find_slot(intern->slots, intern->size, text);
	if (!*slot) {
		*slot = strdup(text);
		if (*slot)
			intern->used++;
	}
	return *slot;
}

void intern_fini(struct intern *intern)
{
	for (size_t i = 0; i < intern->size; i++)
		free(intern->slots[i]);
	free(intern->slots);
	memset(intern, 0, sizeof(*intern));
}
