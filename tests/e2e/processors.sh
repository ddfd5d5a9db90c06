#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A kernel of another processor, cross built from the source of a Debian kernel with a small configuration that has
# CONFIG_LIVEPATCH, since no Debian kernel for these has it; and patches built for it and rehearsed on it. Ends with one row: how many of
# them worked one after the other, one in the place of another and back, and before the module that it is for.
# GUEST has busybox and kpatch for that processor (see ./run guest); without it the kernel is built and nothing more.
# usage: processors.sh BIN-DIRECTORY PROCESSOR [GUEST]
set -euo pipefail
processor=$2 guest=${3:-}

# What make calls the processor, how its compiler is called, which drivers its configuration needs, and what boots.
drivers='base char clocksource rtc tty virtio'
case $processor in
aarch64)
	arch=arm64 compiler=aarch64-linux-gnu- image=arch/arm64/boot/Image drivers+=' amba bus clk firmware irqchip of pci perf power soc'
	export KPATCH_TEST_RELEASE=${KPATCH_TEST_RELEASE:-7.3.*+deb13-cloud-amd64} # earlier series have no live patches there
	;;
s390x) arch=s390 compiler=s390x-linux-gnu- image=arch/s390/boot/bzImage drivers+=' s390' ;;
ppc64le) arch=powerpc compiler=powerpc64le-linux-gnu- image=vmlinux drivers+=' bus irqchip of macintosh pci' ;;
*) echo "processors.sh: no such processor: $processor" >&2; exit 1 ;;
esac

. "$(dirname "$(readlink -f "$0")")/common.sh"
. "$here/small_kernel.sh"
whole=$(readlink -f "${KPATCH_TEST_SOURCE:-$(kernel_source)}")
cat "$here/processors/common.config" "$here/processors/$processor.config" >"$work/config"
small_kernel "$whole" "$work/config" "$arch" "$drivers" "ARCH=$arch" "CROSS_COMPILE=$compiler"
echo "$processor: $release in $objects"
[ "$guest" ] || exit 0

"${compiler}gcc" -static -O2 -o "$work/user_memory" "$here/user_memory.c"
logs=$(readlink -f "$here/../../build")/processors/$processor-$release
mkdir -p "$logs"

# build NAME: a module of the edits of that name.
build() {
	"$here/make_patch.sh" "$whole" "$here/edits/$1.edit" >"$work/$1.patch"
	env -u CROSS_COMPILE "${kpatch_build[@]}" -s "$objects" -n "$1" -o "$logs" "$work/$1.patch" >"$logs/$1.build" 2>&1
}

# rehearse LOG OPTION... MODULE...
rehearse() {
	local log=$1
	shift
	"$bin/kpatch" rehearse --kernel "$release" --vmlinuz "$objects/$image" --modules "$kept/installed" --guest-programs "$guest" \
		--timeout 900 --check "$work/check" "${checks[@]}" "$@" >"$logs/$log" 2>&1
}

# Whether a hundred units of the source are what the kernel has; prints how much of them.
prove() {
	local status=0
	nice "$bin/proof" "$objects" 100 >"$logs/proof" 2>&1 || status=1
	awk '/ functions compared$/ { functions = $4 } $1 == "equal" { equal += $NF } /^  weak default/ { weak = $NF }
		/references read back/ { print functions " functions, " functions - equal - weak " not equal, " $4 + 0 " references, " $6 + 0 " wrong" }' "$logs/proof"
	return $status
}

list=(meminfo-string callbacks new-data in-module static-data tables user-memory handed-out)
modules=() checks=(--program "$work/user_memory") failed=()
for name in "${list[@]}"; do
	cp "$here/checks/$name.sh" "$work/check-${name//-/_}"
	checks+=(--program "$work/check-${name//-/_}")
	if build "$name"; then modules+=("$logs/$name.ko"); else failed+=("$name"); fi
done
# Of several modules the first says what must not be before and after.
echo 'sh "/bin/check-${KPATCH_MODULES%% *}"' >"$work/check"

proven=$(prove) || failed+=(proof)
rehearse each --each "${modules[@]}" || failed+=(each)
rehearse upgrade --upgrade "$logs/meminfo-string.ko" "$logs/new-data.ko" || failed+=(upgrade)
rehearse late --late --cycles 2 "$logs/in-module.ko" || failed+=(late)
worked=$(awk '/^    check while patched/ { patched = / succeeds / } /^    check after/ && / fails / { worked += patched } END { print +worked }' "$logs/each")
printf '%-8s %-28s %s; %d of %d patches worked%s\n' "$processor" "$release" "$proven" "$worked" "${#list[@]}" \
	"${failed:+; FAILED: ${failed[*]}, see $logs}"
[ ${#failed[@]} -eq 0 ]
