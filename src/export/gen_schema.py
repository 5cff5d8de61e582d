#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Turns the JSON Schema into a C string, so that the binary can print what its reports look like."""

import json
import sys


def main():
    source, target = sys.argv[1:3]
    with open(source, encoding="utf-8") as file:
        text = file.read()
    json.loads(text)  # a schema that does not parse must not be built in
    lines = [json.dumps(line + "\n") for line in text.splitlines()]
    with open(target, "w", encoding="utf-8") as file:
        file.write('#include "export/exporter.h"\n\nconst char REPORT_SCHEMA[] =\n')
        file.write("\n".join("\t" + line for line in lines))
        file.write(";\n")


main()
