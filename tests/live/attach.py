# SPDX-License-Identifier: BSD-2-Clause
"""`fathom attach`: what runs already is found by each kind of filter, seen as it stands, and left alone."""
import contextlib
import os
import signal
import sys
import time

from harness import (NOBODY, PIPE, Missing, Noisy, in_epoll, is_running, judge, process_of, read_text, require,
                     require_equal, require_near, row_of, wait_until)


def idler(context, **options):
    """A process that sits in epoll_pwait for a minute; returned once it does."""
    process = context.start(context.words('@in_flight', 'epoll_pwait', 60_000), **options)
    wait_until(lambda: in_epoll(process.pid), 'the idler idles')
    return process


def require_idle_window(report, pid):
    """The whole window is one call that has not returned."""
    process = process_of(report, pid)
    ledger, row = process['ledger'], row_of(process, 'epoll_pwait')
    require_near('thread time', report['window']['duration_ns'], ledger['thread_time_ns'])
    require_near('blocked poll', ledger['thread_time_ns'], ledger['blocked']['poll_ns'])
    require(row, 'there is no row for the call in flight')
    require_equal('count, in_flight and timed', (0, 1, 0), (row['count'], row['in_flight'], row['timed']))
    require_near('wall_ns of the call in flight', ledger['thread_time_ns'], row['wall_ns'])
    require_equal('how it ended', (None, None, None),
                  (process['end_ns'], process['exit_code'], process['signal']))


def pids(report):
    return {process['pid'] for process in report['processes']}


def by_pid(context):
    """Several processes, a third one left out; the window is as long as asked for."""
    first, second, third = idler(context), idler(context), idler(context)
    report = context.attach('-p', f'{first.pid},{second.pid}', '-d', '1')
    judge(report)
    require_equal('processes', {first.pid, second.pid}, pids(report))
    require_near('window.duration_ns', 1_000_000_000, report['window']['duration_ns'], 0.05)
    for process in (first, second):
        require_idle_window(report, process.pid)
    require(all(is_running(process.pid) for process in (first, second, third)), 'a target died')
    report = context.attach('-p', first.pid, '-p', third.pid, '-d', '100ms')
    require_equal('processes with -p twice', {first.pid, third.pid}, pids(report))


def by_comm(context):
    """A name: those that have it now, and one that takes it later."""
    now = idler(context)
    context.start(['sleep', '60'])
    fathom, path = context.start_attach('--comm', 'in_flight', '-d', '1')
    later = idler(context)
    report = context.finish_attach(fathom, path)
    judge(report)
    require_equal('processes', {now.pid, later.pid}, pids(report))
    require_idle_window(report, now.pid)
    require_equal('names', {'in_flight'}, {process['comm'] for process in report['processes']})


def v2_mount():
    for line in read_text('/proc/mounts').splitlines():
        if line.split()[2] == 'cgroup2':
            return line.split()[1]
    raise Missing('no cgroup v2 mount')


@contextlib.contextmanager
def new_cgroup(path):
    os.mkdir(path)
    try:
        yield path
    finally:
        wait_until(lambda: not read_text(path + '/cgroup.procs'), 'the cgroup is empty')
        os.rmdir(path)


def move_to(cgroup, pid):
    with open(cgroup + '/cgroup.procs', 'w', encoding='utf-8') as file:
        file.write(str(pid))


def by_cgroup(context):
    """A cgroup with what is below it; a process that enters it later; one outside."""
    mount = v2_mount()
    name = f'fathom-test-{os.getpid()}'
    with new_cgroup(f'{mount}/{name}') as cgroup, new_cgroup(f'{cgroup}/below') as below, context.cleanup:
        inside, deeper, later, outside = [idler(context) for _ in range(4)]
        move_to(cgroup, inside.pid)
        move_to(below, deeper.pid)
        fathom, path = context.start_attach('--cgroup', f'/{name}', '-d', '1')
        move_to(below, later.pid)
        report = context.finish_attach(fathom, path)
        judge(report)
        require_equal('processes', {inside.pid, deeper.pid, later.pid}, pids(report))
        require_idle_window(report, inside.pid)
        require_equal('cgroups', [f'/{name}', f'/{name}/below'],
                      [process_of(report, process.pid)['cgroup'] for process in (inside, deeper)])
        require(outside.pid not in pids(report), 'the process outside is in the report')
        report = context.attach('--cgroup', cgroup, '-d', '100ms')
        require_equal('processes, by absolute path', {inside.pid, deeper.pid, later.pid}, pids(report))


def by_user(context):
    with context.public_copy('@in_flight') as (folder, _):
        theirs = context.start([folder + '/in_flight', 'epoll_pwait', '60000'], user=NOBODY, group=NOBODY,
                               extra_groups=[])
        wait_until(lambda: in_epoll(theirs.pid), 'it idles')
        ours = idler(context)
        for user in ('nobody', NOBODY):
            report = context.attach('--user', user, '-d', '300ms')
            judge(report)
            require_equal('users', {NOBODY}, {process['uid'] for process in report['processes']})
            require_idle_window(report, theirs.pid)
            require(ours.pid not in pids(report), "another user's process is in the report")
        context.cleanup.close()


