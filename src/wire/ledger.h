/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel side keeps and what user space reads: the ledger of one thread, the cell of one
 * (process, call), the entry of one process, and the records that leave through the ring and the
 * iterator. All times are nanoseconds of CLOCK_MONOTONIC. Kernel counters only ever grow.
 */
#ifndef FATHOM_WIRE_LEDGER_H
#define FATHOM_WIRE_LEDGER_H

#include "wire/call.h"
#include "wire/types.h"

#define COMM_SIZE 16  /* TASK_COMM_LEN, linux/sched.h */
#define EXE_SIZE  160 /* longer paths lose their end */

/* Why a thread sleeps, decided when it goes to sleep. The order is that of the JSON report. */
enum blocked_reason {
	BLOCKED_DISK_IO,
	BLOCKED_NETWORK,
	BLOCKED_LOCK,
	BLOCKED_SLEEP,
	BLOCKED_POLL,
	BLOCKED_IPC,
	BLOCKED_CHILD,
	BLOCKED_TERMINAL,
	BLOCKED_PAGE_FAULT,
	BLOCKED_STOPPED,
	BLOCKED_OTHER,
	BLOCKED_REASON_COUNT
};

enum thread_state {
	THREAD_UNSEEN, /* seeded, and not yet known whether it runs: its time is unaccounted */
	THREAD_ON_CPU,
	THREAD_RUNQUEUE, /* runnable: woken, preempted or newborn, waiting for a CPU */
	THREAD_BLOCKED,
	THREAD_DEAD, /* switched out for the last time; folded into its process */
};

/* None is set in a thread's ordinary life, so that one test of all leads to the fast path. */
enum thread_flag {
	/* `run`: the child before its execve. Nothing counts until that call is entered. */
	THREAD_ARMED = 1 << 0,
	/* Born while watched: the first sys_exit is the child's return from clone, not a call. */
	THREAD_NEWBORN = 1 << 1,
	/* The current call began before the watch did: its true duration is not known. */
	THREAD_CALL_PARTIAL = 1 << 2,
	/* Was on a CPU when the watch began: whether in a call shows when it sleeps or returns. */
	THREAD_SEEDED_RUNNING = 1 << 3,
};

/* The four-way split of a stretch of time. on-CPU time inside calls is part of on_cpu_ns. */
struct ledger_times {
	__u64 on_cpu_ns;
	__u64 runqueue_ns;
	__u64 unaccounted_ns;
	__u64 call_on_cpu_ns; /* of on_cpu_ns, the part inside system calls */
	__u64 blocked_ns[BLOCKED_REASON_COUNT];
};

/* Sleeps of one thread or process, the one it is in when read included. min is ~0 if there is none.
 */
struct wait_extremes {
	__u64 count;
	__u64 min_ns;
	__u64 max_ns;
};

/* A thread's cache of cells: direct-mapped by call number, each entry a call id above a cell's
 * index. */
#define CELL_CACHE_SIZE	 64
#define CELL_INDEX_BITS	 18
#define CELL_INDEX_LIMIT (1u << CELL_INDEX_BITS)
#define CELL_CACHE_EMPTY (~0u) /* no call has an id of all ones */
#define EXEC_UNKNOWN	 (~0ull)

/*
 * One thread's running account, in its task-local storage. Written by the thread itself (system
 * calls) and under its runqueue lock (scheduler), so no field needs an atomic operation. since_ns
 * is 0 while the scheduler side is half way through an update, so that a reader on another CPU can
 * tell.
 */
struct thread_ledger {
	/* The system-call path: these share the first cache lines. */
	__u64 enter_ns;	      /* when the current call began; 0 outside calls */
	__u32 process;	      /* serial of the process */
	__u16 call;	      /* CALL_ID of the current call */
	__u16 flags;	      /* enum thread_flag */
	__u64 call_off_ns;    /* off-CPU time of the current call so far; 0 for most calls */
	__u64 call_on_cpu_ns; /* on-CPU time of all finished calls */

	/* The scheduler path. */
	__u64 since_ns; /* start of the current state */
	__u32 state;	/* enum thread_state | enum blocked_reason << 8 */
	__u32 tid;
	__u32 shard;	       /* of cells: 0 for the thread-group leader, else CPU + 1 */
	__u32 restart_call;    /* the call that restart_syscall(2) would go on with */
	__u32 before;	       /* the state before the present or last wait for a CPU */
	__u32 delay_uncounted; /* run_delay leaves out the present wait for a CPU */
	__u32 settled;	       /* run_delay has been looked at since the last switch-in */
	__u32 pad;
	__u64 on_cpu_ns;
	__u64 runqueue_ns;
	__u64 unaccounted_ns;
	__u64 blocked_ns[BLOCKED_REASON_COUNT];
	struct wait_extremes waits;

