/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of model/syscall_table.h, and through it of syscalls.tsv and gen_syscalls.py. The expected
 * numbers are written down here or come from the C library, not from the generator.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "model/syscall_table.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char *const arch_names[SYSCALL_ARCH_COUNT] = {"x86_64", "i386", "x32", "arm64"};

static enum syscall_arch native_arch(void)
{
	return syscall_arch_of(CALL_ABI_NATIVE);
}

/* arm64 builds without x86 headers have no x86 tables; every other table must be there. */
static int may_be_empty(enum syscall_arch arch)
{
	return native_arch() == SYSCALL_ARCH_ARM64 && arch != SYSCALL_ARCH_ARM64;
}

static int is_empty(enum syscall_arch arch)
{
	return may_be_empty(arch) && syscall_table_size(arch) == 0;
}

/* ---- what is in the table ---- */

static void test_every_call_is_filed(void **state)
{
	(void)state;
	for (enum syscall_arch arch = 0; arch < SYSCALL_ARCH_COUNT; arch++) {
		unsigned calls = 0;

		for (unsigned nr = 0; nr < syscall_table_size(arch); nr++) {
			const struct syscall_desc *desc = syscall_at(arch, nr);

			if (!desc)
				continue;
			calls++;
			if (desc->category >= CATEGORY_OTHER)
				fail_msg("%s %u %s has no category", arch_names[arch], nr,
					 desc->name);
			assert_true(desc->wait < WAIT_KIND_COUNT);
			assert_string_not_equal(desc->name, "");
		}
		/* The smallest list, arm64's, had 308 calls in Linux 6.1. */
		if (!is_empty(arch))
			assert_true(calls >= 308);
	}
}

/* Ranges that the kernel has filled without a gap since Linux 5.1 and 6.18, and ones it keeps free
 * (arch/x86/entry/syscalls/ and scripts/syscall.tbl). */
static const struct {
	enum syscall_arch arch;
	unsigned first, last;
	int present;
} ranges[] = {
	{SYSCALL_ARCH_X86_64, 0, 336, 1},   {SYSCALL_ARCH_X86_64, 337, 423, 0},
	{SYSCALL_ARCH_X86_64, 424, 471, 1}, {SYSCALL_ARCH_X86_64, 512, 547, 0},
	{SYSCALL_ARCH_I386, 0, 221, 1},	    {SYSCALL_ARCH_I386, 222, 223, 0},
	{SYSCALL_ARCH_I386, 224, 250, 1},   {SYSCALL_ARCH_I386, 251, 251, 0},
	{SYSCALL_ARCH_I386, 252, 284, 1},   {SYSCALL_ARCH_I386, 285, 285, 0},
	{SYSCALL_ARCH_I386, 286, 386, 1},   {SYSCALL_ARCH_I386, 393, 414, 1},
	{SYSCALL_ARCH_I386, 415, 415, 0},   {SYSCALL_ARCH_I386, 416, 471, 1},
	{SYSCALL_ARCH_X32, 0, 12, 1},	    {SYSCALL_ARCH_X32, 13, 13, 0},
	{SYSCALL_ARCH_X32, 335, 336, 1},    {SYSCALL_ARCH_X32, 337, 423, 0},
	{SYSCALL_ARCH_X32, 424, 471, 1},    {SYSCALL_ARCH_X32, 512, 547, 1},
	{SYSCALL_ARCH_ARM64, 0, 41, 1},	    {SYSCALL_ARCH_ARM64, 43, 243, 1},
	{SYSCALL_ARCH_ARM64, 244, 259, 0},  {SYSCALL_ARCH_ARM64, 260, 294, 1},
	{SYSCALL_ARCH_ARM64, 295, 423, 0},  {SYSCALL_ARCH_ARM64, 424, 471, 1},
};

static void test_no_number_is_dropped(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		enum syscall_arch arch = ranges[i].arch;

		for (unsigned nr = ranges[i].first; nr <= ranges[i].last && !is_empty(arch); nr++) {
			if ((syscall_at(arch, nr) != NULL) != ranges[i].present)
				fail_msg("%s %u is%s in the table", arch_names[arch], nr,
					 ranges[i].present ? " not" : "");
		}
	}
}

