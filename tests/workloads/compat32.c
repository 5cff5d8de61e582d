/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat32 [CALLS]: makes 32-bit calls (int 0x80) from a 64-bit process, and some 64-bit ones.
 * Proves that calls are told apart by ABI: number 64 is getppid there and semget here.
 * Skips where there is no such ABI: other machines, kernels without IA32 emulation.
 */
#include <setjmp.h>
#include "truth.h"

#ifdef __x86_64__

/* Numbers of arch/x86/entry/syscalls/syscall_32.tbl. */
enum {
	I386_CLOSE = 6,
	I386_GETPPID = 64,
};

static sigjmp_buf no_emulation;

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(no_emulation, 1);
}

/* Kernels before 4.17 clobbered r8 to r11. */
static int i386_call(int number, int argument)
{
	int result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "0"(number), "b"(argument)
			 : "memory", "cc", "r8", "r9", "r10", "r11");
	return result;
}

static void make_calls(long calls)
{
	for (long i = 0; i < calls; i++) {
		int parent = i386_call(I386_GETPPID, 0);

		if (parent == -ENOSYS)
			truth_skip("the kernel has no IA32 emulation");
		if (parent != getppid())
			truth_die("getppid by int 0x80");
		if (i % 10 == 0 && i386_call(I386_CLOSE, -1) != -EBADF)
			truth_die("close by int 0x80");
	}
}

/* Without emulation the instruction is a general protection fault. */
static void skip_without_emulation(void)
{
	struct sigaction action = {.sa_handler = on_fault};

	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(no_emulation, 1))
		truth_skip("the kernel has no IA32 emulation");
	i386_call(I386_GETPPID, 0);
}

int main(int argc, char **argv)
{
	uint64_t calls;

	truth_init(&argc, argv);
	calls = (uint64_t)truth_argument(argc, argv, 1, 1000);
	skip_without_emulation();
	make_calls((long)calls);
	truth_count("getppid@i386", calls + 1);
	truth_count("getppid", calls);
	truth_count("close@i386", (calls + 9) / 10);
	truth_errors("close@i386", "EBADF", (calls + 9) / 10);
	truth_count("semget", 0);
	return truth_finish();
}

#else

int main(int argc, char **argv)
{
	truth_init(&argc, argv);
	truth_skip("int 0x80 is of x86-64");
}

#endif