	/* The current call's off-CPU time by kind; meaningful only when call_off_ns is not 0. */
	__u64 call_runqueue_ns;
	__u64 call_blocked_ns[BLOCKED_REASON_COUNT];

	/* The scheduler's own accounts of this thread when they were last read; see
	 * bpf/ledger.bpf.h. */
	__u64 exec_seen_ns;   /* sum_exec_runtime; EXEC_UNKNOWN: not read since the watch began */
	__u64 delay_seen_ns;  /* run_delay */
	__u64 switches_seen;  /* nvcsw + nivcsw at the last switch-out that was seen */
	__u64 provisional_ns; /* runqueue time booked at switch-in that is still to be corrected */
	__u64 early_ns;	      /* of the present stretch on the CPU, the part before its switch-in */

	__u64 start_ns;	      /* birth, or when the watch began */
	__u64 voluntary_base; /* task_struct.nvcsw and .nivcsw when the watch began */
	__u64 involuntary_base;

	__u32 cell_cache[CELL_CACHE_SIZE];
};

/*
 * Call latency, log-linear: bucket 0 holds [0, 64) ns, then four buckets per power of two up to
 * 2^36 ns (68.7 s), and a last one for all beyond. A bucket is 25 % as wide as its lower bound, so
 * its middle is within 12.5 % of any value in it.
 */
#define HISTOGRAM_MIN_SHIFT 6
#define HISTOGRAM_MAX_SHIFT 36
#define HISTOGRAM_SIZE	    (1 + 4 * (HISTOGRAM_MAX_SHIFT - HISTOGRAM_MIN_SHIFT) + 1)

/* For a table of buckets by duration: a step no wider than any bucket that begins at or above it.
 */
#define BUCKET_TABLE_STEP_NS 16
#define BUCKET_TABLE_SIZE    1024
#define BUCKET_TABLE_NS	     (BUCKET_TABLE_STEP_NS * BUCKET_TABLE_SIZE)

/*
 * One (process, call, shard). A process with one thread has only shard 0, written by its leader;
 * other threads write the shard of the CPU they are on, with preemption off, so that no two writers
 * share a cell and none needs an atomic add. The number of finished calls is the sum of the
 * histogram plus `untimed`. on-CPU time is wall_ns less the off-CPU parts.
 */
struct syscall_cell {
	__u64 wall_ns;
	__u64 min_ns; /* over the timed calls; ~0 when there are none */
	__u64 max_ns;
	__u64 main_errors;  /* returns of -main_error */
	__u64 other_errors; /* returns of -1 … -4095 else, -ERESTART* excepted; see errno_entry */
	__u64 restarts;	    /* returns of -ERESTARTSYS … -ERESTART_RESTARTBLOCK (512 to 516) */
	__u64 untimed;	    /* finished calls whose entry was not seen */
	__u64 runqueue_ns;
	__u64 blocked_ns[BLOCKED_REASON_COUNT];
	__u32 process;
	__u32 next; /* next cell of the same process; 0 ends the chain */
	__u16 call;
	__u16 shard;
	__u32 main_error; /* the errno that came first; 0 if none has */
	__u32 pad;
	__u32 wraps; /* how often any bucket passed 2^32; see histogram_wraps in bpf/maps.bpf.h */
	__u32 histogram[HISTOGRAM_SIZE];
};

struct cell_key {
	__u32 process;
	__u16 call;
	__u16 shard;
};

struct errno_key {
	__u32 process;
	__u16 call;
	__u16 error; /* errno, positive */
};

/* Errors of a (process, call) other than its cell's main_error. */
struct errno_entry {
	__u64 count;
	struct errno_key next; /* next entry of the same process; all 0 ends the chain */
};

/* What the kernel itself counts per task, summed over the threads of a process. */
struct task_counters {
	__u64 voluntary_switches;
	__u64 involuntary_switches;
	__u64 minor_faults;
	__u64 major_faults;
	__u64 rchar_bytes; /* through read-like calls, from whatever source */
	__u64 wchar_bytes;
	__u64 read_bytes; /* fetched from storage */
	__u64 write_bytes;
};

enum process_flag {
	PROCESS_DEAD = 1 << 0,	 /* its last thread is gone: nothing writes here any more */
	PROCESS_EXECED = 1 << 1, /* exe is the path given to execve; else it is the parent's */
};

