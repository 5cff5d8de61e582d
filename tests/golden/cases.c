/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See cases.h. A case fills in what happened, call by call; its ledgers are added up from that, so
 * that every case keeps the identity of the ledger. Only calls that all architectures have are
 * used.
 */
#include "cases.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define S  UINT64_C(1000000000)

#define START_NS   (86400 * S)
#define CALLS_MOST 20
#define EXIT(code) ((code) << 8)

/* What a sleep of no known number counts as, in the ledger's waits. */
#define WAIT_NS (2 * MS)

struct task {
	struct process_facts facts;
	struct call_stats calls[CALLS_MOST];
	struct errno_stats errnos[CALLS_MOST];
};

static void need(bool good)
{
	if (!good)
		abort();
}

static char *copy(const char *text)
{
	char *copied = strdup(text);

	need(copied);
	return copied;
}

/* ---- the profile as a whole ---- */

static void set_host(struct profile *profile, uint64_t duration_ns)
{
	strcpy(profile->host.name, "golden");
	strcpy(profile->host.kernel, "6.18.0");
	strcpy(profile->host.arch, "x86_64");
	profile->host.cpus = 8;
	profile->start_unix_ns = UINT64_C(1760000000) * S;
	profile->start_ns = START_NS;
	profile->duration_ns = duration_ns;
	profile->self.cpu_ns = 12 * MS;
	profile->self.peak_rss_bytes = 9 << 20;
	profile->self.startup_ns = 85 * MS;
	profile->self.program_count = 2;
	strcpy(profile->self.programs[0].name, "on_sys_enter");
	strcpy(profile->self.programs[1].name, "on_sched_switch");
}

static void set_command(struct profile *profile, const char *const *words, int wait_status)
{
	size_t count = 0;

	while (words[count])
		count++;
	profile->command.argv = calloc(count + 1, sizeof(char *));
	need(profile->command.argv);
	for (size_t i = 0; i < count; i++)
		profile->command.argv[i] = copy(words[i]);
	profile->command.pid = 4000;
	profile->command.ended = true;
	profile->command.wait_status = wait_status;
}

/* ---- one process ---- */

static struct task task_of(uint32_t pid, const char *comm, const char *exe, uint64_t born_ns,
			   uint64_t life_ns)
{
	return (struct task){
		.facts =
			{
				.pid = pid,
				.ppid = 3999,
				.uid = 1000,
				.threads = 1,
				.execs = 1,
				.ended = true,
				.start_ns = START_NS + born_ns,
				.seen_ns = START_NS + born_ns,
				.end_ns = START_NS + born_ns + life_ns,
				.comm = comm,
				.exe = exe,
				.cgroup = "/user.slice/user-1000.slice",
				.ledger = LEDGER_EMPTY,
				.resources = {.peak_rss_bytes = 3 << 20, .minor_faults = 250},
			},
	};
}

static struct call_stats *add_call(struct task *task, const char *name)
{
	int nr = syscall_find(syscall_arch_of(CALL_ABI_NATIVE), name);
	struct call_stats *stats = &task->calls[task->facts.call_count++];

	need(nr >= 0 && task->facts.call_count <= CALLS_MOST);
	*stats = call_stats_of((uint16_t)CALL_ID(CALL_ABI_NATIVE, (unsigned)nr));
	return stats;
}

/* `count` calls from `least_ns` to `most_ns` long, more of the short ones. */
static struct call_stats *add_calls(struct task *task, const char *name, uint64_t count,
				    uint64_t least_ns, uint64_t most_ns)
{
	struct call_stats *stats = add_call(task, name);

	stats->count = count;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t share = count > 1 ? i * 1000 / (count - 1) : 0;
		uint64_t ns = least_ns + (most_ns - least_ns) / 1000000 * share * share +
			      (most_ns - least_ns) % 1000000 * share / 1000 * share / 1000;

		stats->wall_ns += ns;
		stats->histogram.counts[histogram_bucket(ns)]++;
		stats->min_ns = ns < stats->min_ns ? ns : stats->min_ns;
		stats->max_ns = ns > stats->max_ns ? ns : stats->max_ns;
	}
	return stats;
}

/* Of the time in a call, `percent` was asleep for `reason`. */
static void blocked(struct call_stats *stats, enum blocked_reason reason, unsigned percent)
{
	stats->blocked_ns[reason] += stats->wall_ns / 100 * percent;
}

