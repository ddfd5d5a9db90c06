// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace kpatch {

/// Why something cannot be patched: data, not an exception, so that a run can report all
/// problems of all objects. Each code has a section in docs/problems.md.
struct Problem {
  std::string code;    ///< stable: "KP1002"
  std::string object;  ///< the unit, object or file it is about: "fs/proc/meminfo.o"
  std::string symbol;  ///< the function, variable or section; may be empty
  std::string message; ///< one sentence
  std::string remedy;  ///< what to do about it, one sentence
  std::string type{};  ///< "struct file", if the change of this type is what is wrong

  bool operator==(const Problem&) const = default;
};

} // namespace kpatch