/* clang-format off */
#define NATIVE(call) {SYS_##call, #call}
static const struct {
	long nr;
	const char *name;
} native_calls[] = {
	NATIVE(read), NATIVE(write), NATIVE(readv), NATIVE(writev), NATIVE(pread64), NATIVE(pwrite64),
	NATIVE(openat), NATIVE(close), NATIVE(fstat), NATIVE(newfstatat), NATIVE(statx), NATIVE(statfs),
	NATIVE(ioctl), NATIVE(fcntl), NATIVE(flock), NATIVE(fsync), NATIVE(getdents64), NATIVE(lseek),
	NATIVE(mkdirat), NATIVE(renameat2), NATIVE(sendfile), NATIVE(copy_file_range), NATIVE(io_submit),
	NATIVE(mmap), NATIVE(munmap), NATIVE(mprotect), NATIVE(mremap), NATIVE(madvise), NATIVE(brk),
	NATIVE(clone), NATIVE(execve), NATIVE(exit_group), NATIVE(wait4), NATIVE(waitid), NATIVE(prlimit64),
	NATIVE(socket), NATIVE(connect), NATIVE(accept4), NATIVE(sendto), NATIVE(recvmmsg),
	NATIVE(nanosleep), NATIVE(clock_nanosleep), NATIVE(timerfd_settime), NATIVE(futex), NATIVE(ppoll),
	NATIVE(pselect6), NATIVE(epoll_pwait), NATIVE(semtimedop), NATIVE(msgrcv), NATIVE(mq_timedsend),
	NATIVE(pipe2), NATIVE(setuid), NATIVE(capset), NATIVE(seccomp), NATIVE(keyctl), NATIVE(kill),
	NATIVE(tgkill), NATIVE(rt_sigsuspend), NATIVE(getrandom), NATIVE(bpf), NATIVE(perf_event_open),
	NATIVE(rseq),
};
/* clang-format on */

static void test_native_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(native_calls); i++) {
		const struct syscall_desc *desc =
			syscall_at(native_arch(), (unsigned)native_calls[i].nr);

		assert_non_null(desc);
		assert_string_equal(desc->name, native_calls[i].name);
	}
}

static const struct {
	enum syscall_arch arch;
	unsigned nr;
	const char *name;
} numbers[] = {
	{SYSCALL_ARCH_X86_64, 0, "read"},
	{SYSCALL_ARCH_X86_64, 3, "close"},
	{SYSCALL_ARCH_X86_64, 16, "ioctl"},
	{SYSCALL_ARCH_X86_64, 202, "futex"},
	{SYSCALL_ARCH_X86_64, 232, "epoll_wait"},
	{SYSCALL_ARCH_X86_64, 335, "uretprobe"},
	{SYSCALL_ARCH_X86_64, 336, "uprobe"},
	{SYSCALL_ARCH_I386, 0, "restart_syscall"},
	{SYSCALL_ARCH_I386, 3, "read"},
	{SYSCALL_ARCH_I386, 6, "close"},
	{SYSCALL_ARCH_I386, 54, "ioctl"},
	{SYSCALL_ARCH_I386, 90, "mmap"},
	{SYSCALL_ARCH_I386, 102, "socketcall"},
	{SYSCALL_ARCH_I386, 117, "ipc"},
	{SYSCALL_ARCH_I386, 140, "_llseek"},
	{SYSCALL_ARCH_I386, 192, "mmap2"},
	{SYSCALL_ARCH_I386, 221, "fcntl64"},
	{SYSCALL_ARCH_I386, 422, "futex_time64"},
	{SYSCALL_ARCH_X32, 0, "read"},
	{SYSCALL_ARCH_X32, 514, "ioctl"},
	{SYSCALL_ARCH_X32, 515, "readv"},
	{SYSCALL_ARCH_X32, 520, "execve"},
	{SYSCALL_ARCH_X32, 547, "pwritev2"},
	{SYSCALL_ARCH_ARM64, 25, "fcntl"},
	{SYSCALL_ARCH_ARM64, 29, "ioctl"},
	{SYSCALL_ARCH_ARM64, 38, "renameat"},
	{SYSCALL_ARCH_ARM64, 63, "read"},
	{SYSCALL_ARCH_ARM64, 79, "newfstatat"},
	{SYSCALL_ARCH_ARM64, 80, "fstat"},
	{SYSCALL_ARCH_ARM64, 84, "sync_file_range"},
	{SYSCALL_ARCH_ARM64, 98, "futex"},
	{SYSCALL_ARCH_ARM64, 163, "getrlimit"},
	{SYSCALL_ARCH_ARM64, 220, "clone"},
	{SYSCALL_ARCH_ARM64, 222, "mmap"},
	{SYSCALL_ARCH_ARM64, 293, "rseq"},
};

