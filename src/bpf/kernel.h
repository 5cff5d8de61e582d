/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every kernel structure and field that fathom reads, and no other. Offsets are relocated at load
 * time (CO-RE) against the running kernel's BTF, so only names and types matter here, not the
 * layout. Fields that exist on some kernels only are tested with bpf_core_field_exists() where they
 * are used.
 */
#ifndef FATHOM_BPF_KERNEL_H
#define FATHOM_BPF_KERNEL_H

#include "wire/types.h"

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

/* include/uapi/linux/bpf.h */
enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
	BPF_F_NO_PREALLOC = 1,
	BPF_F_MMAPABLE = 1 << 10,
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
	BPF_RB_AVAIL_DATA = 0,
};
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_QUEUE = 22,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

/* include/linux/sched.h; these values are the same from 5.18 on */
#define TASK_UNINTERRUPTIBLE 0x0002
#define TASK_STOPPED	     0x0004 /* __TASK_STOPPED */
#define TASK_TRACED	     0x0008 /* __TASK_TRACED */
#define TASK_DEAD	     0x0080
#define TASK_FROZEN	     0x8000
#define PF_KTHREAD	     0x00200000
#define PF_IO_WORKER	     0x00000010
#define SIGNAL_GROUP_EXIT    0x00000004 /* include/linux/sched/signal.h */
#define CLONE_THREAD	     0x00010000 /* include/uapi/linux/sched.h */

/* include/uapi/linux/stat.h, include/uapi/linux/magic.h, include/linux/socket.h */
#define S_IFMT		    0170000
#define S_IFSOCK	    0140000
#define S_IFCHR		    0020000
#define S_IFIFO		    0010000
#define ANON_INODE_FS_MAGIC 0x09041934
#define AF_UNIX		    1

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	u64 id;
};

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

typedef struct {
	u32 val;
} kuid_t;

struct cred {
	kuid_t uid;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct super_block {
	unsigned long s_magic;
};

struct inode {
	u16 i_mode;
	struct super_block *i_sb;
	u32 i_rdev;
};

struct file {
	struct inode *f_inode;
	struct path f_path;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct sock_common {
	u16 skc_family;
};

struct sock {
	struct sock_common __sk_common;
};

struct socket {
	struct sock *sk;
};

struct signal_struct {
	unsigned int flags;
	int group_exit_code;
	unsigned long maxrss;
};

struct task_io_accounting {
	u64 rchar;
	u64 wchar;
	u64 read_bytes;
	u64 write_bytes;
};

struct thread_info {
	unsigned long flags;
	u32 status; /* x86 */
	u32 cpu;
};

struct bpf_local_storage;

struct sched_entity {
	u64 sum_exec_runtime;
};

struct sched_info { /* CONFIG_SCHED_INFO */
	unsigned long long run_delay;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state;
	unsigned int flags;
	int on_cpu;
	int pid;
	int tgid;
	int exit_state;
	int exit_code;
	struct sched_entity se;
	struct sched_info sched_info;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	unsigned in_iowait : 1;
	unsigned frozen : 1; /* cgroup v2 freezer */
	u64 start_time;
	unsigned long nvcsw;
	unsigned long nivcsw;
	unsigned long min_flt;
	unsigned long maj_flt;
	const struct cred *real_cred;
	char comm[16];
	struct files_struct *files;
	struct signal_struct *signal;
	struct css_set *cgroups;
	struct task_io_accounting ioac;
	struct bpf_local_storage *bpf_storage;
	unsigned long blocker; /* 6.16 on, CONFIG_DETECT_HUNG_TASK_BLOCKER */
};

struct linux_binprm {
	const char *filename;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long bx, cx, dx, si, di, orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	u64 regs[31];
};

struct pt_regs {
	struct user_pt_regs user_regs;
	u64 orig_x0;
	s32 syscallno;
};
#else
#error "fathom knows x86-64 and arm64"
#endif

#pragma clang attribute pop

/* bpf_core_read.h would redefine these types; libbpf's macros need them complete. */
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

/* How long a task has waited for a CPU in its life; 0 where the kernel keeps no such account. */
#define task_run_delay(task)                                                                       \
	(bpf_core_field_exists((task)->sched_info.run_delay) ? (task)->sched_info.run_delay : 0)

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* One memory access, neither torn, repeated nor moved across another of these by the compiler. */
#define READ_ONCE(x)	 (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile typeof(x) *)&(x) = (v))

#if defined(__TARGET_ARCH_x86)
#define NR_EXECVE	   59
#define NR_EXECVEAT	   322
#define NR_RESTART_SYSCALL 219
#define NR_RESTART_COMPAT  0
#define TS_COMPAT	   0x0002 /* arch/x86/include/asm/thread_info.h */
#define X32_BIT		   0x40000000u
static __always_inline bool task_in_compat_call(const struct task_struct *task)
{
	return task->thread_info.status & TS_COMPAT;
}

/* The number in the saved registers: -1 when the kernel was entered by an exception. */
static __always_inline long regs_call_number(const struct pt_regs *regs)
{
	return (long)regs->orig_ax;
}

static __always_inline u64 regs_call_argument(const struct pt_regs *regs, bool compat, int which)
{
	if (which == 0)
		return compat ? (u32)regs->bx : regs->di;
	if (which == 1)
		return compat ? (u32)regs->cx : regs->si;
	return compat ? (u32)regs->dx : regs->dx;
}
#else
#define NR_EXECVE	   221
#define NR_EXECVEAT	   281
#define NR_RESTART_SYSCALL 128
#define NR_RESTART_COMPAT  0
#define TIF_32BIT_MASK	   (1ul << 22) /* arch/arm64/include/asm/thread_info.h */
static __always_inline bool task_in_compat_call(const struct task_struct *task)
{
	return task->thread_info.flags & TIF_32BIT_MASK;
}

static __always_inline long regs_call_number(const struct pt_regs *regs)
{
	return regs->syscallno;
}

static __always_inline u64 regs_call_argument(const struct pt_regs *regs, bool compat, int which)
{
	u64 value = which == 0	 ? regs->orig_x0
		    : which == 1 ? regs->user_regs.regs[1]
				 : regs->user_regs.regs[2];

	return compat ? (u32)value : value;
}
#endif

#endif
