/* SPDX-License-Identifier: BSD-2-Clause */
/* Attaches the programs of floor.bpf.c, and looks whether others are tracing this machine. */
#ifndef FATHOM_BENCH_FLOORS_H
#define FATHOM_BENCH_FLOORS_H

enum floor_set {
	FLOOR_NONE,
	FLOOR_CALLS_EMPTY,    /* sys_enter and sys_exit */
	FLOOR_CALLS_CLOCK,    /* the same, one clock read in each */
	FLOOR_SWITCHES_EMPTY, /* sched_switch and sched_wakeup */
	FLOOR_SWITCHES_CLOCK, /* the same, one clock read in each */
	FLOOR_ALL_CLOCK,      /* a clock read in each of all four */
	FLOOR_SET_COUNT,
};

/* Loads the programs, attaches none. 0 or a negative errno. */
int floors_open(void);

/* Attaches the programs of a set, and only these. 0 or a negative errno, with none attached. */
int floors_attach(enum floor_set set);

/* How many BPF programs that can trace are loaded on this machine by anybody but floors_open(),
 * or a negative errno. Not all are attached, but who loads one is about to. */
int tracers_count(void);

#endif