static void test_numbers_of_each_architecture(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct syscall_desc *desc = syscall_at(numbers[i].arch, numbers[i].nr);

		if (is_empty(numbers[i].arch))
			continue;
		assert_non_null(desc);
		assert_string_equal(desc->name, numbers[i].name);
	}
}

/* The calls since Linux 5.1, by number from 424 on: the same on every architecture. */
static const char *const unified_calls[] = {
	"pidfd_send_signal",
	"io_uring_setup",
	"io_uring_enter",
	"io_uring_register",
	"open_tree",
	"move_mount",
	"fsopen",
	"fsconfig",
	"fsmount",
	"fspick",
	"pidfd_open",
	"clone3",
	"close_range",
	"openat2",
	"pidfd_getfd",
	"faccessat2",
	"process_madvise",
	"epoll_pwait2",
	"mount_setattr",
	"quotactl_fd",
	"landlock_create_ruleset",
	"landlock_add_rule",
	"landlock_restrict_self",
	"memfd_secret",
	"process_mrelease",
	"futex_waitv",
	"set_mempolicy_home_node",
	"cachestat",
	"fchmodat2",
	"map_shadow_stack",
	"futex_wake",
	"futex_wait",
	"futex_requeue",
	"statmount",
	"listmount",
	"lsm_get_self_attr",
	"lsm_set_self_attr",
	"lsm_list_modules",
	"mseal",
	"setxattrat",
	"getxattrat",
	"listxattrat",
	"removexattrat",
	"open_tree_attr",
	"file_getattr",
	"file_setattr",
	"listns",
	"rseq_slice_yield",
};

static void test_new_calls_have_one_number(void **state)
{
	(void)state;
	for (enum syscall_arch arch = 0; arch < SYSCALL_ARCH_COUNT; arch++) {
		for (unsigned i = 0; i < ARRAY_SIZE(unified_calls) && !is_empty(arch); i++) {
			const struct syscall_desc *desc = syscall_at(arch, 424 + i);

			assert_non_null(desc);
			assert_string_equal(desc->name, unified_calls[i]);
		}
	}
}

