#!/bin/bash
# Boots other kernels under emulation and runs a build of fathom in them: load, attach, and the core live
# tests against the truth that the workloads print. The kernels are listed in the file `kernels`, the checks
# that run inside in guest-init.sh; how a kernel is obtained is in fetch-kernel.sh.
#
# Everything a boot leaves (console.log, serial.log, files/) stays in BUILD_DIR/tests/vm/KERNEL/.
#
# Exit status: 0, all checks passed; 1, something failed; 2, wrong usage; 77, nothing could be run here.
set -euo pipefail

readonly BOOT_LIMIT_S=300 # a boot takes 5 to 8 s, a check a few seconds
readonly MEMORY=1G
readonly CPUS=2
# The emulator's cmpxchg16b spoils the flags (QEMU 7.2), and the guest dies or warns in exc_debug_kernel:
# Linux 6.12 in 12 of 12 boots that then forked 3000 times, in none of 12 when not told of the instruction.
readonly CPU=qemu64,-cx16
# Under emulation what a workload spends before its execve, which its own figures hold and the report
# does not, is some 20 ms instead of a fraction of one: times get this much more room, counts none.
readonly TOLERANCE_SCALE=30
readonly HOST_TOOLS=(qemu-system-x86_64 busybox cpio gzip ldd ldconfig timeout base64 python3)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly judge=$here/../live/check_report.py

passed=0 failed=0 skipped=0
qemu=""

usage() {
	cat >&2 <<-'EOF'
		usage: tests/vm/run.sh [-k VERSION-PATTERN]… BUILD_DIR
		  -k VERSION-PATTERN  run the kernels of tests/vm/kernels whose name matches (shell pattern),
		                      also those that run only when asked
	EOF
	exit 2
}

# report "ok"|"not ok"|"skip" NAME [REASON]
report() {
	case $1 in
	ok) passed=$((passed + 1)) ;;
	"not ok") failed=$((failed + 1)) ;;
	skip) skipped=$((skipped + 1)) ;;
	esac
	printf '%s\n' "$*"
}

# --- the kernels -------------------------------------------------------------------------------------