static void failed(struct task *task, struct call_stats *stats, int error, uint64_t count)
{
	stats->errors += count;
	task->errnos[task->facts.errno_count++] =
		(struct errno_stats){.call = stats->call, .error = (uint16_t)error, .count = count};
}

/* The ledger that follows from the calls and the time outside them. */
static void account(struct task *task, uint64_t compute_ns, uint64_t runqueue_ns,
		    uint64_t unaccounted_ns)
{
	struct ledger *ledger = &task->facts.ledger;

	ledger->on_cpu_ns = compute_ns;
	ledger->runqueue_ns = runqueue_ns;
	for (size_t i = 0; i < task->facts.call_count; i++) {
		struct call_row row = call_row_of(&task->calls[i]);

		ledger->on_cpu_ns += row.on_cpu_ns;
		ledger->syscall_on_cpu_ns += row.on_cpu_ns;
		ledger->runqueue_ns += row.runqueue_ns;
		for (unsigned reason = 0; reason < BLOCKED_REASON_COUNT; reason++)
			ledger->blocked_ns[reason] += task->calls[i].blocked_ns[reason];
	}
	ledger->thread_time_ns = ledger->on_cpu_ns + ledger->runqueue_ns +
				 ledger_blocked_ns(ledger) + unaccounted_ns;
	ledger->involuntary_switches = runqueue_ns / MS;
	ledger->waits = ledger_blocked_ns(ledger) / WAIT_NS;
	ledger->voluntary_switches = ledger->waits;
	if (ledger->waits) {
		ledger->wait_min_ns = 3 * US;
		ledger->wait_max_ns = ledger_blocked_ns(ledger) / ledger->waits * 2;
	}
}

static void add_process(struct profile *profile, struct task *task)
{
	task->facts.calls = task->calls;
	task->facts.errnos = task->errnos;
	need(profile_add_process(profile, &task->facts) == 0);
}

/* One part in `parts` of a ledger; the parts add up but for what the division leaves. */
static struct ledger part_of(const struct ledger *whole, uint64_t part, uint64_t parts)
{
	struct ledger ledger = *whole;

	ledger.on_cpu_ns = whole->on_cpu_ns / parts * part;
	ledger.syscall_on_cpu_ns = whole->syscall_on_cpu_ns / parts * part;
	ledger.runqueue_ns = whole->runqueue_ns / parts * part;
	for (unsigned i = 0; i < BLOCKED_REASON_COUNT; i++)
		ledger.blocked_ns[i] = whole->blocked_ns[i] / parts * part;
	ledger.thread_time_ns = ledger.on_cpu_ns + ledger.runqueue_ns + ledger_blocked_ns(&ledger) +
				ledger_unaccounted_ns(whole) / parts * part;
	ledger.voluntary_switches = whole->voluntary_switches / parts * part;
	ledger.involuntary_switches = whole->involuntary_switches / parts * part;
	ledger.waits = whole->waits / parts * part;
	if (!ledger.waits) {
		ledger.wait_min_ns = UINT64_MAX;
		ledger.wait_max_ns = 0;
	}
	return ledger;
}

static void add_thread(struct profile *profile, const struct task *task, uint32_t tid,
		       const char *comm, const struct ledger *ledger)
{
	struct thread thread = {
		.pid = task->facts.pid,
		.tid = tid,
		.start_ns = task->facts.seen_ns + (tid - task->facts.pid) * MS,
		.ended = task->facts.ended,
		.ledger = *ledger,
	};

	strncpy(thread.comm, comm, COMM_SIZE - 1);
	need(profile_add_thread(profile, &thread) == 0);
}

/* A process with one thread. */
static void add_single(struct profile *profile, struct task *task)
{
	add_process(profile, task);
	add_thread(profile, task, task->facts.pid, task->facts.comm, &task->facts.ledger);
}

/* ---- cases ---- */

