# SPDX-License-Identifier: BSD-2-Clause
"""What fathom does to the command, its streams, its signals and its exit status, and what it says when
it is asked for the impossible.
"""
import os
import re
import signal
import time

from harness import (NOBODY, PIPE, is_running, judge, kill, process_of, read_text, require, require_equal,
                     require_near, require_tool, row_of, wait_until)

# --- run: exit status and streams ------------------------------------------------------------------------


def exit_status(context, script, status):
    """The command's own, also with no report; and the report says the same."""
    report = context.report_of(['sh', '-c', script], status=status)
    require_equal('command.exit_status', status, report['command']['exit_status'])
    killed = 'kill -' in script
    require_equal('command.signal', status - 128 if killed else None, report['command']['signal'])
    ended = context.run_fathom('run', '-q', '--', 'sh', '-c', script)
    require_equal('exit status with -q', status, ended.status)
    require_equal('stderr with -q', b'', ended.stderr)


def streams(context):
    """Every byte goes through as it is, and the report keeps out of the way."""
    data = bytes(range(256)) * 4096
    path = context.fresh_path('report')
    ended = context.run_fathom('run', '-o', path, '--', 'sh', '-c', 'cat; echo said >&2', data=data)
    require_equal('exit status', 0, ended.status)
    require(ended.stdout == data, 'stdout is not what went in')
    require_equal('stderr with -o', b'said\n', ended.stderr)
    require('cat' in read_text(path), 'there is no report in the file')
    ended = context.run_fathom('run', '--', 'cat', data=data)
    require(ended.stdout == data, 'stdout is not what went in, with the report on stderr')
    require(b'cat' in ended.stderr, 'there is no report on stderr')


def environment(context):
    """The command has the caller's environment, folder, descriptors and signal mask, and no more."""
    script = 'pwd; echo "$FATHOM_TEST"; ls /proc/self/fd; grep Sig /proc/self/status; ulimit -a; umask'
    settings = {'env': {**os.environ, 'FATHOM_TEST': 'a b'}, 'cwd': context.scratch}
    direct = context.finish(context.start(['sh', '-c', script], stdout=PIPE, **settings))
    under = context.run_fathom('run', '-q', '--', 'sh', '-c', script, **settings)
    require_equal('what the command sees', direct.stdout.decode(), under.stdout.decode())


def shell_script_without_header(context):
    """As every shell has it, such a file is the shell's."""
    path = context.path('script')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('exit 42\n')
    os.chmod(path, 0o755)
    require_equal('exit status', 42, context.run_fathom('run', '-q', '--', path).status)


# --- run: signals and odd endings --------------------------------------------------------------------------

def begin(context, script, *options):
    """Runs a shell script under fathom; returns fathom, the script's pid and the path of the report."""
    path, pid_path = context.fresh_path('report.json'), context.fresh_path('pid')
    fathom = context.start_fathom('run', '--format', 'json', '-o', path, *options, '--', 'sh', '-c',
                                  f'echo $$ > {pid_path}; {script}')
    pid = wait_until(lambda: int(read_text(pid_path) or 0), 'the command runs')
    return fathom, pid, path


def finish(context, fathom, path, status):
    ended = context.finish(fathom)
    require_equal(f'exit status ({ended.stderr!r})', status, ended.status)
    report = context.load(path)
    judge(report)
    return report


INTERRUPTED = 'trap "exit 9" INT TERM HUP USR1; while :; do sleep 0.02; done'


def terminal_interrupt(context, script, status):
    """What a terminal does at Ctrl-C: SIGINT to the whole group. A report is still written."""
    fathom, pid, path = begin(context, script)
    time.sleep(0.1)
    os.killpg(fathom.pid, signal.SIGINT)
    report = finish(context, fathom, path, status)
    process_of(report, pid)


def passed_on(context, number):
    """A signal to fathom alone reaches the command."""
    fathom, pid, path = begin(context, INTERRUPTED)
    time.sleep(0.1)
    kill(fathom.pid, number)
    report = finish(context, fathom, path, 9)
    process_of(report, pid)


def killed_from_outside(context):
    fathom, pid, path = begin(context, 'exec sleep 60')
    wait_until(lambda: (read_text(f'/proc/{pid}/comm') or '').strip() == 'sleep', 'sleep runs')
    kill(pid)
    report = finish(context, fathom, path, 137)
    require_equal('signal of the process', 9, process_of(report, pid)['signal'])


def fathom_killed(context):
    """The command lives on, and the next run works."""
    fathom, pid, _ = begin(context, 'while :; do sleep 0.02; done')
    kill(fathom.pid)
    fathom.wait()
    time.sleep(0.3)
    require(is_running(pid), 'the command died with fathom')
    kill(pid)
    report, truth = context.report_of_workload(context.words('@count_calls', 100), name='next.report.json')
    judge(report, truth)


def stopped(context):
    """A command that is stopped and continued, by job control from outside."""
    fathom, pid, path = begin(context, 'exec sleep 0.5')
    wait_until(lambda: (read_text(f'/proc/{pid}/comm') or '').strip() == 'sleep', 'sleep runs')
    kill(pid, signal.SIGSTOP)
    since = time.monotonic_ns()
    time.sleep(0.3)
    lasted = time.monotonic_ns() - since
    kill(pid, signal.SIGCONT)
    report = finish(context, fathom, path, 0)
    require_near('blocked stopped', lasted, report['ledger']['blocked']['stopped_ns'])