static const struct {
	const char *name;
	enum syscall_category category;
	enum wait_kind wait;
} filed[] = {
	{"read", CATEGORY_FILE_IO, WAIT_FD},
	{"pwritev2", CATEGORY_FILE_IO, WAIT_FD},
	{"ioctl", CATEGORY_FILE_IO, WAIT_FD},
	{"getdents64", CATEGORY_FILE_IO, WAIT_FD},
	{"fallocate", CATEGORY_FILE_IO, WAIT_FD},
	{"fcntl", CATEGORY_FILE_IO, WAIT_LOCK},
	{"fcntl64", CATEGORY_FILE_IO, WAIT_LOCK},
	{"flock", CATEGORY_FILE_IO, WAIT_LOCK},
	{"dup", CATEGORY_FILE_IO, WAIT_OTHER},
	{"dup3", CATEGORY_FILE_IO, WAIT_OTHER},
	{"copy_file_range", CATEGORY_FILE_IO, WAIT_SPLICE},
	{"sendfile", CATEGORY_FILE_IO, WAIT_TRANSFER},
	{"sendfile64", CATEGORY_FILE_IO, WAIT_TRANSFER},
	{"splice", CATEGORY_FILE_IO, WAIT_SPLICE},
	{"openat2", CATEGORY_FILE_IO, WAIT_PATH},
	{"close", CATEGORY_FILE_IO, WAIT_PATH},
	{"statfs", CATEGORY_FILE_IO, WAIT_PATH},
	{"statx", CATEGORY_FILE_IO, WAIT_PATH},
	{"mkdir", CATEGORY_FILE_IO, WAIT_PATH},
	{"mkdirat", CATEGORY_FILE_IO, WAIT_PATH},
	{"renameat2", CATEGORY_FILE_IO, WAIT_PATH},
	{"chmod", CATEGORY_FILE_IO, WAIT_PATH},
	{"fchmodat2", CATEGORY_FILE_IO, WAIT_PATH},
	{"setxattr", CATEGORY_FILE_IO, WAIT_PATH},
	{"getxattrat", CATEGORY_FILE_IO, WAIT_PATH},
	{"mount", CATEGORY_FILE_IO, WAIT_PATH},
	{"umount2", CATEGORY_FILE_IO, WAIT_PATH},
	{"fsync", CATEGORY_FILE_IO, WAIT_DISK},
	{"fdatasync", CATEGORY_FILE_IO, WAIT_DISK},
	{"sync_file_range", CATEGORY_FILE_IO, WAIT_DISK},
	{"readahead", CATEGORY_FILE_IO, WAIT_DISK},
	{"io_getevents", CATEGORY_FILE_IO, WAIT_DISK},
	{"io_uring_enter", CATEGORY_FILE_IO, WAIT_POLL},
	{"io_uring_setup", CATEGORY_FILE_IO, WAIT_OTHER},
	{"mmap", CATEGORY_MEMORY, WAIT_MEMORY},
	{"mmap2", CATEGORY_MEMORY, WAIT_MEMORY},
	{"brk", CATEGORY_MEMORY, WAIT_MEMORY},
	{"mlock2", CATEGORY_MEMORY, WAIT_MEMORY},
	{"process_madvise", CATEGORY_MEMORY, WAIT_MEMORY},
	{"msync", CATEGORY_MEMORY, WAIT_DISK},
	{"memfd_create", CATEGORY_MEMORY, WAIT_OTHER},
	{"clone3", CATEGORY_PROCESS, WAIT_CHILD},
	{"vfork", CATEGORY_PROCESS, WAIT_CHILD},
	{"wait4", CATEGORY_PROCESS, WAIT_CHILD},
	{"waitpid", CATEGORY_PROCESS, WAIT_CHILD},
	{"execve", CATEGORY_PROCESS, WAIT_PATH},
	{"exit_group", CATEGORY_PROCESS, WAIT_OTHER},
	{"sched_yield", CATEGORY_PROCESS, WAIT_OTHER},
	{"sched_setaffinity", CATEGORY_PROCESS, WAIT_OTHER},
	{"accept4", CATEGORY_NETWORK, WAIT_FD},
	{"connect", CATEGORY_NETWORK, WAIT_FD},
	{"recvmmsg_time64", CATEGORY_NETWORK, WAIT_FD},
	{"sendmsg", CATEGORY_NETWORK, WAIT_FD},
	{"socketcall", CATEGORY_NETWORK, WAIT_OTHER},
	{"nanosleep", CATEGORY_TIME, WAIT_SLEEP},
	{"clock_nanosleep_time64", CATEGORY_TIME, WAIT_SLEEP},
	{"clock_gettime", CATEGORY_TIME, WAIT_OTHER},
	{"timerfd_create", CATEGORY_TIME, WAIT_OTHER},
	{"futex", CATEGORY_IPC, WAIT_LOCK},
	{"futex_time64", CATEGORY_IPC, WAIT_LOCK},
	{"futex_waitv", CATEGORY_IPC, WAIT_LOCK},
	{"futex_requeue", CATEGORY_IPC, WAIT_LOCK},
	{"poll", CATEGORY_IPC, WAIT_POLL},
	{"ppoll_time64", CATEGORY_IPC, WAIT_POLL},
	{"select", CATEGORY_IPC, WAIT_POLL},
	{"_newselect", CATEGORY_IPC, WAIT_POLL},
	{"epoll_wait", CATEGORY_IPC, WAIT_POLL},
	{"epoll_pwait2", CATEGORY_IPC, WAIT_POLL},
	{"epoll_ctl", CATEGORY_IPC, WAIT_OTHER},
	{"semtimedop", CATEGORY_IPC, WAIT_IPC},
	{"msgrcv", CATEGORY_IPC, WAIT_IPC},
	{"mq_timedreceive_time64", CATEGORY_IPC, WAIT_IPC},
	{"ipc", CATEGORY_IPC, WAIT_IPC},
	{"pipe2", CATEGORY_IPC, WAIT_OTHER},
	{"setuid", CATEGORY_SECURITY, WAIT_OTHER},
	{"setuid32", CATEGORY_SECURITY, WAIT_OTHER},
	{"capset", CATEGORY_SECURITY, WAIT_OTHER},
	{"seccomp", CATEGORY_SECURITY, WAIT_OTHER},
	{"landlock_add_rule", CATEGORY_SECURITY, WAIT_OTHER},
	{"keyctl", CATEGORY_SECURITY, WAIT_OTHER},
	{"kill", CATEGORY_SIGNAL, WAIT_OTHER},
	{"tgkill", CATEGORY_SIGNAL, WAIT_OTHER},
	{"rt_sigaction", CATEGORY_SIGNAL, WAIT_OTHER},
	{"pause", CATEGORY_SIGNAL, WAIT_SLEEP},
	{"rt_sigsuspend", CATEGORY_SIGNAL, WAIT_SLEEP},
	{"rt_sigtimedwait_time64", CATEGORY_SIGNAL, WAIT_SLEEP},
	{"getrandom", CATEGORY_SYSTEM, WAIT_OTHER},
	{"uname", CATEGORY_SYSTEM, WAIT_OTHER},
	{"perf_event_open", CATEGORY_SYSTEM, WAIT_OTHER},
};

