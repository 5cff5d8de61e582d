#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Holds the rooms of src/ to their rules.

    check_deps.py SOURCE_ROOT

What each room may include and call is in the tables below. Comments and strings do not count as code.
Each violation is one line, `FILE:LINE: what is wrong`.
Exit status: 0, none; 1, some; 2, wrong usage.
"""
import pathlib
import re
import sys

# Room → the rooms whose headers it may include. Base and wire stand on nothing but themselves.
MAY_INCLUDE = {
    'base': {'base'},
    'wire': {'wire'},
    'bpf': {'bpf', 'wire'},
    'model': {'model', 'base', 'wire'},
    'symbols': {'symbols', 'base'},
    'collect': {'collect', 'base', 'wire', 'symbols', 'model'},
    'store': {'store', 'base', 'wire', 'model'},
    'export': {'export', 'base', 'wire', 'model'},
    'session': {'session', 'base', 'wire', 'symbols', 'model', 'collect', 'store', 'export'},
    'cli': {'cli', 'session', 'export', 'base', 'model'},
}
# Room → single headers besides: value types that the cli hands on to the session.
MAY_INCLUDE_FILES = {
    'cli': {'collect/probe.h', 'collect/cgroup.h', 'collect/collector.h'},
}
# Headers that are made by the build, and the only rooms for them.
GENERATED = {
    'fathom.skel.h': {'collect'},
}
# Libraries, by the beginning of their headers' names, and the only rooms for them.
LIBRARIES = {
    'bpf/': {'bpf', 'collect'},
    'json-c/': {'export'},
}

# Rooms that may print, exit, install signal handlers and read the environment.
FREE = {'cli', 'agent', 'tui'}
PRINTING = {'printf', 'vprintf', 'puts', 'putchar', 'perror', 'psignal', 'err', 'errx', 'warn', 'warnx',
            'error', 'syslog'}
ENDING = {'exit', '_exit', '_Exit', 'quick_exit', 'abort', 'atexit'}
SIGNALS = {'signal', 'sigaction', 'bsd_signal', 'sysv_signal', 'sigset'}
ENVIRONMENT = {'getenv', 'secure_getenv', 'setenv', 'putenv', 'unsetenv', 'clearenv', 'getopt',
               'getopt_long'}
# BPF programs have no such functions, and their helpers may be called like them.
UNCHECKED_CALLS = {'bpf', 'wire'}
# The child between fork and execve is no part of fathom any more: it may end, needs the
# environment, and gives signals back as they were.
EXCEPTIONS = {
    'session/command.c': {'_exit', 'environ', 'sigaction'},
}

# What the model, which is pure, may not call or name: I/O, clocks, processes, and state of the machine.
IMPURE = {
    'fopen', 'fdopen', 'freopen', 'fclose', 'fprintf', 'vfprintf', 'dprintf', 'vdprintf', 'fputs', 'fputc',
    'putc', 'fwrite', 'fread', 'fgets', 'fgetc', 'getc', 'getline', 'getdelim', 'scanf', 'fscanf', 'fflush',
    'popen', 'pclose', 'tmpfile', 'mkstemp', 'open', 'openat', 'creat', 'close', 'read', 'write', 'pread',
    'pwrite', 'readv', 'writev', 'lseek', 'ioctl', 'fcntl', 'mmap', 'munmap', 'stat', 'fstat', 'lstat',
    'access', 'readlink', 'unlink', 'rename', 'mkdir', 'opendir', 'readdir', 'socket', 'connect', 'send',
    'recv', 'poll', 'select', 'epoll_wait', 'pipe', 'pipe2', 'syscall', 'time', 'clock', 'clock_gettime',
    'gettimeofday', 'clock_monotonic_ns', 'clock_unix_ns', 'clock_read_ns', 'timespec_get', 'localtime',
    'gmtime', 'nanosleep', 'clock_nanosleep', 'usleep', 'sleep', 'getpid', 'gettid', 'getppid', 'getuid',
    'geteuid', 'getrusage', 'uname', 'sysconf', 'gethostname', 'fork', 'vfork', 'execve', 'waitpid', 'kill',
    'rand', 'random', 'srand', 'getrandom', 'setlocale', 'nl_langinfo', 'pthread_create',
}
IMPURE_NAMES = {'stdout', 'stderr', 'stdin', 'errno', 'environ'}
IMPURE_HEADERS = {'unistd.h', 'fcntl.h', 'time.h', 'pthread.h', 'signal.h', 'dirent.h', 'base/clock.h'}
# A variable that keeps its value between calls. Functions have a parenthesis first.
MUTABLE_STATIC = re.compile(
    r'(?:^|[{;])\s*(?:_Thread_local\s+)?static\s+(?![^;]*\bconst\b)[^(){}]*?[=;\[]')

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
CALL = re.compile(r'(?<![\w.>])([A-Za-z_]\w*)\s*\(')
NAME = re.compile(r'(?<![\w.>])([A-Za-z_]\w*)\b')
CODE_SUFFIXES = ('.c', '.h')
PYTHON_SUFFIX = '.py'
SPDX = 'SPDX-License-Identifier:'


def code_only(text):
    """The text with comments, strings and character constants blanked out, line by line as before."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)

    def blank(match):
        return re.sub(r'[^\n]', ' ', match.group())
    return token.sub(blank, text)


