// SPDX-License-Identifier: GPL-2.0-or-later
//
// The stripped vmlinux inside a vmlinuz has no symbol table, but the kernel carries its
// own: kallsyms, made by scripts/kallsyms.c. No symbol says where its parts are, so they
// are found by what they must look like. Their order changed over time:
//
//   to 6.3    offsets relative_base num_syms names markers [seqs] token_table token_index
//   since 6.4 num_syms names markers token_table token_index offsets relative_base seqs
//
// (absolute: `addresses` in the place of `offsets relative_base`; `seqs`, the order by
// name, came with 6.2 and was backported.) What never changed: token_index follows
// token_table, names follow num_syms, markers follow names, and every part begins at a
// multiple of eight. So those are found first, and then the addresses on either side.
//
// A name is a sequence of tokens, the first of which begins with the type letter; its
// length is ULEB128 since 6.1, and a byte below 128 before.
#include "image/kallsyms.h"

#include "base/endian.h"

#include <algorithm>
#include <array>
#include <limits>

namespace kpatch::image {

namespace {

using View = std::span<const std::uint8_t>;

constexpr std::uint64_t kAlignment = 8;
constexpr std::size_t kTokens = 256;
constexpr std::size_t kNamesPerMarker = 256;
constexpr std::uint32_t kMostSymbols = 1U << 24;
constexpr std::size_t kLongestName = 1024; ///< KSYM_NAME_LEN is 512

std::uint64_t aligned(std::uint64_t offset) {
  return (offset + kAlignment - 1) & ~(kAlignment - 1);
}

/// Reads that say "no" instead of throwing: most places that are tried are not the one.
struct Reader {
  View data;
  std::endian order;

  template <typename T>
  std::optional<T> at(std::uint64_t offset) const {
    if (offset > data.size() || data.size() - offset < sizeof(T))
      return std::nullopt;
    return load<T>(data, offset, order);
  }
  bool is_zero(std::uint64_t begin, std::uint64_t end) const {
    return begin <= end && end <= data.size() &&
           std::ranges::all_of(data.subspan(begin, end - begin),
                               [](std::uint8_t byte) { return byte == 0; });
  }
};

struct Tokens {
  std::uint64_t table = 0;
  std::uint64_t end = 0; ///< of the index
  std::array<std::string_view, kTokens> text;
};

/// Fills in the tokens if a table at `begin` fits the index.
bool read_tokens(const Reader& reader, std::uint64_t begin, std::uint64_t index,
                 Tokens& tokens) {
  std::uint64_t at = begin;
  for (std::size_t i = 0; i < kTokens; ++i) {
    if (*reader.at<std::uint16_t>(index + 2 * i) != at - begin || at >= index)
      return false;
    const View rest = reader.data.subspan(at, index - at);
    const auto end = std::ranges::find(rest, std::uint8_t{0});
    if (end == rest.end())
      return false;
    const std::size_t length = static_cast<std::size_t>(end - rest.begin());
    tokens.text[i] = {reinterpret_cast<const char*>(rest.data()), length};
    at += length + 1;
  }
  tokens.table = begin;
  tokens.end = index + 2 * kTokens;
  return reader.is_zero(at, index);
}

/// Whether 256 ascending offsets stand here.
bool looks_like_index(const Reader& reader, std::uint64_t index) {
  if (reader.at<std::uint16_t>(index) != 0)
    return false;
  std::uint16_t last = 0;
  for (std::size_t i = 1; i < kTokens; ++i) {
    const auto next = reader.at<std::uint16_t>(index + 2 * i);
    if (!next || *next <= last)
      return false;
    last = *next;
  }
  return true;
}

bool tokens_for_index(const Reader& reader, std::uint64_t index, Tokens& tokens) {
  const std::uint64_t last = *reader.at<std::uint16_t>(index + 2 * (kTokens - 1));
  if (index < last + 1)
    return false;
  const std::uint64_t latest = (index - last - 1) & ~(kAlignment - 1);
  for (std::uint64_t back = 0; back <= std::min<std::uint64_t>(latest, kLongestName);
       back += kAlignment)
    if (read_tokens(reader, latest - back, index, tokens))
      return true;
  return false;
}

struct Names {
  std::uint64_t num_syms = 0; ///< where the count stands
  std::uint32_t count = 0;
  std::uint64_t begin = 0;
};

/// Where the name at `at` begins and ends; false if there is none.
bool name_extent(const Reader& reader, std::uint64_t& at, std::uint64_t& end) {
  const auto low = reader.at<std::uint8_t>(at++);
  if (!low || *low == 0)
    return false;
  std::uint64_t length = *low & 0x7f;
  if (*low & 0x80) {
    const auto high = reader.at<std::uint8_t>(at++);
    if (!high || *high & 0x80)
      return false;
    length |= std::uint64_t{*high} << 7;
  }
  end = at + length;
  return end <= reader.data.size();
}

/// Whether `names.count` names stand at `names.begin` with their markers after them.
bool names_fit(const Reader& reader, const Names& names, std::uint64_t limit) {
  std::vector<std::uint32_t> markers;
  std::uint64_t at = names.begin;
  for (std::uint32_t i = 0; i < names.count; ++i) {
    if (i % kNamesPerMarker == 0)
      markers.push_back(static_cast<std::uint32_t>(at - names.begin));
    std::uint64_t end = 0;
    if (!name_extent(reader, at, end) || end > limit)
      return false;
    at = end;
  }
  const std::uint64_t table = aligned(at);
  if (!reader.is_zero(at, std::min<std::uint64_t>(table, reader.data.size())))
    return false;
  for (std::size_t i = 0; i < markers.size(); ++i)
    if (reader.at<std::uint32_t>(table + 4 * i) != markers[i])
      return false;
  return true;
}

std::optional<Names> find_names(const Reader& reader, std::uint64_t before) {
  for (std::uint64_t at = before & ~(kAlignment - 1); at >= kAlignment;) {
    at -= kAlignment;
    const std::uint32_t count = *reader.at<std::uint32_t>(at);
    if (count == 0 || count > kMostSymbols || count > before - at ||
        !reader.is_zero(at + 4, at + kAlignment))
      continue;
    const Names names{at, count, at + kAlignment};
    if (names_fit(reader, names, before))
      return names;
  }
  return std::nullopt;
}

bool is_ascending(const std::vector<std::uint64_t>& addresses) {
  return std::ranges::is_sorted(addresses);
}

/// Offsets from a base. With CONFIG_KALLSYMS_ABSOLUTE_PERCPU those that are not negative
/// are addresses, of per-cpu variables, and there is always a negative one; without, none
/// is negative, as no kernel has 2 GiB.
std::optional<std::vector<std::uint64_t>> relative_addresses(const Reader& reader,
                                                             std::uint64_t offsets,
                                                             std::uint32_t count,
                                                             std::uint64_t base) {
  std::vector<std::int32_t> values;
  values.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto raw = reader.at<std::uint32_t>(offsets + std::uint64_t{4} * i);
    if (!raw)
      return std::nullopt;
    values.push_back(static_cast<std::int32_t>(*raw));
  }
  const bool with_percpu =
      std::ranges::any_of(values, [](auto value) { return value < 0; });
  std::vector<std::uint64_t> addresses;
  addresses.reserve(count);
  for (const std::int32_t value : values) {
    const auto offset = static_cast<std::uint64_t>(std::int64_t{value});
    if (!with_percpu)
      addresses.push_back(base + offset);
    else
      addresses.push_back(value >= 0 ? offset : base - 1 - offset);
  }
  return is_ascending(addresses) ? std::optional(std::move(addresses)) : std::nullopt;
}

std::optional<std::vector<std::uint64_t>>
absolute_addresses(const Reader& reader, std::uint64_t table, std::uint32_t count) {
  std::vector<std::uint64_t> addresses;
  addresses.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto address = reader.at<std::uint64_t>(table + std::uint64_t{8} * i);
    if (!address)
      return std::nullopt;
    addresses.push_back(*address);
  }
  return is_ascending(addresses) ? std::optional(std::move(addresses)) : std::nullopt;
}

