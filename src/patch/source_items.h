// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kpatch::patch {

/// A name that a macro puts together with ##, as pieces: a piece that the macro's user
/// gives is empty. "atomic_" "" for `#define OP(x) atomic_##x`.
using PastedName = std::vector<std::string_view>;

/// One definition, declaration or directive of a C file that is not preprocessed.
struct SourceItem {
  /// The names whose meaning comes from it.
  std::vector<std::string_view> defines;
  /// Arguments of a macro call that stands by itself (`DECLARE_PER_CPU(int, name);`):
  /// names made of them get their meaning from it.
  std::vector<std::string_view> defines_made_of;
  /// All identifiers in it and in the conditions around it; sorted, each once.
  std::vector<std::string_view> mentions;
  std::vector<PastedName> pastes; ///< of a macro
  bool is_macro = false;
  bool is_macro_with_arguments = false;
  std::string_view calls; ///< the macro, if it is nothing but a call of one
  /// Makes code or data wherever the file is read, whether its names are used or not.
  bool emits = false;
  /// What it defines is unknown.
  bool is_unclear = false;
  std::string identity; ///< equal for equal tokens in equal conditions
};

/// The items of a file, in order. Views are into `text`.
std::vector<SourceItem> source_items(std::string_view text);

/// The names in `#include` lines of the file; with their quotation marks or brackets.
std::vector<std::string> include_names(std::string_view text);

} // namespace kpatch::patch
