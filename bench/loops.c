/* SPDX-License-Identifier: BSD-2-Clause */
/* See loops.h. */
#include "loops.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stats.h"

#define BATCHES_MAX	512
#define LOOP_THREAD_MAX 4
#define REPLY_LIMIT_MS	120000

struct request {
	enum loop loop;
	unsigned batches;
	unsigned slowdown;
};

struct reply {
	double ns;
	uint64_t operations;
	int code;
};

/* Of the worker itself. */
static int partner_in, partner_out;
static int cpus[2];
static char buffer[3][4096];
static struct __user_cap_header_struct capability_header = {_LINUX_CAPABILITY_VERSION_3, 0};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void schedule_as(int policy)
{
	struct sched_param parameter = {0};

	sched_setscheduler(0, policy, &parameter);
}

int pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/* Cheap calls that touch neither files nor other tasks. Forty are more than a handful of remembered
 * cells could serve. */
#define ROOM(n) ((long)(uintptr_t)buffer[n])

static void forty_calls(void)
{
	long one = ROOM(0), two = ROOM(1), three = ROOM(2);
	const long calls[][4] = {
		{SYS_getppid},
		{SYS_getuid},
		{SYS_geteuid},
		{SYS_getgid},
		{SYS_getegid},
		{SYS_getpid},
		{SYS_gettid},
		{SYS_getpgid, 0},
		{SYS_getsid, 0},
		{SYS_getpriority, PRIO_PROCESS, 0},
		{SYS_sched_get_priority_max, SCHED_FIFO},
		{SYS_sched_get_priority_min, SCHED_FIFO},
		{SYS_sched_getscheduler, 0},
		{SYS_sched_getparam, 0, one},
		{SYS_sched_rr_get_interval, 0, one},
		{SYS_sched_getaffinity, 0, sizeof(buffer[0]), one},
		{SYS_personality, 0xffffffff},
		{SYS_umask, 022},
		{SYS_times, one},
		{SYS_getitimer, ITIMER_REAL, one},
		{SYS_uname, one},
		{SYS_getresuid, one, two, three},
		{SYS_getresgid, one, two, three},
		{SYS_getgroups, 0, 0},
		{SYS_capget, (long)(uintptr_t)&capability_header, one},
		{SYS_getcpu, one, two, 0},
		{SYS_clock_getres, CLOCK_MONOTONIC, one},
		{SYS_clock_gettime, CLOCK_MONOTONIC, one},
		{SYS_gettimeofday, one, 0},
		{SYS_rt_sigpending, one, 8},
		{SYS_sigaltstack, 0, one},
		{SYS_prctl, PR_GET_DUMPABLE},
		{SYS_getrusage, RUSAGE_THREAD, one},
		{SYS_ioprio_get, 1, 0},
		{SYS_getcwd, one, sizeof(buffer[0])},
		{SYS_sysinfo, one},
		{SYS_membarrier, 0, 0},
		{SYS_munlock, one, 0},
		{SYS_fcntl, 0, F_GETFD},
		{SYS_timer_getoverrun, 0},
	};

	_Static_assert(sizeof(calls) / sizeof(calls[0]) == 40, "as the loop's name says");
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		syscall(calls[i][0], calls[i][1], calls[i][2], calls[i][3]);
}

static int run_calls(unsigned operations)
{
	for (unsigned i = 0; i < operations; i++)
		syscall(SYS_getppid);
	return 0;
}

static int run_forty(unsigned operations)
{
	for (unsigned i = 0; i < operations; i += 40)
		forty_calls();
	return 0;
}

static int run_failing(unsigned operations)
{
	for (unsigned i = 0; i < operations; i++)
		syscall(SYS_getpgid, -1);
	return 0;
}

/* Each operation is one switch: half of them to the partner, half of them back. As SCHED_BATCH
 * neither preempts the other as it wakes it, so that every one of them is one sleep and one
 * wake-up. */
static int run_switches(unsigned operations)
{
	char token = 0;

	for (unsigned i = 0; i < operations; i += 2) {
		if (write(partner_out, &token, 1) != 1 || read(partner_in, &token, 1) != 1)
			return -EPIPE;
	}
	return 0;
}

static int run_forks(unsigned operations)
{
	pid_t child;

	for (unsigned i = 0; i < operations; i++) {
		child = fork();
		if (child == 0)
			_exit(0);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			return -errno;
	}
	return 0;
}

static const struct {
	int (*run)(unsigned operations);
	unsigned operations; /* in a batch: a multiple of what one turn of the loop does */
} loops[LOOP_COUNT] = {
	[LOOP_CALL] = {run_calls, 8000},      [LOOP_FORTY] = {run_forty, 4000},
	[LOOP_FAILING] = {run_failing, 8000}, [LOOP_THREADS] = {run_calls, 8000},
	[LOOP_SWITCH] = {run_switches, 800},  [LOOP_FORK] = {run_forks, 10},
};

static unsigned batch_size(const struct request *request)
{
	unsigned whole = request->loop == LOOP_FORTY ? 40 : 2;
	unsigned size = loops[request->loop].operations / request->slowdown;

	return size < whole ? whole : size - size % whole;
}

static long preemptions(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) ? -1 : usage.ru_nivcsw;
}

/* The median over the batches during which nobody else took the CPU, where these are enough to
 * tell. */
