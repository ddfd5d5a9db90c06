// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

namespace kpatch::kernel {

/// Which object exports which symbol, from Module.symvers.
class Symvers {
 public:
  Symvers() = default;

  /// Throws Error naming `label` if the text is not empty and has no module column.
  static Symvers parse(std::string text, std::string_view label);

  /// Name of the exporting object ("vmlinux" or a module with '-' turned to '_'); empty
  /// if the symbol is not exported.
  std::string_view exporter(std::string_view symbol) const;

  /// The namespace that a module must import to use the symbol; mostly empty.
  std::string_view import_namespace(std::string_view symbol) const;

  /// Whether the table has the symbol twice, so that nobody knows which one is meant.
  bool is_ambiguous(std::string_view symbol) const;

  std::size_t size() const { return exporters_.size(); }

 private:
  struct Export {
    std::string object;
    std::string_view import_namespace;
    bool twice = false;
  };
  std::string text_;
  std::unordered_map<std::string_view, Export> exporters_;
};

} // namespace kpatch::kernel
