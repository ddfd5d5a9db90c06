#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An rt kernel without the patches that it was made with: what they change is refused, and the remedy that is named
# helps.
# usage: without_patches.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
export CACHEDIR=$work/cache
mkdir "$work/out"
cache_of_packages "$CACHEDIR"

build() {
	"${kpatch_build[@]}" -a "$release" --offline -n e2e-patches -o "$work/out" "$here/patches/header-inline.patch" 2>&1 |
		tee "$work/log"
}
! build || { echo "it accepts source with other code"; exit 1; }
grep "NOTICE: without the patches of the feature set 'rt'" "$work/log"
grep "likely cause: the patches of the feature set 'rt', which the source does not have \[KP1020\]" "$work/log"
file=$(sed -n 's/^  put the part of .* there: \([^ ]*\) .*/\1/p' "$work/log" | head -n 1)
[ ! -e "$work/out/e2e-patches.ko" ]

echo "== with $file"
ln -s "$(readlink -f "$cache/downloads")/${file##*/}" "$file"
build
[ -e "$work/out/e2e-patches.ko" ]
