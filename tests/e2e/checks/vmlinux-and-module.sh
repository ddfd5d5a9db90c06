# SPDX-License-Identifier: GPL-2.0-or-later
grep -i vmallocchunk /proc/meminfo
head -n 1 /proc/net/ip_vs
case $KPATCH_PHASE in
patched)
	grep -q VMALLOCCHUNK: /proc/meminfo && grep -q '^IP VIRTUAL SERVER' /proc/net/ip_vs
	;;
*)
	# Neither half may be in effect.
	grep -q VMALLOCCHUNK: /proc/meminfo || grep -q '^IP VIRTUAL SERVER' /proc/net/ip_vs
	;;
esac
