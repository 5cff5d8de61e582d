/* SPDX-License-Identifier: BSD-2-Clause */
/* See session.h. One loop over signals, the ring, a timer and the targets' ends; no threads. */
#include "session/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "session/command.h"

/* The ring wakes the loop when much has come; this is for the rest. */
#define DRAIN_INTERVAL_NS (200 * NS_PER_MS)

/* How long to wait for the command's last switch-out after it was reaped; it takes microseconds. */
#define LAST_SWITCH_WAIT_NS (500 * NS_PER_MS)

enum event {
	EVENT_SIGNAL,
	EVENT_RING,
	EVENT_TIMER,
	EVENT_DEADLINE,
	EVENT_TARGET_END,
};

struct session {
	const struct session_options *options;
	struct collector *collector;
	struct profile *profile;
	struct command command;
	int epoll_fd, signal_fd, timer_fd, deadline_fd;
	size_t targets_alive;
	bool done;
};

static int watch_fd(struct session *session, int fd, enum event event, struct error *error)
{
	struct epoll_event request = {.events = EPOLLIN,
				      .data.u64 = (uint64_t)event << 32 | (uint32_t)fd};

	if (fd < 0 || epoll_ctl(session->epoll_fd, EPOLL_CTL_ADD, fd, &request))
		return error_set_errno(error, -errno, "setting up the event loop");
	return 0;
}

static int make_timer(int *fd, uint64_t first_ns, uint64_t interval_ns)
{
	struct itimerspec setting = {
		.it_value = {.tv_sec = (time_t)(first_ns / NS_PER_SECOND),
			     .tv_nsec = (long)(first_ns % NS_PER_SECOND)},
		.it_interval = {.tv_sec = (time_t)(interval_ns / NS_PER_SECOND),
				.tv_nsec = (long)(interval_ns % NS_PER_SECOND)},
	};

	*fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return *fd < 0 || timerfd_settime(*fd, 0, &setting, NULL) ? -errno : 0;
}

