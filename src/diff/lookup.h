// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/context.h"

#include <optional>
#include <string>

namespace kpatch::diff {

/// Where the running kernel has a symbol.
struct Found {
  std::string object;        ///< that owns it: "vmlinux" or a module
  std::uint64_t address = 0; ///< 0 if only its exporter is known
  std::uint64_t size = 0;
  /// Position among the symbols of that name in its object as the kernel counts them; 0:
  /// it is the only one (kernel/livepatch/core.c, klp_find_object_symbol).
  std::uint64_t sympos = 0;
  bool is_global = false;
  bool is_exported = false;
};

/// Whether the module loader gives the symbol to any module. Exports for named modules
/// (EXPORT_SYMBOL_FOR_MODULES, namespace "module:kvm-intel,kvm-amd") it gives to those
/// alone; livepatch relocations reach them all the same.
bool is_linkable(const image::Symvers& symvers, std::string_view symbol);

/// What a lookup needs of an object's symbol.
struct Wanted {
  std::string_view name;
  SymbolId file = kNoSymbol; ///< FILE symbol of the original that it stands under
  bool is_local = false;     ///< defined as a local by the object itself
};

/// Finds a symbol among the locals of its own unit in the parent, then among the parent's
/// globals, then among all exported symbols; nothing if it is none of these, or if the
/// patch has its own copy. Throws Error where this stays open.
std::optional<Found> look_up(const Inputs& inputs,
                             const std::unordered_map<SymbolId, FileTie>& ties,
                             const Wanted& wanted);
std::optional<Found> look_up(const Context& context, const Side& side, SymbolId id);

} // namespace kpatch::diff
