# SPDX-License-Identifier: BSD-2-Clause
"""What the live tests share: running fathom on a command, disturbing it, and judging its report.

A test is a function of a Context; it returns nothing, or raises Failure, Noisy or Skip. No test lives
here, and nothing here knows what a figure should be.
"""
import contextlib
import ctypes
import json
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import time

import check_report

RUN_LIMIT_S = 60
DEVNULL = subprocess.DEVNULL
PIPE = subprocess.PIPE
NOBODY = 65534


class Failure(Exception):
    """The test does not hold. Each argument is one line."""


class Noisy(Failure):
    """Only comparisons of times do not hold, which a busy machine can cause: worth one more try."""


class Skip(Exception):
    """The machine or the kernel lacks what the test is about."""


class Missing(Skip):
    """What is lacking can be had: continuous integration must not pass without it."""


def require(condition, line):
    if not condition:
        raise Failure(line)


def require_equal(name, expected, found):
    require(expected == found, f'{name}: expected {expected!r}, got {found!r}')


def require_tool(name):
    path = shutil.which(name)
    if not path:
        raise Missing(f'no {name}')
    return path


def judge(report, truth_text='', allow_loss=False, contended=False, stolen_ns=0):
    """Truth lines and identities of a report, as tests/live/check_report.py has them."""
    try:
        misses = check_report.check(report, truth_text, allow_loss=allow_loss, contended=contended,
                                    stolen_ns=stolen_ns)
    except check_report.Skipped as skipped:
        raise Skip(str(skipped)) from None
    if misses:
        raise (Noisy if all(miss.noisy for miss in misses) else Failure)(*map(str, misses))


def wait_until(condition, what, limit_s=10.0):
    """Returns what `condition` returned when that was true at last."""
    end = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        require(time.monotonic() < end, f'after {limit_s} s still not: {what}')
        time.sleep(0.005)


# --- processes -----------------------------------------------------------------------------------------

def read_text(path):
    """None if it is not there, or no more."""
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None


def process_state(pid):
    """The letter of /proc/PID/stat, and the parent; None if there is no such process."""
    stat = read_text(f'/proc/{pid}/stat')
    if not stat:
        return None
    state, parent = stat.rpartition(')')[2].split()[:2]
    return state, int(parent)


def is_running(pid):
    state = process_state(pid)
    return state is not None and state[0] not in 'ZX'


WAITING_CALLS = {'x86_64': ('232', '281', '441'), 'aarch64': ('22', '441')}  # epoll_wait, pwait, pwait2


def in_epoll(pid):
    """Does the first thread of the process wait in an epoll call?"""
    call = (read_text(f'/proc/{pid}/syscall') or '').split()
    return bool(call) and call[0] in WAITING_CALLS[platform.machine()]


def descendants(root):
    parents = {}
    for name in os.listdir('/proc'):
        if name.isdigit():
            state = process_state(name)
            if state:
                parents.setdefault(state[1], []).append(int(name))
    found, queue = [], [root]
    while queue:
        below = parents.get(queue.pop(), [])
        found += below
        queue += below
    return found


def kill(pid, number=signal.SIGKILL):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


# --- disturbances --------------------------------------------------------------------------------------
# Each is a context manager that takes the pid of fathom.

@contextlib.contextmanager
def plain(_pid):
    yield


@contextlib.contextmanager
def child_process(body):
    pid = os.fork()
    if not pid:
        try:
            body()
        finally:
            os._exit(1)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


# Each move takes some 25 us that the kernel books nowhere, neither as run_delay nor as run time; fathom shows
# them as waiting for a CPU. At 500 moves a second that is within the tolerance, at 2000 it is not.
MOVE_INTERVAL_S = 0.002


def move_threads(root):
    """Keeps moving every thread below `root` that runs, or could, to the next CPU.

    A sleeping thread stays: kernels that dequeue late (6.12 and later) book the rest of its sleep as
    run_delay when it is moved, which spoils the truth and nothing else.
    """
    cpus = sorted(os.sched_getaffinity(0))
    turn = 0
    while True:
        pids = descendants(root)
        for _ in range(10):
            turn += 1
            for pid in pids:
                with contextlib.suppress(OSError):
                    for tid in os.listdir(f'/proc/{pid}/task'):
                        state = process_state(f'{pid}/task/{tid}')
                        if state and state[0] == 'R':
                            os.sched_setaffinity(int(tid), {cpus[(turn + int(tid)) % len(cpus)]})
            time.sleep(MOVE_INTERVAL_S)


def migrated(pid):
    return child_process(lambda: move_threads(pid))


def keep_busy():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    while True:
        pass


def contended(_pid):
    return child_process(keep_busy)


SETTINGS = {'plain': plain, 'migrated': migrated, 'contended': contended}


# --- fathom --------------------------------------------------------------------------------------------

class Finished:
    """How a program ended, and what it wrote."""

    def __init__(self, status, stdout, stderr):
        self.status = status
        self.stdout = stdout
        self.stderr = stderr

    def error_lines(self):
        return self.stderr.decode(errors='replace').splitlines()


def memory_folder():
    """For truth files: writing to a disk could make a workload wait after it has read its own figures."""
    return tempfile.TemporaryDirectory(dir='/dev/shm' if os.path.isdir('/dev/shm') else None)


