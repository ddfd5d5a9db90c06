# SPDX-License-Identifier: GPL-2.0-or-later
# Files that a patch adds, one to vmlinux and one to a module of which it changes two more objects; and a .c file
# that another one includes.
hashsize=/sys/module/nf_conntrack/parameters/hashsize
timeslice=/proc/sys/kernel/sched_rr_timeslice_ms
cat /proc/version
head -n 1 /proc/net/stat/nf_conntrack
usual=$(cat $timeslice)
echo 5000 >$timeslice
limited=$(cat $timeslice)
echo "$usual" >$timeslice
size=$(echo 0 2>&1 >$hashsize)
printf '%s\n' "$limited" "$size"

done=0
grep -q '^greeting [1-9][0-9]*, with root$' /proc/version && done=$((done + 1))
grep -q '^greeting of nf_conntrack$' /proc/net/stat/nf_conntrack && done=$((done + 1))
[ "$limited" -eq 1000 ] && done=$((done + 1))
echo "$size" | grep -q range && done=$((done + 1))
case $KPATCH_PHASE in
patched) [ $done -eq 4 ] ;;
*) [ $done -gt 0 ] ;; # nothing of it may be in effect
esac
