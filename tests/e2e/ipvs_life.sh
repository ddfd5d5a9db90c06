#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The patches of the IPVS story in one machine: version 4 must stop the timer and start it again,
# its state must keep out a patch that does not know of it and be taken over by one that does, and
# version 2 must leave the timer dead.
# usage: ipvs_life.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"

for version in v2 v3 v4 v5; do
	"${kpatch_build[@]}" -a "$release" -n "ipvs-$version" -o "$work" "$here/../../demo/ipvs/$version.patch"
done
"$bin/kpatch" rehearse --kernel "$release" --check "$here/checks/ipvs-life.sh" \
	--program "$work/ipvs-v2.ko" --program "$work/ipvs-v3.ko" --program "$work/ipvs-v4.ko" "$work/ipvs-v5.ko"