/// A base that a 64-bit kernel can have: in the upper half of the address space, at a
/// page.
bool is_base(std::uint64_t value) {
  return value >> 63 && value % 4096 == 0;
}

std::optional<std::vector<std::uint64_t>>
find_addresses(const Reader& reader, const Names& names, const Tokens& tokens) {
  const std::uint64_t offsets_size = aligned(std::uint64_t{4} * names.count);
  const std::uint64_t after = aligned(tokens.end);
  if (const auto base = reader.at<std::uint64_t>(after + offsets_size);
      base && is_base(*base))
    if (auto found = relative_addresses(reader, after, names.count, *base))
      return found;
  if (names.num_syms >= offsets_size + 8)
    if (const std::uint64_t base = *reader.at<std::uint64_t>(names.num_syms - 8);
        is_base(base))
      if (auto found = relative_addresses(reader, names.num_syms - 8 - offsets_size,
                                          names.count, base))
        return found;
  const std::uint64_t absolute_size = std::uint64_t{8} * names.count;
  if (names.num_syms >= absolute_size)
    if (auto found =
            absolute_addresses(reader, names.num_syms - absolute_size, names.count))
      return found;
  return absolute_addresses(reader, after, names.count);
}

std::vector<Kallsym> expand(const Reader& reader, const Names& names,
                            const Tokens& tokens,
                            const std::vector<std::uint64_t>& addresses) {
  std::vector<Kallsym> symbols(names.count);
  std::uint64_t at = names.begin;
  for (std::uint32_t i = 0; i < names.count; ++i) {
    std::uint64_t end = 0;
    name_extent(reader, at, end);
    std::string text;
    for (; at < end; ++at)
      text += tokens.text[reader.data[at]];
    symbols[i] = {addresses[i], text.empty() ? '?' : text[0],
                  text.size() > 1 ? text.substr(1) : std::string()};
  }
  return symbols;
}

} // namespace

std::optional<std::vector<Kallsym>> decode_kallsyms(View section, std::endian order) {
  const Reader reader{section, order};
  Tokens tokens;
  for (std::uint64_t at = kAlignment; at < section.size(); at += kAlignment) {
    if (!looks_like_index(reader, at) || !tokens_for_index(reader, at, tokens))
      continue;
    const auto names = find_names(reader, tokens.table);
    if (!names)
      continue;
    if (const auto addresses = find_addresses(reader, *names, tokens))
      return expand(reader, *names, tokens, *addresses);
  }
  return std::nullopt;
}

} // namespace kpatch::image
