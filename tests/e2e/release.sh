#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the kernel to test on: the newest Debian kernel of the series $KPATCH_TEST_SERIES (6.1) and the flavour
# $KPATCH_TEST_FLAVOUR (cloud-amd64) that the archive serves.
set -euo pipefail
if [ -n "${KPATCH_TEST_RELEASE:-}" ]; then
	echo "$KPATCH_TEST_RELEASE"
	exit
fi
series=${KPATCH_TEST_SERIES:-6.1} flavour=${KPATCH_TEST_FLAVOUR:-cloud-amd64}
release=$(apt-cache --names-only search "^linux-image-${series/./\\.}\\.[0-9]+(-[0-9]+|\\+deb[0-9]+)-$flavour\$" |
	sed 's/^linux-image-\([^ ]*\) .*/\1/' | sort -V | tail -n 1)
[ -n "$release" ] || { echo "no Debian $series $flavour kernel in the package lists; try apt-get update" >&2; exit 1; }
echo "$release"