static void fill_pipeline(struct profile *profile)
{
	static const char *const WORDS[] = {"tar", "czf", "/tmp/doc.tgz", "/usr/share/doc", NULL};
	struct task tar = task_of(4000, "tar", "/usr/bin/tar", 0, 3410 * MS);
	struct task gzip = task_of(4001, "gzip", "/usr/bin/gzip", 12 * MS, 3390 * MS);
	struct call_stats *stats;

	set_host(profile, 3410 * MS);
	set_command(profile, WORDS, EXIT(0));
	stats = add_calls(&tar, "write", 38114, 2 * US, 124 * US);
	blocked(stats, BLOCKED_IPC, 95);
	add_calls(&tar, "newfstatat", 20012, 900, 9 * US);
	add_calls(&tar, "openat", 19870, 1500, 12 * US);
	stats = add_calls(&tar, "read", 39204, 400, 60 * US);
	blocked(stats, BLOCKED_DISK_IO, 30);
	add_calls(&tar, "close", 19871, 200, 900);
	add_calls(&tar, "getdents64", 3312, 2 * US, 40 * US);
	add_calls(&tar, "mmap", 31, 3 * US, 21 * US);
	stats = add_calls(&tar, "wait4", 1, 12 * MS, 12 * MS);
	blocked(stats, BLOCKED_CHILD, 99);
	tar.facts.resources = (struct resources){
		.peak_rss_bytes = 4 << 20,
		.rchar_bytes = 310 << 20,
		.wchar_bytes = 312 << 20,
		.read_bytes = 41 << 20,
		.minor_faults = 320,
		.major_faults = 2,
	};
	account(&tar, 210 * MS, 20 * MS, 0);
	add_single(profile, &tar);
	stats = add_calls(&gzip, "read", 9985, 3 * US, 30 * US);
	blocked(stats, BLOCKED_IPC, 60);
	add_calls(&gzip, "write", 2100, 4 * US, 90 * US);
	account(&gzip, 3200 * MS, 31 * MS, 40 * US);
	gzip.facts.ppid = 4000;
	add_single(profile, &gzip);
}

static void fill_threads(struct profile *profile)
{
	static const char *const WORDS[] = {"./server", "--port", "8080", NULL};
	struct task server = task_of(4000, "server", "/srv/server", 0, 30 * S);
	struct ledger part;
	struct call_stats *stats;

	set_host(profile, 30 * S);
	set_command(profile, WORDS, EXIT(3));
	stats = add_calls(&server, "epoll_pwait", 52000, 4 * US, 6 * MS);
	blocked(stats, BLOCKED_POLL, 97);
	stats->in_flight = 2;
	stats->wall_ns += 9 * S;
	stats->blocked_ns[BLOCKED_POLL] += 9 * S;
	stats = add_calls(&server, "futex", 81000, 300, 900 * US);
	blocked(stats, BLOCKED_LOCK, 90);
	stats->runqueue_ns = stats->wall_ns / 100 * 4;
	failed(&server, stats, EAGAIN, 40123);
	failed(&server, stats, ETIMEDOUT, 12);
	stats = add_calls(&server, "recvfrom", 60210, 900, 40 * US);
	failed(&server, stats, EAGAIN, 8000);
	failed(&server, stats, ECONNRESET, 3);
	failed(&server, stats, 4000, 1);
	stats->restarts = 17;
	add_calls(&server, "sendto", 52210, 2 * US, 70 * US);
	/* Begun before the watch: counted, and of no known duration. */
	stats = add_call(&server, "accept4");
	stats->count = 1;
	stats->untimed = 1;
	/* Begun and not ended. */
	stats = add_call(&server, "clock_nanosleep");
	stats->in_flight = 1;
	stats->wall_ns = 4 * S;
	stats->blocked_ns[BLOCKED_SLEEP] = 4 * S;
	/* Both, and longer than the histogram reaches. */
	stats = add_calls(&server, "ppoll", 1, 70 * S, 70 * S);
	blocked(stats, BLOCKED_POLL, 100);
	stats->count++;
	stats->untimed++;
	account(&server, 14 * S, 2500 * MS, 30 * MS);
	server.facts.threads = 12;
	server.facts.execs = 2;
	server.facts.wait_status = EXIT(3);
	add_process(profile, &server);
	for (uint32_t i = 0; i < 12; i++) {
		char comm[COMM_SIZE];

		snprintf(comm, sizeof(comm), i ? "worker-%u" : "server", i);
		part = part_of(&server.facts.ledger, i + 1, 78);
		add_thread(profile, &server, 4000 + i, comm, &part);
	}
}

