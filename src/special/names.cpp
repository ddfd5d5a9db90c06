// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the names in object files mean. Compilers number what they make: clones (.isra.N,
// .constprop.N, .part.N, .cold.N), static locals (name.N), file-local symbols of LTO
// (.llvm.N), and the kernel's __UNIQUE_ID() numbers by a counter of its own. The numbers
// shift with every edit, so names are compared without them. String sections (.str1.8)
// are the exception: there the digits are the character size and alignment.
#include "special/names.h"

#include "arch/field.h"
#include "arch/toc.h"
#include "base/text.h"
#include "elf/kernel_sections.h"

#include <algorithm>
#include <array>

namespace kpatch::special {

namespace {

bool is_exact(std::string_view name) {
  return name.find(".str1.") != std::string_view::npos;
}

/// Names that macros spell with __COUNTER__ and __LINE__ at the end: __UNIQUE_ID() of
/// linux/compiler.h, __ADDRESSABLE() before 5.1 and since, __ID() of linux/btf_ids.h.
constexpr std::array<std::string_view, 4> kCounted = {
    "__UNIQUE_ID_", "__BTF_ID__", "__addressable_", "___addressable_"};

bool is_unique_id(std::string_view name) {
  return std::ranges::any_of(
             kCounted, [&](std::string_view stem) { return name.starts_with(stem); }) ||
         name.find("__UNIQUE_ID_") != std::string_view::npos;
}

/// Cuts a trailing `.123` (or a lone `.`) off.
std::string_view without_number(std::string_view name) {
  std::size_t end = name.size();
  while (end > 0 && is_digit(name[end - 1]))
    --end;
  return end > 0 && name[end - 1] == '.' ? name.substr(0, end - 1) : name;
}

constexpr std::string_view kLtoMark = ".llvm.";

/// Where the digits that start at `at` end.
std::size_t end_of_digits(std::string_view name, std::size_t at) {
  while (at < name.size() && is_digit(name[at]))
    ++at;
  return at;
}

bool has_number_after_dot(std::string_view name) {
  for (std::size_t i = 0; i + 1 < name.size(); ++i)
    if (name[i] == '.' && is_digit(name[i + 1]))
      return true;
  return false;
}

/// ThinLTO makes a static function global as f.llvm.HASH when another unit imports it,
/// and the hash is the unit's: f is the same function with another hash, or without.
std::string without_lto_hash(std::string_view name) {
  std::string result;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t digits = at + kLtoMark.size();
    const std::size_t end = name.substr(at).starts_with(kLtoMark)
                                ? end_of_digits(name, digits)
                                : std::string_view::npos;
    const bool is_hash = at > 0 && end != std::string_view::npos && end > digits &&
                         (end == name.size() || name[end] == '.');
    if (is_hash)
      at = end;
    else
      result += name[at++];
  }
  return result;
}

template <std::size_t N>
bool starts_with_any(std::string_view name, const std::array<std::string_view, N>& list) {
  return std::ranges::any_of(list,
                             [&](std::string_view p) { return name.starts_with(p); });
}

constexpr std::array<std::string_view, 6> kUbsan = {".data.rel.local..Lubsan_data",
                                                    ".data..Lubsan_type",
                                                    ".Lubsan_data",
                                                    ".data..Lubsan_data",
                                                    ".rela.data..Lubsan_data",
                                                    ".rela.data.rel.local..Lubsan_data"};

/// Sections of exit calls, early reservations and compile-time checks are thrown away by
/// the kernel's linker script, and string literals get their labels from the assembler.
constexpr std::array<std::string_view, 7> kDiscarded = {
    "__exitcall_",
    "__notrim", // of symbol_get(), in .no_trim_symbol
    "__brk_reservation_fn_",
    "__func_stack_frame_non_standard_",
    "__trace_check",
    ".L.str",
    ".L__const"};

} // namespace

std::string name_key(std::string_view name) {
  if (is_exact(name))
    return std::string(name);
  if (name.find(kLtoMark) != std::string_view::npos)
    if (std::string plain = without_lto_hash(name); plain.size() < name.size())
      return name_key(plain);
  std::string_view rest = without_number(name);
  if (is_unique_id(name)) {
    while (!rest.empty() && is_digit(rest.back()))
      rest.remove_suffix(1);
    return std::string(rest);
  }
  if (!has_number_after_dot(rest))
    return std::string(rest);
  std::string key;
  key.reserve(rest.size());
  for (std::size_t i = 0; i < rest.size(); ++i) {
    key += rest[i];
    if (rest[i] != '.' || i + 1 == rest.size() || !is_digit(rest[i + 1]))
      continue;
    key += '#';
    i = end_of_digits(rest, i + 1) - 1;
  }
  return key;
}