static void test_categories_and_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(filed); i++) {
		int found = 0;

		for (enum syscall_arch arch = 0; arch < SYSCALL_ARCH_COUNT; arch++) {
			int nr = syscall_find(arch, filed[i].name);

			if (nr < 0)
				continue;
			found++;
			const struct syscall_desc *desc = syscall_at(arch, (unsigned)nr);

			if (desc->category != filed[i].category || desc->wait != filed[i].wait)
				fail_msg("%s %s: category %u, wait %u", arch_names[arch],
					 desc->name, desc->category, desc->wait);
		}
		if (found == 0 && !is_empty(SYSCALL_ARCH_I386))
			fail_msg("%s is in no table", filed[i].name);
	}
}

/* ---- looking up ---- */

static void test_find_round_trip(void **state)
{
	(void)state;
	for (enum syscall_arch arch = 0; arch < SYSCALL_ARCH_COUNT; arch++) {
		for (unsigned nr = 0; nr < syscall_table_size(arch); nr++) {
			const struct syscall_desc *desc = syscall_at(arch, nr);

			if (desc)
				assert_int_equal(syscall_find(arch, desc->name), (int)nr);
		}
	}
}

static void test_find_nothing(void **state)
{
	(void)state;
	assert_int_equal(syscall_find(native_arch(), "no_such_call"), -ENOENT);
	assert_int_equal(syscall_find(native_arch(), ""), -ENOENT);
	assert_int_equal(syscall_find(native_arch(), "rea"), -ENOENT);
	assert_int_equal(syscall_find(native_arch(), "READ"), -ENOENT);
	assert_int_equal(syscall_find(SYSCALL_ARCH_ARM64, "open"), -ENOENT);
	assert_int_equal(syscall_find(SYSCALL_ARCH_COUNT, "read"), -ENOENT);
}

