// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "compile/unit_objects.h"
#include "kernel/type_layouts.h"

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace kpatch::produce {

/// The structures and unions that both texts of a C file define, differently, with their
/// keyword: "struct file".
std::set<std::string> types_defined_differently(std::string_view original,
                                                std::string_view patched);

/// Those that the patch changes, by file.
std::map<std::string, std::set<std::string>>
touched_types(const patch::PatchedView& view,
              std::span<const patch::TouchedFile> touched);

/// Whether a header that defines the type ("struct file") may have objects or pointers of
/// it in another type or in a variable. It has not where functions and macros alone name
/// it.
bool is_kept_in(std::string_view header, const std::string& type);

/// The name of the type and of the header's macros by which units may name it.
std::set<std::string> names_of_type(std::string_view header, const std::string& type);

/// A unit's types before and after, as far as they are among the wanted ones.
struct TypesOfUnit {
  kernel::TypeLayouts original;
  kernel::TypeLayouts patched;
};

/// Compiles both sides of the unit once more, with debug information.
TypesOfUnit types_of_unit(const compile::Workshop& shop, const patch::PatchedView& view,
                          const std::string& unit, const std::set<std::string>& wanted);

} // namespace kpatch::produce
