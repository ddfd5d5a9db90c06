// SPDX-License-Identifier: GPL-2.0-or-later
//
// Module.symvers has lines of tab-separated fields: CRC, symbol, exporting object, kind
// of export, namespace. Kernels before 5.4 had no namespace, some between had it in the
// third place, so the column of the object is found by looking for the first "vmlinux"
// instead of by counting.
#include "image/symvers.h"

#include "base/error.h"
#include "base/module_name.h"
#include "base/text.h"

#include <algorithm>
#include <array>

namespace kpatch::image {

namespace {

constexpr std::size_t kSymbolColumn = 1;

/// The fields of one line; more than any layout has are not needed.
struct Fields {
  std::array<std::string_view, 8> all;
  std::size_t count = 0;
  std::string_view operator[](std::size_t i) const { return all[i]; }
};

void split(std::string_view line, Fields& row) {
  row.count = 0;
  while (row.count < row.all.size()) {
    const std::size_t tab = line.find('\t');
    row.all[row.count++] = line.substr(0, tab);
    if (tab == std::string_view::npos)
      return;
    line.remove_prefix(tab + 1);
  }
}

template <typename Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty() && visit(take_line(text)))
    ;
}

/// 0 if no line has one.
std::size_t object_column(std::string_view text) {
  std::size_t column = 0;
  Fields row;
  for_each_line(text, [&](std::string_view line) {
    split(line, row);
    for (std::size_t i = kSymbolColumn + 1; i < row.count && column == 0; ++i)
      if (row[i].starts_with(kVmlinux))
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
std::string_view namespace_field(const Fields& row, std::size_t object) {
  for (std::size_t i = kSymbolColumn + 1; i < row.count; ++i)
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
  Fields row;
  for_each_line(all, [&](std::string_view line) {
    split(line, row);
    if (row.count > column && !row[kSymbolColumn].empty() && !row[column].empty())
      symvers.exports_.push_back(
          {row[kSymbolColumn], row[column], namespace_field(row, column)});
    return true;
  });
  symvers.chains_.build(static_cast<std::uint32_t>(symvers.exports_.size()),
                        [&](std::uint32_t id) { return symvers.exports_[id].symbol; });
  return symvers;
}

const Symvers::Export* Symvers::find(std::string_view symbol) const {
  if (!chains_.is_built())
    return nullptr;
  for (auto id = chains_.first(symbol); id != NameChains::kEnd; id = chains_.next(id))
    if (exports_[id].symbol == symbol)
      return &exports_[id];
  return nullptr;
}

std::string Symvers::exporter(std::string_view symbol) const {
  const Export* found = find(symbol);
  return found ? object_name(found->object) : std::string();
}

std::string_view Symvers::import_namespace(std::string_view symbol) const {
  const Export* found = find(symbol);
  return found ? found->import_namespace : std::string_view();
}

bool Symvers::is_ambiguous(std::string_view symbol) const {
  if (!chains_.is_built())
    return false;
  unsigned count = 0;
  for (auto id = chains_.first(symbol); id != NameChains::kEnd; id = chains_.next(id))
    count += exports_[id].symbol == symbol;
  return count > 1;
}

} // namespace kpatch::image
