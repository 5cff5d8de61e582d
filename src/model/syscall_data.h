/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arrays that gen_syscalls.py writes, for syscall_table.c alone. Everyone else asks
 * model/syscall_table.h.
 */
#ifndef FATHOM_MODEL_SYSCALL_DATA_H
#define FATHOM_MODEL_SYSCALL_DATA_H

#include <stddef.h>

#include "model/syscall_table.h"

/* The calls of one architecture by number; a number that no call has is an entry without a name. */
struct syscall_array {
	const struct syscall_desc *by_nr; /* NULL if size is 0 */
	size_t size;
};

extern const struct syscall_array syscall_arrays[SYSCALL_ARCH_COUNT];

#endif