class File:
    """One source file, and what is wrong with it."""

    def __init__(self, root, path):
        self.path = path
        self.name = path.relative_to(root).as_posix()
        self.room = self.name.split('/')[0]
        self.text = path.read_text(encoding='utf-8')
        self.lines = self.text.split('\n')
        self.wrong = []

    def refuse(self, number, what):
        self.wrong.append(f'{self.name}:{number}: {what}')

    def check_head(self):
        """A licence line, then a comment that says what lives here."""
        first = 1 if self.lines[0].startswith('#!') else 0
        if SPDX not in self.lines[first]:
            self.refuse(first + 1, 'no SPDX line')
        rest = '\n'.join(self.lines[first + 1:]).lstrip()
        starts = ('"""', '#') if self.path.suffix == PYTHON_SUFFIX else ('/*', '//')
        if not rest.startswith(starts) or rest.startswith(('#include', '#ifndef', '#define')):
            self.refuse(first + 2, 'no comment on what lives here')

    def check_include(self, number, quote, header):
        home = header.split('/')[0]
        if header in GENERATED:
            if self.room not in GENERATED[header]:
                self.refuse(number, f'{self.room} may not include {header}')
        elif quote == '<':
            for prefix, rooms in LIBRARIES.items():
                if header.startswith(prefix) and self.room not in rooms:
                    self.refuse(number, f'{self.room} may not use the library of <{header}>')
        elif '/' not in header:
            self.refuse(number, f'"{header}" does not say which room it is from')
        elif home not in MAY_INCLUDE.get(self.room, set()) and \
                header not in MAY_INCLUDE_FILES.get(self.room, set()):
            self.refuse(number, f'{self.room} may not include {header}')
        if self.room == 'model' and header in IMPURE_HEADERS:
            self.refuse(number, f'the model is pure and has no use for {header}')

    def check_includes(self):
        for number, line in enumerate(self.lines, 1):
            found = INCLUDE.match(line)
            if found:
                self.check_include(number, *found.groups())

    def check_manners(self, code):
        """Only the rooms at the top print, exit, catch signals or read the environment."""
        if self.room in FREE or self.room in UNCHECKED_CALLS:
            return
        allowed = EXCEPTIONS.get(self.name, set())
        for number, line in enumerate(code, 1):
            for name in CALL.findall(line):
                for kind, names in (('prints', PRINTING), ('ends the program', ENDING),
                                    ('catches signals', SIGNALS), ('reads the environment', ENVIRONMENT)):
                    if name in names and name not in allowed:
                        self.refuse(number, f'{name}() {kind}, which is not for {self.room}')
            for name in NAME.findall(line):
                if name in ('environ', '__environ') and name not in allowed:
                    self.refuse(number, f'{name}: the environment is not for {self.room}')

    def check_streams(self, code):
        """Nothing below the top chooses where to print: it is given a stream."""
        if self.room in FREE or self.room in UNCHECKED_CALLS:
            return
        for number, line in enumerate(code, 1):
            if re.search(r'\b(fprintf|fputs|fputc|putc|fwrite|vfprintf)\b.*\b(stdout|stderr)\b', line):
                self.refuse(number, f'prints to a stream of its own choice, which is not for {self.room}')

    def check_purity(self, code):
        if self.room != 'model':
            return
        for number, line in enumerate(code, 1):
            for name in CALL.findall(line):
                if name in IMPURE:
                    self.refuse(number, f'{name}() is I/O or a clock, and the model is pure')
            for name in set(NAME.findall(line)) & IMPURE_NAMES:
                if not line.lstrip().startswith('#'):
                    self.refuse(number, f'{name} is state of the process, and the model is pure')
            if MUTABLE_STATIC.search(line):
                self.refuse(number, 'a static variable that is not constant, and the model is pure')

    def check(self):
        self.check_head()
        if self.path.suffix in CODE_SUFFIXES:
            code = code_only(self.text).split('\n')
            if self.room not in MAY_INCLUDE:
                self.refuse(1, f'no rule says what {self.room} may include: add one to check_deps.py')
            self.check_includes()
            self.check_manners(code)
            self.check_streams(code)
            self.check_purity(code)
        return self.wrong


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    root = pathlib.Path(sys.argv[1]) / 'src'
    paths = [path for path in sorted(root.rglob('*')) if path.suffix in (*CODE_SUFFIXES, PYTHON_SUFFIX)]
    if not paths:
        print(f'{root} has no source files', file=sys.stderr)
        return 2
    wrong = [line for path in paths for line in File(root, path).check()]
    print('\n'.join(wrong) or f'{len(paths)} files keep the rules')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
