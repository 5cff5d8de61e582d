/* SPDX-License-Identifier: BSD-2-Clause */
/* See measure.h. */
#include "measure.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "table.h"

#define ALONE_LIMIT_MS	120000
#define ALONE_POLL_MS	20
#define GONE_LIMIT_MS	3000
#define DISTURBED_TRIES 5
#define FAILURES_MAX	2   /* after that many, and more than successes, a variant is given up */
#define SEEN_LEAST	0.5 /* a tool that saw less did not do the work that is compared */

#define BIT(loop)    (1u << (loop))
#define CALL_LOOPS   (BIT(LOOP_CALL) | BIT(LOOP_FORTY) | BIT(LOOP_FAILING) | BIT(LOOP_THREADS))
#define SWITCH_LOOPS (BIT(LOOP_CALL) | BIT(LOOP_SWITCH))

/* A slowdown keeps the batches of a slow tool as short as those of the others. */
/* clang-format off */
const struct group groups[GROUP_COUNT] = {
	[GROUP_CALLS] = {
		.name = "calls",
		.title = "System calls",
		.variants = {
			{"untraced", FLOOR_NONE, NO_TOOL, CALL_LOOPS, 1},
			{"two empty programs", FLOOR_CALLS_EMPTY, NO_TOOL, CALL_LOOPS, 1},
			{"two empty programs + two clock reads (floor)", FLOOR_CALLS_CLOCK, NO_TOOL, CALL_LOOPS, 1},
			{NULL, FLOOR_NONE, TOOL_FATHOM, CALL_LOOPS, 1},
			{NULL, FLOOR_NONE, TOOL_FATHOM_ELSEWHERE, CALL_LOOPS, 1},
			{NULL, FLOOR_NONE, TOOL_BPFTRACE_COUNT, BIT(LOOP_CALL), 1},
			{NULL, FLOOR_NONE, TOOL_BPFTRACE_LATENCY, BIT(LOOP_CALL), 2},
			{NULL, FLOOR_NONE, TOOL_SYSCOUNT, BIT(LOOP_CALL), 1},
			{NULL, FLOOR_NONE, TOOL_SYSCOUNT_LATENCY, BIT(LOOP_CALL), 2},
			{NULL, FLOOR_NONE, TOOL_PERF_TRACE, BIT(LOOP_CALL), 8},
			{NULL, FLOOR_NONE, TOOL_STRACE, BIT(LOOP_CALL), 40},
		},
		.empty = 1,
		.floor = 2,
		.fathom = 3,
		.elsewhere = 4,
		.loops = {LOOP_CALL, LOOP_FORTY, LOOP_FAILING, LOOP_THREADS},
		.loop_count = 4,
	},
	[GROUP_SWITCHES] = {
		.name = "switches",
		.title = "Context switches",
		.variants = {
			{"untraced", FLOOR_NONE, NO_TOOL, SWITCH_LOOPS, 1},
			{"two empty programs on the scheduler", FLOOR_SWITCHES_EMPTY, NO_TOOL, SWITCH_LOOPS, 1},
			{"the same, each with a clock read", FLOOR_SWITCHES_CLOCK, NO_TOOL, SWITCH_LOOPS, 1},
			{"and on the calls, each with a clock read (floor)", FLOOR_ALL_CLOCK, NO_TOOL, SWITCH_LOOPS, 1},
			{NULL, FLOOR_NONE, TOOL_FATHOM_PAIR, SWITCH_LOOPS, 1},
			{NULL, FLOOR_NONE, TOOL_FATHOM_ELSEWHERE, SWITCH_LOOPS, 1},
			{NULL, FLOOR_NONE, TOOL_BPFTRACE_SWITCHES, BIT(LOOP_SWITCH), 1},
			{NULL, FLOOR_NONE, TOOL_PERF_TRACE_PAIR, BIT(LOOP_SWITCH), 2},
		},
		.empty = 1,
		.floor = 3,
		.fathom = 4,
		.elsewhere = 5,
		.loops = {LOOP_CALL, LOOP_SWITCH},
		.loop_count = 2,
		.calls_within = 2, /* a write and a read for every switch */
	},
	[GROUP_FORKS] = {
		.name = "forks",
		.title = "Processes",
		.variants = {
			{"untraced", FLOOR_NONE, NO_TOOL, BIT(LOOP_FORK), 1},
			{NULL, FLOOR_NONE, TOOL_FATHOM_FAMILY, BIT(LOOP_FORK), 1},
			{NULL, FLOOR_NONE, TOOL_FATHOM_ELSEWHERE, BIT(LOOP_FORK), 1},
			{NULL, FLOOR_NONE, TOOL_STRACE_FAMILY, BIT(LOOP_FORK), 5},
		},
		.fathom = 1,
		.elsewhere = 2,
		.loops = {LOOP_FORK},
		.loop_count = 1,
	},
};
/* clang-format on */

