// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "arch/toc.h"
#include "elf/object.h"

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace kpatch::review {

using Names = std::set<std::string, std::less<>>;

/// A function's name without what compilers append: `f.cold`, `f.part.0` and `f.isra.3`
/// are all pieces of `f`.
std::string_view plain_name(std::string_view symbol);

/// What the functions of an object refer to by name. Pieces count as their function.
class CallMap {
 public:
  explicit CallMap(const elf::Object& object);

  bool defines(std::string_view function) const { return direct_.contains(function); }

  /// The names that the function's own code refers to.
  const Names& direct(std::string_view function) const;

  /// Those and what the functions refer to that it calls and that only this unit can
  /// call. Whether the compiler inlines these does not matter then.
  Names reached(std::string_view function) const;

  /// Those and what all functions of the unit refer to that it calls, others' too.
  Names reached_in_unit(std::string_view function) const;

  /// Those whose code calls the function, if all who do are known: it is the unit's own
  /// and its address is handed to nobody.
  Names only_callers(std::string_view function) const;

  /// Whether the unit hands the function's address to somebody.
  bool has_taken_address(std::string_view function) const {
    return takers_.contains(function);
  }

  /// The functions of the unit whose address it hands to somebody.
  Names handed_out() const;

  /// The functions whose code takes its address.
  const Names& takers(std::string_view function) const;

  /// The functions that a callback section of kpatch-macros.h names.
  const Names& callbacks(std::string_view section) const;

 private:
  Names reached_through(std::string_view function, bool with_globals) const;
  void add_code(const elf::Object& object, const arch::TocFillers& toc,
                const elf::Section& section, std::string_view function);
  void add_data(const elf::Object& object, const elf::Section& section);

  std::map<std::string, Names, std::less<>> direct_;
  std::map<std::string, Names, std::less<>> callbacks_;
  Names local_;
  /// Of each function whose address is taken; those who do are unknown if it is data.
  std::map<std::string, Names, std::less<>> takers_;
};

} // namespace kpatch::review
