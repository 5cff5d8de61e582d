#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares a JSON report of fathom with the truth lines of a workload, and with itself.

    check_report.py REPORT TRUTH [--tolerance-scale X] [--allow-loss]

Every truth line must hold (tests/workloads/truth.h says what they mean; tolerances are those of the
table in the ledger's specification), and so must the identities of the report, whatever ran. TRUTH
may be empty or /dev/null: then only the identities are checked.

Each miss is one line, `NAME: expected X, report says Y (tolerance Z)`.
Exit status: 0, all of it holds; 1, something does not; 2, wrong usage; 77, the truth is a skip line.
"""
import argparse
import collections
import json
import sys

EXIT_SKIP = 77
MS = 1_000_000

# The share of the truth, or the floor, whichever is more.
ON_CPU = (0.01, 1 * MS)
RUNQUEUE = (0.02, 1 * MS)
BLOCKED = (0.01, 1 * MS)
UNACCOUNTED_SHARE = 0.005
CALL_TIME = (0.001, 20_000)  # time inside calls: sum of the table against the ledger
IN_FLIGHT = (0.001, 20_000)  # a call that goes on while its parts are read one after the other

# truth.h: what a thread does after the last reading of its own figures is in no figure but for the switch
# it dies with. A process that is read as a zombie has no such rest, nor have its truths any slack. Each
# other thread, those that are joined and the one that writes the truth, may be preempted once in its rest:
# a joined thread often is, by the thread that it wakes. A joined thread frees its stack, for which it may
# wait once for the address space, and takes some time for all this, more than the kernel adds to its
# process: __exit_signal(), kernel/exit.c, is not the end.
REST_NS = 50_000
# With a busy loop on its CPU it may also wait for the loop's slice to end, which is in no figure either.
SLICE_NS = 4_000_000
# Stolen time is told in ticks of 10 ms: up to one more may have been taken.
STEAL_TICK_NS = 10_000_000

LEDGER_SUMS = ('thread_time_ns', 'runqueue_ns', 'blocked_ns', 'unaccounted_ns',
               'voluntary_switches', 'involuntary_switches')
ROW_SUMS = ('count', 'errors', 'in_flight', 'timed', 'wall_ns', 'on_cpu_ns', 'runqueue_ns', 'blocked_ns')
# Losses that make calls disappear from the table.
CALL_LOSSES = ('process_table_full', 'cell_table_full', 'thread_untracked', 'missed_run')


class Skipped(Exception):
    """The workload could not do its work here."""


class Miss(collections.namedtuple('Miss', 'line noisy')):
    """Noisy: a comparison of times that a busy machine can spoil."""

    def __str__(self):
        return self.line


class Judge:
    """One report, its truth, and the misses found so far."""

    def __init__(self, report, scale=1.0, allow_loss=False, contended=False, stolen_ns=0):
        self.report = report
        self.scale = scale
        self.allow_loss = allow_loss
        self.misses = []
        self.contended = contended
        self.stolen_ns = stolen_ns
        self.joined_threads = 0
        self.rows = {row['name']: row for row in report['syscalls']['table']}

    def miss(self, name, expected, found, tolerance, noisy=False):
        self.misses.append(
            Miss(f'{name}: expected {expected}, report says {found} (tolerance {tolerance})', noisy))

    def equal(self, name, expected, found):
        if expected != found:
            self.miss(name, expected, found, 0)

    def near(self, name, expected, found, share_and_floor):
        share, floor = share_and_floor
        tolerance = int(max(share * expected, floor) * self.scale)
        if abs(expected - found) > tolerance:
            self.miss(name, expected, found, tolerance)

    def near_truth(self, name, expected, found, share_and_floor):
        share, floor = share_and_floor
        tolerance = int(max(share * expected, floor) * self.scale)
        rest = int(self.joined_threads * REST_NS * self.scale)
        if self.contended and name == 'runqueue_ns':
            rest += self.joined_threads * SLICE_NS
        if self.stolen_ns and name == 'on_cpu_ns':
            rest += self.stolen_ns + STEAL_TICK_NS
        if not expected - tolerance <= found <= expected + tolerance + rest:
            self.miss(name, expected, found, tolerance, noisy=True)

    def switches(self, name, expected, found, rest):
        if not expected <= found <= expected + rest:
            self.miss(name, expected, found, f'+{rest}')

    def at_most(self, name, most, found):
        if found > most:
            self.miss(name, f'at most {most}', found, 0)

    def at_least(self, name, least, found):
        if found < least:
            self.miss(name, f'at least {least}', found, 0)

    def lost(self, *classes):
        loss = self.report['loss']
        return sum(entry['count'] for name, entry in loss.items() if not classes or name in classes)


# --- truth lines ---------------------------------------------------------------------------------------
# One function per kind of line; the arguments are the line's words after the kind.

def complete_but_for_loss(judge, name, expected, found, loss):
    """Exact, or short by no more than was counted as lost."""
    if judge.allow_loss and found <= expected <= found + loss:
        return
    judge.equal(name, expected, found)


def truth_count(judge, call, calls):
    row = judge.rows.get(call)
    complete_but_for_loss(judge, f'count {call}', int(calls), row['count'] if row else 0,
                          judge.lost(*CALL_LOSSES))


def truth_errors(judge, call, errno_name, calls):
    row = judge.rows.get(call)
    complete_but_for_loss(judge, f'errors {call} {errno_name}', int(calls),
                          row['errnos'].get(errno_name, 0) if row else 0,
                          judge.lost(*CALL_LOSSES, 'errno_table_full'))


def truth_blocked(judge, reason, ns):
    judge.near_truth(f'blocked {reason}', int(ns), judge.report['ledger']['blocked'][reason + '_ns'], BLOCKED)


def truth_blocked_min(judge, reason, ns):
    judge.at_least(f'blocked {reason}', int(ns), judge.report['ledger']['blocked'][reason + '_ns'])


def truth_on_cpu_ns(judge, ns):
    on_cpu = judge.report['ledger']['on_cpu']
    judge.near_truth('on_cpu_ns', int(ns), on_cpu['compute_ns'] + on_cpu['syscall_ns'], ON_CPU)


def truth_runqueue_ns(judge, ns):
    # What the command waited before its execve is in the kernel's account and not in the report's. How
    # much of `before` that was, and how much execve itself, nobody can tell: either end is right.
    found = judge.report['ledger']['runqueue_ns']
    least = int(ns) - judge.runqueue_before_ns
    judge.near_truth('runqueue_ns', max(least, min(found, int(ns))), found, RUNQUEUE)


def truth_runqueue_before_ns(judge, ns):
    """Read beforehand, see check_truth()."""


def truth_voluntary(judge, switches):
    judge.switches('voluntary', int(switches), judge.report['ledger']['voluntary_switches'],
                   judge.joined_threads)


def truth_involuntary(judge, switches):
    judge.switches('involuntary', int(switches), judge.report['ledger']['involuntary_switches'],
                   judge.joined_threads + 1)


def truth_threads(judge, threads):
    judge.equal('threads', int(threads), judge.report['ledger']['threads'])


def truth_processes(judge, processes):
    judge.equal('processes', int(processes), judge.report['ledger']['processes'])


def children(judge):
    first = judge.report['command']['pid']
    return [process for process in judge.report['processes'] if process['ppid'] == first]


def truth_exited(judge, code, processes):
    judge.equal(f'exited {code}', int(processes),
                sum(child['exit_code'] == int(code) for child in children(judge)))


def truth_killed(judge, signal, processes):
    judge.equal(f'killed {signal}', int(processes),
                sum(child['signal'] == int(signal) for child in children(judge)))


def truth_comm(judge, *name):
    name = ' '.join(name)
    comms = {row['comm'] for row in judge.report['processes'] + judge.report['threads']}
    if name not in comms:
        judge.miss('comm', name, 'only ' + ', '.join(sorted(comms)), 0)


def truth_skip(judge, *reason):
    raise Skipped(' '.join(reason))


TRUTHS = {
    'count': truth_count,
    'errors': truth_errors,
    'blocked': truth_blocked,
    'blocked_min': truth_blocked_min,
    'on_cpu_ns': truth_on_cpu_ns,
    'runqueue_ns': truth_runqueue_ns,
    'runqueue_before_ns': truth_runqueue_before_ns,
    'voluntary': truth_voluntary,
    'involuntary': truth_involuntary,
    'threads': truth_threads,
    'processes': truth_processes,
    'exited': truth_exited,
    'killed': truth_killed,
    'comm': truth_comm,
    'skip': truth_skip,
}


def check_truth(judge, truth_text):
    lines = [line.split() for line in truth_text.splitlines()]
    numbers = {words[0]: int(words[1]) for words in lines if words[0] in ('threads', 'processes')}
    # Each process has one thread that is not joined.
    judge.joined_threads = max(0, numbers.get('threads', 0) - numbers.get('processes', 0))
    before = [int(words[1]) for words in lines if words[0] == 'runqueue_before_ns']
    judge.runqueue_before_ns = before[0] if before else 0
    for kind, *words in lines:
        TRUTHS[kind](judge, *words)


# --- identities ----------------------------------------------------------------------------------------

def check_ledger(judge, name, ledger):
    on_cpu = ledger['on_cpu']
    blocked = sum(ledger['blocked'].values())
    judge.equal(f'{name}: blocked_ns as the sum of its reasons', blocked, ledger['blocked_ns'])
    judge.equal(f'{name}: thread_time_ns as the sum of its states',
                on_cpu['compute_ns'] + on_cpu['syscall_ns'] + ledger['runqueue_ns'] + blocked +
                ledger['unaccounted_ns'], ledger['thread_time_ns'])
    judge.at_most(f'{name}: unaccounted_ns of {ledger["thread_time_ns"]}',
                  int(ledger['thread_time_ns'] * UNACCOUNTED_SHARE), ledger['unaccounted_ns'])


def check_ledgers(judge):
    check_ledger(judge, 'ledger', judge.report['ledger'])
    for process in judge.report['processes']:
        check_ledger(judge, f'process {process["pid"]} ({process["comm"]})', process['ledger'])
    for thread in judge.report['threads']:
        check_ledger(judge, f'thread {thread["pid"]}:{thread["tid"]} ({thread["comm"]})', thread['ledger'])


def flat_ledger(ledger):
    flat = {name: ledger[name] for name in LEDGER_SUMS}
    flat.update(ledger['on_cpu'])
    flat.update((f'blocked.{name}', ns) for name, ns in ledger['blocked'].items())
    return flat


def sum_ledgers(items):
    total = {}
    for item in items:
        for name, value in flat_ledger(item['ledger']).items():
            total[name] = total.get(name, 0) + value
    return total


def check_ledger_sums(judge):
    report = judge.report
    processes, threads = report['processes'], report['threads']
    whole = flat_ledger(report['ledger'])
    judge.equal('length of processes[]', report['ledger']['processes'], len(processes))
    judge.equal('threads of the processes', report['ledger']['threads'],
                sum(process['threads'] for process in processes))
    for name, value in sum_ledgers(processes).items():
        judge.equal(f'ledger as the sum of processes[]: {name}', value, whole[name])
    if judge.lost('record_ring_full'):
        return
    judge.equal('length of threads[]', report['ledger']['threads'], len(threads))
    for name, value in sum_ledgers(threads).items():
        judge.equal(f'ledger as the sum of threads[]: {name}', value, whole[name])


def check_row(judge, name, row):
    """What holds for a row of any table, of all processes or of one."""
    parts = row['on_cpu_ns'] + row['runqueue_ns'] + row['blocked_ns']
    if row['in_flight']:
        judge.near(f'{name}: wall_ns as the sum of its parts', parts, row['wall_ns'], IN_FLIGHT)
    else:
        judge.equal(f'{name}: wall_ns as the sum of its parts', parts, row['wall_ns'])
    judge.at_most(f'{name}: errors', row['count'], row['errors'])
    judge.at_most(f'{name}: timed', row['count'], row['timed'])
    order = [row[key] for key in ('min_ns', 'p50_ns', 'p90_ns', 'p99_ns', 'max_ns')]
    if not row['timed']:
        judge.equal(f'{name}: distribution of no timed call', [None] * len(order), order)
    elif order != sorted(order):
        judge.miss(f'{name}: min, p50, p90, p99, max', 'a rising order', order, 0)


def check_total_row(judge, row):
    name = f'row {row["name"]}'
    check_row(judge, name, row)
    judge.equal(f'{name}: timed as the sum of its histogram',
                sum(bucket['count'] for bucket in row['histogram']), row['timed'])
    if not judge.lost('errno_table_full'):
        judge.equal(f'{name}: errors as the sum of its errnos', sum(row['errnos'].values()), row['errors'])
    judge.equal(f'{name}: blocked_ns as the sum of its reasons', sum(row['blocked'].values()),
                row['blocked_ns'])


def check_calls(judge):
    report, table = judge.report, judge.report['syscalls']['table']
    for row in table:
        check_total_row(judge, row)
    judge.equal('length of the table without its double names', len(table), len(judge.rows))
    judge.equal('syscalls.total', sum(row['count'] for row in table), report['syscalls']['total'])
    judge.equal('syscalls.errors', sum(row['errors'] for row in table), report['syscalls']['errors'])
    judge.equal('sum of by_category', report['syscalls']['total'],
                sum(report['syscalls']['by_category'].values()))
    # Calls without a cell are in the threads' time and not in the table.
    if not judge.lost('cell_table_full'):
        judge.near('on_cpu.syscall_ns as the sum of the table', sum(row['on_cpu_ns'] for row in table),
                   report['ledger']['on_cpu']['syscall_ns'], CALL_TIME)


def check_call_sums(judge):
    sums = {}
    for process in judge.report['processes']:
        calls = process['syscalls']
        for row in calls['table']:
            check_row(judge, f'process {process["pid"]} ({process["comm"]}) row {row["name"]}', row)
            total = sums.setdefault(row['name'], dict.fromkeys(ROW_SUMS, 0))
            for key in ROW_SUMS:
                total[key] += row[key]
        judge.equal(f'process {process["pid"]} ({process["comm"]}): syscalls.total',
                    sum(row['count'] for row in calls['table']), calls['total'])
        judge.equal(f'process {process["pid"]} ({process["comm"]}): syscalls.errors',
                    sum(row['errors'] for row in calls['table']), calls['errors'])
    for name in sorted(set(sums) | set(judge.rows)):
        row = judge.rows.get(name)
        found = {key: row[key] for key in ROW_SUMS} if row else None
        judge.equal(f'row {name} as the sum of processes[]', sums.get(name), found)


def check_losses(judge):
    for name, entry in judge.report['loss'].items():
        if not judge.allow_loss:
            judge.equal(f'loss {name}', 0, entry['count'])


IDENTITIES = (check_ledgers, check_ledger_sums, check_calls, check_call_sums, check_losses)


def check(report, truth_text, scale=1.0, allow_loss=False, contended=False, stolen_ns=0):
    """The list of misses. Raises Skipped where the truth is a skip line."""
    judge = Judge(report, scale, allow_loss, contended, stolen_ns)
    check_truth(judge, truth_text)
    for identity in IDENTITIES:
        identity(judge)
    return judge.misses


def main():
    parser = argparse.ArgumentParser(description='Compares a JSON report of fathom with a truth file.')
    parser.add_argument('report')
    parser.add_argument('truth')
    parser.add_argument('--tolerance-scale', type=float, default=1.0, metavar='X',
                        help='widens the tolerances of times, for emulated machines')
    parser.add_argument('--allow-loss', action='store_true', help='losses are expected')
    options = parser.parse_args()
    with open(options.truth, encoding='utf-8') as file:
        truth_text = file.read()
    with open(options.report, encoding='utf-8') as file:
        report = json.load(file)
    try:
        misses = check(report, truth_text, options.tolerance_scale, options.allow_loss)
    except Skipped as skipped:
        print(f'skip {skipped}')
        return EXIT_SKIP
    for line in misses:
        print(line)
    return 1 if misses else 0


if __name__ == '__main__':
    sys.exit(main())
