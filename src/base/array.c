/* SPDX-License-Identifier: BSD-2-Clause */
/* See array.h. */
#include "base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 16

int array_reserve(void *array, size_t *room, size_t used, size_t size)
{
	void *old, *grown;
	size_t wanted;

	if (used < *room)
		return 0;
	wanted = *room ? *room * 2 : FIRST_ROOM;
	memcpy(&old, array, sizeof(old));
	grown = realloc(old, wanted * size);
	if (!grown)
		return -ENOMEM;
	memcpy(array, &grown, sizeof(grown));
	*room = wanted;
	return 0;
}
