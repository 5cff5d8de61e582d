# SPDX-License-Identifier: BSD-2-Clause
"""Are the figures right? `fathom run` on programs that know what they do, on real programs, and next to
strace and perf. What a figure should be comes from the workloads' truth lines or from those tools.
"""
import collections
import csv
import os
import re
import subprocess
import threading
import time

from harness import (DEVNULL, PIPE, RUN_LIMIT_S, SETTINGS, Failure, Missing, Noisy, Skip, judge,
                     memory_folder, process_of, read_text, require, require_equal, require_tool, row_of)

MIB = 1 << 20
FATHOM_MEMORY_MOST = 30_000_000
STARTUP_MOST_NS = 200_000_000

# Workloads whose exit status is not 0.
STATUSES = {'static_nolibc': 7, 'in_flight': 128 + 14}


def steal_ns():
    """What the hypervisor has taken from all CPUs. The kernel leaves it out of schedstat; fathom cannot
    tell it from interrupts and shows it as time on the CPU."""
    with open('/proc/stat', encoding='ascii') as file:
        return int(file.readline().split()[8]) * 1_000_000_000 // os.sysconf('SC_CLK_TCK')


def truth(context, name, *arguments, setting='plain'):
    """A workload, whole, against its truth lines."""
    stolen_ns = steal_ns()
    report, text = context.report_of_workload(context.words('@' + name, *arguments),
                                              status=STATUSES.get(name, 0), setting=setting)
    judge(report, text, contended=setting == 'contended', stolen_ns=steal_ns() - stolen_ns)


def truth_in(context, setting, name, *arguments):
    """The same, disturbed."""
    truth(context, name, *arguments, setting=setting)


COUNTED = ('count', 'errors', 'threads', 'processes')


def counts_in(context, setting, name, *arguments):
    """The same without times and switches, for programs of thousands of threads: what these do after the
    last reading of their figures takes as long as the scheduler likes when it is disturbed."""
    report, text = context.report_of_workload(context.words('@' + name, *arguments), setting=setting)
    judge(report, '\n'.join(line for line in text.splitlines() if line.split()[0] in COUNTED))


def many_short_children(context, children, setting='plain'):
    """Every one of many processes that live a millisecond, by name and exit code, and fathom stays small."""
    true = require_tool('true')
    path = context.fresh_path('report.json')
    with memory_folder() as folder:
        process = context.start_fathom('run', '--format', 'json', '-o', path, '--',
                                       *context.words('@short_children', children, 8, true),
                                       '--truth', folder + '/truth')
        seen_peak = watch_peak(process)
        with SETTINGS[setting](process.pid):
            ended = context.finish(process)
        require_equal(f'exit status ({ended.stderr!r})', 0, ended.status)
        truth_text = read_text(folder + '/truth')
    report = context.load(path)
    judge(report, truth_text)
    require_equal('processes by name and exit code',
                  {('true', 0): children, ('short_children', 0): 1},
                  dict(collections.Counter((row['comm'], row['exit_code']) for row in report['processes'])))
    peak = report['self']['peak_rss_bytes']
    require(seen_peak() <= peak, f'self.peak_rss_bytes: expected at least {seen_peak()}, got {peak}')
    require(peak <= FATHOM_MEMORY_MOST, f'self.peak_rss_bytes: expected at most {FATHOM_MEMORY_MOST}, got {peak}')


def watch_peak(process):
    """Samples VmHWM of a program until it ends; gives a function that tells the last value."""
    last = [0]

    def sample():
        while process.poll() is None:
            match = re.search(r'VmHWM:\s+(\d+) kB', read_text(f'/proc/{process.pid}/status') or '')
            if match:
                last[0] = int(match[1]) * 1024
            time.sleep(0.05)

    threading.Thread(target=sample, daemon=True).start()
    return lambda: last[0]


def real_program(context, *command):
    """Any program: the identities hold, nothing is lost, and next to nothing is unaccounted."""
    command = context.words(*command)
    require_tool(command[0])
    judge(context.report_of(command))


C_SOURCE = '''#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
''' + ''.join(f'''
int work_{i}(int count, char **words);
int work_{i}(int count, char **words)
{{
	int sum = {i};
	for (int i = 0; i < count; i++)
		for (size_t j = 0; j < strlen(words[i]); j++)
			sum = sum * 31 + words[i][j] % (i + {i} + 1);
	return sum;
}}
''' for i in range(200))


def compiler(context):
    source = context.path('source.c')
    with open(source, 'w', encoding='utf-8') as file:
        file.write(C_SOURCE)
    real_program(context, 'gcc', '-O2', '-c', '-o', context.path('source.o'), source)


# --- other tools ----------------------------------------------------------------------------------------

# strace does not count the calls that never return.
NOT_IN_STRACE = {'exit', 'exit_group'}


def strace_counts(path):
    """{call: (count, errors)} of `strace -c`."""
    counts = {}
    for line in read_text(path).splitlines()[2:-2]:
        words = line.split()
        counts[words[-1]] = (int(words[3]), int(words[4]) if len(words) == 6 else 0)
    return counts


