/* SPDX-License-Identifier: BSD-2-Clause */
/* Arrays that grow: a pointer, how many elements are used, and for how many there is room. */
#ifndef FATHOM_BASE_ARRAY_H
#define FATHOM_BASE_ARRAY_H

#include <stddef.h>

/*
 * Makes room for one more element of `size` bytes. `array` points to the array's pointer, of
 * whatever type; *room is updated. 0, or -ENOMEM with everything as it was.
 */
int array_reserve(void *array, size_t *room, size_t used, size_t size);

#endif
