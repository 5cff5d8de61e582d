/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See programs.h. Each program is run by this binary as its own clock (--clock), inside of the
 * tool, so that its time is told apart from the tool's start and report.
 */
#include "programs.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "table.h"

#define RUN_LIMIT_MS   120000
#define SOURCE_LINES   1500
#define COMMAND_WORDS  8
#define TOOL_WORDS     12
#define WORDS	       (COMMAND_WORDS + TOOL_WORDS + 8)
#define STRACE_DIVIDER 3 /* strace is run in that fraction of the rounds of other tools */

struct program {
	const char *name;
	const char *words[COMMAND_WORDS]; /* %s: the source file */
	double processes;		  /* that fathom must see, at least */
};

static const struct program programs[] = {
	{"cc -O2 of 1500 lines", {"cc", "-O2", "-c", "-o", "/dev/null", "%s"}, 3},
	{"sh: 500 × /bin/true",
	 {"sh", "-c", "i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done"},
	 502},
};

#define PROGRAMS ((int)(sizeof(programs) / sizeof(programs[0])))

enum way {
	WAY_UNTRACED,
	WAY_FATHOM,
	WAY_PERF_TRACE,
	WAY_STRACE,
	WAY_COUNT,
};

static const struct {
	const char *name;
	const char *words[TOOL_WORDS]; /* before the command; %f and %o as in tools.h */
	unsigned divider;	       /* of the rounds of other tools; 0: every round */
} ways[WAY_COUNT] = {
	[WAY_UNTRACED] = {"untraced", {NULL}, 0},
	[WAY_FATHOM] = {"fathom run", {"%f", "run", "-q", "--format", "json", "-o", "%o", "--"}, 0},
	[WAY_PERF_TRACE] = {"perf trace -s", {"perf", "trace", "-s", "-o", "%o", "--"}, 1},
	[WAY_STRACE] = {"strace -f -c", {"strace", "-f", "-c", "-o", "%o"}, STRACE_DIVIDER},
};

struct program_result {
	double wall_s[WAY_COUNT][ROUNDS_MAX];
	double cpu_s[WAY_COUNT][ROUNDS_MAX];
	double around_s[WAY_COUNT]
		       [ROUNDS_MAX]; /* what the tool took before and after the program */
	struct error trouble[WAY_COUNT];
	unsigned failures[WAY_COUNT];
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + 1e-6 * (double)time.tv_usec;
}

