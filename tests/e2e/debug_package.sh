#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# From a cache with nothing but downloads: a module built without the kernel's debug information must be the
# same, byte for byte, as one built with it.
# usage: debug_package.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
export CACHEDIR=$work/cache
mkdir "$work/without" "$work/with"
cache_of_packages "$CACHEDIR"

TIMEFORMAT='%R s, %U s of the processor for the user, %S s for the system'
time "${kpatch_build[@]}" -a "$release" -n e2e-debug -o "$work/without" "$(file patches vmlinux-and-module.patch)"
! ls -d "$CACHEDIR"/kernels/*/debug 2>/dev/null || { echo "there is debug information all the same"; exit 1; }
time "${kpatch_build[@]}" -a "$release" --debug-package -n e2e-debug -o "$work/with" "$(file patches vmlinux-and-module.patch)"
ls -d "$CACHEDIR"/kernels/*/debug
cmp "$work/without/e2e-debug.ko" "$work/with/e2e-debug.ko"