# select_kernels PATTERN…: the lines of the matrix that these patterns, or their absence, choose.
select_kernels() {
	local name suite version when pattern
	while read -r name suite version when; do
		[[ -n $name && $name != "#"* ]] || continue
		if [[ $# -eq 0 && $when == always ]]; then
			printf '%s %s %s\n' "$name" "$suite" "$version"
		fi
		for pattern; do
			# shellcheck disable=SC2053 # a pattern
			if [[ $name == $pattern ]]; then
				printf '%s %s %s\n' "$name" "$suite" "$version"
				break
			fi
		done
	done <"$here/kernels"
}

# --- the initramfs -----------------------------------------------------------------------------------

shared_libraries() {
	local listing
	# A static program is no failure: ldd says so, and there is nothing to copy.
	listing=$(ldd "$1" 2>/dev/null) || return 0
	if grep 'not found' <<<"$listing" >&2; then
		return 1
	fi
	awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' <<<"$listing"
}

# glibc loads libgcc_s itself when a thread is cancelled or exits: ldd does not list it.
thread_exit_library() { ldconfig -p | awk '$1 == "libgcc_s.so.1" && /x86-64/ && !seen++ { print $NF }'; }

# Libraries keep the paths they have here, so that what fathom says about them has the same names.
copy_libraries() {
	local root=$1 libraries library program
	shift
	libraries=$(
		for program; do shared_libraries "$program" || exit 1; done
		thread_exit_library
	)
	while read -r library; do
		mkdir -p "$root${library%/*}"
		cp -L "$library" "$root$library"
		printf '%s\n' "${library%/*}"
	done < <(sort -u <<<"$libraries") | sort -u >"$root/etc/ld.so.conf"
	ldconfig -r "$root"
}

make_initramfs() {
	local build=$1 out=$2 root=$2.root programs=() program
	rm -rf "$root"
	mkdir -p "$root"/{bin,dev,etc,proc,root,run,sys,tmp,usr/bin,workloads}
	cp "$(command -v busybox)" "$root/bin/busybox"
	ln -s busybox "$root/bin/sh"
	cp "$here/guest-init.sh" "$root/init"
	chmod +x "$root/init"
	printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
	cp "$build/fathom" "$root/usr/bin/fathom"
	for program in "$build"/tests/workloads/*; do
		[[ -f $program && -x $program ]] || continue
		cp "$program" "$root/workloads/"
		programs+=("$program")
	done
	copy_libraries "$root" "$build/fathom" "${programs[@]}"
	(cd "$root" && find . -print0 | LC_ALL=C sort -z | cpio --null -o -H newc --owner=0:0 --quiet) | gzip -1 >"$out"
	rm -rf "$root"
}

# --- a boot ------------------------------------------------------------------------------------------

boot() {
	local vmlinuz=$1 initramfs=$2 dir=$3 status=0
	timeout --foreground --kill-after=5 "$BOOT_LIMIT_S" \
		qemu-system-x86_64 -nodefaults -no-user-config -accel tcg -cpu "$CPU" -m "$MEMORY" -smp "$CPUS" \
		-display none -no-reboot -kernel "$vmlinuz" -initrd "$initramfs" \
		-append "console=ttyS0 panic=-1 quiet" \
		-serial "file:$dir/console.log" -serial "file:$dir/serial.log" \
		</dev/null 2>"$dir/qemu.log" &
	qemu=$!
	wait "$qemu" || status=$?
	qemu=""
	return "$status"
}

until_end() {
	local line
	while read -r line && [[ $line != end ]]; do
		printf '%s\n' "$line"
	done
}

# Splits what the guest sent: result lines to `results`, the rest to files/.
receive() {
	local dir=$1 line file
	mkdir -p "$dir/files"
	while read -r line; do
		case $line in
		"file "*)
			file=$dir/files/${line#file }
			mkdir -p "${file%/*}"
			until_end | base64 -d 2>/dev/null | gzip -dc >"$file" 2>/dev/null || rm -f "$file"
			;;
		*) printf '%s\n' "$line" ;;
		esac
	done < <(tr -d '\r' <"$dir/serial.log") >"$dir/results"
}

# How a guest that did not get to its last line ended: its panic, or the last thing on its console.
last_words() {
	local words
	words=$(tr -d '\r' <"$1/console.log" | grep -a . |
		awk '/Kernel panic/ { panic = $0 } END { print panic ? panic : $0 }') || words=""
	printf '%s' "${words:-$(tail -n 1 "$1/qemu.log")}"
}

# --- what came back ----------------------------------------------------------------------------------

judge_report() {
	local name=$1 files=$2 workload=$3 said
	if [[ ! -e $judge ]]; then
		report skip "$name" "no ${judge##*/}"
	elif [[ ! -s $files/run/$workload.json || ! -s $files/run/$workload.truth ]]; then
		report "not ok" "$name" "the report or the truth did not come back"
	elif said=$(python3 "$judge" --tolerance-scale "$TOLERANCE_SCALE" \
		"$files/run/$workload.json" "$files/run/$workload.truth" 2>&1); then
		report ok "$name"
	else
		report "not ok" "$name"
		printf '%s\n' "${said//$'\n'/$'\n'    }" | sed '1s/^/    /'
	fi
}

judge_json() {
	local name=$1 file=$2 said
	if [[ ! -s $file ]]; then
		report "not ok" "$name" "the report did not come back"
	elif said=$(python3 -m json.tool "$file" 2>&1 >/dev/null); then
		report ok "$name"
	else
		report "not ok" "$name" "no JSON: ${said##*$'\n'}"
	fi
}

# The guest's own results, each followed by the verdict on the files that came with it.
judge_results() {
	local kernel=$1 dir=$2 line rest finished=no
	while read -r line; do
		case $line in
		"ok "*)
			rest=${line#ok }
			report ok "$kernel/$rest"
			case $rest in
			run/*) judge_report "$kernel/truth/${rest#run/}" "$dir/files" "${rest#run/}" ;;
			attach) judge_json "$kernel/attach/json" "$dir/files/attach.json" ;;
			esac
			;;
		"not ok "*) report "not ok" "$kernel/${line#not ok }" ;;
		"skip "*) report skip "$kernel/${line#skip }" ;;
		"kernel "*) printf '# %s: Linux %s\n' "$kernel" "${line#kernel }" ;;
		done) finished=yes ;;
		*) report "not ok" "$kernel/serial" "unexpected line: $line" ;;
		esac
	done <"$dir/results"
	[[ $finished == yes ]]
}

test_kernel() {
	local kernel=$1 vmlinuz=$2 initramfs=$3 dir=$4 status=0 started=$SECONDS
	rm -rf "$dir"
	mkdir -p "$dir"
	: >"$dir/console.log"
	: >"$dir/serial.log"
	boot "$vmlinuz" "$initramfs" "$dir" || status=$?
	receive "$dir"
	if ! judge_results "$kernel" "$dir"; then
		[[ $status -ne 124 ]] || report "not ok" "$kernel/finish" "still running after $BOOT_LIMIT_S s"
		[[ $status -eq 124 ]] || report "not ok" "$kernel/finish" "the guest died: $(last_words "$dir")"
	elif [[ $status -ne 0 ]]; then
		report "not ok" "$kernel/finish" "qemu's exit status is $status: $(last_words "$dir")"
	fi
	printf '# %s: %d s, logs in %s\n' "$kernel" "$((SECONDS - started))" "$dir"
}

# --- all of it ---------------------------------------------------------------------------------------

finish() {
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	[[ $failed -eq 0 ]] || exit 1
	[[ $passed -gt 0 ]] || exit 77
	exit 0
}

require_host() {
	local tool missing=""
	[[ $(uname -m) == x86_64 ]] || missing+=" an x86-64 host"
	for tool in "${HOST_TOOLS[@]}"; do
		command -v "$tool" >/dev/null || missing+=" $tool"
	done
	if [[ -z $missing ]] && ldd "$(command -v busybox)" 2>/dev/null | grep -q '=>'; then
		missing=" a static busybox"
	fi
	[[ -n $missing ]] || return 0
	report skip vm "missing:$missing"
	finish
}

main() {
	local patterns=() option build selected kernel suite version cached status out
	while getopts k: option; do
		case $option in
		k) patterns+=("$OPTARG") ;;
		*) usage ;;
		esac
	done
	shift $((OPTIND - 1))
	[[ $# -eq 1 ]] || usage
	if [[ ! -x $1/fathom ]]; then
		printf 'run.sh: no program %s/fathom\n' "$1" >&2
		exit 2
	fi
	build=$(cd "$1" && pwd)
	selected=$(select_kernels "${patterns[@]}")
	if [[ -z $selected ]]; then
		printf 'run.sh: no kernel matches: %s\n' "${patterns[*]}" >&2
		exit 2
	fi
	require_host

	out=$build/tests/vm
	mkdir -p "$out"
	make_initramfs "$build" "$out/initramfs"
	while read -r -u 3 kernel suite version; do
		status=0
		cached=$("$here/fetch-kernel.sh" "$kernel" "$suite" "$version" 2>"$out/fetch.log") || status=$?
		case $status in
		0) test_kernel "$kernel" "$cached/vmlinuz" "$out/initramfs" "$out/$kernel" ;;
		77) report skip "$kernel" "$(tail -n 1 "$out/fetch.log")" ;;
		*) report "not ok" "$kernel" "$(tail -n 1 "$out/fetch.log")" ;;
		esac
	done 3<<<"$selected"
	finish
}

trap '[[ -z $qemu ]] || kill "$qemu" 2>/dev/null' EXIT
trap 'exit 130' INT TERM
main "$@"