static void test_at_the_edges(void **state)
{
	(void)state;
	for (enum syscall_arch arch = 0; arch < SYSCALL_ARCH_COUNT; arch++) {
		size_t size = syscall_table_size(arch);

		assert_true(size <= CALL_TABLE_SIZE);
		if (!may_be_empty(arch) || size > 0)
			assert_non_null(syscall_at(arch, (unsigned)size - 1));
		assert_null(syscall_at(arch, (unsigned)size));
		assert_null(syscall_at(arch, UINT32_MAX));
	}
	assert_null(syscall_at(SYSCALL_ARCH_COUNT, 0));
	assert_int_equal(syscall_table_size(SYSCALL_ARCH_COUNT), 0);
}

static void test_arch_of_abi(void **state)
{
	(void)state;
#if defined(__x86_64__)
	assert_int_equal(syscall_arch_of(CALL_ABI_NATIVE), SYSCALL_ARCH_X86_64);
	assert_int_equal(syscall_arch_of(CALL_ABI_COMPAT), SYSCALL_ARCH_I386);
	assert_int_equal(syscall_arch_of(CALL_ABI_X32), SYSCALL_ARCH_X32);
#elif defined(__aarch64__)
	assert_int_equal(syscall_arch_of(CALL_ABI_NATIVE), SYSCALL_ARCH_ARM64);
	assert_int_equal(syscall_arch_of(CALL_ABI_COMPAT), SYSCALL_ARCH_COUNT);
	assert_int_equal(syscall_arch_of(CALL_ABI_X32), SYSCALL_ARCH_COUNT);
#endif
	assert_int_equal(syscall_arch_of(CALL_ABI_COUNT), SYSCALL_ARCH_COUNT);
	assert_int_equal(syscall_arch_of(UINT32_MAX), SYSCALL_ARCH_COUNT);
}

/* ---- by call id ---- */

static void assert_call_name(unsigned call_id, const char *expected)
{
	char buf[CALL_NAME_SIZE] = "not written";

	assert_string_equal(call_name(call_id, buf, sizeof(buf)), expected);
}

static void test_call_names(void **state)
{
	(void)state;
	assert_call_name(CALL_ID(CALL_ABI_NATIVE, SYS_read), "read");
	assert_call_name(CALL_ID(CALL_ABI_NATIVE, SYS_futex), "futex");
	assert_call_name(CALL_ID(CALL_ABI_NATIVE, 435), "clone3");
	assert_call_name(CALL_ID(CALL_ABI_NATIVE, 999), "syscall_999");
	assert_call_name(CALL_ID(CALL_ABI_NATIVE, 400), "syscall_400");
#if defined(__x86_64__)
	assert_call_name(CALL_ID(CALL_ABI_COMPAT, 3), "read@i386");
	assert_call_name(CALL_ID(CALL_ABI_COMPAT, 6), "close@i386");
	assert_call_name(CALL_ID(CALL_ABI_COMPAT, 999), "syscall_999@i386");
	assert_call_name(CALL_ID(CALL_ABI_X32, 0), "read@x32");
	assert_call_name(CALL_ID(CALL_ABI_X32, 515), "readv@x32");
	assert_call_name(CALL_ID(CALL_ABI_X32, 999), "syscall_999@x32");
#elif defined(__aarch64__)
	assert_call_name(CALL_ID(CALL_ABI_COMPAT, 3), "syscall_3@arm");
#endif
	assert_call_name(CALL_ID(CALL_ABI_COUNT, 3), "syscall_3@unknown");
	assert_call_name(UINT32_MAX - 1, "(not selected)");
	for (unsigned abi = 0; abi < CALL_ABI_COUNT; abi++) {
		assert_call_name(CALL_ID(abi, CALL_NR_FILTERED), "(not selected)");
		assert_call_name(CALL_ID(abi, CALL_NR_UNKNOWN), "(unknown)");
	}
}

