#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kpatch.ko on a stock kernel of Debian that has no CONFIG_LIVEPATCH: patches built for it, with its own compiler, and rehearsed on it
# one after the other, with a task asleep in a patched function, one in the place of another and back, and over and over. Ends with one
# row. GUEST has busybox and kpatch for its processor (see ./run guest).
# usage: core.sh BIN-DIRECTORY RELEASE GUEST [LOGS]
set -euo pipefail
bin=$(readlink -f "$1") release=$2 guest=$3
here=$(dirname "$(readlink -f "$0")")
logs=$(readlink -m "${4:-$here/../../build/core}")/$release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$logs"
rm -f "$logs"/*.ko

build() {
	"$here/make_patch.sh" "$source" "$here/edits/$1.edit" >"$work/$1.patch"
	"$bin/kpatch-build" --no-isolate -a "$release" -o "$logs" "${@:2}" "$work/$1.patch" >"$logs/$1.build" 2>&1
}

cached() {
	"$bin/kpatch-build" cache path "$1" "$release" | tail -n 1
}

# rehearse LOG OPTION... MODULE...
rehearse() {
	"$bin/kpatch" rehearse --kernel "$release" --vmlinuz "$vmlinuz" --modules "$modules" --guest-programs "$guest" \
		--timeout 900 --check "$work/check" "${checks[@]}" "${@:2}" >"$logs/$1" 2>&1
}

# The source is in the cache once the kernel has been built for; what cannot be done is refused in words.
refuses() {
	local status=0
	"$here/make_patch.sh" "$source" "$here/edits/$1.edit" >"$work/$1.patch"
	"$bin/kpatch-build" --no-isolate -a "$release" -o "$work" "$work/$1.patch" >"$logs/$1.refused" 2>&1 || status=$?
	[ "$status" -ne 0 ] && grep -q "$2" "$logs/$1.refused"
}

"$bin/kpatch-build" --no-isolate -a "$release" -o "$work" "$here/patches/meminfo-string.patch" >"$logs/first.build" 2>&1
[ -e "$work/kpatch-meminfo-string.ko" ] && [ -e "$work/kpatch.ko" ] # the name says who takes it
source=$(cached source)
image=$(cached image)
vmlinuz=$(find "$image" -name "vmlinuz-$release")
modules=$(dirname "$(dirname "$(dirname "$(find "$image" -path "*/lib/modules/$release" -type d)")")")

aarch64-linux-gnu-gcc -static -O2 -o "$work/user_memory" "$here/user_memory.c"

list=(meminfo-string callbacks new-data static-data tables user-memory handed-out asleep)
built=() checks=(--program "$work/user_memory") failed=()
for name in "${list[@]}"; do
	cp "$here/checks/$name.sh" "$work/check-${name//-/_}"
	checks+=(--program "$work/check-${name//-/_}")
	if build "$name" -n "$name"; then built+=("$logs/$name.ko"); else failed+=("$name"); fi
done
# Of several modules the first says what must not be before and after.
echo 'sh "/bin/check-${KPATCH_MODULES%% *}"' >"$work/check"

refuses in-module 'does not reach modules yet' || failed+=(in-module)
rehearse each --each "${built[@]}" || failed+=(each)
rehearse upgrade --upgrade "$logs/meminfo-string.ko" "$logs/new-data.ko" || failed+=(upgrade)
rehearse cycles --cycles 25 "$logs/meminfo-string.ko" || failed+=(cycles)
worked=$(awk '/^    check while patched/ { patched = / succeeds / } /^    check after/ && / fails / { worked += patched } END { print +worked }' "$logs/each")
printf '%-30s %d of %d patches worked%s\n' "$release" "$worked" "${#list[@]}" "${failed:+; FAILED: ${failed[*]}, see $logs}"
[ ${#failed[@]} -eq 0 ]
