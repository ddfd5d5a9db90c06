// SPDX-License-Identifier: GPL-2.0-or-later
//
// The stripped vmlinux inside a vmlinuz has no symbol table, but the kernel carries its
// own: kallsyms, made by scripts/kallsyms.c. No symbol says where its parts are, so they
// are found by what they must look like. Their order changed over time:
//
//   to 6.3    offsets relative_base num_syms names markers [seqs] token_table token_index
//   since 6.4 num_syms names markers token_table token_index offsets relative_base seqs
//
//   since 7.0 num_syms names markers token_table token_index offsets seqs
//
// (absolute: `addresses` in the place of `offsets relative_base`; `seqs`, the order by
// name, came with 6.2 and was backported.) What never changed: token_index follows
// token_table, names follow num_syms, and markers follow names. So those are found first,
// and then the addresses on either side. Every part begins at a multiple of eight, or of
// four where all of them are made of smaller numbers: since there is no relative_base,
// each offset counts from the place where it stands itself.
//
// Other bytes of .rodata may look like a part of it, so the parts must fit each other:
// the markers those of the names, the tokens where the markers end, the addresses in
// order. No kernel that can be patched has less than a thousand symbols.
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

constexpr std::uint64_t kAlignments[] = {8, 4};
constexpr std::size_t kTokens = 256;
constexpr std::size_t kNamesPerMarker = 256;
constexpr std::uint32_t kFewestSymbols = 1000;
constexpr std::uint32_t kMostSymbols = 1U << 24;
constexpr std::size_t kLongestName = 1024; ///< KSYM_NAME_LEN is 512
constexpr std::uint64_t kSeqSize = 3;

/// Reads that say "no" instead of throwing: most places that are tried are not the one.
struct TableReader {
  View data;
  std::endian order;
  std::uint64_t alignment; ///< of the parts

