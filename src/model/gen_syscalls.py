#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the generated half of the system call table: numbers from the kernel's own headers, joined
with the category and wait kind of each name in syscalls.tsv. Looking calls up is not here but in
syscall_table.c.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys

CATEGORIES = ("file_io", "memory", "process", "network", "time", "ipc", "security", "signal",
              "system")
WAIT_KINDS = ("other", "fd", "transfer", "splice", "path", "disk", "lock", "sleep", "poll", "ipc", "child",
              "memory")

# In the order of enum syscall_arch. `read` tells the numberings apart: since Linux 6.11 arm64 has
# an asm/unistd_64.h as well, which must not pass for that of x86-64.
READ_NR = {"x86_64": 0, "i386": 3, "x32": 0, "arm64": 63}
ARCHES = tuple(READ_NR)
X86_HEADERS = {"x86_64": "asm/unistd_64.h", "i386": "asm/unistd_32.h", "x32": "asm/unistd_x32.h"}
ARM64_HEADER = "asm/unistd.h"

# What arch/arm64/include/uapi/asm/unistd.h of Linux 6.1 asks of the generic list.
GENERIC_HEADER = "asm-generic/unistd.h"
GENERIC_WANTS = ("RENAMEAT", "NEW_STAT", "SET_GET_RLIMIT", "TIME32_SYSCALLS", "SYS_CLONE3",
                 "MEMFD_SECRET")

# From here on a number means the same call on every architecture (Linux 5.1).
FIRST_UNIFIED_NR = 424

# Bounds and place-holders that share the prefix of the numbers.
NOT_CALLS = {"syscalls", "arch_specific_syscall"}

NAME = re.compile(r"[a-z_][a-z0-9_]*\Z")
DEFINE = re.compile(r"#define (\w+) (.*)")
TERMS = re.compile(r"\(*\s*(\w+)\s*(?:\+\s*(\w+)\s*)?\)*\Z")


class Failure(Exception):
    """Something the user can mend, told in one line."""


# ---- the hand-written half: syscalls.tsv -----------------------------------------------------


class Call:
    """One line of the TSV. `numbers` maps an architecture to the number given there."""

    def __init__(self, category, wait, numbers):
        self.category = category
        self.wait = wait
        self.numbers = numbers


UNKNOWN_CALL = Call("other", "other", {})


def parse_number(text):
    """The number column as {arch: number}."""
    if text == "-":
        return {}
    if text.isdigit():
        if int(text) < FIRST_UNIFIED_NR:
            raise Failure(f"number {text}: below {FIRST_UNIFIED_NR} an architecture is needed")
        return dict.fromkeys(ARCHES, int(text))
    numbers = {}
    for part in text.split(","):
        arch, _, digits = part.partition(":")
        if arch not in ARCHES or arch in numbers or not digits.isdigit():
            raise Failure(f"number '{text}' is not '-', N or arch:N[,arch:N...]")
        numbers[arch] = int(digits)
    return numbers


def parse_call(line):
    """One TSV line as (name, Call)."""
    columns = line.split("\t")
    if len(columns) != 4:
        raise Failure(f"{len(columns)} columns instead of 4")
    name, category, wait, number = columns
    if not NAME.match(name):
        raise Failure(f"'{name}' is not a system call name")
    if category not in CATEGORIES:
        raise Failure(f"'{category}' is not a category")
    if wait not in WAIT_KINDS:
        raise Failure(f"'{wait}' is not a wait kind")
    return name, Call(category, wait, parse_number(number))


def read_tsv(path):
    """All calls of the TSV by name."""
    calls = {}
    with open(path, encoding="ascii") as lines:
        for at, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            try:
                name, call = parse_call(line)
                if name in calls:
                    raise Failure(f"'{name}' is here twice")
            except Failure as failure:
                raise Failure(f"{path}:{at}: {failure}") from None
            calls[name] = call
    if not calls:
        raise Failure(f"{path}: no system calls in it")
    return calls


# ---- the kernel's half: headers --------------------------------------------------------------


