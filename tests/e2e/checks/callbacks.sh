# SPDX-License-Identifier: GPL-2.0-or-later
# Each callback must have been called in its turn since the patch came in.
steps=$(dmesg | awk '/callback: pre-patch/ { s = "" }
	/callback: / { sub(/.*callback: /, ""); s = s $0 "; " } END { print s }')
echo "$steps"
patch="pre-patch vmlinux; post-patch vmlinux; "
case $KPATCH_PHASE in
before) grep -q VMALLOCCHUNK: /proc/meminfo ;;
patched) [ "$steps" = "$patch" ] && grep -q VMALLOCCHUNK: /proc/meminfo ;;
# This phase must fail, so what is right here is a failure.
after) [ "$steps" != "${patch}pre-unpatch vmlinux; post-unpatch vmlinux; " ] ||
	grep -q VMALLOCCHUNK: /proc/meminfo ;;
esac
