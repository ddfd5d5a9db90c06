# SPDX-License-Identifier: GPL-2.0-or-later
# How every test here begins: . "$(dirname "$(readlink -f "$0")")/common.sh" with the directory of the programs as the first
# argument. Sets $here, $bin, $release (the kernel to test on), $cache, and $work, a directory that goes at the end.
# shellcheck shell=bash disable=SC2034 # its readers use the variables
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bin=$1
release=$("$here/release.sh")
cache=$("$bin/kpatch-build" cache path)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# file FOLDER NAME: where a patch or a check is. A file in a folder named after the kernel's series takes precedence.
file() {
	local own=$here/$1/${KPATCH_TEST_SERIES:-6.1}/$2
	if [ -e "$own" ]; then echo "$own"; else echo "$here/$1/$2"; fi
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
