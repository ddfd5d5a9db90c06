#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# From a cache with nothing but downloads: a module built without the kernel's debug information must be the
# same, byte for byte, as one built with it.
# usage: debug_package.sh BIN-DIRECTORY
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
. "$here/own_cache.sh"
bin=$1
release=$("$here/release.sh")
shared=${CACHEDIR:-$HOME/.kpatch}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CACHEDIR=$work/cache
mkdir "$work/without" "$work/with"
cache_of_packages "$shared" "$CACHEDIR"

TIMEFORMAT='%R s, %U s of the processor for the user, %S s for the system'
time "$bin/kpatch-build" -a "$release" -n e2e-debug -o "$work/without" "$here/patches/vmlinux-and-module.patch"
[ ! -e "$CACHEDIR"/kernels/*/debug ] || { echo "there is debug information all the same"; exit 1; }
time "$bin/kpatch-build" -a "$release" --debug-package -n e2e-debug -o "$work/with" "$here/patches/vmlinux-and-module.patch"
ls -d "$CACHEDIR"/kernels/*/debug
cmp "$work/without/e2e-debug.ko" "$work/with/e2e-debug.ko"
