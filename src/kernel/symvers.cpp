// SPDX-License-Identifier: GPL-2.0-or-later
//
// Module.symvers has lines of tab-separated fields: CRC, symbol, exporting object, kind
// of export, namespace. Kernels before 5.4 had no namespace, some between had it in the
// third place, so the column of the object is found by looking for the first "vmlinux"
// instead of by counting.
#include "kernel/symvers.h"

#include "base/error.h"

#include <algorithm>
#include <vector>

namespace kpatch::kernel {

namespace {

constexpr std::size_t kSymbolColumn = 1;

std::vector<std::string_view> fields(std::string_view line) {
  std::vector<std::string_view> result;
  while (true) {
    const std::size_t tab = line.find('\t');
    result.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos)
      return result;
    line.remove_prefix(tab + 1);
  }
}

template <typename Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    if (!visit(text.substr(0, newline)) || newline == std::string_view::npos)
      return;
    text.remove_prefix(newline + 1);
  }
}

/// 0 if no line has one.
std::size_t object_column(std::string_view text) {
  std::size_t column = 0;
  for_each_line(text, [&](std::string_view line) {
    const std::vector<std::string_view> all = fields(line);
    for (std::size_t i = kSymbolColumn + 1; i < all.size() && column == 0; ++i)
      if (all[i].starts_with("vmlinux"))
        column = i;
    return column == 0;
  });
  return column;
}

std::string object_name(std::string_view path) {
  std::string name(path.substr(path.rfind('/') + 1));
  std::ranges::replace(name, '-', '_');
  return name;
}

/// What is neither the symbol, nor its object, nor the kind of export.
std::string_view namespace_field(const std::vector<std::string_view>& row,
                                 std::size_t object) {
  for (std::size_t i = kSymbolColumn + 1; i < row.size(); ++i)
    if (i != object && !row[i].starts_with("EXPORT_"))
      return row[i];
  return {};
}

} // namespace

Symvers Symvers::parse(std::string text, std::string_view label) {
  Symvers symvers;
  symvers.text_ = std::move(text);
  symvers.text_.reserve(64); // off the string object: the views below outlive moves
  const std::string_view all = symvers.text_;
  const std::size_t column = object_column(all);
  if (column == 0 && all.find_first_not_of(" \t\r\n") != std::string_view::npos)
    fail_with_remedy("It must be the Module.symvers of the kernel that is patched.",
                     "{}: Module.symvers: invalid format: no line names vmlinux", label);
  for_each_line(all, [&](std::string_view line) {
    const std::vector<std::string_view> row = fields(line);
    if (row.size() > column && !row[kSymbolColumn].empty() && !row[column].empty()) {
      const auto [place, is_first] = symvers.exporters_.try_emplace(
          row[kSymbolColumn],
          Export{object_name(row[column]), namespace_field(row, column)});
      place->second.twice |= !is_first;
    }
    return true;
  });
  return symvers;
}

std::string_view Symvers::exporter(std::string_view symbol) const {
  const auto found = exporters_.find(symbol);
  return found == exporters_.end() ? std::string_view() : found->second.object;
}

std::string_view Symvers::import_namespace(std::string_view symbol) const {
  const auto found = exporters_.find(symbol);
  return found == exporters_.end() ? std::string_view() : found->second.import_namespace;
}

bool Symvers::is_ambiguous(std::string_view symbol) const {
  const auto found = exporters_.find(symbol);
  return found != exporters_.end() && found->second.twice;
}

} // namespace kpatch::kernel
