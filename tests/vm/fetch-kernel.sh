#!/bin/bash
# Gets one kernel image from a Debian suite through apt and keeps it in a cache; prints the directory
# that holds it: `vmlinuz`, and `release` with the package and its version. Knows nothing about booting.
# What is in the cache stays as it is, and needs no network: remove the directory to get a newer one.
#
# apt runs with its own source list, state and cache, so the machine's own are neither used nor changed;
# proxies, credentials and signature checks stay as the machine has them. The mirror is the one that the
# machine's apt sources name, or FATHOM_VM_MIRROR where they name none (a distribution other than Debian).
#
# Exit status: 0, the kernel is there; 77, it cannot be had here (reason on stderr); 1, something broke.
set -euo pipefail

readonly META_PACKAGE=linux-image-cloud-amd64
readonly ARCHIVE_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
readonly APT_LIMIT_S=300

die() {
	local status=$1
	shift
	printf '%s\n' "$*" >&2
	exit "$status"
}

unavailable() { die 77 "$@"; }

usage() { die 2 "usage: fetch-kernel.sh NAME SUITE VERSION-PATTERN"; }

debian_mirror() {
	if [[ -n ${FATHOM_VM_MIRROR:-} ]]; then
		printf '%s\n' "$FATHOM_VM_MIRROR"
		return
	fi
	local id="" codename=""
	# shellcheck disable=SC1091 # the machine's own file
	{ read -r id && read -r codename; } < <(. /etc/os-release && printf '%s\n' "${ID:-}" "${VERSION_CODENAME:-sid}")
	[[ $id == debian ]] || return 0
	# shellcheck disable=SC2016 # $(…) is apt's own notation here
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk -v codename="$codename" '
			$1 !~ /^cdrom:/ && $3 == "main" &&
			($2 == codename || $2 ~ /^(stable|testing|unstable|sid)$/) && !seen++ { print $1 }'
}

write_apt_config() {
	local dir=$1 mirror=$2 suite=$3 options="arch=amd64"
	[[ ! -e $ARCHIVE_KEYRING ]] || options+=" signed-by=$ARCHIVE_KEYRING"
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	printf 'deb [%s] %s %s main\n' "$options" "$mirror" "$suite" >"$dir/sources.list"
	# The machine's hooks speak of its own lists; they have no business with these. Without
	# Error-Mode "any", a mirror that cannot be reached is only a warning.
	cat >"$dir/apt.conf" <<-EOF
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		APT::Update::Error-Mode "any";
		Acquire::Retries "2";
		Acquire::http::Timeout "30";
		Acquire::https::Timeout "30";
		Acquire::Languages "none";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State::lists "$dir/lists";
		Dir::State::status "/dev/null";
		Dir::Cache "$dir";
	EOF
}

# Runs apt; what it says goes to a log, of which the caller shows the error line.
apt_quietly() { timeout "$APT_LIMIT_S" apt-get -q -c "$apt/apt.conf" "$@" >"$apt/log" 2>&1; }

apt_error() {
	local line
	line=$(grep -m 1 '^E:' "$apt/log" || tail -n 1 "$apt/log")
	printf '%s' "${line:-no message}"
}

package_field() {
	local field=$1 package=$2
	apt-cache -c "$apt/apt.conf" --no-all-versions show "$package" 2>/dev/null |
		awk -v field="$field:" '$1 == field && !seen++ { sub(/^[^ ]* /, ""); print }'
}

# The package that holds the image: linux-image-RELEASE, or linux-binary-RELEASE in suites that split them.
image_package() {
	local image binary
	image=$(package_field Depends "$META_PACKAGE" | grep -o 'linux-image-[^ ,]*-cloud-amd64' | head -n 1) || return 0
	binary=${image/#linux-image-/linux-binary-}
	if [[ -n $(package_field Version "$binary") ]]; then
		printf '%s\n' "$binary"
	else
		printf '%s\n' "$image"
	fi
}

unpack() {
	local deb=$1 into=$2 image
	mkdir "$apt/root"
	dpkg-deb -x "$deb" "$apt/root" || die 1 "cannot unpack ${deb##*/}"
	image=$(find "$apt/root" -type f \( -name 'vmlinuz-*' -o -name vmlinuz \) -print -quit)
	[[ -n $image ]] || die 1 "${deb##*/} holds no vmlinuz"
	mkdir "$into"
	cp "$image" "$into/vmlinuz"
}

fetch() {
	local suite=$1 wanted=$2 target=$3 mirror version package debs
	type apt-get apt-cache dpkg-deb >/dev/null 2>&1 || unavailable "no apt on this machine"
	mirror=$(debian_mirror)
	[[ -n $mirror ]] || unavailable "apt's sources name no Debian mirror (FATHOM_VM_MIRROR can)"

	write_apt_config "$apt" "$mirror" "$suite"
	apt_quietly update || unavailable "apt-get update for $suite failed: $(apt_error)"
	version=$(package_field Version "$META_PACKAGE")
	# shellcheck disable=SC2053 # a pattern
	[[ $version == $wanted ]] || unavailable "$suite has $META_PACKAGE ${version:-in no version}, not $wanted"
	package=$(image_package)
	[[ -n $package ]] || die 1 "$META_PACKAGE $version in $suite depends on no kernel image"
	(cd "$apt/archives" && apt_quietly download "$package") || unavailable "cannot download $package: $(apt_error)"

	debs=("$apt/archives/$package"_*.deb)
	unpack "${debs[0]}" "$apt/kernel"
	printf '%s %s\n' "$package" "$version" >"$apt/kernel/release"
	# Renaming is atomic; where another run was faster, its copy stays.
	mv -T "$apt/kernel" "$target" 2>/dev/null || [[ -s $target/vmlinuz ]] || die 1 "cannot write $target"
}

[[ $# -eq 3 ]] || usage
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fathom/vm
target=$cache/$1
if [[ ! -s $target/vmlinuz ]]; then
	mkdir -p "$cache"
	apt=$(mktemp -d "$cache/apt.XXXXXX")
	trap 'rm -rf "$apt"' EXIT
	trap 'exit 130' INT TERM
	fetch "$2" "$3" "$target"
fi
printf '%s\n' "$target"