class Preprocessor:
    """The C preprocessor, and a record of the files it read for the depfile."""

    def __init__(self, command):
        self.command = command
        self.files = set()

    def run(self, header, options, mode):
        source = f"#include <{header}>\n" if header else ""
        argv = [*self.command, *options, "-E", *mode, "-x", "c", "-"]
        try:
            return subprocess.run(argv, input=source, check=True, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout
        except OSError as error:
            raise Failure(f"{argv[0]}: {error.strerror}") from None
        except subprocess.CalledProcessError as error:
            told = [line for line in error.stderr.splitlines() if "error" in line]
            raise Failure(f"<{header}>: {(told or ['the preprocessor failed'])[0]}") from None

    def macros(self, header, options=()):
        """The macros that are defined after a header, by name."""
        defines = map(DEFINE.match, self.run(header, options, ["-dM"]).splitlines())
        if header:
            rule = self.run(header, options, ["-M"]).replace("\\\n", " ")
            listed = rule.split(":", 1)[1].split()
            self.files.update(file for file in listed if file != "-")
        return {define[1]: define[2] for define in defines if define}


def resolve(macros, text, depth=0):
    """The value of a macro's text: a number, a macro, or the sum of two."""
    terms = TERMS.match(text.strip())
    if not terms or depth > 8:
        raise Failure(f"cannot read '{text}' as a system call number")
    total = 0
    for term in filter(None, terms.groups()):
        total += int(term, 0) if term[0].isdigit() else resolve(macros, macros.get(term, ""),
                                                               depth + 1)
    return total


def numbers_of(macros, calls):
    """{number: name} of all __NR_ macros."""
    table = {}
    # The x32 bit is no part of the number: the kernel side strips it too (wire/call.h).
    macros = {**macros, "__X32_SYSCALL_BIT": "0"}
    for macro in sorted(macros):
        name = macro.removeprefix("__NR_")
        if name == macro or name in NOT_CALLS or not NAME.match(name):
            continue
        nr = resolve(macros, macros[macro])
        # Of two names for one number the one that the TSV knows, else the first.
        if nr not in table or (name in calls and table[nr] not in calls):
            table[nr] = name
    return table


def header_numbers(cpp, arch, header, options, calls):
    """{number: name} of an architecture from one header."""
    table = numbers_of(cpp.macros(header, options), calls)
    if table.get(READ_NR[arch]) != "read":
        raise Failure(f"<{header}> does not hold the system calls of {arch}")
    return table


def cross_options(directory):
    return ["-nostdinc", "-isystem", directory]


def has_header(directory, header):
    return bool(directory) and os.path.isfile(os.path.join(directory, header))


def headers_of(arch, machine, cross):
    """Where an architecture's numbers are: (header, options), or None where there are none."""
    native = machine == ("arm64" if arch == "arm64" else "x86_64")
    header = X86_HEADERS.get(arch, ARM64_HEADER)
    if native:
        return header, []
    if has_header(cross, header):
        return header, cross_options(cross)
    if arch == "arm64":
        return GENERIC_HEADER, [f"-D__ARCH_WANT_{want}" for want in GENERIC_WANTS]
    return None


def machine_of(cpp):
    """The architecture that the compiler builds for."""
    predefined = cpp.macros(None)
    for macro, machine in (("__x86_64__", "x86_64"), ("__aarch64__", "arm64")):
        if macro in predefined:
            return machine
    raise Failure("the compiler builds for neither x86-64 nor arm64")


# ---- both halves together --------------------------------------------------------------------


def fill_gaps(table, arch, calls):
    """Adds the calls that are newer than the headers, and says where the two differ."""
    in_headers = {name: nr for nr, name in table.items()}
    added = {}
    for name, call in calls.items():
        nr = call.numbers.get(arch)
        if nr is None or table.get(nr) == name:
            continue
        if nr in added:
            raise Failure(f"{arch}: '{added[nr]}' and '{name}' both have number {nr}")
        if nr in table or name in in_headers:
            there = table.get(nr) or f"nothing, {name} is {in_headers[name]}"
            print(f"gen_syscalls: note: {arch} {nr} is {name} in the TSV and {there} in the"
                  " headers, which win", file=sys.stderr)
            continue
        added[nr] = name
    return {**table, **added}


def build_tables(cpp, calls, cross):
    """{arch: {number: name}} and {arch: where from} for all architectures."""
    machine = machine_of(cpp)
    tables, sources = {}, {}
    for arch in ARCHES:
        where = headers_of(arch, machine, cross)
        if where is None:
            # Only on arm64, which has no use for them: half a table would be worse than none.
            print(f"gen_syscalls: note: no headers for {arch}, its table stays empty",
                  file=sys.stderr)
            tables[arch], sources[arch] = {}, ""
            continue
        table = header_numbers(cpp, arch, *where, calls)
        tables[arch] = fill_gaps(table, arch, calls)
        sources[arch] = (f"{len(table)} calls from <{where[0]}> and"
                         f" {len(tables[arch]) - len(table)} from syscalls.tsv")
    return tables, sources


def array_text(arch, table, source, calls):
    """One architecture's array as C."""
    lines = [f"/* {source} */", f"static const struct syscall_desc calls_{arch}[] = {{"]
    for nr in sorted(table):
        call = calls.get(table[nr], UNKNOWN_CALL)
        lines.append(f'\t[{nr}] = {{"{table[nr]}", CATEGORY_{call.category.upper()},'
                     f" WAIT_{call.wait.upper()}}},")
    lines += ["};", f'static_assert({max(table)} < CALL_TABLE_SIZE, "{arch}: CALL_TABLE_SIZE");']
    return "\n".join(lines) + "\n"


def source_text(tables, sources, calls):
    """The whole of OUT.c."""
    parts = ["/* SPDX-License-Identifier: BSD-2-Clause */\n"
             "/* Made by gen_syscalls.py from syscalls.tsv and the kernel's headers. */\n"
             "#include <assert.h>\n\n"
             '#include "model/syscall_data.h"\n']
    parts += [array_text(arch, tables[arch], sources[arch], calls)
              for arch in ARCHES if tables[arch]]
    rows = ["const struct syscall_array syscall_arrays[SYSCALL_ARCH_COUNT] = {"]
    for arch in ARCHES:
        array = f"calls_{arch}, {max(tables[arch]) + 1}" if tables[arch] else "NULL, 0"
        rows.append(f"\t[SYSCALL_ARCH_{arch.upper()}] = {{{array}}},")
    parts.append("\n".join(rows) + "\n};\n")
    return "\n".join(parts)


def write(path, text):
    with open(path, "w", encoding="ascii") as out:
        out.write(text)


def depfile_text(output, files):
    """A Make rule, as Ninja reads it."""
    def escape(path):
        return path.replace(" ", "\\ ")
    return f"{escape(output)}: " + " \\\n  ".join(map(escape, sorted(files))) + "\n"


def parse_arguments():
    parser = argparse.ArgumentParser(description="Generate the system call table.")
    parser.add_argument("--tsv", required=True, help="syscalls.tsv")
    parser.add_argument("--cc", required=True, help="C compiler command, split as a shell would")
    parser.add_argument("--cross-include", metavar="DIR",
                        help="kernel headers of the architecture that CC does not build for")
    parser.add_argument("--output", required=True, help="C file to write")
    parser.add_argument("--depfile", help="Make rule to write: the headers that were read")
    return parser.parse_args()


def main():
    options = parse_arguments()
    try:
        command = shlex.split(options.cc)
        if not command:
            raise Failure("--cc names no compiler")
        cpp = Preprocessor(command)
        calls = read_tsv(options.tsv)
        tables, sources = build_tables(cpp, calls, options.cross_include)
        write(options.output, source_text(tables, sources, calls))
        if options.depfile:
            write(options.depfile, depfile_text(options.output, cpp.files | {options.tsv}))
    except OSError as error:
        print(f"gen_syscalls: error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except (Failure, ValueError) as failure:
        print(f"gen_syscalls: error: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
