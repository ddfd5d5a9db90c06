// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"
#include "patch/include_index.h"

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace kpatch::patch {

/// The functions of a set that the text may define: by name, or by a macro that is given
/// a part of the name (`SYSCALL_DEFINE1(close, ...)` makes `__do_sys_close`).
struct Definitions {
  std::set<std::string> by_name{};
  std::set<std::string> by_macro{};
};
Definitions definitions_in(std::string_view text, const std::set<std::string>& functions);

/// For each of the functions the units of an owner whose source may define it: those that
/// do so themselves; if there is none, those that include a file that does and those with
/// a macro that may; if there is none either, those that include a file with such a
/// macro. May be too many, and empty for what assembly or generated sources define.
std::map<std::string, std::set<std::string>>
units_defining(const kernel::Target& target, const IncludeIndex& includes,
               std::string_view owner, const std::set<std::string>& functions,
               unsigned jobs);

/// Those of the units whose own text has the function's name: who has an inline function
/// of a header that many include.
std::set<std::string> units_naming(const kernel::Target& target,
                                   const std::set<std::string>& units,
                                   const std::string& function);

} // namespace kpatch::patch
