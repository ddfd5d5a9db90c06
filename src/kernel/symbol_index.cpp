// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kernel's symbol table has some 150,000 entries and a diff asks for a few hundred, so
// reading it must cost little more than looking at each byte once: names stay where they
// are in the text, and the hash chains are made on the first search.
#include "kernel/symbol_index.h"

#include "base/error.h"

#include <array>
#include <charconv>
#include <cstring>
#include <elf.h>
#include <functional>
#include <memory>

namespace kpatch::kernel {

namespace {

struct Word {
  std::string_view name;
  std::uint8_t value;
};
constexpr Word kTypes[] = {
    {"NOTYPE", STT_NOTYPE},
    {"OBJECT", STT_OBJECT},
    {"FUNC",   STT_FUNC  },
    {"FILE",   STT_FILE  }
};
constexpr Word kBindings[] = {
    {"LOCAL",  STB_LOCAL },
    {"GLOBAL", STB_GLOBAL},
    {"WEAK",   STB_WEAK  }
};

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
  const std::string_view index = next_word(rest);
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
  index.text_ = std::move(text);
  // A moved-from std::string keeps its heap block alive in the new owner, so views into a
  // long text survive moves of the index; a text short enough to sit inside the string
  // object would not.
  index.text_.reserve(64);
  std::string_view rest = index.text_;
  bool in_static_table = true;
  while (!rest.empty()) {
    const std::size_t newline = rest.find('\n');
    const std::string_view line = rest.substr(0, newline);
    rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
    if (line.starts_with("Symbol table ")) {
      if (line.find(".dynsym") != std::string_view::npos)
        in_static_table = false;
      else if (line.find(".symtab") != std::string_view::npos)
        in_static_table = true;
      continue;
    }
    IndexedSymbol symbol;
    if (in_static_table && parse_line(line, label, symbol))
      index.entries_.push_back(symbol);
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
  heads_.clear();
}

void SymbolIndex::build_chains() const {
  std::size_t buckets = 64;
  while (buckets < entries_.size())
    buckets *= 2;
  heads_.assign(buckets, kNoEntry);
  next_.assign(entries_.size(), kNoEntry);
  for (EntryId id = static_cast<EntryId>(entries_.size()); id-- > 0;) {
    EntryId& head =
        heads_[std::hash<std::string_view>{}(entries_[id].name) & (buckets - 1)];
    next_[id] = head;
    head = id;
  }
}

std::vector<EntryId> SymbolIndex::named(std::string_view name) const {
  if (heads_.empty())
    build_chains();
  std::vector<EntryId> found;
  EntryId id = heads_[std::hash<std::string_view>{}(name) & (heads_.size() - 1)];
  for (; id != kNoEntry; id = next_[id])
    if (entries_[id].name == name)
      found.push_back(id);
  return found;
}

} // namespace kpatch::kernel