class Context:
    """Where the build is, where the files of the current test go, and what it must clean up."""

    def __init__(self, build, scratch):
        self.fathom = os.path.join(build, 'src', 'fathom')
        self.workload_dir = os.path.join(build, 'tests', 'workloads')
        self.scratch = scratch
        self.test = 'none'
        self.cleanup = contextlib.ExitStack()

    def path(self, name):
        """A file of this test; kept until the next run of the suite."""
        return os.path.join(self.scratch, self.test.replace('/', '.') + '.' + name)

    def fresh_path(self, name):
        path = self.path(name)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        return path

    def words(self, *words):
        """A command line as the tests write it: @NAME is a workload, @/ the folder for files."""
        expanded = []
        for word in map(str, words):
            if word == '@/':
                word = self.scratch
            elif word[:1] == '@':
                word = os.path.join(self.workload_dir, word[1:])
            expanded.append(word)
        return expanded

    def empty_folder(self):
        folder = self.path('folder')
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        return folder

    @contextlib.contextmanager
    def public_copy(self, *workloads):
        """A folder that everybody can read, with fathom and some workloads in it."""
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            for path in (self.fathom, *self.words(*workloads)):
                shutil.copy(path, folder)
            yield folder, os.path.join(folder, 'fathom')

    def start(self, argv, **options):
        """A program in a session of its own, which does not outlive the test."""
        settings = {'stdin': DEVNULL, 'stdout': DEVNULL, 'stderr': DEVNULL, 'start_new_session': True}
        process = subprocess.Popen(argv, **{**settings, **options})

        def end():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()

        self.cleanup.callback(end)
        return process

    def start_fathom(self, *arguments, **options):
        return self.start([self.fathom, *map(str, arguments)],
                          **{'stdout': PIPE, 'stderr': PIPE, **options})

    def finish(self, process, data=None):
        try:
            stdout, stderr = process.communicate(data, timeout=RUN_LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise Failure(f'not done after {RUN_LIMIT_S} s') from None
        return Finished(process.returncode, stdout or b'', stderr or b'')

    def run_fathom(self, *arguments, data=None, setting='plain', **options):
        process = self.start_fathom(*arguments, stdin=DEVNULL if data is None else PIPE, **options)
        with SETTINGS[setting](process.pid):
            return self.finish(process, data)

    def load(self, path):
        text = read_text(path)
        require(text, f'no report in {os.path.basename(path)}')
        try:
            return json.loads(text)
        except ValueError as error:
            raise Failure(f'{os.path.basename(path)} is no JSON: {error}') from None

    def report_of(self, command, options=(), status=0, setting='plain', name='report.json'):
        """The report of `fathom run -- COMMAND`, which must end with `status` and say nothing else."""
        path = self.fresh_path(name)
        ended = self.run_fathom('run', '--format', 'json', '-o', path, *options, '--', *command,
                                setting=setting, stdout=DEVNULL)
        require_equal(f'exit status ({ended.stderr!r})', status, ended.status)
        return self.load(path)

    def report_of_workload(self, command, options=(), status=0, setting='plain', name='report.json'):
        """A workload's report and its truth."""
        with memory_folder() as folder:
            truth = os.path.join(folder, 'truth')
            report = self.report_of([*command, '--truth', truth], options, status, setting, name)
            text = read_text(truth)
        require(text, 'the workload wrote no truth')
        with open(self.path('truth'), 'w', encoding='utf-8') as file:
            file.write(text)
        return report, text

    def attach(self, *arguments, status=0, name='report.json'):
        """The report of `fathom attach ARGUMENTS`."""
        path = self.fresh_path(name)
        ended = self.run_fathom('attach', '--format', 'json', '-o', path, *arguments)
        require_equal(f'exit status ({ended.stderr!r})', status, ended.status)
        return self.load(path)

    def start_attach(self, *arguments, name='report.json'):
        """The same begun: returns once the watch is on, with the path of the report to come."""
        path = self.fresh_path(name)
        process = self.start_fathom('attach', '--format', 'json', '-o', path, *arguments)
        wait_until(lambda: in_epoll(process.pid) or process.poll() is not None, 'fathom watches')
        return process, path

    def finish_attach(self, process, path, status=0):
        ended = self.finish(process)
        require_equal(f'exit status ({ended.stderr!r})', status, ended.status)
        return self.load(path)


# --- what a report says ---------------------------------------------------------------------------------

def process_of(report, pid):
    found = [process for process in report['processes'] if process['pid'] == pid]
    require(len(found) == 1, f'process {pid}: {len(found)} times in the report')
    return found[0]


def row_of(holder, call):
    """The row of a call in the report or in one of its processes; None if there is none."""
    for row in holder['syscalls']['table']:
        if row['name'] == call:
            return row
    return None


def require_near(name, expected, found, share=0.01, floor_ns=1_000_000):
    if abs(expected - found) > max(share * expected, floor_ns):
        raise Noisy(f'{name}: expected {expected}, report says {found}')


# --- can anything run here? ------------------------------------------------------------------------------

BPF_CALL = {'x86_64': 321, 'aarch64': 280}


def lacking():
    """Why BPF programs cannot be used here, or None. Asks the kernel, not fathom."""
    if os.geteuid():
        return 'not root'
    if not os.path.exists('/sys/kernel/btf/vmlinux'):
        return 'the kernel has no BTF'
    libc = ctypes.CDLL(None, use_errno=True)
    array_map = (ctypes.c_uint32 * 32)(2, 4, 4, 1)  # BPF_MAP_TYPE_ARRAY, key and value of 4 bytes, 1 entry
    fd = libc.syscall(BPF_CALL[platform.machine()], 0, array_map, ctypes.sizeof(array_map))
    if fd < 0:
        return f'bpf(BPF_MAP_CREATE): {os.strerror(ctypes.get_errno())}'
    os.close(fd)
    return None