static int open_loop(struct session *session, struct error *error)
{
	int result;

	session->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	session->signal_fd = signalfd(-1, &session->options->signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (session->epoll_fd < 0 || session->signal_fd < 0 ||
	    make_timer(&session->timer_fd, DRAIN_INTERVAL_NS, DRAIN_INTERVAL_NS))
		return error_set_errno(error, -errno, "setting up the event loop");
	result = watch_fd(session, session->signal_fd, EVENT_SIGNAL, error);
	if (!result)
		result = watch_fd(session, session->timer_fd, EVENT_TIMER, error);
	if (!result)
		result = watch_fd(session, collector_fd(session->collector), EVENT_RING, error);
	return result;
}

static void set_target_words(struct session *session)
{
	const struct session_options *options = session->options;
	struct command_info *command = &session->profile->command;
	size_t count = 0;

	if (!options->program) {
		command->target = strdup(options->target ? options->target : "");
		return;
	}
	while (options->argv[count])
		count++;
	command->argv = calloc(count + 1, sizeof(*command->argv));
	for (size_t i = 0; command->argv && i < count; i++)
		command->argv[i] = strdup(options->argv[i]);
}

static int begin_command(struct session *session, int *status, struct error *error)
{
	unsigned threads = 0;
	int result;

	result = collector_add_target(session->collector, session->command.pid, error);
	if (!result)
		result = collector_seed(session->collector, true, &threads, error);
	if (!result && threads != 1)
		result = error_set(error, -ESRCH,
				   "the command's process was not found by the kernel side");
	if (result)
		return result;
	session->profile->command.pid = (uint32_t)session->command.pid;
	result = command_release(&session->command);
	if (result) {
		*status = result == -ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
		return error_set_errno(error, result, "cannot run '%.200s'",
				       session->options->program);
	}
	return 0;
}

static int begin_attach(struct session *session, struct error *error)
{
	const struct session_options *options = session->options;
	unsigned threads = 0;
	int result = 0;

	for (size_t i = 0; !result && i < options->pid_count; i++) {
		int pid_fd = (int)syscall(SYS_pidfd_open, options->pids[i], 0);

		if (pid_fd < 0)
			return error_set_errno(error, -errno, "process %d", options->pids[i]);
		result = watch_fd(session, pid_fd, EVENT_TARGET_END, error);
		session->targets_alive++;
		if (!result)
			result = collector_add_target(session->collector, options->pids[i], error);
	}
	session->profile->start_ns = clock_monotonic_ns();
	if (!result)
		result = collector_seed(session->collector, false, &threads, error);
	if (!result && options->pid_count && threads == 0)
		result =
			kill(options->pids[0], 0) && errno == ESRCH
				? error_set(error, -ESRCH, "process %d has ended", options->pids[0])
				: error_set(
					  error, -ESRCH,
					  "process %d cannot be watched: this kernel does not show "
					  "it to BPF programs",
					  options->pids[0]);
	if (!result && options->duration_ns) {
		if (make_timer(&session->deadline_fd, options->duration_ns, 0))
			return error_set_errno(error, -errno, "setting up the event loop");
		result = watch_fd(session, session->deadline_fd, EVENT_DEADLINE, error);
	}
	session->profile->self.startup_ns = clock_monotonic_ns() - options->started_ns;
	return result;
}

/* Reaps the command if it has ended. */
static void on_child(struct session *session)
{
	struct command_info *info = &session->profile->command;
	int status;

	if (session->command.pid <= 0 || waitpid(session->command.pid, &status, WNOHANG) <= 0)
		return;
	session->command.pid = -1;
	info->ended = true;
	info->wait_status = status;
	session->done = true;
}

/*
 * What a terminal sends (SIGINT, SIGQUIT, a hang-up) the command gets by itself. What somebody
 * sends to fathom alone, to end or steer the command, is passed on.
 */
static void on_signal(struct session *session, const struct signalfd_siginfo *info)
{
	int number = (int)info->ssi_signo;

	if (number == SIGCHLD) {
		on_child(session);
		return;
	}
	if (!session->options->program) {
		if (number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT)
			session->done = true;
		return;
	}
	if (number == SIGINT || number == SIGQUIT || info->ssi_code == SI_KERNEL)
		return;
	if (session->command.pid > 0)
		kill(session->command.pid, number);
}

static void read_signals(struct session *session)
{
	struct signalfd_siginfo info;

	while (read(session->signal_fd, &info, sizeof(info)) == sizeof(info))
		on_signal(session, &info);
}

static int on_event(struct session *session, const struct epoll_event *event, struct error *error)
{
	int fd = (int)(uint32_t)event->data.u64;
	uint64_t ticks;

	switch ((enum event)(event->data.u64 >> 32)) {
	case EVENT_SIGNAL:
		read_signals(session);
		return 0;
	case EVENT_TIMER:
		if (read(fd, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN)
			return error_set_errno(error, -errno, "reading the timer");
		return collector_drain(session->collector, session->profile, error);
	case EVENT_RING:
		return collector_drain(session->collector, session->profile, error);
	case EVENT_DEADLINE:
		session->done = true;
		return 0;
	case EVENT_TARGET_END:
		close(fd);
		if (--session->targets_alive == 0)
			session->done = true;
		return 0;
	}
	return 0;
}

static int loop(struct session *session, struct error *error)
{
	struct epoll_event events[16];
	int result = 0;

	while (!session->done && !result) {
		int count = epoll_wait(session->epoll_fd, events, 16, -1);

		if (count < 0 && errno != EINTR)
			return error_set_errno(error, -errno, "waiting for events");
		for (int i = 0; i < count && !result; i++)
			result = on_event(session, &events[i], error);
	}
	return result;
}

/* The kernel lets a parent reap its child a moment before the child's last switch-out. */
static int drain_last(struct session *session, struct error *error)
{
	uint64_t give_up = clock_monotonic_ns() + LAST_SWITCH_WAIT_NS;
	struct timespec pause = {.tv_nsec = NS_PER_MS / 2};

	while (session->options->program &&
	       collector_is_alive(session->collector, (pid_t)session->profile->command.pid) &&
	       clock_monotonic_ns() < give_up)
		nanosleep(&pause, NULL);
	session->profile->duration_ns = clock_monotonic_ns() - session->profile->start_ns;
	return collector_read_live(session->collector, session->profile, error);
}

/* For `run`, the window is the command's life, from its execve to its last switch-out. */
static void set_window(struct session *session)
{
	struct profile *profile = session->profile;
	uint64_t now = clock_monotonic_ns();

	for (size_t i = 0; session->options->program && i < profile->process_count; i++) {
		const struct process *process = &profile->processes[i];

		if (process->pid != profile->command.pid)
			continue;
		profile->start_ns = process->seen_ns;
		profile->duration_ns = process->end_ns - process->seen_ns;
		profile->self.startup_ns = process->seen_ns - session->options->started_ns;
		break;
	}
	profile->start_unix_ns = clock_unix_ns() - (now - profile->start_ns);
}

/* Something failed half way: the command goes on as if it had been started without fathom. */
static void await_command(struct session *session)
{
	int status;

	/* Nobody reads the signalfd any more: a signal must do again what it does to any process.
	 */
	sigprocmask(SIG_SETMASK, &session->options->original_mask, NULL);
	command_abandon(&session->command);
	while (session->command.pid > 0 && waitpid(session->command.pid, &status, 0) < 0 &&
	       errno == EINTR)
		;
}

static int watch(struct session *session, int *status, struct error *error)
{
	const struct session_options *options = session->options;
	int result;

	result = collector_open(&options->collect, &session->collector, error);
	if (!result)
		result = open_loop(session, error);
	if (result)
		return result;
	session->profile->start_ns = clock_monotonic_ns();
	result = options->program ? begin_command(session, status, error)
				  : begin_attach(session, error);
	if (!result)
		result = loop(session, error);
	if (!result)
		result = drain_last(session, error);
	if (result)
		return result;
	collector_read_losses(session->collector, session->profile);
	profile_sort(session->profile);
	set_window(session);
	session_read_host(&session->profile->host);
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

int session_run(const struct session_options *options, struct profile **out, int *status,
		struct error *error)
{
	struct session session = {
		.options = options,
		.command = {.pid = -1, .go_fd = -1, .failure_fd = -1},
		.epoll_fd = -1,
		.signal_fd = -1,
		.timer_fd = -1,
		.deadline_fd = -1,
	};
	int result = 0;

	*status = STATUS_FAILED;
	/* First of all, while this process is still small: see command.h. */
	if (options->program)
		result = command_spawn(options->program, options->argv, &options->original_mask,
				       &options->original_child_action, &session.command, error);
	session.profile = result ? NULL : profile_new();
	if (!result && !session.profile)
		result = error_set_errno(error, -ENOMEM, "starting");
	if (!result) {
		set_target_words(&session);
		result = watch(&session, status, error);
	}
	if (result)
		await_command(&session);
	collector_close(session.collector);
	close_fd(session.epoll_fd);
	close_fd(session.signal_fd);
	close_fd(session.timer_fd);
	close_fd(session.deadline_fd);
	if (result) {
		profile_free(session.profile);
		return result;
	}
	session_read_self(&session.profile->self);
	*out = session.profile;
	return 0;
}
