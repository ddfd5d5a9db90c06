# SPDX-License-Identifier: GPL-2.0-or-later
events=/sys/kernel/tracing/events/task/task_rename
echo 1 >$events/enable
sh -c 'echo "K$KPATCH_PHASE" >/proc/self/comm'
echo 0 >$events/enable
grep -q "task_rename:.*K$KPATCH_PHASE" /sys/kernel/tracing/trace && dmesg | grep "tables: renamed to K$KPATCH_PHASE"
