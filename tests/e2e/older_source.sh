#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A source that is older than the kernel that runs: what changed between the two versions of a file, taken for a
# patch to the older one, would put into the kernel what it has already. The proof must refuse it and name both
# versions.
# usage: older_source.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
series=${KPATCH_TEST_SERIES:-6.1}
version=$(cat "$(cached image)/source-version")

# The newest that is older: of a version of the kernel's own, not only of the package.
older=$(apt-cache madison "linux-source-$series" | cut -d '|' -f 2 | tr -d ' ' | sort -uV |
	awk -F - -v now="${version%%-*}" '$1 == now { exit } { print }' | tail -n 1)
[ -n "$older" ] || { echo "skipped: the archive has no source older than $version"; exit 0; }
old=$cache/sources/$older
if [ ! -e "$old" ]; then
	package=linux-source-${series}_${older}_all.deb
	if [ -e "$cache/downloads/$package" ]; then
		cp "$cache/downloads/$package" "$work"
	else
		(cd "$work" && apt-get download "linux-source-$series=$older")
	fi
	dpkg-deb -x "$work"/*.deb "$work/package"
	mkdir "$work/source"
	tar -xf "$work/package/usr/src/linux-source-$series.tar.xz" -C "$work/source" --strip-components 1
	old=$work/source
fi
new=$cache/sources/$version
own_cache "$work/cache"
export CACHEDIR=$work/cache

# A change may be one of comments or declarations alone.
refused=0
for file in $(cd "$new" && ls mm/*.c kernel/*.c fs/proc/*.c net/ipv4/*.c); do
	if ! diff -u --label "a/$file" --label "b/$file" "$old/$file" "$new/$file" >"$work/change.patch" && [ -e "$old/$file" ]; then
		got=0
		"${kpatch_build[@]}" -a "$release" -s "$old" -n e2e-older -o "$work" "$work/change.patch" >"$work/log" 2>&1 || got=$?
		cat "$work/log"
		[ "$got" -ne 0 ] || { echo "a module was made of what $release has already"; exit 1; }
		if grep -Eq "the running kernel has different code for this function: .*; likely cause: the version of the source: it is ${older%%-*}, and the kernel was built from $version \[KP1020\]" "$work/log"; then
			refused=$((refused + 1))
			[ $refused -lt 2 ] || exit 0
		fi
	fi
done
echo "only $refused files were refused for their version"
exit 1