# Workloads read their figures again when they were preempted meanwhile: strace does that all the time.
READINGS = {'pread64', 'clock_gettime'}
# Two children that end at once send one signal; when they end apart, two.
SIGNALS = {'rt_sigreturn'}


def same_as_strace(context, ignored, *command):
    """Counts and errors of a program that does the same each time, in a run of its own under strace."""
    command = context.words(*command)
    path = context.fresh_path('strace')
    subprocess.run([require_tool('strace'), '-f', '-c', '-o', path, *command], stdin=DEVNULL,
                   stdout=DEVNULL, stderr=DEVNULL, check=True, timeout=RUN_LIMIT_S)
    report = context.report_of(command)
    found = {row['name']: (row['count'], row['errors']) for row in report['syscalls']['table']
             if row['name'] not in NOT_IN_STRACE}
    expected = strace_counts(path)
    differing = [f'{call}: strace has {expected.get(call)} calls and errors, report says {found.get(call)}'
                 for call in sorted((set(expected) | set(found)) - set(ignored))
                 if expected.get(call) != found.get(call)]
    if differing:
        raise Failure(*differing)


def perf_can_trace():
    tracing = '/sys/kernel/tracing'
    if not os.path.isdir(tracing + '/events'):
        subprocess.run(['mount', '-t', 'tracefs', 'tracefs', tracing], stderr=DEVNULL, check=False)
    if not os.path.isdir(tracing + '/events/syscalls'):
        raise Skip('no tracepoints of system calls in ' + tracing)


def same_as_perf(context, calls, name, *arguments):
    """Both count the same run: fathom watches perf, perf its command, and the command's rows are compared."""
    perf = require_tool('perf')
    perf_can_trace()
    path = context.fresh_path('perf')
    events = ','.join(f'syscalls:sys_enter_{call}' for call in calls)
    command = context.words('@' + name, *arguments)
    report = context.report_of([perf, 'stat', '-x', ',', '-o', path, '-e', events, '--', *command])
    expected = {}
    for row in csv.reader(line for line in read_text(path).splitlines() if line and line[0] != '#'):
        expected[row[2].removeprefix('syscalls:sys_enter_')] = row[0]
    if any(not count.isdigit() for count in expected.values()):
        raise Skip(f'perf could not count: {expected}')
    found = dict.fromkeys(calls, 0)
    for process in report['processes']:
        if process['comm'] != name[:15]:
            continue
        for call in calls:
            row = row_of(process, call)
            found[call] += row['count'] if row else 0
    require_equal('counts', {call: int(count) for call, count in expected.items()}, found)


# --- fathom's own promises --------------------------------------------------------------------------------

def startup(context):
    """From the start to the first event that could be counted, and memory for a small command."""
    report = context.report_of([require_tool('true')])
    took, memory = report['self']['startup_ns'], report['self']['peak_rss_bytes']
    require(took > 0, 'self.startup_ns is 0')
    require(memory <= FATHOM_MEMORY_MOST, f'self.peak_rss_bytes: expected at most {FATHOM_MEMORY_MOST}, got {memory}')
    if took > STARTUP_MOST_NS:
        raise Noisy(f'self.startup_ns: expected at most {STARTUP_MOST_NS}, got {took}')


def wall_clock(context):
    """The window is the command's life."""
    before = time.time_ns()
    report = context.report_of([require_tool('sleep'), '0.3'])
    after = time.time_ns()
    window = report['window']
    require(before <= window['start_unix_ns'], 'window.start_unix_ns: before fathom was started')
    require(window['start_unix_ns'] + window['duration_ns'] <= after, 'the window ends after fathom did')
    require(window['duration_ns'] >= 300_000_000, f'window.duration_ns: {window["duration_ns"]} for 0.3 s')
    require_equal('command.argv', ['0.3'], report['command']['argv'][1:])
    require_equal('command.pid', report['processes'][0]['pid'], report['command']['pid'])


def selected_calls(context):
    """--syscall: the chosen calls have rows, and exact ones; thread times are whole all the same."""
    report = context.report_of(context.words('@count_calls'), ['--syscall', 'getppid,umask'])
    require_equal('rows', {'getppid': 500_000, 'umask': 5_000},
                  {name: count for name, count in counts_of(report).items() if name in ('getppid', 'umask')})
    require(row_of(report, 'getuid') is None, 'there is a row for getuid, which was not asked for')


def counts_of(report):
    return {row['name']: row['count'] for row in report['syscalls']['table']}


# --- loss ---------------------------------------------------------------------------------------------------

LOST_CELLS = ['--max-cells', '16']


def lost_cells(context):
    """Too few cells: what is missing from the table is what the counter says, to the call."""
    command = context.words('@many_calls')
    whole, _ = context.report_of_workload(command)
    report, text = context.report_of_workload(command, LOST_CELLS)
    judge(report, text, allow_loss=True)
    loss = report['loss']['cell_table_full']
    require(loss['count'] > 0, 'loss cell_table_full is 0: the table was not too small')
    require(loss['first_ns'] <= loss['last_ns'], f'loss cell_table_full: {loss}')
    require_equal('syscalls.total and lost calls together', whole['syscalls']['total'],
                  report['syscalls']['total'] + loss['count'])


