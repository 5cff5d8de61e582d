#!/bin/sh
# Process 1 of the guest: mounts what fathom needs, runs the checks, powers off. Judges exit statuses
# only; what the reports say is judged by run.sh on the host, to which they go.
#
# Everything for the host goes to the second serial port, as lines:
#   kernel RELEASE              once, first
#   ok NAME | not ok NAME REASON | skip NAME REASON
#   file NAME, base64 of the gzipped file, end
#   done                        once, last: without it, the guest died on the way
set -u

HOST_PORT=/dev/ttyS1
CHECK_LIMIT_S=60
WORKLOAD_DIR=/workloads

# Program and arguments, `--truth FILE` aside. Emulation is some ten times slower than the real thing:
# the counts are smaller than in the live tests.
WORKLOADS='
count_calls 100
fork_count 8 5000
errors 50
sleeper 50 10
pipe_pingpong 2000
futex_pingpong 2000
short_children 200
exec_thread 10000
thread_churn 300 20
static_nolibc
'

# Descriptor 3 is HOST_PORT, opened once: what is still on its way when a port is closed can get lost
# with the next opening. The programs under test do not inherit it.
tell_host() { printf '%s\n' "$*" >&3; }

# Sends the file and forgets it: /tmp is memory, and the next check reuses the names.
send_file() {
	if [ -s "$2" ]; then
		printf 'file %s\n' "$1"
		gzip -c "$2" | base64
		printf 'end\n'
	fi >&3
	rm -f "$2"
}

# check NAME COMMAND…: "ok" if the command exits with $expected (0 by default) in time; its stderr goes along where it does not.
# A workload that could not do its work here exits 77 and says why in its truth file.
check() {
	name=$1
	shift
	timeout -s KILL "$CHECK_LIMIT_S" "$@" 2>/tmp/stderr 3>&-
	status=$?
	if [ "$status" -eq "${expected:-0}" ]; then
		tell_host "ok $name"
		return 0
	fi
	if [ "$status" -eq 77 ] && why=$(grep '^skip ' /tmp/truth); then
		tell_host "skip $name ${why#skip }"
		return 0
	fi
	reason="exit status $status"
	if [ "$status" -eq 137 ]; then
		reason="killed, or not done after $CHECK_LIMIT_S s"
		kill -KILL -1 # what it left running; spares this shell and process 1
	fi
	tell_host "not ok $name $reason: $(head -n 1 /tmp/stderr)"
	send_file "$name.stderr" /tmp/stderr
	return 1
}

mount_all() {
	mount -t proc proc /proc &&
		mount -t sysfs sysfs /sys &&
		mount -t devtmpfs devtmpfs /dev &&
		mount -t tmpfs tmpfs /tmp &&
		mount -t tmpfs tmpfs /run &&
		mount -t bpf bpf /sys/fs/bpf &&
		mount -t tracefs tracefs /sys/kernel/tracing &&
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
}

set_up() {
	/bin/busybox --install -s /bin &&
		mount_all &&
		ip link set lo up &&
		exec 3<>"$HOST_PORT" &&
		stty raw -echo <&3
}

check_doctor() {
	check doctor fathom doctor >/tmp/doctor.out
	send_file doctor.out /tmp/doctor.out
}

# The words of the WORKLOADS line are the arguments.
check_workload() {
	workload=$1
	shift
	if [ ! -x "$WORKLOAD_DIR/$workload" ]; then
		tell_host "not ok run/$workload the build has no such workload"
		return
	fi
	expected=0
	[ "$workload" = static_nolibc ] && expected=7 # its own exit status, to be passed on
	check "run/$workload" fathom run --format json -o /tmp/report.json -- \
		"$WORKLOAD_DIR/$workload" --truth /tmp/truth "$@" >/tmp/stdout
	expected=0
	send_file "run/$workload.json" /tmp/report.json
	send_file "run/$workload.truth" /tmp/truth
	send_file "run/$workload.stdout" /tmp/stdout
}

check_workloads() {
	printf '%s' "$WORKLOADS" | while read -r line; do
		[ -n "$line" ] || continue
		# shellcheck disable=SC2086 # to be split
		check_workload $line </dev/null
	done
}

check_attach() {
	yes >/dev/null 3>&- &
	target=$!
	check attach fathom attach -p "$target" -d 1 --format json >/tmp/attach.json
	kill "$target"
	send_file attach.json /tmp/attach.json
}

# A tracer must not make the kernel complain. Lockup and stall reports are left out: under emulation on
# a busy machine they only say that the machine is busy.
check_kernel_log() {
	if dmesg | grep -E '(WARNING: (CPU|.* at )|BUG: |Oops|general protection)' | grep -v lockup >/tmp/complaints; then
		tell_host "not ok kernel_log $(head -n 1 /tmp/complaints)"
	else
		tell_host "ok kernel_log"
	fi
	dmesg >/tmp/dmesg
	send_file dmesg /tmp/dmesg
}

export PATH=/bin:/usr/bin HOME=/root
if set_up; then
	tell_host "kernel $(uname -r)"
	check_doctor
	check_workloads
	check_attach
	check_kernel_log
	tell_host "done"
fi
poweroff -f
