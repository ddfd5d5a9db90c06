#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Patches come and go at random on a busy machine, whose kpatch is killed and failed by the system (checks/soak.sh says
# how), for so many minutes. The numbers can be had again with $KPATCH_SOAK_SEED.
# usage: soak.sh BIN-DIRECTORY [MINUTES]
. "$(dirname "$(readlink -f "$0")")/common.sh"
minutes=${2:-30}
seed=${KPATCH_SOAK_SEED:-$RANDOM}

build() {
	"${kpatch_build[@]}" -a "$release" -o "$work" "$@"
}
build -n soak-v1 "$(file patches soak-v1.patch)"
build -n soak-v2 "$(file patches soak-v2.patch)"
build -R -n soak-top "$here/patches/several-3.patch"

echo "$release: $minutes minutes, seed $seed"
{
	echo "SOAK_SECONDS=$((minutes * 60)) SOAK_SEED=$seed"
	cat "$here/checks/soak.sh"
} >"$work/check"
programs=("$work"/soak-{v2,top}.ko "$bin"/{busy,soak_tracer,soak_faults.so})
"$bin/kpatch" rehearse --kernel "$release" --with zram --check "$work/check" --timeout $((minutes * 60 + 900)) \
	"${programs[@]/#/--program=}" "$work/soak-v1.ko"
