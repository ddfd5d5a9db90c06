// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/error.h"
#include "diff/context.h"

#include <optional>

namespace kpatch::diff {

/// A function that the patch replaces or adds.
struct FunctionChange {
  std::string name;
  Status status = Status::kChanged; ///< kChanged or kNew
  std::string because;              ///< why it is part of the patch
  /// Where its first changed instruction comes from, with Inputs::explain.
  std::optional<dwarf::CodePlace> changed_at = {};
};

/// A variable or a section that travels with the patch.
struct Inclusion {
  std::string name;
  std::string because;
};

/// What a Delta knows of each symbol of its object.
struct DeltaSymbol {
  Status status = Status::kSame;
  bool has_parent = false; ///< a .cold or .part piece of another function
  bool has_ftrace_entry = false;
  bool became_global = false;
  SymbolId file = kNoSymbol; ///< key into Delta::ties
  Reason reason;             ///< `from` is an id of Delta::object
};

/// The difference between two objects, as far as it matters to a running kernel.
struct Delta {
  Inputs inputs;
  const arch::Arch* arch = nullptr;
  elf::Object object;               ///< what travels with the patch and nothing else
  std::vector<DeltaSymbol> symbols; ///< beside object.symbols
  std::unordered_map<SymbolId, FileTie> ties;
  std::vector<std::string> import_namespaces;
  std::vector<std::string> words; ///< names of those in kDataWords, in order
  bool has_patchable_entries = false;
  bool patchable_entries_link_order = false;
};

/// What a diff came to. `notes` are for the user, in order; `delta` exists on success
/// only.
struct Result {
  Exit exit = Exit::kSuccess;
  std::vector<Note> notes;
  std::vector<FunctionChange> functions; ///< in symbol order, also when refused
  std::vector<Inclusion> inclusions;     ///< with Inputs::explain, in section order
  std::vector<Problem> problems;
  std::optional<Delta> delta;
  /// The objects have no debug information, and with some the answer might be a better
  /// one: a number may be a line, or there is more to tell about data.
  bool wants_debug_info = false;
  /// Sections of many functions or variables that differ and could not be cut up: the
  /// answer might be a better one if each had been assembled in a section of its own.
  std::vector<std::string> whole_sections;
  std::vector<std::string> left_out = {}; ///< of Inputs::left_out, what changes here
  /// Functions that are refused for nothing but that other objects may call them. With
  /// these functions among Inputs::own_copies of all units, they are not.
  std::vector<std::string> needs_callers = {};
};

/// Compares two objects of one unit. Throws Error for input that is malformed or that
/// makes a comparison meaningless; what merely cannot be patched comes back as problems,
/// all of them.
Result compare(elf::Object original, elf::Object patched, const Inputs& inputs);

} // namespace kpatch::diff
