// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "image/name_chains.h"

#include <string>
#include <string_view>
#include <vector>

namespace kpatch::image {

/// Which object exports which symbol, from Module.symvers.
class Symvers {
 public:
  Symvers() = default;

  /// Throws Error naming `label` if the text is not empty and has no module column.
  static Symvers parse(std::string text, std::string_view label);

  /// Name of the exporting object ("vmlinux" or a module with '-' turned to '_'); empty
  /// if the symbol is not exported.
  std::string exporter(std::string_view symbol) const;

  /// The namespace that a module must import to use the symbol; mostly empty.
  std::string_view import_namespace(std::string_view symbol) const;

  /// Whether the table has the symbol twice, so that nobody knows which one is meant.
  bool is_ambiguous(std::string_view symbol) const;

  std::size_t size() const { return exports_.size(); }

 private:
  /// A line of the table.
  struct Export {
    std::string_view symbol;
    std::string_view object; ///< as it stands there: a path
    std::string_view import_namespace;
  };
  const Export* find(std::string_view symbol) const;

  std::string text_;
  std::vector<Export> exports_;
  NameChains chains_;
};

} // namespace kpatch::image
