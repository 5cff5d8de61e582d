/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is measured: small loops, run in a process of their own (the worker) that stays the same
 * while tracers come and go. How the loops are compared is bench.c's business.
 */
#ifndef FATHOM_BENCH_LOOPS_H
#define FATHOM_BENCH_LOOPS_H

#include <stdint.h>
#include <sys/types.h>

enum loop {
	LOOP_CALL,    /* getppid, over and over */
	LOOP_FORTY,   /* forty different calls in turn */
	LOOP_FAILING, /* a call that fails */
	LOOP_THREADS, /* getppid in four threads on two CPUs; time on the CPU per call */
	LOOP_SWITCH,  /* two processes on one CPU play ping-pong over pipes: each switch is
		       * one wake-up, one write and one read; time per switch */
	LOOP_FORK,    /* fork an empty child and wait for it */
	LOOP_COUNT,
};

struct worker {
	pid_t pid;
	pid_t partner; /* its opponent in LOOP_SWITCH, its child */
	int requests;
	int replies;
};

/* `cpu` is the CPU of everything but LOOP_THREADS, which runs on `other_cpu` too. With one CPU the
 * two are the same, and LOOP_THREADS is refused. Returns 0 or a negative errno. The worker dies
 * with the calling process. */
int worker_start(struct worker *worker, int cpu, int other_cpu);
void worker_stop(struct worker *worker);

/* How long one batch lasts untraced is about a millisecond; `slowdown` makes batches that much
 * smaller. Gives the median over the batches of the wall-clock time per operation, and adds the
 * number of operations done, warming up included, to *operations. 0 or a negative errno. */
int worker_measure(const struct worker *worker, enum loop loop, unsigned batches, unsigned slowdown,
		   double *ns, uint64_t *operations);

/* Ties the calling process to one CPU. 0 or a negative errno. */
int pin_to_cpu(int cpu);

#endif
