#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks the expected files of the golden test for what holds of any report.

    check_files.py GOLDEN DIRECTORY SCHEMA

GOLDEN is the test's program, which names the files. Every JSON report is strict UTF-8, repeats no key and
fits the schema, and the schema refuses it when any member is missing, added or of a wrong type. Text has
no control characters, no line over 80 columns and no spaces at line ends.
Exit status: 0, all of it holds; 1, something does not; 2, wrong usage; 77, jsonschema is not installed.
"""
import copy
import csv
import io
import json
import pathlib
import subprocess
import sys
import unicodedata

EXIT_SKIP = 77
COLUMNS = 80
# Objects whose keys are data.
OPEN = ('errnos', 'thread_stats')
# What may be left out without a trace: reasons that did not occur are not listed.
OPTIONAL_MEMBERS_OF = ('syscalls', 'table', 'blocked')


class Wrong(Exception):
    """Something that must hold does not."""


def require(good, *what):
    if not good:
        raise Wrong(*what)


# --- text ----------------------------------------------------------------------------------------------

def check_text(data):
    text = data.decode('utf-8', 'strict')
    require(text.endswith('\n'), 'no newline at the end')
    for number, line in enumerate(text[:-1].split('\n'), 1):
        for char in line:
            require(unicodedata.category(char) not in ('Cc', 'Cs'), f'line {number}: {char!r}')
        require(len(line) <= COLUMNS, f'line {number} has {len(line)} columns')
        require(line == line.rstrip(), f'line {number} ends in spaces')


def check_ascii(data):
    require(data.isascii(), 'not ASCII')
    check_text(data)


def check_csv(data):
    text = data.decode('ascii', 'strict')
    rows = list(csv.reader(io.StringIO(text, newline=''), strict=True))
    require(text.count('\r\n') == text.count('\n') == len(rows), 'line ends')
    for row in rows:
        require(len(row) == len(rows[0]), f'{row[0]} has {len(row)} fields')
    for row in rows[1:]:
        require(all(not field or field.isdigit() for field in row[2:]), f'{row[0]}: not a number')


# --- JSON ----------------------------------------------------------------------------------------------

def no_repeats(pairs):
    keys = [key for key, _ in pairs]
    require(len(keys) == len(set(keys)), f'a key is repeated in {keys}')
    return dict(pairs)


def refuse_constant(name):
    raise Wrong(f'{name} is no JSON')


def parse(data):
    return json.loads(data.decode('utf-8', 'strict'), object_pairs_hook=no_repeats,
                      parse_constant=refuse_constant)


def check_ledgers(report):
    """Each ledger is the sum of its parts."""
    owners = [report, *report['processes'], *report['threads']]
    for ledger in (owner['ledger'] for owner in owners):
        require(ledger['blocked_ns'] == sum(ledger['blocked'].values()), 'blocked_ns')
        require(ledger['thread_time_ns'] == sum(ledger['on_cpu'].values()) + ledger['runqueue_ns']
                + ledger['blocked_ns'] + ledger['unaccounted_ns'], 'thread_time_ns')


def at(value, path):
    for key in path:
        value = value[key]
    return value


def paths(value, path=()):
    """The path of everything in a report, itself not included; of an array only the first and the last."""
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = sorted({0, len(value) - 1}) if value else []
    else:
        return
    for key in keys:
        yield (*path, key)
        yield from paths(value[key], (*path, key))


def may_be_left_out(path):
    owner = tuple(key for key in path[:-1] if not isinstance(key, int))
    return bool(owner) and (owner[-1] in OPEN or owner == OPTIONAL_MEMBERS_OF)


def check_schema_refuses(validator, report, tried):
    """Every member matters to the schema. What was tried once, with a value of that type, is not again."""
    for path in list(paths(report)):
        parent, key = at(report, path[:-1]), path[-1]
        kept = parent[key]
        shape = (*(0 if isinstance(step, int) else step for step in path), type(kept))
        if shape in tried:
            continue
        tried.add(shape)
        if isinstance(parent, dict) and not may_be_left_out(path):
            del parent[key]
            require(not validator.is_valid(report), f'{path} may be missing')
        parent[key] = {'': None} if not isinstance(kept, dict) else 'wrong'
        require(not validator.is_valid(report), f'{path} may be of a wrong type')
        parent[key] = kept
        if isinstance(kept, dict):
            kept['no_such_member'] = 0
            require(not validator.is_valid(report), f'{path} may have more members')
            del kept['no_such_member']


def smaller(report):
    """One of each kind of row is enough for the above, which takes long."""
    report = copy.deepcopy(report)
    for key in ('processes', 'threads'):
        report[key] = report[key][:1] + report[key][1:][-1:]
    for owner in (report, *report['processes']):
        table = owner['syscalls']['table']
        untimed = [row for row in table if not row['timed']]
        owner['syscalls']['table'] = table[:1] + untimed[:1]
        for row in owner['syscalls']['table']:
            if 'histogram' in row:
                row['histogram'] = row['histogram'][:1]
    return report


def check_json(data, validator, tried):
    report = parse(data)
    for error in validator.iter_errors(report):
        raise Wrong('/'.join(map(str, error.absolute_path)), error.message)
    check_ledgers(report)
    report = smaller(report)
    require(validator.is_valid(report), 'a smaller report does not fit the schema')
    check_schema_refuses(validator, report, tried)


# --- the schema ----------------------------------------------------------------------------------------

def check_descriptions(schema, node, path=''):
    """Every property says what it is, itself or in what it refers to."""
    if isinstance(node, list):
        for index, element in enumerate(node):
            check_descriptions(schema, element, f'{path}/{index}')
    if not isinstance(node, dict):
        return
    if 'if' not in path.split('/')[-2:] and path.rsplit('/', 1)[-1] not in ('if', 'then', 'else'):
        for name, prop in node.get('properties', {}).items():
            while 'description' not in prop and '$ref' in prop:
                prop = at(schema, prop['$ref'].split('/')[1:])
            require(len(prop.get('description', '')) > 5, f'{path}/{name} has no description')
    for key, value in node.items():
        check_descriptions(schema, value, f'{path}/{key}')


# --- all of it -----------------------------------------------------------------------------------------

def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        import jsonschema
    except ImportError:
        print('skipped: the Python module jsonschema is not installed (python3-jsonschema)')
        return EXIT_SKIP
    golden, directory, schema_path = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    schema = parse(pathlib.Path(schema_path).read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    tried = set()
    checks = {'text': check_text, 'ascii': check_ascii, 'csv': check_csv,
              'json': lambda data: check_json(data, validator, tried)}
    names = subprocess.run([golden, '--list'], check=True, capture_output=True,
                           encoding='utf-8').stdout.split()
    found = {path.name for path in directory.iterdir() if path.suffix.lstrip('.') in checks}
    wrong = [f'{name}: no case has this file' for name in sorted(found - set(names))]
    try:
        check_descriptions(schema, schema)
    except Wrong as error:
        wrong.append(f'schema: {error}')
    for name in names:
        try:
            checks[name.rsplit('.', 1)[1]]((directory / name).read_bytes())
        except (Wrong, OSError, ValueError, csv.Error) as error:
            wrong.append(f'{name}: {error}')
    print('\n'.join(wrong) or f'{len(names)} files hold')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
