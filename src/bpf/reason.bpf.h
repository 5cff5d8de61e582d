/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why a thread goes to sleep, decided as it is switched out from its state, the call it is in and
 * what the call's descriptor is. Nothing here is written anywhere.
 */
#ifndef FATHOM_BPF_REASON_H
#define FATHOM_BPF_REASON_H

#include "bpf/maps.bpf.h"
#include "bpf/cells.bpf.h"

/* The first eight bytes of a name as the little-endian number that one load gives. */
#define NAME8(a, b, c, d, e, f, g, h)                                                              \
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32 |             \
	 (u64)(f) << 40 | (u64)(g) << 48 | (u64)(h) << 56)

/* Major numbers of terminals (Documentation/admin-guide/devices.txt): consoles and ttys 4 and 5,
 * BSD ptys 2 and 3, Unix98 ptys 128 to 143, ACM and USB serial 166 and 188, low-density serial 204,
 * hvc 229. */
static __always_inline bool major_is_terminal(u32 major)
{
	return (major >= 2 && major <= 5) || (major >= 128 && major <= 143) || major == 166 ||
	       major == 188 || major == 204 || major == 229;
}

/* Descriptors without a file system: fs/eventfd.c, fs/timerfd.c, fs/signalfd.c, fs/notify. */
static __always_inline u32 anonymous_reason(struct file *file)
{
	const unsigned char *name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	u64 start = 0;

	bpf_probe_read_kernel(&start, sizeof(start), name);
	switch (start) {
	case NAME8('[', 'e', 'v', 'e', 'n', 't', 'f', 'd'):
		return BLOCKED_IPC;
	case NAME8('[', 't', 'i', 'm', 'e', 'r', 'f', 'd'):
	case NAME8('[', 's', 'i', 'g', 'n', 'a', 'l', 'f'):
		return BLOCKED_SLEEP;
	case NAME8('i', 'n', 'o', 't', 'i', 'f', 'y', 0):
	case NAME8('[', 'f', 'a', 'n', 'o', 't', 'i', 'f'):
	case NAME8('[', 'u', 's', 'e', 'r', 'f', 'a', 'u'):
		return BLOCKED_POLL;
	}
	return BLOCKED_OTHER;
}

static __noinline u32 descriptor_reason(struct task_struct *task, u64 fd)
{
	struct fdtable *table;
	struct file **slots;
	struct file *file = NULL;
	struct inode *inode;
	struct socket *socket;
	u16 mode;

	if (!task)
		return BLOCKED_OTHER;
	table = BPF_CORE_READ(task, files, fdt);
	if ((u32)fd >= BPF_CORE_READ(table, max_fds))
		return BLOCKED_OTHER;
	slots = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), &slots[(u32)fd]);
	if (!file)
		return BLOCKED_OTHER;
	inode = BPF_CORE_READ(file, f_inode);
	mode = BPF_CORE_READ(inode, i_mode) & S_IFMT;
	switch (mode) {
	case S_IFIFO:
		return BLOCKED_IPC;
	case S_IFSOCK:
		socket = BPF_CORE_READ(file, private_data);
		return BPF_CORE_READ(socket, sk, __sk_common.skc_family) == AF_UNIX
			       ? BLOCKED_IPC
			       : BLOCKED_NETWORK;
	case S_IFCHR:
		return major_is_terminal(BPF_CORE_READ(inode, i_rdev) >> 20) ? BLOCKED_TERMINAL
									     : BLOCKED_OTHER;
	}
	/* Anonymous inodes have no type up to 6.15 and look like regular files after: ask the
	 * owner. */
	if (BPF_CORE_READ(inode, i_sb, s_magic) == ANON_INODE_FS_MAGIC)
		return anonymous_reason(file);
	return mode ? BLOCKED_DISK_IO : BLOCKED_OTHER;
}