int programs_clock(int argc, char **argv)
{
	struct rusage usage;
	double from;
	int status = 0;
	FILE *file;
	pid_t pid;

	if (argc < 3)
		return 2;
	if (pin_to_cpu(atoi(argv[1])))
		return 2;
	from = now_s();
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 2;
	from = now_s() - from;
	getrusage(RUSAGE_CHILDREN, &usage);
	file = fopen(argv[0], "we");
	if (!file)
		return 2;
	fprintf(file, "%.9f %.6f\n", from, seconds(usage.ru_utime) + seconds(usage.ru_stime));
	fclose(file);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A C file of middling size, the same every time, with enough in it for the optimiser to chew on.
 */
static int write_source(const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return -errno;
	fprintf(file, "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n");
	for (int i = 0; i < SOURCE_LINES / 10; i++)
		fprintf(file,
			"struct node%d {\n\tstruct node%d *next;\n\tlong value[%d];\n};\n"
			"long work%d(struct node%d *node, long x)\n{\n"
			"\tfor (; node; node = node->next)\n"
			"\t\tx = x * %dL + node->value[x & %d] - (x >> %d);\n"
			"\treturn node ? printf(\"%%ld\\n\", x) : x;\n}\n",
			i, i, 8 + i % 8, i, i, 2 * i + 3, 7, i % 31 + 1);
	return fclose(file) ? -errno : 0;
}

struct invocation {
	const struct plan *plan;
	const struct program *program;
	enum way way;
	char source[TOOL_PATH];
	char output[TOOL_PATH];
	char clock[TOOL_PATH];
	char printed[TOOL_PATH];
	char messages[TOOL_PATH];
	char cpu[16];
	char *words[WORDS];
};

static char *word_of(struct invocation *invocation, const char *word)
{
	if (!strcmp(word, "%f"))
		return (char *)(uintptr_t)invocation->plan->fathom;
	if (!strcmp(word, "%o"))
		return invocation->output;
	if (!strcmp(word, "%s"))
		return invocation->source;
	return (char *)(uintptr_t)word; /* execvp changes none of them */
}

static void invocation_init(struct invocation *invocation, const struct plan *plan,
			    const struct program *program, enum way way)
{
	const char *directory = plan->directory;
	int count = 0;

	*invocation = (struct invocation){.plan = plan, .program = program, .way = way};
	snprintf(invocation->source, TOOL_PATH, "%s/source.c", directory);
	snprintf(invocation->output, TOOL_PATH, "%s/output", directory);
	snprintf(invocation->clock, TOOL_PATH, "%s/clock", directory);
	snprintf(invocation->printed, TOOL_PATH, "%s/printed", directory);
	snprintf(invocation->messages, TOOL_PATH, "%s/messages", directory);
	snprintf(invocation->cpu, sizeof(invocation->cpu), "%d", plan->cpu);
	for (int i = 0; i < TOOL_WORDS && ways[way].words[i]; i++)
		invocation->words[count++] = word_of(invocation, ways[way].words[i]);
	invocation->words[count++] = word_of(invocation, plan->self);
	invocation->words[count++] = (char *)(uintptr_t) "--clock";
	invocation->words[count++] = invocation->clock;
	invocation->words[count++] = invocation->cpu;
	for (int i = 0; i < COMMAND_WORDS && program->words[i]; i++)
		invocation->words[count++] = word_of(invocation, program->words[i]);
}

static int read_clock(const struct invocation *invocation, double *wall, double *cpu)
{
	FILE *file = fopen(invocation->clock, "re");
	int read = file ? fscanf(file, "%lf %lf", wall, cpu) : 0;

	if (file)
		fclose(file);
	return read == 2 ? 0 : -EIO;
}

static int say_failure(const struct invocation *invocation, int status, struct error *error)
{
	char line[200];

	if (status < 0)
		return error_set(error, status, "not done after %d s", RUN_LIMIT_MS / 1000);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(error, -ENOENT, "not installed");
	last_line(invocation->messages, line, sizeof(line));
	return error_set(error, -EIO, "wait status %#x: %s", (unsigned)status, line);
}

static int run_once(struct invocation *invocation, unsigned round, struct program_result *result)
{
	enum way way = invocation->way;
	struct error *error = &result->trouble[way];
	static const char *const members[TOOL_MEMBERS] = {"processes"};
	double from, wall, cpu, seen;
	int status;
	pid_t pid;

	if (wait_until_alone(invocation->plan))
		return error_set(error, -EBUSY, "others were tracing");
	unlink(invocation->clock);
	unlink(invocation->output);
	from = now_s();
	pid = program_start(invocation->words, invocation->printed, invocation->messages);
	if (pid < 0)
		return error_set_errno(error, pid, "cannot start");
	status = wait_for_end(pid, RUN_LIMIT_MS);
	from = now_s() - from;
	if (status == -ETIMEDOUT) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (status || read_clock(invocation, &wall, &cpu))
		return say_failure(invocation, status, error);
	if (way == WAY_FATHOM) {
		seen = report_ledger_sum(invocation->output, members);
		if (seen < invocation->program->processes)
			return error_set(error, -EIO, "saw %.0f processes", seen);
	}
	result->wall_s[way][round] = wall;
	result->cpu_s[way][round] = cpu;
	result->around_s[way][round] = from - wall;
	return 0;
}

static bool is_due(const struct plan *plan, const struct program_result *result, int way,
		   unsigned round)
{
	unsigned rounds = plan->rounds;

	if (ways[way].divider)
		rounds = (plan->other_rounds + ways[way].divider - 1) / ways[way].divider;
	return round < rounds && result->failures[way] < 2;
}

static void program_measure(const struct program *program, const struct plan *plan,
			    struct program_result *result)
{
	struct invocation invocation;

	memset(result, 0, sizeof(*result));
	for (int i = 0; i < WAY_COUNT; i++) {
		for (int j = 0; j < ROUNDS_MAX; j++)
			result->wall_s[i][j] = result->cpu_s[i][j] = result->around_s[i][j] = NAN;
	}
	for (unsigned round = 0; round < plan->rounds; round++) {
		for (int i = 0; i < WAY_COUNT; i++) {
			int way = (int)((round + (unsigned)i) % WAY_COUNT);

			if (!is_due(plan, result, way, round))
				continue;
			invocation_init(&invocation, plan, program, (enum way)way);
			if (run_once(&invocation, round, result))
				result->failures[way]++;
		}
	}
}

static struct spread ratio_of(const double *a, const double *b, unsigned rounds)
{
	double values[ROUNDS_MAX];

	for (unsigned i = 0; i < rounds; i++)
		values[i] = a[i] / b[i];
	return spread_of(values, rounds);
}

static void set_spread(struct table *table, int row, int column, struct spread ratio)
{
	if (ratio.count)
		table_set(table, row, column, "%.3f (%.3f … %.3f)", ratio.median, ratio.least,
			  ratio.most);
}

static void program_add_rows(const struct program *program, const struct plan *plan,
			     const struct program_result *result, struct table *table)
{
	struct spread wall;
	int row;

	for (int i = 0; i < WAY_COUNT; i++) {
		row = table_row(table);
		table_set(table, row, 0, "%s, %s", program->name, ways[i].name);
		wall = spread_of(result->wall_s[i], plan->rounds);
		table_set_number(table, row, 1, wall.median, 3);
		table_set_number(table, row, 2, spread_of(result->cpu_s[i], plan->rounds).median,
				 3);
		if (i != WAY_UNTRACED) {
			set_spread(table, row, 3,
				   ratio_of(result->wall_s[i], result->wall_s[0], plan->rounds));
			set_spread(table, row, 4,
				   ratio_of(result->cpu_s[i], result->cpu_s[0], plan->rounds));
			table_set_number(table, row, 5,
					 spread_of(result->around_s[i], plan->rounds).median, 3);
		}
		if (!wall.count && ways[i].divider && !plan->other_rounds)
			table_set(table, row, 6, "not measured: left out by --quick");
		else if (!wall.count)
			table_set(table, row, 6, "not measured: %s", result->trouble[i].text);
		else if (result->failures[i])
			table_set(table, row, 6, "%u rounds; %u failed: %s", (unsigned)wall.count,
				  result->failures[i], result->trouble[i].text);
		else
			table_set(table, row, 6, "%u rounds", (unsigned)wall.count);
	}
}

int programs_compare(const struct plan *plan)
{
	static const char *const headings[] = {
		"",	     "wall s",	    "CPU s", "wall ratio (least … most)",
		"CPU ratio", "around it s", "",	     NULL};
	static struct program_result result;
	static struct table table;
	char source[TOOL_PATH];
	int code;

	snprintf(source, sizeof(source), "%s/source.c", plan->directory);
	code = write_source(source);
	if (code)
		return code;
	table_init(&table, headings);
	for (int i = 0; i < PROGRAMS; i++) {
		program_measure(&programs[i], plan, &result);
		program_add_rows(&programs[i], plan, &result, &table);
	}
	printf("%sWhole programs\n\n", plan->markdown ? "## " : "");
	table_print(&table, plan->markdown);
	printf("Seconds are the program's own, from fork to wait; \"around it\" is what the tool "
	       "took "
	       "before and after to start and to report.\n\n");
	return 0;
}
