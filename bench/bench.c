/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fathom-bench: what fathom costs, beside the least it could cost and beside other tools. Variants
 * are measured in rounds that go through all of them in turn, pinned, so that what disturbs the
 * machine disturbs all of them alike; figures are medians over rounds and ratios of rounds. Needs
 * root, and a machine that is otherwise quiet if the figures are to mean much.
 *
 * The files, in reading order: bench.c (options, limits), measure.c (variants, rounds, tables),
 * loops.c (what is measured), tools.c (what is compared), floors.c and floor.bpf.c (the least
 * possible), programs.c (whole programs), stats.c, table.c.
 *
 *   fathom-bench                   everything, about ten minutes
 *   fathom-bench --quick           a smoke run of fathom and the floors, some ten seconds
 *   fathom-bench --only switches   one group: calls, switches, forks or programs
 *   fathom-bench --markdown        for docs/BENCHMARKS.md
 *   fathom-bench --check           exit status 1 when a limit of docs/BENCHMARKS.md is exceeded
 */
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "measure.h"
#include "programs.h"

#define ROUNDS	      21
#define OTHER_ROUNDS  7
#define BATCHES	      41
#define QUICK_ROUNDS  2
#define QUICK_BATCHES 9

#define LOAD_MOST 0.5 /* at the start; more is said, for the sake of whoever reads the figures */

#define PROGRAMS_GROUP "programs"

enum {
	STATUS_EXCEEDED = 1, /* a limit, or it could not be told */
	STATUS_CANNOT = 2,
};

enum limit_kind {
	LIMIT_OF_FLOOR,
	LIMIT_OF_EMPTY,
	LIMIT_ADDED_NS,
};

static const struct limit {
	const char *what;
	enum group_id group;
	enum loop loop;
	enum limit_kind kind;
	bool elsewhere; /* of fathom watching another process */
	double most;
} limits[] = {
	{"every call timed, times the floor", GROUP_CALLS, LOOP_CALL, LIMIT_OF_FLOOR, false, 1.15},
	{"call of an unwatched process, times two empty programs", GROUP_CALLS, LOOP_CALL,
	 LIMIT_OF_EMPTY, true, 1.1},
	{"context switch without its calls, ns added", GROUP_SWITCHES, LOOP_SWITCH, LIMIT_ADDED_NS,
	 false, 250},
};

#define LIMITS (sizeof(limits) / sizeof(limits[0]))

struct options {
	const char *only;
	bool quick;
	bool check;
};

static struct result results[GROUP_COUNT];
static bool measured[GROUP_COUNT];

static int refuse(const char *why)
{
	fprintf(stderr, "fathom-bench: %s\n", why);
	return STATUS_CANNOT;
}

static int read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	char *got = file ? fgets(line, (int)size, file) : NULL;

	if (file)
		fclose(file);
	line[got ? strcspn(line, "\n") : 0] = '\0';
	return got ? 0 : -EIO;
}

static void cpu_model(char *model, size_t size)
{
	char line[256];
	FILE *file = fopen("/proc/cpuinfo", "re");

	snprintf(model, size, "unknown CPU");
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "model name", 10) || !strchr(line, ':'))
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(model, size, "%s", strchr(line, ':') + 2);
		break;
	}
	if (file)
		fclose(file);
}

static bool in_virtual_machine(void)
{
	char line[4096];
	FILE *file = fopen("/proc/cpuinfo", "re");
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, "flags", 5) && strstr(line, " hypervisor");
	if (file)
		fclose(file);
	return found;
}

static void describe(const struct plan *plan, int argc, char **argv)
{
	struct utsname host;
	char model[128];
	double load;

	uname(&host);
	cpu_model(model, sizeof(model));
	printf("Made with `fathom-bench");
	for (int i = 1; i < argc; i++)
		printf(" %s", argv[i]);
	printf("`: %u rounds, %u of other tools, %u batches.\n\n", plan->rounds, plan->other_rounds,
	       plan->batches);
	printf("%s, %ld CPUs%s; %s %s %s (%s). Loops on CPU %d, tools on CPU %d.\n\n", model,
	       sysconf(_SC_NPROCESSORS_ONLN), in_virtual_machine() ? ", virtual machine" : "",
	       host.sysname, host.release, host.machine, host.version, plan->cpu, plan->other_cpu);
	if (getloadavg(&load, 1) == 1 && load > LOAD_MOST)
		printf("The machine was busy (load %.1f): the figures are noisy.\n\n", load);
	if (plan->tracers < 0)
		printf("Others were tracing this machine all along: every figure contains "
		       "that.\n\n");
	fflush(stdout);
}

