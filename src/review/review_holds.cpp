// SPDX-License-Identifier: GPL-2.0-or-later
//
// While a patch comes and goes, and for everything that lasts longer than one call, old
// and new code work on the same objects. A reference that the patched function takes and
// leaves to another to drop is one that nobody took for objects from before; the other
// way round it is dropped twice. The same holds for locks. A function that takes and
// drops within itself is safe whatever it did before, so what counts is a function that
// comes to be uneven, or uneven in another way.
#include "base/error.h"
#include "review/review_rules.h"

#include <algorithm>
#include <array>
#include <span>

namespace kpatch::review {

namespace {

/// Functions that take something and those that drop it; a name ending in '*' stands for
/// all that begin so.
struct Hold {
  std::string_view what;
  std::array<std::string_view, 6> takes;
  std::array<std::string_view, 4> drops;
};
constexpr std::array<Hold, 19> kHolds = {
    {{"spinlock", {"_raw_spin_lock*", "_raw_spin_trylock*"}, {"_raw_spin_unlock*"}},
     {"reading lock", {"_raw_read_lock*", "_raw_read_trylock*"}, {"_raw_read_unlock*"}},
     {"writing lock",
      {"_raw_write_lock*", "_raw_write_trylock*"},
      {"_raw_write_unlock*"}},
     {"mutex", {"mutex_lock*", "mutex_trylock"}, {"mutex_unlock"}},
     {"semaphore for reading", {"down_read*"}, {"up_read"}},
     {"semaphore for writing",
      {"down_write*", "down_write_trylock"},
      {"up_write", "downgrade_write"}},
     {"socket lock", {"lock_sock_nested", "__lock_sock_fast"}, {"release_sock"}},
     {"RTNL lock", {"rtnl_lock", "rtnl_lock_killable", "rtnl_trylock"}, {"rtnl_unlock"}},
     {"SRCU section", {"__srcu_read_lock"}, {"__srcu_read_unlock"}},
     {"reference to a device",
      {"get_device", "bus_find_device", "class_find_device", "device_find_child",
       "driver_find_device"},
      {"put_device", "device_unregister"}},
     {"reference to a kobject", {"kobject_get*", "kobject_init*"}, {"kobject_put"}},
     {"reference to a file",
      {"fget*", "__fdget*", "fdget*", "anon_inode_getfile"},
      {"fput*", "__fput*", "filp_close"}},
     {"reference to a dentry", {"dget*", "lookup_one*", "d_*"}, {"dput*"}},
     {"reference to an inode",
      {"igrab", "ihold", "iget*", "ilookup*", "new_inode*"},
      {"iput", "discard_new_inode"}},
     {"reference to a mount", {"mntget", "lookup_mnt"}, {"mntput*"}},
     {"reference to a path", {"path_get", "kern_path*", "user_path*"}, {"path_put"}},
     {"reference to a module",
      {"try_module_get", "__module_get", "__request_module"},
      {"module_put", "__module_put*"}},
     {"runtime power reference",
      {"__pm_runtime_resume", "pm_runtime_get*"},
      {"__pm_runtime_idle", "__pm_runtime_suspend", "pm_runtime_put*"}},
     {"refusal to sleep", {"pm_stay_awake"}, {"pm_relax"}}}};

bool is_named(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*'))
    return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return !pattern.empty() && name == pattern;
}

bool has_any(const Names& names, std::span<const std::string_view> patterns) {
  return std::ranges::any_of(names, [&](const std::string& name) {
    return std::ranges::any_of(
        patterns, [&](std::string_view pattern) { return is_named(pattern, name); });
  });
}

/// What a function does to a hold.
struct Balance {
  bool takes;
  bool drops;

  bool is_uneven() const { return takes != drops; }
  bool operator==(const Balance&) const = default;
};

Balance balance_of(const Names& names, const Hold& hold) {
  return {has_any(names, hold.takes), has_any(names, hold.drops)};
}

std::string_view verb(const Balance& balance) {
  if (balance.is_uneven())
    return balance.takes ? "only takes" : "only drops";
  return balance.takes ? "takes and drops" : "neither takes nor drops";
}

/// The hold passes from hand to hand in a way that it did not before. A function that was
/// uneven and takes and drops now has been mended.
bool is_hazard(const Balance& original, const Balance& patched) {
  return original != patched && (patched.is_uneven() || !patched.takes) &&
         (patched.is_uneven() || original.is_uneven());
}

/// A reference that is taken for an object goes with it: dropping the last reference to
/// that object drops this one too, in code that need not be part of the patch.
bool may_go_with_another(const Hold& hold, const Names& before, const Names& after) {
  return hold.what.starts_with("reference") &&
         std::ranges::any_of(after, [&](const std::string& name) {
           return name.ends_with("_put") && !before.contains(name);
         });
}

/// Whether one of the functions has lost what another gains, or gained what it loses.
bool is_exchanged(const UnitView& unit, const Names& functions,
                  std::span<const std::string_view> patterns, bool other_gains) {
  const CallMap& with = other_gains ? unit.original : unit.patched;
  const CallMap& without = other_gains ? unit.patched : unit.original;
  return std::ranges::any_of(functions, [&](const std::string& function) {
    return has_any(with.direct(function), patterns) &&
           !has_any(without.direct(function), patterns);
  });
}

/// What the function takes or drops otherwise than before was done by its caller or for
/// it: all callers take and drop on the whole what they did, and another function there
/// has changed the other way round.
bool is_moved_within_callers(const UnitView& unit, const std::string& function,
                             const Hold& hold) {
  const Balance original = balance_of(unit.original.reached(function), hold);
  const Balance patched = balance_of(unit.patched.reached(function), hold);
  const Names callers = unit.patched.only_callers(function);
  const auto is_even = [&](const std::string& caller) {
    Names there = unit.original.reached(caller);
    there.merge(unit.patched.reached(caller));
    there.insert(caller);
    there.erase(function);
    return unit.original.defines(caller) &&
           balance_of(unit.original.reached(caller), hold) ==
               balance_of(unit.patched.reached(caller), hold) &&
           (original.takes == patched.takes ||
            is_exchanged(unit, there, hold.takes, patched.takes)) &&
           (original.drops == patched.drops ||
            is_exchanged(unit, there, hold.drops, patched.drops));
  };
  return !callers.empty() && std::ranges::all_of(callers, is_even);
}

Problem uneven(const UnitView& unit, const std::string& function, const Hold& hold,
               const Balance& original, const Balance& patched) {
  return {.code = "KP4003",
          .object = unit.label(),
          .symbol = function,
          .message = fmt::format("it {} a {} where the original {} it: original and "
                                 "patched code do not agree about objects in use",
                                 verb(patched), hold.what, verb(original)),
          .remedy = "take and drop within one function, or note in a shadow variable "
                    "which objects were taken by patched code"};
}

} // namespace

std::vector<Problem> find_uneven_holds(const PatchView& patch) {
  std::vector<Problem> findings;
  for (const UnitView& unit : patch)
    for (const std::string& function : unit.unit.replaced) {
      const Names before = unit.original.reached(function);
      const Names after = unit.patched.reached(function);
      for (const Hold& hold : kHolds) {
        const Balance original = balance_of(before, hold);
        const Balance patched = balance_of(after, hold);
        const bool only_takes_more = patched.takes && !original.drops;
        if (is_hazard(original, patched) &&
            !(only_takes_more && may_go_with_another(hold, before, after)) &&
            !is_moved_within_callers(unit, function, hold))
          findings.push_back(uneven(unit, function, hold, original, patched));
      }
    }
  return findings;
}

} // namespace kpatch::review
