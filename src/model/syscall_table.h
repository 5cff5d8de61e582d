/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of each system call without looking at a running system: its name, its category,
 * what a thread waits for inside it, and its place in the seven-way breakdown. How a call is
 * numbered on the wire is not here but in wire/call.h; what a call did is in the profile.
 *
 * Everything returned is constant and static: nothing is to be freed, all of it may be kept.
 */
#ifndef FATHOM_MODEL_SYSCALL_TABLE_H
#define FATHOM_MODEL_SYSCALL_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "wire/call.h"

/* What a call is for, by its manual page. Each call has exactly one. */
enum syscall_category {
	CATEGORY_FILE_IO,
	CATEGORY_MEMORY,
	CATEGORY_PROCESS,
	CATEGORY_NETWORK,
	CATEGORY_TIME,
	CATEGORY_IPC,
	CATEGORY_SECURITY,
	CATEGORY_SIGNAL,
	CATEGORY_SYSTEM,
	CATEGORY_OTHER, /* only numbers that the table does not know */
	CATEGORY_COUNT
};

/* A numbering of the calls. arm64 has one; x86 has three, of which two share most numbers. */
enum syscall_arch {
	SYSCALL_ARCH_X86_64,
	SYSCALL_ARCH_I386,
	SYSCALL_ARCH_X32, /* without bit 30 */
	SYSCALL_ARCH_ARM64,
	SYSCALL_ARCH_COUNT
};

/* The second view of the calls: six groups; what is left of the time is `compute`, no call's. */
enum breakdown_class {
	BREAKDOWN_MMAP,
	BREAKDOWN_FUTEX,
	BREAKDOWN_IOCTL,
	BREAKDOWN_READ,
	BREAKDOWN_WRITE,
	BREAKDOWN_OTHER,
	BREAKDOWN_COUNT
};

struct syscall_desc {
	const char *name; /* as in the kernel's __NR_name */
	uint8_t category; /* enum syscall_category */
	uint8_t wait;	  /* enum wait_kind */
};

/*
 * By architecture and number.
 */

/* The call with this number, or NULL if the table has none or there is no such architecture. */
const struct syscall_desc *syscall_at(enum syscall_arch arch, unsigned nr);

/* One more than the highest number of an architecture: the bound of a loop over syscall_at(), which
 * has holes. 0 if there is no table (the x86 ones, when built on arm64 without their headers). */
size_t syscall_table_size(enum syscall_arch arch);

/* The number of a call of exactly this name, or -ENOENT. */
int syscall_find(enum syscall_arch arch, const char *name);

/* The numbering behind an enum call_abi on the machine that this is compiled for, or
 * SYSCALL_ARCH_COUNT if there is no table for it (32-bit arm, or no such ABI). */
enum syscall_arch syscall_arch_of(unsigned abi);

/*
 * By the call id of the wire, for the machine that this is compiled for.
 */

/* A buffer of this size holds every name that call_name() can make. */
#define CALL_NAME_SIZE 64

/*
 * The name to show: "read"; with its ABI where that is not the native one, "read@i386", "read@x32",
 * "syscall_3@arm"; "syscall_999" for a number that the table does not know; "(not selected)" and
 * "(unknown)" for the two reserved numbers, whatever their ABI.
 *
 * Returns the table's own string where that will do and buf where not; the latter is cut off to
 * fit in size bytes, of which there must be at least one.
 */
const char *call_name(unsigned call_id, char *buf, size_t size);

/* CATEGORY_OTHER, WAIT_OTHER and BREAKDOWN_OTHER for what the table does not know. */
enum syscall_category call_category(unsigned call_id);
enum wait_kind call_wait(unsigned call_id);
enum breakdown_class call_breakdown(unsigned call_id);

/*
 * Category names: "file_io", "memory" ...
 */

/* NULL if there is no such category. */
const char *syscall_category_name(enum syscall_category category);

/* The category of exactly this name, or -ENOENT. */
int syscall_category_find(const char *name);

#endif
