#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The same module, byte for byte, from two hosts: for a kernel of Debian 13, made here with the compiler fetched, and in a bare
# Debian 13 with the one that is installed there. There ./run demo has to work first, from a clean clone (of what is committed).
# Root or a user with namespaces of its own; skipped (77) where mmdebstrap or git is missing.
# usage: two_hosts.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
top=$(git -C "$here" rev-parse --show-toplevel 2>/dev/null) || { echo "skipped: this is not a git repository"; exit 77; }
command -v mmdebstrap >/dev/null || { echo "skipped: mmdebstrap is not installed"; exit 77; }

mkdir "$work/patches" "$work/here"
for name in special-sections new-symbols; do
	cp "$(file patches $name.patch)" "$work/patches"
done
"${kpatch_build[@]}" -a "$release" --compiler fetched -n e2e-hosts -o "$work/here" --json "$work/here/json" "$work"/patches/*

# The machine's own mirror, as kpatch-build has it for that release.
mirror=$cache/apt/trixie/sources/archive.sources
[ -e "$mirror" ] || { echo "no package lists of Debian 13 in $cache; remove $cache/test-newest-* and run again"; exit 1; }
git clone -q "$top" "$work/kpatch-ng"
cat >"$work/there.sh" <<END
set -ex
unset \$(env | sed -nE 's/^(KPATCH_[A-Z_]*|CACHEDIR)=.*/\1/p') # what this test is called with is not for ./run demo
cd /root/kpatch-ng
./run demo
mkdir /root/there
build/release/bin/kpatch-build -a $release --compiler installed -n e2e-hosts -o /root/there --json /root/there/json /root/patches/*
END
mmdebstrap --variant=minbase --include=ca-certificates \
	--customize-hook="copy-in $work/kpatch-ng $work/patches $work/there.sh /root" \
	--chrooted-customize-hook='sh /root/there.sh' \
	--customize-hook="copy-out /root/there $work" trixie /dev/null "$mirror"

grep '"from": "fetched"' "$work/here/json"
grep '"from": "installed"' "$work/there/json"
ls -l "$work/here/e2e-hosts.ko" "$work/there/e2e-hosts.ko"
cmp "$work/here/e2e-hosts.ko" "$work/there/e2e-hosts.ko"