/* sendfile, splice and their like sleep on whichever end is not storage. */
static __always_inline u32 transfer_reason(struct task_struct *task, u64 from, u64 to)
{
	u32 reason = descriptor_reason(task, from);

	return reason == BLOCKED_DISK_IO ? descriptor_reason(task, to) : reason;
}

/* Outside calls: page faults, io_uring workers, and what is done on the way back from a call. */
static __always_inline u32 reason_outside_call(struct task_struct *task, bool deep)
{
	struct pt_regs *regs;

	if (task->flags & (PF_IO_WORKER | PF_KTHREAD)) /* light sleep: waiting to be given work */
		return deep ? BLOCKED_OTHER : BLOCKED_POLL;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return regs_call_number(regs) == -1 ? BLOCKED_PAGE_FAULT : BLOCKED_OTHER;
}

static __noinline u32 call_reason(struct task_struct *task, u32 call, bool deep)
{
	bool compat = CALL_ABI(call) == CALL_ABI_COMPAT;
	u32 index = call_table_index(call);
	struct pt_regs *regs;
	u64 fd;

	if (!task || index >= CALL_ABI_COUNT * CALL_TABLE_SIZE)
		return BLOCKED_OTHER;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	fd = regs_call_argument(regs, compat, 0);
	switch (setting_wait_kind[index]) {
	case WAIT_FD:
		return descriptor_reason(task, fd);
	case WAIT_TRANSFER:
		return transfer_reason(task, fd, regs_call_argument(regs, compat, 1));
	case WAIT_SPLICE:
		return transfer_reason(task, fd, regs_call_argument(regs, compat, 2));
	case WAIT_PATH: /* storage sleeps deep; opening a fifo waits for its other end lightly */
		return deep ? BLOCKED_DISK_IO : BLOCKED_IPC;
	case WAIT_DISK:
		return BLOCKED_DISK_IO;
	case WAIT_LOCK:
	case WAIT_MEMORY: /* storage would be in iowait: what is left is the address-space lock */
		return BLOCKED_LOCK;
	case WAIT_SLEEP:
		return BLOCKED_SLEEP;
	case WAIT_POLL:
		return BLOCKED_POLL;
	case WAIT_IPC:
		return BLOCKED_IPC;
	case WAIT_CHILD:
		return BLOCKED_CHILD;
	}
	return BLOCKED_OTHER;
}

/* The reason for the sleep that `task`, now being switched out in `state`, begins. */
static __always_inline u32 blocked_reason(struct task_struct *task,
					  const struct thread_ledger *ledger, u32 state)
{
	bool deep = state & TASK_UNINTERRUPTIBLE;

	if (state & (TASK_STOPPED | TASK_TRACED | TASK_FROZEN))
		return BLOCKED_STOPPED;
	/* The v2 freezer sleeps lightly; the parent of a vfork has the bit too, and sleeps deeply.
	 */
	if (!deep && bpf_core_field_exists(task->frozen) && BPF_CORE_READ_BITFIELD(task, frozen))
		return BLOCKED_STOPPED;
	/* A kernel mutex or rw-semaphore, where the kernel keeps note of it: inode, mmap locks … */
	if (bpf_core_field_exists(task->blocker) && task->blocker)
		return BLOCKED_LOCK;
	if (!ledger->enter_ns) {
		if (deep && !(task->flags & PF_IO_WORKER) &&
		    BPF_CORE_READ_BITFIELD(task, in_iowait))
			return reason_outside_call(task, deep) == BLOCKED_PAGE_FAULT
				       ? BLOCKED_PAGE_FAULT
				       : BLOCKED_DISK_IO;
		if (BPF_CORE_READ_BITFIELD(task, in_iowait))
			return BLOCKED_DISK_IO;
		return reason_outside_call(task, deep);
	}
	if (BPF_CORE_READ_BITFIELD(task, in_iowait))
		return BLOCKED_DISK_IO;
	/* A call that was interrupted by a stop goes on under another number. */
	if (call_is_restart(ledger->call))
		return call_reason(task, ledger->restart_call, deep);
	return call_reason(task, ledger->call, deep);
}

#endif