static void test_native_name_needs_no_buffer(void **state)
{
	(void)state;
	const struct syscall_desc *desc = syscall_at(native_arch(), SYS_read);

	assert_ptr_equal(call_name(CALL_ID(CALL_ABI_NATIVE, SYS_read), NULL, 0), desc->name);
	assert_string_equal(call_name(CALL_NR_FILTERED, NULL, 0), "(not selected)");
}

static void test_name_is_cut_to_fit(void **state)
{
	(void)state;
	char buf[8];

	memset(buf, 'x', sizeof(buf));
	assert_ptr_equal(call_name(CALL_ID(CALL_ABI_NATIVE, 999), buf, 6), buf);
	assert_string_equal(buf, "sysca");
	assert_int_equal(buf[6], 'x');
}

static void test_longest_name_fits(void **state)
{
	(void)state;
	char buf[CALL_NAME_SIZE];

	for (unsigned abi = 0; abi < CALL_ABI_COUNT; abi++) {
		for (unsigned nr = 0; nr <= CALL_NR_MASK; nr++) {
			const char *name = call_name(CALL_ID(abi, nr), buf, sizeof(buf));

			assert_true(strlen(name) < CALL_NAME_SIZE - 1);
		}
	}
}

static void test_calls_by_id(void **state)
{
	(void)state;
	unsigned futex = CALL_ID(CALL_ABI_NATIVE, SYS_futex);

	assert_int_equal(call_category(futex), CATEGORY_IPC);
	assert_int_equal(call_wait(futex), WAIT_LOCK);
	assert_int_equal(call_breakdown(futex), BREAKDOWN_FUTEX);
#if defined(__x86_64__)
	/* 3 is close natively and read through int 0x80. */
	assert_int_equal(call_wait(CALL_ID(CALL_ABI_NATIVE, 3)), WAIT_PATH);
	assert_int_equal(call_wait(CALL_ID(CALL_ABI_COMPAT, 3)), WAIT_FD);
	assert_int_equal(call_breakdown(CALL_ID(CALL_ABI_NATIVE, 3)), BREAKDOWN_OTHER);
	assert_int_equal(call_breakdown(CALL_ID(CALL_ABI_COMPAT, 3)), BREAKDOWN_READ);
	assert_int_equal(call_category(CALL_ID(CALL_ABI_COMPAT, 37)), CATEGORY_SIGNAL);
	assert_int_equal(call_category(CALL_ID(CALL_ABI_X32, 520)), CATEGORY_PROCESS);
#endif
}

static void test_unknown_calls_by_id(void **state)
{
	(void)state;
	const unsigned unknown[] = {
		CALL_ID(CALL_ABI_NATIVE, 999),
		CALL_ID(CALL_ABI_NATIVE, CALL_NR_FILTERED),
		CALL_ID(CALL_ABI_COMPAT, 999),
		CALL_ID(CALL_ABI_NATIVE, CALL_NR_UNKNOWN),
		CALL_ID(CALL_ABI_COUNT, 0),
		CALL_ID(CALL_ABI_X32, CALL_NR_FILTERED),
		UINT32_MAX,
	};

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		assert_int_equal(call_category(unknown[i]), CATEGORY_OTHER);
		assert_int_equal(call_wait(unknown[i]), WAIT_OTHER);
		assert_int_equal(call_breakdown(unknown[i]), BREAKDOWN_OTHER);
	}
}

/* The sets, and the two i386 spellings of mmap and futex. */
static const struct {
	enum breakdown_class class;
	const char *names[8];
} sets[] = {
	{BREAKDOWN_MMAP, {"mmap", "munmap", "mprotect", "brk", "mremap", "madvise", "mmap2"}},
	{BREAKDOWN_FUTEX,
	 {"futex", "futex_waitv", "futex_wait", "futex_wake", "futex_requeue", "futex_time64"}},
	{BREAKDOWN_IOCTL, {"ioctl"}},
	{BREAKDOWN_READ, {"read", "pread64", "readv", "preadv", "preadv2"}},
	{BREAKDOWN_WRITE, {"write", "pwrite64", "writev", "pwritev", "pwritev2"}},
};

