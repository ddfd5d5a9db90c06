// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace kpatch::kernel {

/// A kernel configuration (.config). Names carry their prefix: "CONFIG_LIVEPATCH".
class Config {
 public:
  Config() = default;

  /// Reads the text of a .config; throws Error naming `label` and the line.
  static Config parse(std::string_view text, std::string_view label);

  /// Whether the option is y or m.
  bool is_set(std::string_view name) const;
  /// The value without quotation marks; nothing if it is not set.
  std::optional<std::string> value(std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

} // namespace kpatch::kernel
