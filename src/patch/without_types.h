// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace kpatch::patch {

/// The patched text of a header, but with the types ("struct file") as in the original,
/// and everything else so that needs what the patch adds to them or takes from them.
/// Nothing if the texts do not tell which part of the one is which of the other, or if a
/// type is not in both. That the result fits together is for the compiler to say.
std::optional<std::string> without_types(std::string_view original,
                                         std::string_view patched,
                                         const std::set<std::string>& types);

/// The members of a type ("struct file") that both texts declare, but not alike.
std::set<std::string> members_of_another_type(std::string_view original,
                                              std::string_view patched,
                                              const std::string& type);

/// Whether a definition that is not in both texts of a C file mentions one of the names.
bool changes_what_mentions(std::string_view original, std::string_view patched,
                           const std::set<std::string>& names);

} // namespace kpatch::patch
