// SPDX-License-Identifier: GPL-2.0-or-later
//
// The two ends of the conversation with the guest. It reports over a port of its own,
// which no check script reaches by accident; a random token at the start of each line
// proves its origin. The kernel's messages come at the end, whole, from its own buffer:
// the console shows only the urgent ones, which keeps booting fast, and is what is left
// to look at when the guest dies.
#include "rehearse/guest.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace kpatch::rehearse {

namespace {

constexpr std::string_view kInit = R"guest(#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t tmpfs tmpfs /tmp
ip link set lo up
. /rehearsal/settings
stty -F "$REPORT" 115200 raw -echo
exec 3>"$REPORT"

# In nanoseconds by the monotonic clock, from kernel/time/timer_list.c ("now at N nsecs" in
# one of the first lines). /proc/uptime is among what patches are tried on.
now() {
  while read -r word at nanoseconds rest; do
    if [ "$word $at" = "now at" ]; then
      echo "$nanoseconds"
      return
    fi
  done </proc/timer_list
}
record() { echo "$TOKEN $*" >&3; }

# step ACTION SUBJECT COMMAND...
step() {
  record begin "$cycle" "$1" "$2" "$(now)"
  shift 2
  "$@" </dev/null >/tmp/.said 2>&1 3>&-
  status=$?
  record end "$status" "$(now)"
  sed "s/^/$TOKEN said /" /tmp/.said >&3
  return "$status"
}

# check PHASE: without a script nothing is expected of it
check() {
  export KPATCH_PHASE="$1"
  step "check-$1" check sh /rehearsal/check
}
check_fails() { [ ! -e /rehearsal/check ] || ! check "$1"; }
check_succeeds() { [ ! -e /rehearsal/check ] || check "$1"; }

load_modules() {
  while read -r file name need; do
    if [ "$need" = optional ]; then
      insmod "/rehearsal/modules/$file" 2>/dev/null
    else
      step module "$name" insmod "/rehearsal/modules/$file" || [ -n "$EACH" ] ||
        grep -q 'No such device' /tmp/.said || return 1
    fi
  done </rehearsal/modules.order
}

# run_cycle ORDER REVERSE: the patches that these files name
run_cycle() {
  cycle=$((cycle + 1))
  export KPATCH_MODULES="$(echo $(cut -d ' ' -f 2 "$1"))"
  check_fails before || return 1
  while read -r file name; do
    step load "$name" kpatch load "/rehearsal/patches/$file" || return 1
  done <"$1"
  if [ -n "$LATE" ]; then
    load_modules || return 1
    LATE=
  fi
  check_succeeds patched
  held=$?
  while read -r name; do
    step unload "$name" kpatch unload "$name" || return 1
  done <"$2"
  check_fails after || return 1
  return "$held"
}

# One patch that fails says nothing about the next.
run_each() {
  while read -r file name <&4; do
    echo "$file $name" >/tmp/.order
    echo "$name" >/tmp/.reverse
    echo "$MARK: $name" >/dev/kmsg
    run_cycle /tmp/.order /tmp/.reverse
  done 4</rehearsal/patches.order
}

# Each patch in the place of the one before, and back the way it came.
run_upgrade() {
  cycle=$((cycle + 1))
  export KPATCH_MODULES="$(echo $(cut -d ' ' -f 2 /rehearsal/patches.order))"
  check_fails before || return 1
  held=0
  while read -r file name <&4; do
    export KPATCH_MODULES="$name"
    step upgrade "$name" kpatch upgrade "/rehearsal/patches/$file" || return 1
    check_succeeds patched || held=1
  done 4</rehearsal/patches.order
  while read -r name older <&4; do
    if [ -n "$older" ]; then
      step rollback "$name" kpatch rollback || return 1
      export KPATCH_MODULES="$older"
      check_succeeds patched || held=1
    else
      step unload "$name" kpatch unload "$name" || return 1
    fi
  done 4</rehearsal/patches.back
  rm -rf /var/lib/kpatch # the next cycle finds nothing installed
  check_fails after || return 1
  return "$held"
}

rehearse() {
  if [ -n "$UPGRADE" ]; then
    run_upgrade
  elif [ -n "$EACH" ]; then
    run_each
  else
    run_cycle /rehearsal/patches.order /rehearsal/patches.reverse
  fi
}

cycle=0
round=0
export KPATCH_VERIFY=no # the host has seen to it
record boot "$(now)"
if [ -n "$LATE" ] || load_modules; then
  echo "$MARK" >/dev/kmsg
  record taint-before "$(cat /proc/sys/kernel/tainted)"
  while [ "$round" -lt "$CYCLES" ]; do
    round=$((round + 1))
    rehearse || break
  done
  record taint-after "$(cat /proc/sys/kernel/tainted)"
fi
dmesg | sed "s/^/$TOKEN log /" >&3
record complete
# Closing waits until all is sent; powering off would not.
exec 3>&-
# Ends the machine even where nothing can switch it off: it was told not to start again.
reboot -f
)guest";

/// Takes the first word off the text.
std::string_view take_word(std::string_view& text) {
  return take_until(text, ' ');
}

template <typename Number>
Number to_number(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

double to_seconds(std::string_view nanoseconds) {
  return static_cast<double>(to_number<std::uint64_t>(nanoseconds)) * 1e-9;
}

void take_record(GuestRecord& record, std::string_view line, double& begun) {
  const std::string_view kind = take_word(line);
  GuestStep* last = record.steps.empty() ? nullptr : &record.steps.back();
  if (kind == "boot") {
    record.booted = true;
    record.boot_seconds = to_seconds(line);
  } else if (kind == "begin") {
    GuestStep step;
    step.cycle = to_number<unsigned>(take_word(line));
    step.action = take_word(line);
    step.subject = take_word(line);
    begun = to_seconds(line);
    record.steps.push_back(step);
  } else if (kind == "end" && last) {
    last->status = to_number<int>(take_word(line));
    last->seconds = to_seconds(line) - begun;
  } else if (kind == "said" && last) {
    last->said.emplace_back(line);
  } else if (kind == "log") {
    record.log.emplace_back(line);
  } else if (kind == "taint-before") {
    record.taint_before = to_number<unsigned long>(line);
  } else if (kind == "taint-after") {
    record.taint_after = to_number<unsigned long>(line);
  } else if (kind == "complete") {
    record.complete = true;
  }
}

} // namespace

bool GuestStep::is_without_hardware() const {
  return action == "module" && status.value_or(0) != 0 &&
         std::ranges::any_of(said, [](const std::string& line) {
           return line.find("No such device") != std::string::npos;
         });
}

std::string_view guest_init() {
  return kInit;
}

GuestRecord parse_guest_record(std::string_view text, std::string_view token) {
  GuestRecord record;
  double begun = 0;
  for (std::string_view line : lines_of(text)) {
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (take_word(line) == token)
      take_record(record, line, begun);
  }
  return record;
}

std::string log_mark(std::string_view token) {
  return fmt::format("kpatch rehearsal {} begins", token);
}

} // namespace kpatch::rehearse
