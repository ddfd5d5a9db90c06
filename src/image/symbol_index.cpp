// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kernel's symbol table has some 150,000 entries and a diff asks for a few hundred, so
// reading it must cost little more than looking at each byte once: lines are only cut and
// their names hashed; the rest is parsed for those that are asked for.
#include "image/symbol_index.h"

#include "base/error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <elf.h>
#include <memory>

namespace kpatch::image {

namespace {

struct Word {
  std::string_view name;
  std::uint8_t value;
};
constexpr Word kTypes[] = {{"NOTYPE", STT_NOTYPE},
                           {"OBJECT", STT_OBJECT},
                           {"FUNC", STT_FUNC},
                           {"FILE", STT_FILE}};
constexpr Word kBindings[] = {
    {"LOCAL", STB_LOCAL}, {"GLOBAL", STB_GLOBAL}, {"WEAK", STB_WEAK}};

template <std::size_t N>
std::uint8_t number_of(const Word (&words)[N], std::string_view word,
                       std::string_view what, std::string_view label,
                       std::string_view line) {
  for (const Word& known : words)
    if (known.name == word)
      return known.value;
  fail("{}: unknown symbol {} {} in line: {}", label, what, word, line);
}

/// Cuts the next blank-separated word off the front.
std::string_view next_word(std::string_view& rest) {
  std::size_t begin = 0;
  while (begin < rest.size() && (rest[begin] == ' ' || rest[begin] == '\t'))
    ++begin;
  std::size_t end = begin;
  while (end < rest.size() && rest[end] != ' ' && rest[end] != '\t' && rest[end] != '\r')
    ++end;
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

bool parse_number(std::string_view word, int base, std::uint64_t& value) {
  if (base == 10 && word.starts_with("0x")) {
    word.remove_prefix(2);
    base = 16;
  }
  const auto [end, error] =
      std::from_chars(word.data(), word.data() + word.size(), value, base);
  return error == std::errc() && end == word.data() + word.size();
}

/// One line of the table; false for headings, undefined and section symbols.
bool parse_line(std::string_view line, std::string_view label, IndexedSymbol& symbol) {
  std::string_view rest = line;
  std::string_view number = next_word(rest);
  std::uint64_t ignored = 0;
  if (number.empty() || number.back() != ':' ||
      !parse_number(number.substr(0, number.size() - 1), 10, ignored))
    return false;
  if (!parse_number(next_word(rest), 16, symbol.value) ||
      !parse_number(next_word(rest), 10, symbol.size))
    return false;
  const std::string_view type = next_word(rest);
  const std::string_view binding = next_word(rest);
  next_word(rest); // visibility
  std::string_view index = next_word(rest);
  if (index.starts_with('[')) { // the processor's part of st_other: "[<localentry>: 8]"
    while (!index.empty() && !index.ends_with(']'))
      index = next_word(rest);
    index = next_word(rest);
  }
  symbol.name = next_word(rest);
  if (index.empty() || index == "UND" || type == "SECTION")
    return false;
  symbol.type = number_of(kTypes, type, "type", label, line);
  symbol.binding = number_of(kBindings, binding, "bind", label, line);
  return true;
}

} // namespace

SymbolIndex SymbolIndex::from_readelf(std::string text, std::string_view label) {
  SymbolIndex index;
  index.label_ = label;
  index.text_ = std::move(text);
  index.text_.reserve(64); // off the string object: the lines outlive moves
  const char* at = index.text_.data();
  const char* const end = at + index.text_.size();
  index.lines_.reserve(index.text_.size() / 60);
  bool in_static_table = true;
  while (at < end) {
    const auto* newline = static_cast<const char*>(
        std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
    const char* stop = newline ? newline : end;
    const std::string_view line(at, static_cast<std::size_t>(stop - at));
    at = stop + 1;
    if (line.starts_with("Symbol table ")) {
      if (line.find(".dynsym") != std::string_view::npos)
        in_static_table = false;
      else if (line.find(".symtab") != std::string_view::npos)
        in_static_table = true;
    } else if (in_static_table && !line.empty()) {
      const auto* blank =
          static_cast<const char*>(memrchr(line.data(), ' ', line.size()));
      const std::size_t name =
          blank ? static_cast<std::size_t>(blank + 1 - line.data()) : 0;
      index.lines_.push_back({line.data(), static_cast<std::uint32_t>(line.size()),
                              static_cast<std::uint32_t>(name)});
    }
  }
  return index;
}

void SymbolIndex::add(const IndexedSymbol& symbol) {
  constexpr std::size_t kBlock = 1 << 20;
  const std::size_t size = symbol.name.size();
  if (size > names_left_) {
    names_left_ = std::max(kBlock, size);
    names_.push_back(std::make_unique<char[]>(names_left_));
    names_end_ = names_.back().get();
  }
  IndexedSymbol entry = symbol;
  if (size > 0)
    std::memcpy(names_end_, symbol.name.data(), size);
  entry.name = {names_end_, size};
  names_end_ += size;
  names_left_ -= size;
  entries_.push_back(entry);
  chains_.clear();
}

EntryId SymbolIndex::size() const {
  return static_cast<EntryId>(lines_.empty() ? entries_.size() : lines_.size());
}

std::string_view SymbolIndex::name_of(EntryId id) const {
  return lines_.empty() ? entries_[id].name : lines_[id].text().substr(lines_[id].name);
}

bool SymbolIndex::get(EntryId id, IndexedSymbol& symbol) const {
  if (!lines_.empty())
    return parse_line(lines_.at(id).text(), label_, symbol);
  symbol = entries_.at(id);
  return true;
}

std::vector<EntryId> SymbolIndex::named(std::string_view name) const {
  if (!chains_.is_built())
    chains_.build(size(), [this](EntryId id) { return name_of(id); });
  std::vector<EntryId> found;
  IndexedSymbol symbol;
  for (EntryId id = chains_.first(name); id != NameChains::kEnd; id = chains_.next(id))
    if (name_of(id) == name && get(id, symbol) && symbol.name == name)
      found.push_back(id);
  return found;
}

} // namespace kpatch::image