static const char *const loop_titles[LOOP_COUNT] = {
	[LOOP_CALL] = "One call (getppid), ns per call",
	[LOOP_FORTY] = "Forty different calls in turn, ns per call",
	[LOOP_FAILING] = "A call that fails (getpgid(-1)), ns per call",
	[LOOP_THREADS] =
		"getppid in four threads of a process on two CPUs, ns of CPU time per call",
	[LOOP_SWITCH] = "Two processes (SCHED_BATCH) on one CPU, a byte to and fro over pipes, ns "
			"per switch",
	[LOOP_FORK] = "fork, exit of the empty child, wait, ns per child",
};

int wait_until_alone(const struct plan *plan)
{
	if (plan->tracers < 0)
		return 0;
	for (unsigned waited = 0; waited < ALONE_LIMIT_MS; waited += ALONE_POLL_MS) {
		if (tracers_count() == plan->tracers)
			return 0;
		sleep_ms(ALONE_POLL_MS);
	}
	return -EBUSY;
}

static int variant_begin(const struct variant *variant, const struct tool_target *target,
			 struct tool_run *run, struct error *error)
{
	int code;

	if (variant->tool != NO_TOOL)
		return tool_start(run, (enum tool_id)variant->tool, target, error);
	code = floors_attach(variant->floor);
	return code ? error_set_errno(error, code, "cannot attach") : 0;
}

/* The loops of one variant in one round. Whoever else began to trace meanwhile spoilt it: -EAGAIN.
 */
static int variant_measure(const struct group *group, const struct variant *variant,
			   const struct plan *plan, const struct worker *worker,
			   double ns[LOOP_COUNT], uint64_t *operations)
{
	int tracers = tracers_count();
	enum loop loop;
	int code;

	for (int i = 0; i < group->loop_count; i++) {
		loop = group->loops[i];
		if (!(variant->loops & BIT(loop)) ||
		    (loop == LOOP_THREADS && plan->cpu == plan->other_cpu))
			continue;
		code = worker_measure(
			worker, loop, plan->batches, variant->slowdown, &ns[loop],
			/* what a tool counts is getppid, or the last loop's operation */
			loop == LOOP_CALL || loop == LOOP_THREADS || i == group->loop_count - 1
				? &operations[loop == LOOP_THREADS ? LOOP_CALL : loop]
				: &operations[LOOP_COUNT]);
		if (code)
			return code;
	}
	return plan->tracers >= 0 && tracers_count() != tracers ? -EAGAIN : 0;
}

/* Did it see what there was to see? fathom must have seen all of it. */
static int check_seen(const struct tool_run *run, uint64_t expected, double *least,
		      struct error *error)
{
	double seen = tool_seen(run), share;

	if (seen < 0) {
		if (run->tool->call || run->tool->members[0])
			return error_set(error, -EIO, "no count in its report");
		return 0;
	}
	share = seen / (double)expected;
	if (isnan(*least) || share < *least)
		*least = share;
	if (share < (run->tool->is_fathom ? 1 : SEEN_LEAST))
		return error_set(error, -EIO, "saw %.0f of %.0f", seen, (double)expected);
	return 0;
}

/* Is anybody tracing after our own tool has gone? Then perhaps since before the measurement began.
 * The kernel takes a moment to free programs. */
static bool still_others(const struct plan *plan)
{
	for (unsigned waited = 0; waited < GONE_LIMIT_MS; waited += ALONE_POLL_MS) {
		if (plan->tracers < 0 || tracers_count() == plan->tracers)
			return false;
		sleep_ms(ALONE_POLL_MS);
	}
	return true;
}