static enum breakdown_class expected_breakdown(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		for (size_t n = 0; n < ARRAY_SIZE(sets[i].names) && sets[i].names[n]; n++) {
			if (strcmp(sets[i].names[n], name) == 0)
				return sets[i].class;
		}
	}
	return BREAKDOWN_OTHER;
}

/* Every call of every ABI, so that nothing is in a set that should not be. */
static void test_breakdown(void **state)
{
	(void)state;
	unsigned members[BREAKDOWN_COUNT] = {0};

	for (unsigned abi = 0; abi < CALL_ABI_COUNT; abi++) {
		enum syscall_arch arch = syscall_arch_of(abi);

		for (unsigned nr = 0; nr < syscall_table_size(arch); nr++) {
			const struct syscall_desc *desc = syscall_at(arch, nr);

			if (!desc)
				continue;
			enum breakdown_class class = call_breakdown(CALL_ID(abi, nr));

			if (class != expected_breakdown(desc->name))
				fail_msg("%s %s is in set %d", arch_names[arch], desc->name,
					 (int)class);
			if (abi == CALL_ABI_NATIVE)
				members[class]++;
		}
	}
	assert_int_equal(members[BREAKDOWN_MMAP], 6);
	assert_int_equal(members[BREAKDOWN_FUTEX], 5);
	assert_int_equal(members[BREAKDOWN_IOCTL], 1);
	assert_int_equal(members[BREAKDOWN_READ], 5);
	assert_int_equal(members[BREAKDOWN_WRITE], 5);
}

#if defined(__x86_64__)
static void test_breakdown_of_i386(void **state)
{
	(void)state;
	int mmap2 = syscall_find(SYSCALL_ARCH_I386, "mmap2");
	int futex = syscall_find(SYSCALL_ARCH_I386, "futex_time64");

	assert_int_equal(call_breakdown(CALL_ID(CALL_ABI_COMPAT, (unsigned)mmap2)), BREAKDOWN_MMAP);
	assert_int_equal(call_breakdown(CALL_ID(CALL_ABI_COMPAT, (unsigned)futex)),
			 BREAKDOWN_FUTEX);
}
#endif

/* ---- categories ---- */

static void test_category_names(void **state)
{
	(void)state;
	static const char *const names[] = {"file_io", "memory",   "process", "network", "time",
					    "ipc",     "security", "signal",  "system",	 "other"};

	assert_int_equal(ARRAY_SIZE(names), CATEGORY_COUNT);
	for (int i = 0; i < CATEGORY_COUNT; i++) {
		assert_string_equal(syscall_category_name((enum syscall_category)i), names[i]);
		assert_int_equal(syscall_category_find(names[i]), i);
	}
	assert_null(syscall_category_name(CATEGORY_COUNT));
}

static void test_category_names_are_exact(void **state)
{
	(void)state;
	static const char *const wrong[] = {"",	      "file",	"file_io ", "File_IO",
					    "fileio", "networ", "networks", "compute"};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(syscall_category_find(wrong[i]), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_call_is_filed),
		cmocka_unit_test(test_no_number_is_dropped),
		cmocka_unit_test(test_native_numbers),
		cmocka_unit_test(test_numbers_of_each_architecture),
		cmocka_unit_test(test_new_calls_have_one_number),
		cmocka_unit_test(test_categories_and_waits),
		cmocka_unit_test(test_find_round_trip),
		cmocka_unit_test(test_find_nothing),
		cmocka_unit_test(test_at_the_edges),
		cmocka_unit_test(test_arch_of_abi),
		cmocka_unit_test(test_call_names),
		cmocka_unit_test(test_native_name_needs_no_buffer),
		cmocka_unit_test(test_name_is_cut_to_fit),
		cmocka_unit_test(test_longest_name_fits),
		cmocka_unit_test(test_calls_by_id),
		cmocka_unit_test(test_unknown_calls_by_id),
		cmocka_unit_test(test_breakdown),
#if defined(__x86_64__)
		cmocka_unit_test(test_breakdown_of_i386),
#endif
		cmocka_unit_test(test_category_names),
		cmocka_unit_test(test_category_names_are_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
