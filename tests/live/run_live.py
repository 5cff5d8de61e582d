#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the real binary on the real kernel and compares what it says with the truth.

    run_live.py --build DIR [--list] [NAME…]        NAME may be a shell pattern

One line per test: `ok NAME SECONDS`, `not ok NAME REASON SECONDS` or `skip NAME REASON SECONDS`; a second
try after a miss in times alone is announced by `again NAME REASON`. Reports stay in DIR/tests/live/.
Exit status: 0, all passed; 1, something failed; 2, wrong usage; 77, nothing can run here (needs root and
BPF). With FATHOM_MAY_NOT_SKIP=1 in the environment, as in continuous integration, a test that lacks what
a proper test host has fails instead of being skipped.

Adding a test: write a function of a Context in the module it belongs to, and a line in TESTS below.
"""
import argparse
import collections
import contextlib
import fnmatch
import os
import shutil
import sys
import time
import traceback

import accuracy
import attach
import behaviour
from harness import Context, Failure, Missing, Noisy, Skip, lacking

EXIT_SKIP = 77

Test = collections.namedtuple('Test', 'name function arguments')


def test(name, function, *arguments):
    return Test(name, function, arguments)


TOUCH = ('--', 'touch', 'MARK')

TESTS = [
    # Every workload against its own truth.
    test('truth/clone_flags', accuracy.truth, 'clone_flags'),
    test('truth/compat32', accuracy.truth, 'compat32'),
    test('truth/cond_wait', accuracy.truth, 'cond_wait'),
    test('truth/count_calls', accuracy.truth, 'count_calls'),
    test('truth/disk_sync', accuracy.truth, 'disk_sync', '@/'),
    test('truth/epoll_idle', accuracy.truth, 'epoll_idle'),
    test('truth/errors', accuracy.truth, 'errors'),
    test('truth/errors_many', accuracy.truth, 'errors_many'),
    test('truth/eventfd_wait', accuracy.truth, 'eventfd_wait'),
    test('truth/exec_thread', accuracy.truth, 'exec_thread'),
    test('truth/flock_wait', accuracy.truth, 'flock_wait'),
    test('truth/fork_count', accuracy.truth, 'fork_count', 16, 62_500),
    test('truth/futex_pingpong', accuracy.truth, 'futex_pingpong'),
    test('truth/in_flight_readv', accuracy.truth, 'in_flight', 'readv', 500),
    test('truth/in_flight_epoll_pwait', accuracy.truth, 'in_flight', 'epoll_pwait', 500),
    test('truth/in_flight_futex', accuracy.truth, 'in_flight', 'futex', 500),
    test('truth/kill_children', accuracy.truth, 'kill_children'),
    test('truth/many_calls', accuracy.truth, 'many_calls'),
    test('truth/migrate', accuracy.truth, 'migrate'),
    test('truth/msg_queue', accuracy.truth, 'msg_queue'),
    test('truth/mutex_convoy', accuracy.truth, 'mutex_convoy'),
    test('truth/page_fault', accuracy.truth, 'page_fault'),
    test('truth/pipe_pingpong', accuracy.truth, 'pipe_pingpong'),
    test('truth/poll_idle', accuracy.truth, 'poll_idle'),
    test('truth/pty_read', accuracy.truth, 'pty_read'),
    test('truth/rename_self', accuracy.truth, 'rename_self'),
    test('truth/restart', accuracy.truth, 'restart'),
    test('truth/short_children', accuracy.truth, 'short_children'),
    test('truth/sleeper', accuracy.truth, 'sleeper'),
    test('truth/spin', accuracy.truth, 'spin'),
    test('truth/spin_threads', accuracy.truth, 'spin_threads'),
    test('truth/starve', accuracy.truth, 'starve'),
    test('truth/static_nolibc', accuracy.truth, 'static_nolibc'),
    test('truth/stop_self', accuracy.truth, 'stop_self'),
    test('truth/tcp_pingpong', accuracy.truth, 'tcp_pingpong'),
    test('truth/thread_churn', accuracy.truth, 'thread_churn'),
    test('truth/timerfd_read', accuracy.truth, 'timerfd_read'),
    test('truth/unix_pingpong', accuracy.truth, 'unix_pingpong'),
    test('truth/vfork_child', accuracy.truth, 'vfork_child'),
    test('truth/wait_child', accuracy.truth, 'wait_child'),
    test('truth/10000_children', accuracy.many_short_children, 10_000),

    # Next to other tools.
    test('strace/ls', accuracy.same_as_strace, (), 'ls', '/etc'),
    test('strace/count_calls', accuracy.same_as_strace, (), '@count_calls', 10),
    test('strace/errors', accuracy.same_as_strace, accuracy.READINGS, '@errors', 5),
    test('strace/clone_flags', accuracy.same_as_strace, accuracy.READINGS, '@clone_flags', 2, 10),
    test('strace/pipeline', accuracy.same_as_strace, accuracy.SIGNALS, 'sh', '-c', 'echo hello | cat | wc -c'),
    test('perf/count_calls', accuracy.same_as_perf, ('getppid', 'getuid', 'getpgid', 'umask'), 'count_calls'),
    test('perf/fork_count', accuracy.same_as_perf, ('getpid', 'clone', 'waitid'), 'fork_count'),
    test('perf/thread_churn', accuracy.same_as_perf, ('getppid', 'clone3', 'getrusage'), 'thread_churn'),

    # Real programs.
    test('real/compiler', accuracy.compiler),
    test('real/tar_gzip', accuracy.real_program, 'sh', '-c', 'tar cf - /usr/include | gzip -1 >/dev/null'),
    test('real/find', accuracy.real_program, 'find', '/usr', '-newer', '/etc/passwd', '-fprint', '/dev/null'),
    test('real/mutex_convoy', accuracy.real_program, '@mutex_convoy', 32, 200, 20),
    test('real/epoll_idle', accuracy.real_program, '@epoll_idle', 20, 20),
    test('real/short_children', accuracy.real_program, '@short_children', 1000, 16),
    test('real/tree', accuracy.process_tree),

    # Fathom's own promises, formats and options.
    test('promise/startup', accuracy.startup),
    test('promise/window', accuracy.wall_clock),
    test('format/text', accuracy.text_report),
    test('format/csv', accuracy.csv_table),
    test('option/syscall', accuracy.selected_calls),
    test('loss/cells', accuracy.lost_cells),
    test('loss/processes', accuracy.lost_processes),
    test('loss/text', accuracy.loss_in_text),
    test('loss/strict', accuracy.strict),

    # Behaviour of run.
    test('run/exit_0', behaviour.exit_status, 'exit 0', 0),
    test('run/exit_7', behaviour.exit_status, 'exit 7', 7),
    test('run/exit_255', behaviour.exit_status, 'exit 255', 255),
    test('run/exit_by_sigterm', behaviour.exit_status, 'kill -TERM $$', 143),
    test('run/exit_by_sigkill', behaviour.exit_status, 'kill -KILL $$', 137),
    test('run/streams', behaviour.streams),
    test('run/environment', behaviour.environment),
    test('run/descriptors', behaviour.descriptor_leak),
    test('run/script_without_header', behaviour.shell_script_without_header),
    test('run/sigint_kills', behaviour.terminal_interrupt, 'sleep 60', 130),
    test('run/sigint_is_handled', behaviour.terminal_interrupt, behaviour.INTERRUPTED, 9),
    test('run/sigterm_passed_on', behaviour.passed_on, behaviour.signal.SIGTERM),
    test('run/sighup_passed_on', behaviour.passed_on, behaviour.signal.SIGHUP),
    test('run/sigusr1_passed_on', behaviour.passed_on, behaviour.signal.SIGUSR1),
    test('run/killed_from_outside', behaviour.killed_from_outside),
    test('run/stopped', behaviour.stopped),
    test('run/fathom_killed', behaviour.fathom_killed),
    test('run/daemon', behaviour.daemon),
    test('run/daemon_left', behaviour.daemon_left),

    # Attach.
    test('attach/pid', attach.by_pid),
    test('attach/comm', attach.by_comm),
    test('attach/cgroup', attach.by_cgroup),
    test('attach/user', attach.by_user),
    test('attach/all', attach.everything),
    test('attach/computing', attach.computing),
    test('attach/middle_of_a_run', attach.middle_of_a_run),
    test('attach/vanishing', attach.vanishing),
    test('attach/killed_target', attach.killed_target),
    test('attach/new_threads', attach.new_threads),
    test('attach/without_follow', attach.without_follow),
    test('attach/with_follow', attach.with_follow),
    test('attach/interrupted', attach.interrupted),

    # Bad input: exit status, what the line must say, arguments.
    test('bad/no_command', behaviour.refused, 125, 'no command', 'run'),
    test('bad/option', behaviour.refused, 125, '--bogus', 'run', '--bogus', *TOUCH),
    test('bad/letter', behaviour.refused, 125, '-Z', 'run', '-Z', *TOUCH),
    test('bad/no_argument', behaviour.refused, 125, '-o', 'run', '-o'),
    test('bad/format', behaviour.refused, 125, 'yaml', 'run', '--format', 'yaml', *TOUCH),
    test('bad/syscall', behaviour.refused, 125, 'opne', 'run', '--syscall', 'read,opne', *TOUCH),
    test('bad/table_size', behaviour.refused, 125, 'max-cells', 'run', '--max-cells', '0', *TOUCH),
    test('bad/missing_command', behaviour.refused, 127, 'fathom-none', 'run', '-o', 'DIR/r', '--', 'fathom-none'),
    test('bad/missing_file', behaviour.refused, 127, '/nonexistent/x', 'run', '-o', 'DIR/r', '--', '/nonexistent/x'),
    test('bad/empty_command', behaviour.refused, 127, "''", 'run', '-o', 'DIR/r', '--', ''),
    test('bad/command_with_newline', behaviour.refused, 127, 'no', 'run', '--', 'no\nsuch\x1b[31m'),
    test('bad/not_executable', behaviour.refused, 126, '/etc/passwd', 'run', '-o', 'DIR/r', '--', '/etc/passwd'),
    test('bad/directory', behaviour.refused, 126, '/etc', 'run', '-o', 'DIR/r', '--', '/etc'),
    test('bad/output_is_directory', behaviour.refused, 125, 'DIR|directory', 'run', '-o', '/etc', *TOUCH),
    test('bad/output_unwritable', behaviour.refused, 125, '/proc', 'run', '-o', '/proc/r', *TOUCH),
    test('bad/output_no_folder', behaviour.refused, 125, 'none/r', 'run', '-o', 'DIR/none/r', *TOUCH),
    test('bad/output_full', behaviour.refused_after_end, 125, 'run', '-o', '/dev/full', '--', 'true'),
    test('bad/output_closed_pipe', behaviour.closed_pipe, 'run', '-o', '/dev/stdout', '--', 'true'),
    test('bad/attach_closed_pipe', behaviour.closed_pipe, 'attach', '--all', '-d', '100ms'),
    test('bad/stderr_closed_pipe', behaviour.closed_stderr_pipe),
    test('bad/old_report_kept', behaviour.old_report_kept),
    test('bad/attach_nothing', behaviour.refused, 125, 'what to watch', 'attach', '-o', 'DIR/r'),
    test('bad/attach_word', behaviour.refused, 125, 'extra', 'attach', '--all', '-d', '1', '-o', 'DIR/r', 'extra'),
    test('bad/pid_missing', behaviour.refused, 125, '4194305|no such', 'attach', '-p', '4194305', '-o', 'DIR/r'),
    test('bad/pid_0', behaviour.refused, 125, 'process id', 'attach', '-p', '0', '-o', 'DIR/r'),
    test('bad/pid_negative', behaviour.refused, 125, 'process id', 'attach', '-p', '-1', '-o', 'DIR/r'),
    test('bad/pid_word', behaviour.refused, 125, 'abc', 'attach', '-p', 'abc', '-o', 'DIR/r'),
    test('bad/pid_huge', behaviour.refused, 125, '9999999', 'attach', '-p', '99999999999999999999', '-o', 'DIR/r'),
    test('bad/duration', behaviour.refused, 125, 'duration', 'attach', '--all', '-d', '-1', '-o', 'DIR/r'),
    test('bad/user', behaviour.refused, 125, 'no-such-user', 'attach', '--user', 'no-such-user', '-o', 'DIR/r'),
    test('bad/cgroup', behaviour.refused, 125, 'no-such', 'attach', '--cgroup', '/no-such', '-o', 'DIR/r'),
    test('bad/comm_empty', behaviour.refused, 125, 'comm', 'attach', '--comm', '', '-o', 'DIR/r'),
    test('bad/two_filters', behaviour.refused, 125, 'only one', 'attach', '--all', '--comm', 'x', '-o', 'DIR/r'),
    test('bad/subcommand', behaviour.refused, 2, 'frobnicate', 'frobnicate'),
    test('bad/privileges', behaviour.no_privileges),
    test('cli/doctor', behaviour.doctor),
    test('cli/help', behaviour.helps),
]

# The table of required accuracy, again while threads are moved about and while a CPU is taken.
DISTURBED = [
    ('count_calls',), ('fork_count', 16, 62_500), ('errors',), ('spin',), ('spin_threads',), ('starve',),
    ('sleeper',), ('pipe_pingpong',), ('futex_pingpong',), ('mutex_convoy',), ('static_nolibc',),
    ('exec_thread',), ('short_children',),
]
for setting in ('migrated', 'contended'):
    TESTS += [Test(f'{setting}/{name}', accuracy.truth_in, (setting, name, *words)) for name, *words in DISTURBED]
    TESTS.append(Test(f'{setting}/thread_churn', accuracy.counts_in, (setting, 'thread_churn')))
    TESTS.append(Test(f'{setting}/10000_children', accuracy.many_short_children, (10_000, setting)))

# Last, since it looks at the reports of all others.
TESTS.append(test('format/schema', accuracy.schema))


def attempt(context, entry):
    context.cleanup = contextlib.ExitStack()
    with context.cleanup:
        entry.function(context, *entry.arguments)


def run_test(context, entry):
    """('ok' | 'not ok' | 'skip', reasons)"""
    context.test = entry.name
    try:
        try:
            attempt(context, entry)
        except Noisy as noisy:
            print(f'again {entry.name} {noisy.args[0]}', flush=True)
            attempt(context, entry)
    except Failure as failure:
        return 'not ok', failure.args
    except Missing as missing:
        return 'not ok' if os.environ.get('FATHOM_MAY_NOT_SKIP') == '1' else 'skip', missing.args
    except Skip as skip:
        return 'skip', skip.args
    except Exception as error:  # a defect of the test is a failure, and the next test can still run
        return 'not ok', (f'{type(error).__name__}: {error}', *traceback.format_exc().splitlines()[-8:-1])
    return 'ok', ()


def run_tests(context, entries):
    counts = collections.Counter()
    reason = lacking()
    for entry in entries:
        start = time.monotonic()
        if reason:
            must_run = os.environ.get('FATHOM_MAY_NOT_SKIP') == '1'
            outcome, reasons = 'not ok' if must_run else 'skip', (reason,)
        else:
            outcome, reasons = run_test(context, entry)
        counts[outcome] += 1
        print(' '.join([outcome, entry.name, *reasons[:1], f'{time.monotonic() - start:.1f}']), flush=True)
        for line in reasons[1:12]:
            print('    ' + line, flush=True)
    print(f'{counts["ok"]} passed, {counts["not ok"]} failed, {counts["skip"]} skipped')
    if counts['not ok']:
        return 1
    return 0 if counts['ok'] else EXIT_SKIP


def main():
    parser = argparse.ArgumentParser(description='Runs the live tests of fathom.')
    parser.add_argument('--build', required=True, metavar='DIR', help='the build folder')
    parser.add_argument('--list', action='store_true', help='print the names and do nothing')
    parser.add_argument('names', nargs='*', metavar='NAME', help='only these; shell patterns')
    options = parser.parse_args()
    chosen = [entry for entry in TESTS if not options.names or
              any(fnmatch.fnmatchcase(entry.name, name) for name in options.names)]
    if not chosen:
        parser.error('no test has such a name')
    if options.list:
        print('\n'.join(entry.name for entry in chosen))
        return 0
    build = os.path.abspath(options.build)
    scratch = os.path.join(build, 'tests', 'live')
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    return run_tests(Context(build, scratch), chosen)


if __name__ == '__main__':
    sys.exit(main())
