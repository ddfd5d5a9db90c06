#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the kernel to test on: the newest Debian 6.1 cloud kernel that the archive serves.
set -euo pipefail
if [ -n "${KPATCH_TEST_RELEASE:-}" ]; then
	echo "$KPATCH_TEST_RELEASE"
	exit
fi
release=$(apt-cache --names-only search '^linux-image-6\.1\.0-[0-9]+-cloud-amd64$' |
	sed 's/^linux-image-\([^ ]*\) .*/\1/' | sort -V | tail -n 1)
[ -n "$release" ] || { echo "no Debian 6.1 cloud kernel in the package lists; try apt-get update" >&2; exit 1; }
echo "$release"
