/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The groups of variants that are compared on the worker's loops, measured in rounds that go
 * through all variants in turn, and printed. Whole programs are compared in programs.h.
 */
#ifndef FATHOM_BENCH_MEASURE_H
#define FATHOM_BENCH_MEASURE_H

#include <stdbool.h>
#include <sys/types.h>

#include "floors.h"
#include "loops.h"
#include "stats.h"
#include "tools.h"

#define ROUNDS_MAX   200
#define VARIANTS_MAX 12
#define LOOPS_MAX    4

struct plan {
	unsigned rounds;
	unsigned other_rounds; /* of tools other than fathom; 0 leaves them out */
	unsigned batches;
	bool markdown;
	int cpu;       /* where the loops run */
	int other_cpu; /* where the tools run; the same when there is one only */
	const char *fathom;
	const char *directory;
	const char *self; /* path of this program */
	pid_t bystander;
	int tracers; /* of others, there from the start to the end; -1: do not look */
};

struct variant {
	const char *name; /* NULL: the tool's */
	enum floor_set floor;
	int tool;	/* enum tool_id, or NO_TOOL */
	unsigned loops; /* bit per enum loop */
	unsigned slowdown;
};

#define NO_TOOL (-1)

enum group_id {
	GROUP_CALLS,
	GROUP_SWITCHES,
	GROUP_FORKS,
	GROUP_COUNT,
};

struct group {
	const char *name; /* for --only */
	const char *title;
	struct variant variants[VARIANTS_MAX]; /* the first is untraced */
	/* Which variants are two empty programs and the floor; 0 where there is none. */
	int empty;
	int floor;
	int fathom;
	int elsewhere;
	enum loop loops[LOOPS_MAX]; /* in the order of the tables */
	int loop_count;
	/* How many calls there are in one operation of the last loop, and whether what they cost,
	 * measured by the first loop, is to be shown apart. */
	int calls_within;
};

extern const struct group groups[GROUP_COUNT];

struct result {
	double ns[VARIANTS_MAX][LOOP_COUNT][ROUNDS_MAX]; /* NaN: not measured */
	struct error trouble[VARIANTS_MAX]; /* why not, the last time that it was not */
	unsigned failures[VARIANTS_MAX];
	unsigned successes[VARIANTS_MAX];
	double seen[VARIANTS_MAX]; /* the least share of the operations that the tool saw; NaN:
				      unknown */
	unsigned rounds;
};

/* 0 or a negative errno: when the worker is lost, nothing else ends a group early. */
int group_measure(const struct group *group, const struct plan *plan, struct result *result);

void group_print(const struct group *group, const struct plan *plan, const struct result *result);

/* What a variant adds to an operation, over untraced. */
struct spread added_ns(const struct result *result, int variant, enum loop loop);

/* The same less what the calls within the operation of the group's last loop add. */
struct spread added_without_calls_ns(const struct group *group, const struct result *result,
				     int variant);

/* Waits until nobody else traces. 0 or -EBUSY. */
int wait_until_alone(const struct plan *plan);

#endif