def everything(context):
    """The whole host, kernel threads left out unless asked for, and fathom itself."""
    idle = idler(context)
    fathom, path = context.start_attach('--all', '-d', '1')
    report = context.finish_attach(fathom, path)
    judge(report)
    require_idle_window(report, idle.pid)
    require(os.getpid() in pids(report), 'the test itself is not in the report')
    comms = {process['comm'] for process in report['processes']}
    require('kthreadd' not in comms, 'kernel threads are in the report')
    require(fathom.pid not in pids(report), 'fathom itself is in the report')
    report = context.attach('--all', '--kernel-threads', '-d', '300ms', name='kernel.report.json')
    require('kthreadd' in {process['comm'] for process in report['processes']},
            'kernel threads were asked for and are not in the report')


def computing(context):
    """A thread that is on a CPU at the beginning and makes no call: its time is known all the same."""
    spin = context.start(context.words('@spin', 60_000))
    time.sleep(0.1)
    before = schedstat(spin.pid)
    report = context.attach('-p', spin.pid, '-d', '1')
    after = schedstat(spin.pid)
    judge(report)
    ledger = process_of(report, spin.pid)['ledger']
    require_near('thread time', report['window']['duration_ns'], ledger['thread_time_ns'])
    on_cpu = sum(ledger['on_cpu'].values())
    if on_cpu > after - before + 4_000_000:  # the file is as old as the last tick
        raise Noisy(f'on-CPU time: expected at most {after - before}, report says {on_cpu}')
    require_near('on-CPU and runqueue time', ledger['thread_time_ns'], on_cpu + ledger['runqueue_ns'])


def schedstat(pid):
    return int(read_text(f'/proc/{pid}/schedstat').split()[0])


def middle_of_a_run(context):
    """What is called after the watch began is counted to the last call; before it, nothing."""
    truth = context.fresh_path('truth')
    process = context.start([*context.words('@count_calls', 50_000), '--truth', truth])
    time.sleep(0.2)
    report = context.attach('-p', process.pid)
    require_equal('exit status of the target', 0, process.wait())
    judge(report)
    expected = [(line.split()[1], int(line.split()[2])) for line in read_text(truth).splitlines()
                if line.startswith('count ')]
    rows = [row_of(report, name) for name, _ in expected]
    found = [row['count'] if row else 0 for row in rows]
    first = next((i for i, count in enumerate(found) if count), len(found))
    require(first + 1 < len(expected), 'the watch began too late to see anything')
    require(found[0] < expected[0][1], 'the watch began before the target')
    require(found[first] <= expected[first][1], f'{expected[first]}: report says {found[first]}')
    require_equal('counts of what came wholly later', [count for _, count in expected[first + 1:]],
                  found[first + 1:])


def vanishing(context):
    """A target that ends: so does the watch, with its exit code in the report."""
    process = context.start(['sh', '-c', 'sleep 0.7; exit 5'])
    report = context.attach('-p', process.pid)
    judge(report)
    require_equal('exit code', 5, process_of(report, process.pid)['exit_code'])
    require_equal('exit status of the target', 5, process.wait())


def killed_target(context):
    process = idler(context)
    fathom, path = context.start_attach('-p', process.pid, '-d', '30')
    process.kill()
    process.wait()
    report = context.finish_attach(fathom, path)
    judge(report)
    require_equal('signal', signal.SIGKILL, process_of(report, process.pid)['signal'])


# Says that it is ready, waits for a line, then makes 5 threads, or 5 children that each have a child.
MAKER = '''
import os, subprocess, sys, threading, time
print("ready", flush=True)
sys.stdin.readline()
if sys.argv[1] == "threads":
    made = [threading.Thread(target=time.sleep, args=(0.1,)) for _ in range(5)]
    for one in made: one.start()
    for one in made: one.join()
else:
    made = [subprocess.Popen(["sh", "-c", "sleep 0.1; true"]) for _ in range(5)]
    for one in made: one.wait()
'''


def report_of_maker(context, what, *options):
    maker = context.start([sys.executable, '-c', MAKER, what], stdin=PIPE, stdout=PIPE)
    maker.stdout.readline()
    fathom, path = context.start_attach('-p', maker.pid, *options)
    maker.stdin.write(b'go\n')
    maker.stdin.flush()
    report = context.finish_attach(fathom, path)
    judge(report)
    return report, maker.pid


def new_threads(context):
    """Threads that a target makes later are watched, in the process they belong to."""
    report, pid = report_of_maker(context, 'threads')
    require_equal('processes', {pid}, pids(report))
    require_equal('threads', 6, process_of(report, pid)['threads'])
    require_near('blocked sleep', 500_000_000, report['ledger']['blocked']['sleep_ns'], 0.05)


def without_follow(context):
    report, pid = report_of_maker(context, 'children')
    require_equal('processes', {pid}, pids(report))


def with_follow(context):
    report, pid = report_of_maker(context, 'children', '--follow')
    require_equal('children', 5, sum(process['ppid'] == pid for process in report['processes']))
    require_equal('processes', 11, len(report['processes']))
    require_near('blocked sleep', 500_000_000, report['ledger']['blocked']['sleep_ns'], 0.05)


def interrupted(context):
    """Ctrl-C ends the watch, with a report; the target lives."""
    process = idler(context)
    fathom, path = context.start_attach('-p', process.pid)
    time.sleep(0.3)
    os.kill(fathom.pid, signal.SIGINT)
    report = context.finish_attach(fathom, path)
    judge(report)
    require_idle_window(report, process.pid)
    require(is_running(process.pid), 'the target died')
