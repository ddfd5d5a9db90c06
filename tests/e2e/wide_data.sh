#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A unit that is compared in another form keeps what the comparison asked of debug information.
# usage: wide_data.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
"${kpatch_build[@]}" -a "$release" -n e2e-wide-data -o "$work" "$(file patches wide-data.patch)" | tee "$work/said"
grep '^arch/x86/kvm/x86.o: NOTICE: KP2023: efer_reserved_bits is set to ' "$work/said"
grep '^arch/x86/kvm/x86.o: changed function: kvm_arch_vcpu_ioctl_run' "$work/said"
"$bin/kpatch" verify "$work/e2e-wide-data.ko"