static int try_variant(const struct group *group, int index, const struct plan *plan,
		       const struct tool_target *target, const struct worker *worker,
		       double ns[LOOP_COUNT], struct result *result)
{
	const struct variant *variant = &group->variants[index];
	struct error *error = &result->trouble[index];
	uint64_t operations[LOOP_COUNT + 1] = {0};
	enum loop counted = group->loops[group->calls_within ? group->loop_count - 1 : 0];
	struct tool_run run = {0};
	int code, stopped = 0;

	for (int i = 0; i < LOOP_COUNT; i++)
		ns[i] = NAN;
	if (wait_until_alone(plan))
		return error_set(error, -EBUSY, "others were tracing");
	code = variant_begin(variant, target, &run, error);
	if (code)
		return code;
	code = variant_measure(group, variant, plan, worker, ns, operations);
	if (variant->tool != NO_TOOL)
		stopped = tool_stop(&run, code ? NULL : error);
	else
		floors_attach(FLOOR_NONE);
	if (code == -EAGAIN || still_others(plan))
		return error_set(error, -EAGAIN, "others began to trace");
	if (code)
		return error_set_errno(error, -ECHILD, "the worker failed");
	if (stopped)
		return stopped;
	if (variant->tool == NO_TOOL)
		return 0;
	return check_seen(&run, operations[counted], &result->seen[index], error);
}

static int round_of_variant(const struct group *group, int index, unsigned round,
			    const struct plan *plan, const struct tool_target *target,
			    const struct worker *worker, struct result *result)
{
	double ns[LOOP_COUNT];
	int code = -EAGAIN;

	for (int i = 0; i < DISTURBED_TRIES && code == -EAGAIN; i++)
		code = try_variant(group, index, plan, target, worker, ns, result);
	if (code) {
		result->failures[index]++;
		return code == -ECHILD ? code : 0;
	}
	result->successes[index]++;
	for (int i = 0; i < LOOP_COUNT; i++)
		result->ns[index][i][round] = ns[i];
	return 0;
}

static bool is_other_tool(const struct variant *variant)
{
	return variant->tool != NO_TOOL && !tools[variant->tool].is_fathom;
}

static bool is_hopeless(const struct result *result, int index)
{
	return result->failures[index] >= FAILURES_MAX &&
	       result->failures[index] > result->successes[index];
}

static void result_init(struct result *result, unsigned rounds)
{
	memset(result, 0, sizeof(*result));
	result->rounds = rounds;
	for (int i = 0; i < VARIANTS_MAX; i++) {
		result->seen[i] = NAN;
		for (int j = 0; j < LOOP_COUNT; j++) {
			for (int k = 0; k < ROUNDS_MAX; k++)
				result->ns[i][j][k] = NAN;
		}
	}
}

static int variant_count(const struct group *group)
{
	int count = 0;

	while (count < VARIANTS_MAX && group->variants[count].loops)
		count++;
	return count;
}

int group_measure(const struct group *group, const struct plan *plan, struct result *result)
{
	struct worker worker;
	struct tool_target target = {
		.bystander = plan->bystander,
		.fathom = plan->fathom,
		.directory = plan->directory,
	};
	int variants = variant_count(group), index, code;

	result_init(result, plan->rounds);
	code = worker_start(&worker, plan->cpu, plan->other_cpu);
	if (code)
		return code;
	target.pid = worker.pid;
	target.partner = worker.partner;
	for (unsigned round = 0; round < plan->rounds && !code; round++) {
		for (int i = 0; i < variants && !code; i++) {
			index = (int)((round + (unsigned)i) % (unsigned)variants);
			if (is_hopeless(result, index) ||
			    (is_other_tool(&group->variants[index]) && round >= plan->other_rounds))
				continue;
			code = round_of_variant(group, index, round, plan, &target, &worker,
						result);
		}
	}
	worker_stop(&worker);
	return code;
}

struct spread added_ns(const struct result *result, int variant, enum loop loop)
{
	return spread_of_difference(result->ns[variant][loop], result->ns[0][loop], result->rounds);
}

