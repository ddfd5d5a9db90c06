// SPDX-License-Identifier: GPL-2.0-or-later
//
// A .config is read as Kconfig itself reads it: "NAME=value" lines count, everything else
// must be empty or a comment ("# NAME is not set" is one).
#include "kernel/config.h"

#include "base/error.h"
#include "base/text.h"

namespace kpatch::kernel {

namespace {

std::string unquoted(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"')
    return std::string(value);
  value = value.substr(1, value.size() - 2);
  std::string plain;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size())
      ++i;
    plain += value[i];
  }
  return plain;
}

} // namespace

Config Config::parse(std::string_view text, std::string_view label) {
  Config config;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::string_view content = take_line(text);
    if (content.empty() || content.front() == '#')
      continue;
    const std::size_t equals = content.find('=');
    if (!content.starts_with("CONFIG_") || equals == std::string_view::npos)
      fail("{}:{}: '{}' is not a configuration line", label, line, content.substr(0, 60));
    config.values_.insert_or_assign(std::string(content.substr(0, equals)),
                                    unquoted(content.substr(equals + 1)));
  }
  return config;
}

bool Config::is_set(std::string_view name) const {
  const auto found = values_.find(name);
  return found != values_.end() && (found->second == "y" || found->second == "m");
}

std::optional<std::string> Config::value(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

} // namespace kpatch::kernel