def lost_processes(context):
    """Too few places for processes: those that are missing are counted."""
    report, _ = context.report_of_workload(context.words('@fork_count', 16, 200_000),
                                           ['--max-processes', '8'])
    judge(report, allow_loss=True)
    lost = report['loss']['process_table_full']['count']
    require(lost > 0, 'loss process_table_full is 0: the table was not too small')
    require_equal('processes watched and lost', 17, report['ledger']['processes'] + lost)


def loss_in_text(context):
    ended = context.run_fathom('run', *LOST_CELLS, '--', *context.words('@many_calls', 100))
    require_equal('exit status', 0, ended.status)
    require(re.search(r'lost[:;]?\s+[\d,]+ cell_table_full', ended.stderr.decode()), 'the text names no loss')
    ended = context.run_fathom('run', '--', *context.words('@many_calls', 100))
    require('cell_table_full' not in ended.stderr.decode(), 'the text names a loss where there was none')


def strict(context):
    """--strict: 125 if anything was lost, and the command's status if not."""
    command = context.words('@static_nolibc')
    for options, expected in ((['--strict', *LOST_CELLS[:1], '4'], 125), (['--strict'], 7),
                              ([*LOST_CELLS[:1], '4'], 7)):
        ended = context.run_fathom('run', *options, '-o', context.fresh_path('report'), '--', *command)
        require_equal(f'exit status with {options} ({ended.stderr!r})', expected, ended.status)


# --- formats ------------------------------------------------------------------------------------------------

VALIDATE = '''
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for path in sys.argv[2:]:
    report = json.load(open(path))
    for name in ("processes", "threads"):
        report[name] = report[name][:20] + report[name][20:][-5:]
    for error in validator.iter_errors(report):
        print(path.rpartition("/")[2], "/".join(map(str, error.absolute_path)), error.message[:200])
'''


def schema(context):
    """Every report that this run of the suite has made so far is what `fathom report --schema` says."""
    ended = context.run_fathom('report', '--schema')
    require_equal('exit status of `fathom report --schema`', 0, ended.status)
    schema_path = context.path('schema')
    with open(schema_path, 'wb') as file:
        file.write(ended.stdout)
    context.report_of([require_tool('true')])
    reports = [os.path.join(context.scratch, name) for name in sorted(os.listdir(context.scratch))
               if name.endswith('report.json')]
    found = subprocess.run(['/usr/bin/python3', '-c', VALIDATE, schema_path, *reports], stdout=PIPE,
                           stderr=PIPE, text=True, check=False)
    if 'No module named' in found.stderr:
        raise Missing('no python3-jsonschema')
    require_equal('exit status of the validation', (0, ''), (found.returncode, found.stderr))
    if found.stdout:
        raise Failure(*found.stdout.splitlines())


def csv_table(context):
    """The CSV has the rows of the JSON table: equal, where two runs of a program are."""
    path = context.fresh_path('report.csv')
    ended = context.run_fathom('run', '--format', 'csv', '-o', path, '--', *context.words('@static_nolibc'))
    require_equal('exit status', 7, ended.status)
    with open(path, newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file, strict=True))
    json_rows = context.report_of(context.words('@static_nolibc'), status=7)['syscalls']['table']
    columns = ('name', 'category', 'count', 'errors', 'in_flight', 'timed')
    require_equal('rows of the CSV', sorted([str(row[column]) for column in columns] for row in json_rows),
                  sorted([row[column] for column in columns] for row in rows))
    for row in rows:
        parts = sum(int(row[column]) for column in ('on_cpu_ns', 'runqueue_ns', 'blocked_ns'))
        require_equal(f'wall_ns of {row["name"]}', parts, int(row['wall_ns']))
        require(not set(row) - set(json_rows[0]), f'columns that the JSON table lacks: {row.keys()}')


def text_report(context):
    """The text for people: on stderr, without colour when that is no terminal, within 80 columns."""
    ended = context.run_fathom('run', '--', *context.words('@sleeper', 5, 10))
    text = ended.stderr.decode()
    require_equal('stdout', b'', ended.stdout)
    for word in ('sleeper', 'clock_nanosleep', 'computing', 'blocked', 'exit 0'):
        require(word in text, f'the report does not say {word!r}')
    require('\x1b' not in text, 'escape sequences on a stream that is no terminal')
    wide = [line for line in text.splitlines() if len(line) > 80 and context.scratch not in line]
    require(not wide, f'wider than 80 columns: {wide[:1]}')


def process_tree(context):
    """A tree of shells: each process once, with its parent."""
    report = context.report_of(['sh', '-c', 'sh -c "sh -c true; true"; exit 3'], status=3)
    judge(report)
    pids = [process['pid'] for process in report['processes']]
    require_equal('processes', len(set(pids)), len(pids))
    for process in report['processes']:
        if process['pid'] != report['command']['pid']:
            process_of(report, process['ppid'])