/* The last CPU for the loops and the first for the tools: interrupts tend to go to the first. */
static int choose_cpus(struct plan *plan)
{
	cpu_set_t set;

	plan->cpu = plan->other_cpu = -1;
	if (sched_getaffinity(0, sizeof(set), &set))
		return -errno;
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET((size_t)i, &set))
			continue;
		if (plan->other_cpu < 0)
			plan->other_cpu = i;
		plan->cpu = i;
	}
	return pin_to_cpu(plan->other_cpu);
}

static pid_t bystander_start(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

static int keep_quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

/* Someone who traces for good cannot be waited for; but say so. */
static void look_for_tracers(struct plan *plan)
{
	if (wait_until_alone(plan) == 0)
		return;
	fprintf(stderr, "fathom-bench: others are tracing this machine and do not stop\n");
	plan->tracers = -1;
}

static int prepare(struct plan *plan)
{
	char line[16];

	if (geteuid() != 0)
		return refuse("must be run as root");
	if (read_line("/proc/sys/kernel/bpf_stats_enabled", line, sizeof(line)))
		return refuse("cannot read kernel.bpf_stats_enabled");
	if (strcmp(line, "0") != 0)
		return refuse(
			"kernel.bpf_stats_enabled is on, which doubles the cost: turn it off");
	if (access(plan->fathom, X_OK))
		return refuse("fathom is not where it should be: give --fathom PATH");
	if (choose_cpus(plan))
		return refuse("cannot pin to a CPU");
	libbpf_set_print(keep_quiet);
	if (floors_open())
		return refuse("cannot load the empty programs: does the kernel have BTF?");
	look_for_tracers(plan);
	plan->bystander = bystander_start();
	return plan->bystander < 0 ? refuse("cannot fork") : 0;
}

static bool wanted(const struct options *options, const char *name)
{
	return !options->only || !strcmp(options->only, name);
}

static int measure_all(const struct plan *plan, const struct options *options)
{
	int code = 0;

	for (int i = 0; i < GROUP_COUNT && !code; i++) {
		if (!wanted(options, groups[i].name))
			continue;
		code = group_measure(&groups[i], plan, &results[i]);
		if (code)
			break;
		measured[i] = true;
		group_print(&groups[i], plan, &results[i]);
		fflush(stdout);
	}
	if (!code && wanted(options, PROGRAMS_GROUP))
		code = programs_compare(plan);
	return code;
}

static struct spread limit_figure(const struct limit *limit)
{
	const struct group *group = &groups[limit->group];
	const struct result *result = &results[limit->group];
	int variant = limit->elsewhere ? group->elsewhere : group->fathom;
	int reference = limit->kind == LIMIT_OF_FLOOR ? group->floor : group->empty;

	if (limit->kind == LIMIT_ADDED_NS)
		return added_without_calls_ns(group, result, variant);
	return spread_of_ratio(result->ns[variant][limit->loop], result->ns[reference][limit->loop],
			       result->ns[0][limit->loop], result->rounds);
}

/* True when every limit whose group was measured holds. What could not be measured does not hold.
 */
static bool limits_hold(bool markdown)
{
	struct spread figure;
	bool all = true, holds;

	if (!measured[GROUP_CALLS] && !measured[GROUP_SWITCHES])
		return true; /* the other groups have none */
	printf("%sLimits\n\n", markdown ? "## " : "");
	for (size_t i = 0; i < LIMITS; i++) {
		if (!measured[limits[i].group])
			continue;
		figure = limit_figure(&limits[i]);
		holds = figure.count && figure.median <= limits[i].most;
		all = all && holds;
		if (figure.count)
			printf("%s%s: %.2f (%.2f … %.2f), at most %.2f: %s\n", markdown ? "- " : "",
			       limits[i].what, figure.median, figure.least, figure.most,
			       limits[i].most, holds ? "holds" : "EXCEEDED");
		else
			printf("%s%s: not measured\n", markdown ? "- " : "", limits[i].what);
	}
	puts("");
	return all;
}

static const struct option long_options[] = {
	{"only", required_argument, NULL, 'o'},	  {"quick", no_argument, NULL, 'q'},
	{"markdown", no_argument, NULL, 'm'},	  {"check", no_argument, NULL, 'c'},
	{"fathom", required_argument, NULL, 'f'}, {"rounds", required_argument, NULL, 'r'},
	{"help", no_argument, NULL, 'h'},	  {NULL},
};

static int usage(FILE *to, int status)
{
	fprintf(to,
		"Usage: fathom-bench [OPTION…]\n\n"
		"  --only GROUP    calls, switches, forks or programs\n"
		"  --quick         a smoke run: few rounds, no other tools\n"
		"  --markdown      print Markdown\n"
		"  --check         exit status 1 when a limit is exceeded\n"
		"  --rounds N      instead of %d\n"
		"  --fathom PATH   the binary to measure\n"
		"  --help          this text\n",
		ROUNDS);
	return status;
}

static bool group_exists(const char *name)
{
	for (int i = 0; i < GROUP_COUNT; i++) {
		if (!strcmp(groups[i].name, name))
			return true;
	}
	return !strcmp(name, PROGRAMS_GROUP);
}

/* 0 to go on, else the exit status plus one. */
static int parse(int argc, char **argv, struct plan *plan, struct options *options)
{
	unsigned long rounds = 0;
	int found;

	while ((found = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (found) {
		case 'o':
			options->only = optarg;
			break;
		case 'q':
			options->quick = true;
			break;
		case 'm':
			plan->markdown = true;
			break;
		case 'c':
			options->check = true;
			break;
		case 'f':
			plan->fathom = optarg;
			break;
		case 'r':
			rounds = strtoul(optarg, NULL, 10);
			if (rounds < 1 || rounds > ROUNDS_MAX)
				return usage(stderr, STATUS_CANNOT) + 1;
			break;
		case 'h':
			return usage(stdout, 0) + 1;
		default:
			return usage(stderr, STATUS_CANNOT) + 1;
		}
	}
	if (optind < argc || (options->only && !group_exists(options->only)))
		return usage(stderr, STATUS_CANNOT) + 1;
	plan->rounds = options->quick ? QUICK_ROUNDS : ROUNDS;
	plan->other_rounds = options->quick ? 0 : OTHER_ROUNDS;
	plan->batches = options->quick ? QUICK_BATCHES : BATCHES;
	if (rounds)
		plan->rounds = (unsigned)rounds;
	if (plan->other_rounds > plan->rounds)
		plan->other_rounds = plan->rounds;
	return 0;
}

static int bench(struct plan *plan, const struct options *options, int argc, char **argv)
{
	int status = prepare(plan), code;

	if (status)
		return status;
	describe(plan, argc, argv);
	code = measure_all(plan, options);
	kill(plan->bystander, SIGKILL);
	waitpid(plan->bystander, NULL, 0);
	if (code)
		return refuse(strerror(-code));
	if (!limits_hold(plan->markdown) && options->check)
		return STATUS_EXCEEDED;
	return 0;
}

int main(int argc, char **argv)
{
	char directory[] = "/tmp/fathom-bench.XXXXXX";
	char self[PATH_MAX], fathom[PATH_MAX + 16], place[PATH_MAX];
	struct options options = {0};
	struct plan plan = {.directory = directory, .fathom = fathom, .self = self};
	const char *path = getenv("PATH");
	char wider[PATH_MAX];
	ssize_t length;
	int status;

	if (argc > 1 && !strcmp(argv[1], "--clock"))
		return programs_clock(argc - 2, argv + 2);
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length < 0)
		return refuse("cannot find itself");
	self[length] = '\0';
	memcpy(place, self, sizeof(place));
	snprintf(fathom, sizeof(fathom), "%s/../src/fathom", dirname(place));
	status = parse(argc, argv, &plan, &options);
	if (status)
		return status - 1;
	/* Some distributions keep tracing tools where only root's shell looks. */
	snprintf(wider, sizeof(wider), "%s:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin");
	setenv("PATH", wider, 1);
	signal(SIGPIPE, SIG_IGN); /* a lost worker is an error of write(2) */
	if (!mkdtemp(directory))
		return refuse("cannot make a temporary directory");
	status = bench(&plan, &options, argc, argv);
	nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	return status;
}