def daemon(context):
    """A daemon's work is in the report as long as the command itself lasts."""
    truth = context.fresh_path('truth')
    command = context.words('@daemonize')[0]
    report = context.report_of(['sh', '-c', f'{command} --truth {truth}; while ! [ -s {truth} ]; do '
                                            f'sleep 0.05; done; sleep 0.1'])
    judge(report)
    family = [process for process in report['processes'] if process['comm'] == 'daemonize']
    require_equal('processes of the daemon', [0, 0, 0], [process['exit_code'] for process in family])
    rows = [row_of(process, 'getppid') for process in family]
    require_equal('getppid', 100_000, sum(row['count'] for row in rows if row))
    for child, parent in zip(family[1:], family):
        require_equal('ppid of the daemon', parent['pid'], child['ppid'])


def daemon_left(context):
    """The report comes when the command ends; what it left running is in it as alive, and runs on."""
    truth = context.fresh_path('truth')
    report = context.report_of([*context.words('@daemonize'), '--truth', truth])
    require(not read_text(truth), 'fathom waited for the daemon')
    judge(report)
    require_equal('processes still alive', 1, sum(process['end_ns'] is None for process in report['processes']))
    wait_until(lambda: read_text(truth), 'the daemon finishes its work')


def descriptor_leak(context):
    """Nothing of fathom's is open in the command."""
    ended = context.run_fathom('run', '-q', '--', 'ls', '-l', '/proc/self/fd')
    names = re.findall(r'(\d+) -> (.*)', ended.stdout.decode())
    extra = [name for name in names if int(name[0]) > 2 and '/fd' not in name[1]]
    require(not extra, f'open in the command: {extra}')


# --- bad input ------------------------------------------------------------------------------------------------

def one_line(ended):
    """The error, which is one line from fathom."""
    lines = ended.stderr.decode(errors='replace').split('\n')
    require(len(lines) == 2 and lines[1] == '' and lines[0].startswith('fathom') and lines[0].isprintable(),
            f'stderr is not one line that begins with fathom: {ended.stderr!r}')
    return lines[0]


def refused(context, status, pattern, *arguments):
    """Refused with one line that says what is wrong; nothing is left behind, nothing was started."""
    folder = context.empty_folder()
    mark = os.path.join(folder, 'started')
    words = [str(word).replace('DIR', folder).replace('MARK', mark) for word in arguments]
    ended = context.run_fathom(*words)
    require_equal(f'exit status ({ended.stderr!r})', status, ended.status)
    line = one_line(ended)
    require(re.search(pattern, line), f'{line!r} does not match {pattern!r}')
    require_equal('stdout', b'', ended.stdout)
    require_equal('files left behind', [], os.listdir(folder))


def refused_after_end(context, status, *arguments, **streams_of_fathom):
    """The report cannot be written in the end: fathom's own failure, said in one line."""
    ended = context.run_fathom(*arguments, **streams_of_fathom)
    require_equal(f'exit status ({ended.stderr!r})', status, ended.status)
    require(re.search('No space left|Broken pipe', one_line(ended)), f'not why: {ended.stderr!r}')


def closed_pipe(context, *arguments):
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        refused_after_end(context, 125, *arguments, stdout=write_end)
    finally:
        os.close(write_end)


def closed_stderr_pipe(context):
    """The report goes to a pipe that nobody reads: fathom fails, and is not killed."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        ended = context.run_fathom('run', '--', 'true', stderr=write_end)
    finally:
        os.close(write_end)
    require_equal('exit status', 125, ended.status)


def old_report_kept(context):
    """A run that failed does not destroy the report of an earlier one."""
    path = context.fresh_path('old')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('old')
    ended = context.run_fathom('run', '-o', path, '--', '/nonexistent')
    require_equal('exit status', 127, ended.status)
    require_equal('the old report', 'old', read_text(path))


def no_privileges(context):
    """Says which capability is missing and how to grant it; the command is not started."""
    with context.public_copy() as (folder, fathom):
        os.chmod(folder, 0o777)
        mark = os.path.join(folder, 'started')
        ended = context.finish(context.start(
            [require_tool('setpriv'), f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups',
             '--inh-caps=-all', fathom, 'run', '--', 'touch', mark], stdout=PIPE, stderr=PIPE))
        require_equal(f'exit status ({ended.stderr!r})', 125, ended.status)
        line = one_line(ended)
        for word in ('CAP_BPF', 'setcap'):
            require(word in line, f'{line!r} does not name {word}')
        require(not os.path.exists(mark), 'the command was started')
        os.chmod(folder, 0o755)


def doctor(context):
    ended = context.run_fathom('doctor')
    require_equal(f'exit status ({ended.stdout!r})', 0, ended.status)
    require('works here' in ended.stdout.decode(), f'no conclusion: {ended.stdout!r}')
    with context.public_copy() as (_, fathom):
        poor = context.finish(context.start(
            [require_tool('setpriv'), f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups',
             '--inh-caps=-all', fathom, 'doctor'], stdout=PIPE, stderr=PIPE))
    require_equal('exit status without privileges', 1, poor.status)
    require('CAP_BPF' in poor.stdout.decode(), f'does not name CAP_BPF: {poor.stdout!r}')


def helps(context):
    """Help for people: on stdout, with examples, and status 0."""
    for words in (['--help'], ['run', '--help'], ['attach', '-h'], ['doctor', '--help'], ['report', '--help']):
        ended = context.run_fathom(*words)
        require_equal(f'exit status of {words}', 0, ended.status)
        require(b'fathom' in ended.stdout and not ended.stderr, f'no help from {words}')
        wide = [line for line in ended.stdout.decode().splitlines() if len(line) > 100]
        require(not wide, f'wider than 100 columns: {wide[:1]}')
