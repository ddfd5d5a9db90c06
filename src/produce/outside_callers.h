// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "arch/arch.h"
#include "elf/object.h"
#include "image/image.h"
#include "kernel/target.h"
#include "produce/object_pair.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::produce {

/// A function of a kernel or module that calls another, by all names that it has there.
struct Caller {
  std::string owner;
  std::set<std::string> names;
};

/// Who calls a function in all that was shipped, as far as these can be patched.
struct Callers {
  std::vector<Caller> functions;
  std::string obstacle; ///< why they cannot all be; empty: they can
  bool is_exported = false;
};

/// What there is of the callers of one function in one image. `leave_init` says that init
/// and exit code of modules may go on calling the old one.
struct ImageSearch {
  const image::Image& image;
  const arch::Arch& arch;
  std::string owner;
  bool leave_init = false;
};
void add_callers(const ImageSearch& search, std::uint64_t function, Callers& callers);

/// What callers are looked for with.
struct CallerSearch {
  const kernel::Target& target;
  PairDiffer& differ;
  InitChanges init_changes;
  /// Gives the modules that use an export.
  std::function<std::set<std::string>(const std::string& symbol)> importers_of;
  unsigned jobs = 1;
};

/// Looks for them in the owner's image and, if the function is exported, in those of the
/// modules that use it. Throws Error for a module file that is damaged.
Callers find_callers(const CallerSearch& search, const std::string& owner,
                     const std::string& function);

/// The functions of an object whose code refers to a global one, and those that lie in
/// the same section.
std::set<std::string> users_in(const elf::Object& object, std::string_view function);

/// The same of an object file, which is only taken apart if the name stands in it.
std::set<std::string> users_in(const std::filesystem::path& object,
                               std::string_view function);

/// Whether a symbol of an object file may have the name: its string table has the text.
bool may_name(const Bytes& object, std::string_view name);

} // namespace kpatch::produce
