// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/patch_note.h"

#include "base/endian.h"

#include <algorithm>
#include <array>

namespace kpatch::elf {

namespace {

/// Elf64_Nhdr: sizes of owner and content, and the type; both are padded to four bytes.
constexpr std::size_t kHeaderSize = 12;
constexpr std::size_t kContentSizeAt = 4, kTypeAt = 8;
constexpr std::uint32_t kType = 1;
constexpr std::array<std::uint8_t, 8> kOwner = {'k', 'p', 'a', 't', 'c', 'h', 0, 0};
constexpr std::uint32_t kOwnerSize = 7; // with its NUL, without padding

constexpr std::size_t padded(std::size_t size) {
  return (size + 3) / 4 * 4;
}

} // namespace

Bytes info_strings(const ModuleInfo& info) {
  Bytes data;
  for (const auto& [key, value] : info) {
    const std::string entry = key + '=' + value;
    data.insert(data.end(), entry.begin(), entry.end());
    data.push_back(0);
  }
  return data;
}

ModuleInfo parse_info_strings(std::span<const std::uint8_t> data) {
  ModuleInfo info;
  while (!data.empty()) {
    const auto end = std::ranges::find(data, 0);
    const std::string entry(data.begin(), end);
    data = data.subspan(std::min(entry.size() + 1, data.size()));
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos)
      info.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return info;
}

std::vector<std::string> info_values(const ModuleInfo& info, std::string_view key) {
  std::vector<std::string> values;
  for (const auto& [name, value] : info)
    if (name == key)
      values.push_back(value);
  return values;
}

Bytes make_patch_note(const ModuleInfo& info, std::endian order) {
  const Bytes content = info_strings(info);
  Bytes note(kHeaderSize);
  store<std::uint32_t>(note, 0, kOwnerSize, order);
  store<std::uint32_t>(note, kContentSizeAt, static_cast<std::uint32_t>(content.size()),
                       order);
  store<std::uint32_t>(note, kTypeAt, kType, order);
  note.insert(note.end(), kOwner.begin(), kOwner.end());
  note.insert(note.end(), content.begin(), content.end());
  note.resize(padded(note.size()));
  return note;
}

ModuleInfo parse_patch_note(std::span<const std::uint8_t> note, std::endian order) {
  constexpr std::size_t kContentAt = kHeaderSize + kOwner.size();
  if (note.size() < kContentAt || load<std::uint32_t>(note, 0, order) != kOwnerSize ||
      load<std::uint32_t>(note, kTypeAt, order) != kType ||
      !std::ranges::equal(note.subspan(kHeaderSize, kOwner.size()), kOwner))
    return {};
  const std::size_t size = load<std::uint32_t>(note, kContentSizeAt, order);
  if (size > note.size() - kContentAt)
    return {};
  return parse_info_strings(note.subspan(kContentAt, size));
}

} // namespace kpatch::elf