  std::uint64_t aligned(std::uint64_t offset) const {
    return (offset + alignment - 1) & ~(alignment - 1);
  }
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
bool read_tokens(const TableReader& reader, std::uint64_t begin, std::uint64_t index,
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
bool looks_like_index(const TableReader& reader, std::uint64_t index) {
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

bool tokens_for_index(const TableReader& reader, std::uint64_t index, Tokens& tokens) {
  const std::uint64_t last = *reader.at<std::uint16_t>(index + 2 * (kTokens - 1));
  if (index < last + 1)
    return false;
  const std::uint64_t latest = (index - last - 1) & ~(reader.alignment - 1);
  for (std::uint64_t back = 0; back <= std::min<std::uint64_t>(latest, kLongestName);
       back += reader.alignment)
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
bool name_extent(const TableReader& reader, std::uint64_t& at, std::uint64_t& end) {
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

/// Whether the tokens stand where the markers end, or the order by name behind them does.
bool ends_at_tokens(const TableReader& reader, const Names& names, std::uint64_t end,
                    const Tokens& tokens) {
  const std::uint64_t markers_end = reader.aligned(end);
  return markers_end == tokens.table ||
         reader.aligned(markers_end + kSeqSize * names.count) == tokens.table;
}

/// Whether `names.count` names stand at `names.begin`, then their markers, then the
/// tokens.
bool names_fit(const TableReader& reader, const Names& names, const Tokens& tokens) {
  std::vector<std::uint32_t> markers;
  std::uint64_t at = names.begin;
  for (std::uint32_t i = 0; i < names.count; ++i) {
    if (i % kNamesPerMarker == 0)
      markers.push_back(static_cast<std::uint32_t>(at - names.begin));
    std::uint64_t end = 0;
    if (!name_extent(reader, at, end) || end > tokens.table)
      return false;
    at = end;
  }
  const std::uint64_t table = reader.aligned(at);
  if (!reader.is_zero(at, table))
    return false;
  for (std::size_t i = 0; i < markers.size(); ++i)
    if (reader.at<std::uint32_t>(table + 4 * i) != markers[i])
      return false;
  return ends_at_tokens(reader, names, table + 4 * markers.size(), tokens);
}

std::optional<Names> find_names(const TableReader& reader, const Tokens& tokens) {
  const std::uint64_t before = tokens.table;
  for (std::uint64_t at = before & ~(reader.alignment - 1); at >= reader.alignment;) {
    at -= reader.alignment;
    const std::uint32_t count = *reader.at<std::uint32_t>(at);
    if (count < kFewestSymbols || count > kMostSymbols || count > before - at ||
        !reader.is_zero(at + 4, at + reader.alignment))
      continue;
    const Names names{at, count, at + reader.alignment};
    if (names_fit(reader, names, tokens))
      return names;
  }
  return std::nullopt;
}

/// Nothing if they are in no order, or all the same.
std::optional<std::vector<std::uint64_t>>
if_ascending(std::vector<std::uint64_t> addresses) {
  if (addresses.front() == addresses.back() || !std::ranges::is_sorted(addresses))
    return std::nullopt;
  return addresses;
}

/// Offsets from a base. With CONFIG_KALLSYMS_ABSOLUTE_PERCPU those that are not negative
/// are addresses, of per-cpu variables, and there is always a negative one; without, none
/// is negative, as no kernel has 2 GiB.
std::optional<std::vector<std::uint64_t>> relative_addresses(const TableReader& reader,
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
  return if_ascending(std::move(addresses));
}

std::optional<std::vector<std::uint64_t>>
absolute_addresses(const TableReader& reader, std::uint64_t table, std::uint32_t count) {
  std::vector<std::uint64_t> addresses;
  addresses.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto address = reader.at<std::uint64_t>(table + std::uint64_t{8} * i);
    if (!address)
      return std::nullopt;
    addresses.push_back(*address);
  }
  return if_ascending(std::move(addresses));
}

/// Each offset counts from where it stands; the section was linked at `section`.
std::optional<std::vector<std::uint64_t>> place_addresses(const TableReader& reader,
                                                          std::uint64_t offsets,
                                                          std::uint32_t count,
                                                          std::uint64_t section) {
  std::vector<std::uint64_t> addresses;
  addresses.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t at = offsets + std::uint64_t{4} * i;
    const auto raw = reader.at<std::uint32_t>(at);
    if (!raw)
      return std::nullopt;
    const std::int64_t distance = static_cast<std::int32_t>(*raw);
    addresses.push_back(section + at + static_cast<std::uint64_t>(distance));
  }
  return if_ascending(std::move(addresses));
}

/// A base that the table at `section` can have: the start of a page before it, where the
/// kernel begins. Offsets have 32 bits.
bool is_base(std::uint64_t value, std::uint64_t section) {
  return value % 4096 == 0 && value <= section &&
         section - value <= std::numeric_limits<std::int32_t>::max();
}

std::optional<std::vector<std::uint64_t>> find_addresses(const TableReader& reader,
                                                         const Names& names,
                                                         const Tokens& tokens,
                                                         std::uint64_t section) {
  const std::uint64_t offsets_size = reader.aligned(std::uint64_t{4} * names.count);
  const std::uint64_t after = reader.aligned(tokens.end);
  if (const auto base = reader.at<std::uint64_t>(after + offsets_size);
      base && is_base(*base, section))
    if (auto found = relative_addresses(reader, after, names.count, *base))
      return found;
  if (names.num_syms >= offsets_size + 8)
    if (const std::uint64_t base = *reader.at<std::uint64_t>(names.num_syms - 8);
        is_base(base, section))
      if (auto found = relative_addresses(reader, names.num_syms - 8 - offsets_size,
                                          names.count, base))
        return found;
  if (auto found = place_addresses(reader, after, names.count, section))
    return found;
  const std::uint64_t absolute_size = std::uint64_t{8} * names.count;
  if (names.num_syms >= absolute_size)
    if (auto found =
            absolute_addresses(reader, names.num_syms - absolute_size, names.count))
      return found;
  return absolute_addresses(reader, after, names.count);
}

std::vector<Kallsym> expand(const TableReader& reader, const Names& names,
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

std::optional<std::vector<Kallsym>> decode(const TableReader& reader,
                                           std::uint64_t address) {
  Tokens tokens;
  for (std::uint64_t at = reader.alignment; at < reader.data.size();
       at += reader.alignment) {
    if (!looks_like_index(reader, at) || !tokens_for_index(reader, at, tokens))
      continue;
    const auto names = find_names(reader, tokens);
    if (!names)
      continue;
    if (const auto addresses = find_addresses(reader, *names, tokens, address))
      return expand(reader, *names, tokens, *addresses);
  }
  return std::nullopt;
}

} // namespace

std::optional<std::vector<Kallsym>> decode_kallsyms(View section, std::uint64_t address,
                                                    std::endian order) {
  for (const std::uint64_t alignment : kAlignments)
    if (auto symbols = decode({section, order, alignment}, address))
      return symbols;
  return std::nullopt;
}

} // namespace kpatch::image
