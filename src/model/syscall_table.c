/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks system calls up by number and by name. The calls themselves are not here: syscalls.tsv says
 * what they are, and gen_syscalls.py joins that with the kernel's numbers.
 */
#include "model/syscall_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/syscall_data.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char *const category_names[CATEGORY_COUNT] = {
	[CATEGORY_FILE_IO] = "file_io",	  [CATEGORY_MEMORY] = "memory",
	[CATEGORY_PROCESS] = "process",	  [CATEGORY_NETWORK] = "network",
	[CATEGORY_TIME] = "time",	  [CATEGORY_IPC] = "ipc",
	[CATEGORY_SECURITY] = "security", [CATEGORY_SIGNAL] = "signal",
	[CATEGORY_SYSTEM] = "system",	  [CATEGORY_OTHER] = "other",
};

/* What an ABI of the wire is on this machine. */
struct abi_desc {
	enum syscall_arch arch;
	const char *suffix; /* tells its calls from native ones of the same name */
};

static const struct abi_desc abis[CALL_ABI_COUNT] = {
#if defined(__x86_64__)
	[CALL_ABI_NATIVE] = {SYSCALL_ARCH_X86_64, ""},
	[CALL_ABI_COMPAT] = {SYSCALL_ARCH_I386, "@i386"},
	[CALL_ABI_X32] = {SYSCALL_ARCH_X32, "@x32"},
#elif defined(__aarch64__)
	[CALL_ABI_NATIVE] = {SYSCALL_ARCH_ARM64, ""},
	[CALL_ABI_COMPAT] = {SYSCALL_ARCH_COUNT, "@arm"},
	[CALL_ABI_X32] = {SYSCALL_ARCH_COUNT, "@x32"},
#else
#error "no system call table for this machine: extend gen_syscalls.py"
#endif
};

static const struct abi_desc unknown_abi = {SYSCALL_ARCH_COUNT, "@unknown"};

/* The sets of the breakdown. mmap2 and futex_time64 are what i386 calls mmap and futex with a
 * wider argument. */
static const struct {
	const char *name;
	enum breakdown_class class;
} breakdown_sets[] = {
	{"mmap", BREAKDOWN_MMAP},
	{"mmap2", BREAKDOWN_MMAP},
	{"munmap", BREAKDOWN_MMAP},
	{"mprotect", BREAKDOWN_MMAP},
	{"brk", BREAKDOWN_MMAP},
	{"mremap", BREAKDOWN_MMAP},
	{"madvise", BREAKDOWN_MMAP},
	{"futex", BREAKDOWN_FUTEX},
	{"futex_time64", BREAKDOWN_FUTEX},
	{"futex_waitv", BREAKDOWN_FUTEX},
	{"futex_wait", BREAKDOWN_FUTEX},
	{"futex_wake", BREAKDOWN_FUTEX},
	{"futex_requeue", BREAKDOWN_FUTEX},
	{"ioctl", BREAKDOWN_IOCTL},
	{"read", BREAKDOWN_READ},
	{"pread64", BREAKDOWN_READ},
	{"readv", BREAKDOWN_READ},
	{"preadv", BREAKDOWN_READ},
	{"preadv2", BREAKDOWN_READ},
	{"write", BREAKDOWN_WRITE},
	{"pwrite64", BREAKDOWN_WRITE},
	{"writev", BREAKDOWN_WRITE},
	{"pwritev", BREAKDOWN_WRITE},
	{"pwritev2", BREAKDOWN_WRITE},
};

const struct syscall_desc *syscall_at(enum syscall_arch arch, unsigned nr)
{
	if (nr >= syscall_table_size(arch))
		return NULL;

	const struct syscall_desc *desc = &syscall_arrays[arch].by_nr[nr];

	return desc->name ? desc : NULL;
}

size_t syscall_table_size(enum syscall_arch arch)
{
	return (size_t)arch < SYSCALL_ARCH_COUNT ? syscall_arrays[arch].size : 0;
}

int syscall_find(enum syscall_arch arch, const char *name)
{
	size_t size = syscall_table_size(arch);

	for (unsigned nr = 0; nr < size; nr++) {
		const struct syscall_desc *desc = syscall_at(arch, nr);

		if (desc && strcmp(desc->name, name) == 0)
			return (int)nr;
	}
	return -ENOENT;
}

static const struct abi_desc *abi_of(unsigned abi)
{
	return abi < CALL_ABI_COUNT ? &abis[abi] : &unknown_abi;
}

enum syscall_arch syscall_arch_of(unsigned abi)
{
	return abi_of(abi)->arch;
}

/* The two reserved numbers are beyond every table, so that they are found nowhere. */
static const struct syscall_desc *desc_of(unsigned call_id)
{
	return syscall_at(syscall_arch_of(CALL_ABI(call_id)), CALL_NR(call_id));
}

const char *call_name(unsigned call_id, char *buf, size_t size)
{
	const struct syscall_desc *desc = desc_of(call_id);
	const char *suffix = abi_of(CALL_ABI(call_id))->suffix;

	if (CALL_NR(call_id) == CALL_NR_FILTERED)
		return "(not selected)";
	if (CALL_NR(call_id) == CALL_NR_UNKNOWN)
		return "(unknown)";
	if (desc && !*suffix)
		return desc->name;
	if (desc)
		snprintf(buf, size, "%s%s", desc->name, suffix);
	else
		snprintf(buf, size, "syscall_%u%s", CALL_NR(call_id), suffix);
	return buf;
}

enum syscall_category call_category(unsigned call_id)
{
	const struct syscall_desc *desc = desc_of(call_id);

	return desc ? (enum syscall_category)desc->category : CATEGORY_OTHER;
}

enum wait_kind call_wait(unsigned call_id)
{
	const struct syscall_desc *desc = desc_of(call_id);

	return desc ? (enum wait_kind)desc->wait : WAIT_OTHER;
}

enum breakdown_class call_breakdown(unsigned call_id)
{
	const struct syscall_desc *desc = desc_of(call_id);

	for (size_t i = 0; desc && i < ARRAY_SIZE(breakdown_sets); i++) {
		if (strcmp(desc->name, breakdown_sets[i].name) == 0)
			return breakdown_sets[i].class;
	}
	return BREAKDOWN_OTHER;
}

const char *syscall_category_name(enum syscall_category category)
{
	return (size_t)category < CATEGORY_COUNT ? category_names[category] : NULL;
}

int syscall_category_find(const char *name)
{
	for (int i = 0; i < CATEGORY_COUNT; i++) {
		if (strcmp(category_names[i], name) == 0)
			return i;
	}
	return -ENOENT;
}