bool is_same_name(std::string_view a, std::string_view b) {
  if (a == b)
    return true;
  // Only names with numbers in them can still be the same; spare the rest the work.
  const auto has_number = [](std::string_view name) {
    return std::ranges::any_of(name, is_digit);
  };
  if (!has_number(a) && !has_number(b))
    return false;
  return name_key(a) == name_key(b);
}

bool is_special_static_name(std::string_view name) {
  // gcc numbers these ("__warned.12"), clang puts the function first ("f.__warned").
  static constexpr std::array<std::string_view, 8> kStems = {
      "__key",        "__warned", "__already_done.", "__func__",
      "__FUNCTION__", "_rs",      "CSWTCH",          "_entry"};
  const auto has_stem_after_dot = [&](std::string_view stem) {
    for (std::size_t dot = name.find('.'); dot != std::string_view::npos;
         dot = name.find('.', dot + 1))
      if (name.substr(dot + 1).starts_with(stem))
        return true;
    return false;
  };
  return std::ranges::any_of(kStems, [&](std::string_view stem) {
    const bool by_gcc =
        name.starts_with(stem) && name.size() > stem.size() && name[stem.size()] == '.';
    return by_gcc || has_stem_after_dot(stem);
  });
}

bool is_debug_section(std::string_view section) {
  return section.starts_with(".debug_") || section.starts_with(".eh_frame");
}

bool has_no_symbols(std::string_view section) {
  static constexpr std::array<std::string_view, 5> kWithoutSymbols = {
      arch::kTocSection, ".fixup", elf::kReplacements, elf::kAlternativesAside,
      ".text..refcount"};
  return is_ubsan_name(section) || section.starts_with("__ftr_alt_") ||
         std::ranges::find(kWithoutSymbols, section) != kWithoutSymbols.end();
}

bool is_ubsan_name(std::string_view name) {
  return starts_with_any(name, kUbsan);
}

bool is_ubsan_report(std::string_view name) {
  return is_ubsan_name(name) && name.find("Lubsan_data") != name.npos;
}

bool is_string_literal_section(std::string_view name) {
  return name.starts_with(".rodata.") && name.find(".str") != std::string_view::npos;
}

bool is_clang_unnamed_data(std::string_view section) {
  return section.starts_with(".data..L__unnamed_") ||
         section.starts_with(".data.__unnamed_");
}

// linux/cache.h, linux/linkage.h, linux/once.h, linux/percpu-defs.h. What is decrypted,
// or hot since 6.15, has a meaning of its own or a section of its own.
constexpr std::string_view kSharedData[] = {".data..read_mostly",
                                            ".data..cacheline_aligned",
                                            ".data..page_aligned",
                                            ".bss..page_aligned",
                                            ".data..ro_after_init",
                                            ".data..do_once",
                                            ".data..percpu",
                                            ".data..percpu..first",
                                            ".data..percpu..read_mostly",
                                            ".data..percpu..shared_aligned",
                                            ".data..percpu..page_aligned"};

bool is_shared_data(std::string_view section) {
  return std::ranges::find(kSharedData, section) != std::end(kSharedData);
}

std::string own_data_section(std::string_view shared, std::string_view variable) {
  return std::string(shared).append(".").append(variable);
}

std::string_view shared_data_of(std::string_view section) {
  for (const std::string_view shared : kSharedData)
    if (section.starts_with(shared) && section.size() > shared.size() + 1 &&
        section[shared.size()] == '.' && section[shared.size() + 1] != '.')
      return shared;
  return section;
}

bool is_padding_name(std::string_view symbol) {
  return symbol.starts_with("__pfx_");
}

bool is_possibly_discarded(std::string_view symbol) {
  return starts_with_any(symbol, kDiscarded) || is_ubsan_name(symbol) ||
         symbol.find("__addressable_") != std::string_view::npos ||
         symbol.find("__UNIQUE_ID_") != std::string_view::npos;
}

bool is_supplied_to_modules(std::string_view symbol) {
  return symbol == "__this_module" || symbol == "_GLOBAL_OFFSET_TABLE_" ||
         symbol == arch::kTocPointer;
}

} // namespace kpatch::special