static void fill_commands(struct profile *profile)
{
	static const char *const WORDS[] = {"make", "-j4", NULL};
	static const char *const COMMANDS[] = {
		"make", "sh",  "cc1", "as",    "collect2",	   "ld",
		"gcc",	"sed", "rm",  "mkdir", "x86_64-linux-gnu", "ar"};

	set_host(profile, 61 * S);
	set_command(profile, WORDS, EXIT(2));
	for (uint32_t i = 0; i < 12; i++) {
		for (uint32_t j = 0; j <= 11 - i; j++) {
			uint32_t pid = 4000 + i * 20 + j;
			struct task task = task_of(pid, COMMANDS[i], "/usr/bin/x", pid * MS, 2 * S);
			struct call_stats *stats = add_calls(&task, "read", 20 + j, US, 90 * US);

			blocked(stats, BLOCKED_DISK_IO, 40);
			add_calls(&task, "openat", 30, US, 20 * US);
			if (i < 2) {
				stats = add_calls(&task, "wait4", 4, MS, 900 * MS);
				blocked(stats, BLOCKED_CHILD, 99);
			}
			task.facts.wait_status = i == 2 && j < 2 ? EXIT(1) : i == 5 ? SIGSEGV : 0;
			account(&task, (i == 2 ? 900 : 12) * MS, 3 * MS, 0);
			add_single(profile, &task);
		}
	}
}

static void fill_losses(struct profile *profile)
{
	static const char *const WORDS[] = {"stress", NULL};
	struct task task = task_of(4000, "stress", "/usr/bin/stress", 0, S);

	set_host(profile, S);
	set_command(profile, WORDS, EXIT(0));
	add_calls(&task, "getpid", 100000, 60, 300);
	account(&task, 700 * MS, 100 * MS, 171 * MS);
	add_single(profile, &task);
	for (unsigned i = 0; i < LOSS_CLASS_COUNT; i++)
		profile->losses[i] = (struct loss){
			.count = 1 + i * 1999,
			.first_ns = START_NS + i * MS,
			.last_ns = START_NS + 900 * MS,
		};
	/* The kernel tells how many, not when. */
	profile->losses[LOSS_MISSED_RUN] = (struct loss){.count = 7};
	profile->self.programs[1].misses = 7;
}

static void fill_empty(struct profile *profile)
{
	static const char *const WORDS[] = {"true", NULL};

	set_host(profile, 2 * MS);
	set_command(profile, WORDS, EXIT(0));
	profile->losses[LOSS_PROCESS_TABLE_FULL] =
		(struct loss){.count = 1, .first_ns = START_NS + 1, .last_ns = START_NS + 1};
}

static void fill_hostile(struct profile *profile)
{
	static char many[64][40];
	static const char *words[80] = {
		"./\x1b]0;title\x07\x1b[2J\x1b[31mred",
		"two\nlines\r\n\t",
		"\xc2\x9b"
		"31m",
		"\xff\xfe\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80",
		"\"quoted\" \\ 'and' $(not)",
		"",
		"naïve-résumé-日本語-😀",
	};
	struct task evil = task_of(4000, "\x1b[31m\"ev\\il\n", "/tmp/\xff\"\n\x1b[0m", 0, S);
	struct task cut = task_of(4001, "caf\xc3\xa9-caf\xc3\xa9-caf\xc3", "/tmp/日本", 1, S);
	struct task long_task = task_of(
		4002, "\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f", "", 2, S);

	for (size_t i = 0; i < 64; i++) {
		snprintf(many[i], sizeof(many[i]), "--an-argument-of-many=%zu", i);
		words[7 + i] = many[i];
	}
	set_host(profile, S);
	strcpy(profile->host.name, "h\xf6st");
	set_command(profile, words, EXIT(255));
	evil.facts.cgroup = "/a\nb\xff";
	evil.facts.wait_status = EXIT(255);
	account(&evil, 400 * MS, MS, 0);
	add_single(profile, &evil);
	add_calls(&cut, "read", 3, US, 9 * US);
	cut.facts.cgroup = NULL;
	cut.facts.wait_status = 64; /* a real-time signal has no name */
	account(&cut, 300 * MS, MS, 0);
	add_single(profile, &cut);
	account(&long_task, 200 * MS, MS, 0);
	add_single(profile, &long_task);
}

