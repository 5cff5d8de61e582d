/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a system call is named on the wire: one 16-bit id that carries the ABI and the number, so
 * that the 32-bit `read` (3) and the 64-bit `close` (3) are never added together. Names and
 * categories are not here but in model/syscall_table.h.
 */
#ifndef FATHOM_WIRE_CALL_H
#define FATHOM_WIRE_CALL_H

/* The ABI through which a call entered the kernel. */
enum call_abi {
	CALL_ABI_NATIVE = 0, /* x86-64 or arm64 */
	CALL_ABI_COMPAT = 1, /* 32-bit x86 (int 0x80, sysenter) or 32-bit arm */
	CALL_ABI_X32 = 2,    /* x86-64 with 32-bit pointers; bit 30 of the number is stripped */
	CALL_ABI_COUNT
};

#define CALL_NR_BITS 12
#define CALL_NR_MASK 0xfffu

/*
 * Two numbers that no kernel uses, for calls that have no usable number of their own: those that
 * --syscall leaves out, kept as one row so that sums still hold; and those outside 0 …
 * CALL_NR_FILTERED - 1, as syscall(-1) is.
 */
#define CALL_NR_FILTERED 0xffeu
#define CALL_NR_UNKNOWN	 0xfffu

#define CALL_ID(abi, nr) ((unsigned)(((abi) << CALL_NR_BITS) | ((nr)&CALL_NR_MASK)))
#define CALL_ABI(id)	 ((unsigned)(id) >> CALL_NR_BITS)
#define CALL_NR(id)	 ((unsigned)(id)&CALL_NR_MASK)

/* Kernel-side tables that are indexed by number cover 0 … CALL_TABLE_SIZE-1. The highest number in
 * Linux 6.18 is 547 (the x32 block that starts at 512). */
#define CALL_TABLE_SIZE 640u

/*
 * What a thread waits for when it sleeps inside a call. The kernel side turns this, together with
 * the descriptor that the call was given, into a blocked_reason (see wire/ledger.h).
 */
enum wait_kind {
	WAIT_OTHER = 0, /* nothing better is known: reported as `other`, with the call's name */
	WAIT_FD,	/* depends on what descriptor argument 0 is */
	WAIT_TRANSFER,	/* two descriptors, arguments 0 and 1: sendfile, tee */
	WAIT_SPLICE,	/* two descriptors, arguments 0 and 2: splice, copy_file_range */
	WAIT_PATH,	/* works on a path: storage when uninterruptible, else opening a fifo */
	WAIT_DISK,	/* storage by definition: fsync, sync, io_getevents */
	WAIT_LOCK,	/* futex, flock, record locks */
	WAIT_SLEEP,	/* a time or a signal: nanosleep, pause, sigsuspend, sigtimedwait */
	WAIT_POLL,	/* any of several events: poll, select, epoll */
	WAIT_IPC,	/* SysV and POSIX queues and semaphores */
	WAIT_CHILD,	/* wait4, waitid, the parent of a vfork */
	WAIT_MEMORY,	/* changes the address space: its lock, or storage behind a mapping */
	WAIT_KIND_COUNT
};

#endif
