# SPDX-License-Identifier: GPL-2.0-or-later
# How every test here begins: . "$(dirname "$(readlink -f "$0")")/common.sh" with the directory of the programs as the first
# argument; bench/peers does so, too. Sets $here (this directory), $bin, $kpatch_build (the command of a build), $release (the
# kernel to test on), $cache, and $work, a directory that goes at the end.
# shellcheck shell=bash disable=SC2034 # its readers use the variables
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
bin=$1
# Not isolated, though root builds and bubblewrap may be installed: an isolated build keeps no original objects, and sees
# neither the programs that a test puts into its PATH nor its network. The tests of isolation name it themselves.
kpatch_build=("$bin/kpatch-build" --no-isolate)
release=$("$here/release.sh" "$bin")
cache=$("$bin/kpatch-build" cache path)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# kernel_source: where the source of $release is; brings it into the cache.
kernel_source() {
	[ -d "$(cached source 2>/dev/null)/fs" ] ||
		"${kpatch_build[@]}" -a "$release" -n e2e-first -o "$work" "$here/patches/several-3.patch" >&2 || return 1
	cached source
}

# file FOLDER NAME: where a patch or a check is. A patch that is a list of edits is made for the kernel's source.
file() {
	local edits=$here/edits/${2%.patch}.edit
	if [ "$1" != patches ] || [ ! -e "$edits" ]; then
		echo "$here/$1/$2"
		return
	fi
	mkdir -p "$work/made"
	"$here/make_patch.sh" "$(kernel_source)" "$edits" >"$work/made/$2" || return 1
	echo "$work/made/$2"
}

# cached WHAT: where the shared cache has the kernel, image, objects or source of the newest version of $release.
cached() {
	CACHEDIR=$cache "$bin/kpatch-build" cache path "$1" "$release" | tail -n 1
}

# cache_of_packages TO: makes a cache there with nothing but the packages of the shared one.
cache_of_packages() {
	mkdir -p "$1/downloads"
	ln -s "$(readlink -f "$cache/downloads")"/*.deb "$1/downloads"
}

# own_cache TO: makes a cache there that has the kernel, but nothing that builds have added.
own_cache() {
	local kernel part
	kernel=$(cached kernel)
	mkdir -p "$1/kernels/${kernel##*/}"
	ln -s "$(readlink -f "$cache/sources")" "$(readlink -f "$cache/downloads")" "$1"
	for part in "$kernel"/*; do
		case ${part##*/} in
		originals | commands | compilers | hooks) ;;
		*) ln -s "$(readlink -f "$part")" "$1/kernels/${kernel##*/}" ;;
		esac
	done
}
