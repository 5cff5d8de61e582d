#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The kernel side compiles for arm64 too. It cannot be run here.
set -eu
cd "$(dirname "$0")/.."
for source in src/bpf/*.bpf.c; do
	clang -g -O2 -target bpf -mcpu=v3 -std=gnu17 -D__TARGET_ARCH_arm64 -Wall -Wextra -Werror \
		-Wno-unused-parameter -Wno-unused-function -Isrc -c "$source" -o /dev/null
done
