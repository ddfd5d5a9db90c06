// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/lookup.h"
#include "klp/intermediate.h"

#include <optional>
#include <vector>

namespace kpatch::klp {

/// What to do where new code refers to what the running kernel does not have.
inline constexpr const char* kMissingSymbolRemedy =
    "the running kernel has it only inlined, or not at all: change a function that does "
    "not refer to it, or give the patch a copy of it under another name";

/// Looks symbols of a delta's object up in the running kernel, each once.
class Resolver {
 public:
  explicit Resolver(const diff::Delta& delta)
      : delta_(delta), known_(delta.symbols.size()) {}

  const std::optional<diff::Found>& find(elf::SymbolId id);

 private:
  struct Entry {
    bool is_known = false;
    std::optional<diff::Found> found;
  };
  const diff::Delta& delta_;
  std::vector<Entry> known_;
};

/// Marks, by section id and position, the relocations that only the running kernel can
/// fill in. Throws Error for a reference whose target cannot be established.
std::vector<std::vector<bool>> choose_livepatch_relocations(const diff::Delta& delta,
                                                            Resolver& resolver);

} // namespace kpatch::klp
