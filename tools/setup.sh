#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Installs what is missing on a Debian machine, by purpose: build, test, vm, bench. Does nothing, and
# needs no network, when everything is there.
set -eu

BUILD_PACKAGES="gcc libc6-dev pkg-config meson ninja-build python3 clang llvm bpftool libbpf-dev
	libelf-dev zlib1g-dev libjson-c-dev libcmocka-dev linux-libc-dev linux-libc-dev-arm64-cross"
TEST_PACKAGES="$BUILD_PACKAGES strace linux-perf python3-jsonschema util-linux procps libcap2-bin
	clang-format"
VM_PACKAGES="$TEST_PACKAGES qemu-system-x86 busybox-static cpio gzip libc-bin dpkg"
BENCH_PACKAGES="$TEST_PACKAGES bpftrace libbpf-tools"

case "${1:-build}" in
build) wanted=$BUILD_PACKAGES ;;
test) wanted=$TEST_PACKAGES ;;
vm) wanted=$VM_PACKAGES ;;
bench) wanted=$BENCH_PACKAGES ;;
*)
	echo "usage: setup.sh build|test|vm|bench" >&2
	exit 2
	;;
esac

missing=
for package in $wanted; do
	state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
	[ "$state" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
	as_root=sudo
	command -v sudo >/dev/null || {
		echo "setup.sh: these packages are missing, and only root can install them:$missing" >&2
		exit 1
	}
fi
echo "installing:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
