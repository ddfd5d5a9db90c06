#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the series of the kernels that this Debian is released with, such as 6.12: that of the package on which the
# metapackage linux-image-FLAVOUR depends. ($KPATCH_TEST_FLAVOUR, cloud-amd64)
set -euo pipefail
meta=linux-image-${KPATCH_TEST_FLAVOUR:-cloud-amd64}
series=$(apt-cache depends "$meta" 2>/dev/null |
	sed -nE 's/^ *Depends: linux-image-([0-9]+\.[0-9]+)[.-].*/\1/p' | head -n 1) || true
if [ -z "$series" ]; then
	echo "the package lists do not say which kernel $meta is; try apt-get update, or name a series:" \
		"KPATCH_TEST_SERIES=6.12 ./run demo" >&2
	exit 1
fi
echo "$series"
