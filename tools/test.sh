#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Everything that `make test` promises, from a clean checkout, with one summary at the end:
# format, build with warnings as errors, unit and golden tests plain and under sanitizers, the arm64
# programs compiled, live tests on this kernel, a smoke of the benchmarks, and other kernels under qemu.
set -u
cd "$(dirname "$0")/.." || exit 1

passed=0 failed=0 skipped=0
failures=()

note() { printf '\n=== %s\n' "$*"; }

# What may be skipped even where everything else must run: it depends on what can be fetched.
MAY_SKIP="format other kernels"

# step NAME COMMAND…: 0 passes, 77 skips, anything else fails.
step() {
	local name=$1 status
	shift
	note "$name"
	"$@"
	status=$?
	if [ $status -eq 77 ] && [ "${FATHOM_MAY_NOT_SKIP:-0}" = 1 ] && [[ $MAY_SKIP != *"$name"* ]]; then
		status=1
	fi
	case $status in
	0) passed=$((passed + 1)) ;;
	77) skipped=$((skipped + 1)) ;;
	*)
		failed=$((failed + 1))
		failures+=("$name (exit status $status)")
		;;
	esac
	return $status
}

finish() {
	note summary
	for failure in ${failures[@]+"${failures[@]}"}; do
		echo "failed: $failure"
	done
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}

build() { # build DIR OPTION…
	local dir=$1
	shift
	{ [ -f "$dir/build.ninja" ] || meson setup "$dir" "$@" >"$dir.log" 2>&1; } &&
		meson configure "$dir" -Dwerror=true "$@" >>"$dir.log" 2>&1 ||
		{ cat "$dir.log"; return 1; }
	ninja -C "$dir" >"$dir.log" 2>&1 ||
		{ tail -40 "$dir.log"; return 1; }
}

plain_build() { build build && ln -sf src/fathom build/fathom; }
sanitized_build() { build build-asan -Db_sanitize=address,undefined -Db_lundef=false -Dbench=false; }
vm_tests() { ./tools/setup.sh vm && tests/vm/run.sh build; }
bench_smoke() { build/bench/fathom-bench --quick; }

step packages ./tools/setup.sh test || finish
step format ./tools/check-format.sh
step build plain_build || finish
step unit meson test -C build --print-errorlogs --suite unit --suite golden --suite check
step "build with sanitizers" sanitized_build &&
	step "unit with sanitizers" meson test -C build-asan --print-errorlogs --suite unit --suite golden
step "programs for arm64" ./tools/check-arm64.sh
step live /usr/bin/python3 tests/live/run_live.py --build build
step "benchmark smoke" bench_smoke
step "other kernels" vm_tests
finish