/*
 * One process, (tgid, start time), under a serial number that is never used twice in a session.
 * What its threads accumulated is added here when they die, before anything else can lose it.
 */
struct process_entry {
	__u32 serial;
	__u32 tgid;
	__u32 ppid; /* tgid of the parent at birth */
	__u32 uid;
	__u32 threads;	     /* alive and watched */
	__u32 threads_total; /* ever watched */
	__u32 flags;	     /* enum process_flag */
	__s32 wait_status;   /* as wait(2) gives it; valid once dead */
	__u64 start_ns;	     /* task_struct.start_time: identity */
	__u64 seen_ns;	     /* birth, or when the watch began */
	__u64 end_ns;	     /* death of the last thread */
	__u64 cgroup;	     /* id in the v2 hierarchy */
	char comm[COMM_SIZE];
	char exe[EXE_SIZE]; /* as given to execve; "" if unknown */
	__u32 execs;
	__u32 cells;		 /* head of the chain of syscall cells; 0 if none */
	struct errno_key errnos; /* head of the chain of errno entries */
	__u64 thread_time_ns;	 /* lifetimes of its dead threads, summed */
	struct ledger_times times;
	struct wait_extremes waits;
	struct task_counters counters; /* may wrap below 0 until live threads are added */
	__u64 peak_rss_pages;
};

/* The call that a live thread is in when it is read. */
struct in_flight {
	__u16 call;
	__u16 active;  /* 0: not in a call */
	__u32 partial; /* 1: it began before the watch; wall_ns is the part since then */
	__u64 wall_ns;
	__u64 runqueue_ns;
	__u64 blocked_ns[BLOCKED_REASON_COUNT];
};

enum record_kind {
	RECORD_THREAD_DEAD = 1, /* thread_record: the last of a thread, through the ring */
	RECORD_THREAD_LIVE,	/* thread_record: as it stands, through the iterator */
	RECORD_PROCESS_DEAD,	/* notice */
	RECORD_RESEED,		/* notice: a process came under the filter; look for its threads */
};

/* A thread's account as it stood at end_ns: its last, through the ring, or a reading of a live one.
 */
struct thread_record {
	__u32 kind;
	__u32 process;
	__u32 tgid;
	__u32 tid;
	char comm[COMM_SIZE];
	__u64 start_ns;
	__u64 end_ns;
	struct ledger_times times;
	struct wait_extremes waits;
	struct task_counters counters; /* switches since start_ns; for a live thread all fields */
	struct in_flight in_flight;    /* of a live thread */
};

struct notice {
	__u32 kind;
	__u32 process;
};

/* What was lost, by class. Each has a count and the time of its first and last occurrence. */
enum loss_class {
	LOSS_PROCESS_TABLE_FULL, /* processes not watched because the table had no room */
	LOSS_CELL_TABLE_FULL,	 /* calls not counted because there was no cell left */
	LOSS_ERRNO_TABLE_FULL,	 /* errors counted without their errno */
	LOSS_THREAD_UNTRACKED,	 /* threads not watched because their storage was refused */
	LOSS_RING_FULL,		 /* thread rows lost; their times are in the process all the same */
	LOSS_STATE_CONFLICT,	 /* missed scheduler events past repair; time → unaccounted */
	LOSS_MISSED_RUN, /* runs that the kernel skipped (recursion_misses); filled by user space */
	LOSS_CLASS_COUNT
};

struct loss_counter {
	__u64 count;
	__u64 first_ns;
	__u64 last_ns;
};

/* Which processes are watched besides those named one by one. */
enum watch_filter {
	WATCH_NAMED, /* only those in the target table */
	WATCH_COMM,
	WATCH_CGROUP, /* the cgroup and all below it */
	WATCH_USER,
	WATCH_ALL,
};

#ifndef __bpf__
#include <assert.h>
#include <stddef.h>
static_assert(sizeof(struct thread_ledger) == 624, "thread_ledger");
static_assert(offsetof(struct thread_ledger, since_ns) == 32, "thread_ledger.since_ns");
static_assert(sizeof(struct syscall_cell) == 664, "syscall_cell");
static_assert(sizeof(struct cell_key) == 8 && sizeof(struct errno_key) == 8, "keys");
static_assert(sizeof(struct process_entry) == 480, "process_entry");
static_assert(sizeof(struct thread_record) == 368, "thread_record");
static_assert(sizeof(struct loss_counter) == 24, "loss_counter");
#endif

#endif
