// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kpatch::patch {

/// A name that a macro puts together with ##, as pieces: a piece that the macro's user
/// gives is empty. "atomic_" "" for `#define OP(x) atomic_##x`.
using PastedName = std::vector<std::string_view>;

/// One definition, declaration or directive of a C file that is not preprocessed.
struct SourceItem {
  /// From its first to its last token, directives and comments between them included.
  std::string_view text;
  /// The names whose meaning comes from it.
  std::vector<std::string_view> defines;
  /// Arguments of a macro call that stands by itself (`DECLARE_PER_CPU(int, name);`):
  /// names made of them get their meaning from it.
  std::vector<std::string_view> defines_made_of;
  /// Of what a macro call stands for: words that went through another macro before they
  /// became a part of a name. That name is another one where such a word is a macro.
  std::vector<std::string_view> handed_on;
  /// All identifiers in it and in the conditions around it; sorted, each once.
  std::vector<std::string_view> mentions;
  /// Those of them that stand in parentheses, as what a macro is given does; sorted.
  std::vector<std::string_view> in_parentheses;
  std::vector<PastedName> pastes; ///< of a macro
  bool is_macro = false;
  bool is_macro_with_arguments = false;
  std::string_view calls; ///< the macro, if it is nothing but a call of one
  /// Makes code or data wherever the file is read, whether its names are used or not.
  bool emits = false;
  /// What it defines is unknown.
  bool is_unclear = false;
  bool is_guard = false; ///< is the macro that keeps the file from being read twice
  /// Is a macro that leaves nothing of its name: `#define PF_ANY(page) check(page)`.
  bool replaces = false;
  bool is_for_c_only = false; ///< stands below `#ifndef __ASSEMBLY__`
  /// The conditions that it stands below, those aside that are no question in C: the
  /// guard of the file and __ASSEMBLY__.
  std::vector<std::string> conditions;
  /// Equal for equal tokens in equal conditions.
  std::string identity;
  /// Of an enumeration: the constants that it has whenever the item is there.
  std::vector<std::string_view> sure_constants;
  /// Of an enumeration without conditions in it: its constants, with what tells their
  /// values.
  std::vector<std::pair<std::string_view, std::string>> constants;
};

/// The items of a file, in order. Views are into `text`.
std::vector<SourceItem> source_items(std::string_view text);

/// Whether an item of a header is there wherever another item of it is.
bool is_there_with(const SourceItem& item, const SourceItem& other);

/// What names of an item mean something else in the other one, if that is less than all
/// that they define: of an enumeration that gets more constants these alone.
std::optional<std::vector<std::string_view>> changed_names(const SourceItem& item,
                                                           const SourceItem& other);

/// An `#include` of a file.
struct Inclusion {
  std::string name;      ///< with its quotation marks or brackets
  std::string condition; ///< what it stands below, the guard of the file aside
  bool operator==(const Inclusion&) const = default;
};
std::vector<Inclusion> inclusions(std::string_view text);

} // namespace kpatch::patch
