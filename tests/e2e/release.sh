#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the kernel to test on: the newest Debian kernel of the series $KPATCH_TEST_SERIES (6.1) and the flavour
# $KPATCH_TEST_FLAVOUR (cloud-amd64) that the archive serves; of rt flavours the newest whose source package it serves too,
# since that has patches which they are made with. Ends with 77 where this Debian has no kernels of the series.
# $KPATCH_TEST_RELEASE names a kernel of any Debian instead, with a "*" the newest of that name (see newest.sh).
# usage: release.sh [BIN-DIRECTORY]
set -euo pipefail
if [[ ${KPATCH_TEST_RELEASE:-} == *\** ]]; then
	exec "${BASH_SOURCE[0]%/*}/newest.sh" "$1" "$KPATCH_TEST_RELEASE"
fi
if [ -n "${KPATCH_TEST_RELEASE:-}" ]; then
	echo "$KPATCH_TEST_RELEASE"
	exit
fi
series=${KPATCH_TEST_SERIES:-6.1} flavour=${KPATCH_TEST_FLAVOUR:-cloud-amd64}
releases=$(apt-cache --names-only search "^linux-image-${series/./\\.}\\.[0-9]+(-[0-9]+|\\+deb[0-9]+)-$flavour\$" |
	sed 's/^linux-image-\([^ ]*\) .*/\1/' | sort -Vr)
if [ -z "$releases" ]; then
	# A test of kernels that another Debian has is skipped (77, see CMakeLists.txt); lists that are incomplete are an error.
	own=$("${BASH_SOURCE[0]%/*}/host_series.sh") || exit 1
	echo "no Debian $series $flavour kernel in the package lists, whose own series is $own" >&2
	[ "$own" = "$series" ] || exit 77
	echo "try apt-get update" >&2
	exit 1
fi

# The file of the source package that has the patches lies beside linux-source in the archive.
has_source() {
	local version uri file
	version=$(apt-cache show "linux-image-$1" | sed -n '/^Built-Using:/{s/.*= \(.*\))/\1/p;q}')
	uri=$(apt-get download --print-uris "linux-source-$series=$version" 2>/dev/null | cut -d "'" -f 2)
	uri=${uri%/*}
	file=${uri##*/}_$version.debian.tar.xz
	[ -e "${CACHEDIR:-$HOME/.kpatch}/downloads/$file" ] ||
		/usr/lib/apt/apt-helper download-file "$uri/$file" "$work/$file" >/dev/null 2>&1
}

case $flavour in
rt-*)
	answer=${CACHEDIR:-$HOME/.kpatch}/test-release-$series-$flavour # asking takes some seconds
	if [ -n "$(find "$answer" -mmin -600 2>/dev/null)" ]; then
		cat "$answer"
		exit
	fi
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	for release in $releases; do
		if has_source "$release"; then
			mkdir -p "${answer%/*}"
			echo "$release" >"$work/answer"
			mv "$work/answer" "$answer"
			echo "$release"
			exit
		fi
	done
	echo "the archive serves the source package of no Debian $series $flavour kernel" >&2
	exit 1
	;;
*) head -n 1 <<<"$releases" ;;
esac
