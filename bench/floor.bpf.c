// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Programs that do nothing, or nothing but read the clock: the least that any tool attached to the
 * same tracepoints must cost. Each is attached on its own by floors.c.
 */
#include "bpf/kernel.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/sys_enter")
int empty_enter(void *context)
{
	return 0;
}

SEC("tp_btf/sys_exit")
int empty_exit(void *context)
{
	return 0;
}

/* The time is kept on the stack: a global would be shared, and bounce between the CPUs. */
SEC("tp_btf/sys_enter")
int clock_enter(void *context)
{
	volatile u64 now = bpf_ktime_get_ns();

	return now == 0;
}

SEC("tp_btf/sys_exit")
int clock_exit(void *context)
{
	volatile u64 now = bpf_ktime_get_ns();

	return now == 0;
}

SEC("tp_btf/sched_switch")
int empty_switch(void *context)
{
	return 0;
}

SEC("tp_btf/sched_wakeup")
int empty_wakeup(void *context)
{
	return 0;
}

SEC("tp_btf/sched_switch")
int clock_switch(void *context)
{
	volatile u64 now = bpf_ktime_get_ns();

	return now == 0;
}

SEC("tp_btf/sched_wakeup")
int clock_wakeup(void *context)
{
	volatile u64 now = bpf_ktime_get_ns();

	return now == 0;
}