struct spread added_without_calls_ns(const struct group *group, const struct result *result,
				     int variant)
{
	enum loop whole = group->loops[group->loop_count - 1], call = group->loops[0];
	double values[ROUNDS_MAX];

	for (unsigned i = 0; i < result->rounds; i++)
		values[i] = result->ns[variant][whole][i] - result->ns[0][whole][i] -
			    group->calls_within *
				    (result->ns[variant][call][i] - result->ns[0][call][i]);
	return spread_of(values, result->rounds);
}

static void set_ratio(struct table *table, int row, int column, const struct result *result,
		      int variant, int reference, enum loop loop)
{
	struct spread ratio;

	if (!reference || !variant || variant == reference)
		return; /* the group has none, or there is nothing to compare */
	ratio = spread_of_ratio(result->ns[variant][loop], result->ns[reference][loop],
				result->ns[0][loop], result->rounds);
	table_set_number(table, row, column, ratio.median, 2);
}

static void set_remark(struct table *table, int row, const struct plan *plan,
		       const struct variant *variant, const struct result *result, int index,
		       size_t measured)
{
	const char *why = result->trouble[index].text;
	int column = table->columns - 1;
	double seen = result->seen[index];

	if (!measured && is_other_tool(variant) && !plan->other_rounds)
		table_set(table, row, column, "not measured: left out by --quick");
	else if (!measured)
		table_set(table, row, column, "not measured: %s", why[0] ? why : "one CPU only");
	else if (result->failures[index])
		table_set(table, row, column, "%u rounds; %u failed: %s", (unsigned)measured,
			  result->failures[index], why);
	else if (!isnan(seen) && seen < 0.999)
		table_set(table, row, column, "%u rounds; saw only %.1f %% of them",
			  (unsigned)measured, 100 * seen);
	else
		table_set(table, row, column, "%u rounds", (unsigned)measured);
}

static void set_figures(struct table *table, int row, const struct group *group,
			const struct result *result, int variant, enum loop loop)
{
	struct spread spread = spread_of(result->ns[variant][loop], result->rounds);

	table_set_number(table, row, 1, spread.least, 1);
	table_set_number(table, row, 2, spread.median, 1);
	table_set_number(table, row, 3, spread.most, 1);
	if (variant == 0)
		return;
	table_set_number(table, row, 4, added_ns(result, variant, loop).median, 1);
	set_ratio(table, row, 5, result, variant, group->empty, loop);
	set_ratio(table, row, 6, result, variant, group->floor, loop);
}

static void loop_print(const struct group *group, const struct plan *plan,
		       const struct result *result, enum loop loop)
{
	static const char *const with_ratios[] = {"",	     "least",	"median", "most", "added",
						  "× empty", "× floor", "",	  NULL};
	static const char *const without[] = {"", "least", "median", "most", "added", "", NULL};
	static struct table table;
	int variants = variant_count(group), row;
	size_t rounds;

	table_init(&table, group->floor ? with_ratios : without);
	for (int i = 0; i < variants; i++) {
		const struct variant *variant = &group->variants[i];

		if (!(variant->loops & BIT(loop)))
			continue;
		row = table_row(&table);
		table_set(&table, row, 0, "%s",
			  variant->name ? variant->name : tools[variant->tool].name);
		set_figures(&table, row, group, result, i, loop);
		rounds = spread_of(result->ns[i][loop], result->rounds).count;
		set_remark(&table, row, plan, variant, result, i, rounds);
	}
	printf("%s%s\n\n", plan->markdown ? "### " : "", loop_titles[loop]);
	table_print(&table, plan->markdown);
}

static void print_without_calls(const struct group *group, const struct result *result)
{
	struct spread spread = added_without_calls_ns(group, result, group->fathom);

	if (spread.count)
		printf("fathom adds %.1f ns to a switch when the %d calls that lead to it are "
		       "taken off "
		       "(from %.1f to %.1f).\n\n",
		       spread.median, group->calls_within, spread.least, spread.most);
}

void group_print(const struct group *group, const struct plan *plan, const struct result *result)
{
	printf("%s%s\n\n", plan->markdown ? "## " : "", group->title);
	for (int i = 0; i < group->loop_count; i++) {
		if (!group->calls_within || i == group->loop_count - 1)
			loop_print(group, plan, result, group->loops[i]);
	}
	if (group->calls_within)
		print_without_calls(group, result);
}