static void fill_killed(struct profile *profile)
{
	static const char *const WORDS[] = {
		"sh", "-c", "while :; do sleep 0.01; done # a command that is not so short", NULL};
	struct task sh = task_of(4000, "sh", "/bin/sh", 0, 5 * S);
	struct task sleeper = task_of(4001, "sleep", "/bin/sleep", S, 4 * S);
	struct call_stats *stats;

	set_host(profile, 5 * S);
	set_command(profile, WORDS, SIGKILL);
	stats = add_calls(&sh, "wait4", 400, 10 * MS, 11 * MS);
	blocked(stats, BLOCKED_CHILD, 98);
	add_calls(&sh, "clone", 400, 90 * US, 300 * US);
	sh.facts.wait_status = SIGKILL;
	account(&sh, 300 * MS, 40 * MS, 0);
	add_single(profile, &sh);
	/* The child outlives it. */
	stats = add_call(&sleeper, "clock_nanosleep");
	stats->in_flight = 1;
	stats->wall_ns = 4 * S - 5 * MS;
	blocked(stats, BLOCKED_SLEEP, 100);
	sleeper.facts.ended = false;
	account(&sleeper, 5 * MS, 0, 0);
	add_single(profile, &sleeper);
}

static void fill_attach(struct profile *profile)
{
	struct task postgres = task_of(812, "postgres", NULL, 0, 10 * S);
	struct call_stats *stats;

	set_host(profile, 10 * S);
	profile->command.target = copy("processes named 'postgres'");
	postgres.facts.start_ns = START_NS - 7200 * S;
	postgres.facts.ended = false;
	postgres.facts.execs = 0;
	postgres.facts.cgroup = NULL;
	postgres.facts.resources.peak_rss_bytes = 0;
	stats = add_calls(&postgres, "fdatasync", 1210, 2 * MS, 9 * MS);
	blocked(stats, BLOCKED_DISK_IO, 97);
	add_calls(&postgres, "pwrite64", 1300, 8 * US, 40 * US);
	stats = add_calls(&postgres, "epoll_pwait", 900, 10 * US, 9 * MS);
	blocked(stats, BLOCKED_POLL, 99);
	failed(&postgres, stats, EINTR, 2);
	account(&postgres, 800 * MS, 60 * MS, 0);
	add_single(profile, &postgres);
}

/* Numbers that are wider than their columns: a month on many CPUs. */
static void fill_wide(struct profile *profile)
{
	static const char *const WORDS[] = {"a-simulation", NULL};
	static const char *const NAMES[] = {"sched_get_priority_max", "rt_sigtimedwait", "getpid",
					    "process_vm_writev", "sched_rr_get_interval"};
	struct task task = task_of(4194303, "fifteen-letters", "/opt/simulation", 0, 2592000 * S);
	struct task other = task_of(4194302, "fifteen-letterz", "/opt/simulation", 0, 2592000 * S);

	set_host(profile, 2592000 * S);
	set_command(profile, WORDS, EXIT(0));
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++) {
		struct call_stats *stats = add_calls(&task, NAMES[i], 1000, 100 * MS, 99 * S);

		for (unsigned j = 0; j < HISTOGRAM_SIZE; j++)
			stats->histogram.counts[j] *= 123456;
		stats->count *= 123456;
		stats->wall_ns *= 12345;
		blocked(stats, i ? BLOCKED_IPC : BLOCKED_PAGE_FAULT, 90);
		failed(&task, stats, EPROTONOSUPPORT, 1234567);
		failed(&task, stats, EADDRNOTAVAIL, 1234567);
		failed(&task, stats, ESOCKTNOSUPPORT, 1234567);
		failed(&task, stats, EPERM, 1);
	}
	account(&task, 99 * S, 2592000 * S, 77 * S);
	add_single(profile, &task);
	other.facts.wait_status = EXIT(127);
	account(&other, 64 * 2592000 * S, 2592 * S, 7 * S);
	add_single(profile, &other);
}

const struct golden_case GOLDEN_CASES[] = {
	{"pipeline", fill_pipeline}, {"threads", fill_threads},
	{"commands", fill_commands}, {"losses", fill_losses},
	{"empty", fill_empty},	     {"hostile", fill_hostile},
	{"killed", fill_killed},     {"attach", fill_attach},
	{"wide", fill_wide},	     {NULL, NULL},
};