static int measure_batches(const struct request *request, struct reply *reply)
{
	double clean[BATCHES_MAX], all[BATCHES_MAX];
	unsigned size = batch_size(request);
	/* Where two processes take turns, being preempted is part of it. */
	bool lone = request->loop != LOOP_SWITCH && request->loop != LOOP_FORK;
	struct spread spread;
	uint64_t from;
	long before;
	int code;

	schedule_as(request->loop == LOOP_SWITCH ? SCHED_BATCH : SCHED_OTHER);
	code = loops[request->loop].run(size); /* warms up */
	for (unsigned i = 0; i < request->batches && !code; i++) {
		before = preemptions();
		from = clock_ns(CLOCK_MONOTONIC);
		code = loops[request->loop].run(size);
		all[i] = (double)(clock_ns(CLOCK_MONOTONIC) - from) / size;
		clean[i] = lone && preemptions() == before ? all[i] : NAN;
	}
	spread = spread_of(clean, request->batches);
	if (spread.count < request->batches / 4 + 1)
		spread = spread_of(all, request->batches);
	reply->ns = spread.median;
	reply->operations = (uint64_t)size * (request->batches + 1);
	return code;
}

struct loop_thread {
	pthread_t id;
	pthread_barrier_t *start;
	unsigned operations;
	int cpu;
	double ns;
};

static void *loop_thread_main(void *argument)
{
	struct loop_thread *thread = argument;
	uint64_t from;

	pin_to_cpu(thread->cpu);
	pthread_barrier_wait(thread->start);
	run_calls(loops[LOOP_THREADS].operations);
	from = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	run_calls(thread->operations);
	thread->ns = (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - from) / thread->operations;
	return NULL;
}

/* By time on the CPU: by the wall clock it would be told more about the other tenants of two CPUs.
 */
static int measure_threads(const struct request *request, struct reply *reply)
{
	struct loop_thread threads[LOOP_THREAD_MAX];
	double ns[LOOP_THREAD_MAX];
	pthread_barrier_t start;
	unsigned size = batch_size(request) * request->batches;
	int code;

	if (cpus[0] == cpus[1])
		return -ENODEV;
	pthread_barrier_init(&start, NULL, LOOP_THREAD_MAX);
	for (int i = 0; i < LOOP_THREAD_MAX; i++) {
		threads[i] = (struct loop_thread){
			.start = &start,
			.operations = size,
			.cpu = cpus[i % 2],
		};
		code = pthread_create(&threads[i].id, NULL, loop_thread_main, &threads[i]);
		if (code) /* the others wait at the barrier for good: the worker is lost */
			_exit(1);
	}
	for (int i = 0; i < LOOP_THREAD_MAX; i++) {
		pthread_join(threads[i].id, NULL);
		ns[i] = threads[i].ns;
	}
	pthread_barrier_destroy(&start);
	reply->ns = spread_of(ns, LOOP_THREAD_MAX).median;
	reply->operations = (uint64_t)LOOP_THREAD_MAX * (size + loops[LOOP_THREADS].operations);
	return 0;
}

static _Noreturn void partner_main(int in, int out)
{
	char token;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	schedule_as(SCHED_BATCH);
	while (read(in, &token, 1) == 1 && write(out, &token, 1) == 1)
		;
	_exit(0);
}

static pid_t partner_start(void)
{
	int there[2], back[2];
	pid_t partner;

	if (pipe(there) || pipe(back))
		return -1;
	partner = fork();
	if (partner == 0) {
		close(there[1]);
		close(back[0]);
		partner_main(there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	partner_out = there[1];
	partner_in = back[0];
	return partner;
}

static _Noreturn void worker_main(int requests, int replies)
{
	struct request request;
	struct reply reply;
	pid_t partner;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pin_to_cpu(cpus[0]))
		_exit(1);
	partner = partner_start();
	if (partner < 0 || write(replies, &partner, sizeof(partner)) != sizeof(partner))
		_exit(1);
	while (read(requests, &request, sizeof(request)) == sizeof(request)) {
		reply = (struct reply){0};
		reply.code = request.loop == LOOP_THREADS ? measure_threads(&request, &reply)
							  : measure_batches(&request, &reply);
		if (write(replies, &reply, sizeof(reply)) != sizeof(reply))
			break;
	}
	_exit(0);
}

int worker_start(struct worker *worker, int cpu, int other_cpu)
{
	int requests[2], replies[2];

	if (pipe2(requests, O_CLOEXEC) || pipe2(replies, O_CLOEXEC))
		return -errno;
	cpus[0] = cpu;
	cpus[1] = other_cpu;
	worker->pid = fork();
	if (worker->pid < 0)
		return -errno;
	if (worker->pid == 0) {
		close(requests[1]);
		close(replies[0]);
		worker_main(requests[0], replies[1]);
	}
	close(requests[0]);
	close(replies[1]);
	worker->requests = requests[1];
	worker->replies = replies[0];
	if (read(replies[0], &worker->partner, sizeof(pid_t)) != sizeof(pid_t))
		return -EIO;
	return 0;
}

void worker_stop(struct worker *worker)
{
	close(worker->requests);
	close(worker->replies);
	kill(worker->pid, SIGKILL);
	waitpid(worker->pid, NULL, 0);
}

int worker_measure(const struct worker *worker, enum loop loop, unsigned batches, unsigned slowdown,
		   double *ns, uint64_t *operations)
{
	struct request request = {loop, batches < BATCHES_MAX ? batches : BATCHES_MAX, slowdown};
	struct pollfd replies = {worker->replies, POLLIN, 0};
	struct reply reply;

	if (write(worker->requests, &request, sizeof(request)) != sizeof(request))
		return -errno;
	if (poll(&replies, 1, REPLY_LIMIT_MS) != 1)
		return -ETIMEDOUT;
	if (read(worker->replies, &reply, sizeof(reply)) != sizeof(reply))
		return -EIO;
	if (reply.code)
		return reply.code;
	*ns = reply.ns;
	*operations += reply.operations;
	return 0;
}
