// SPDX-License-Identifier: GPL-2.0-or-later
//
// With CONFIG_MODVERSIONS each export has a version, a checksum over its declaration and
// all types that this leads to. The module carries the versions of the kernel that runs
// (from its Module.symvers), so it always loads. That is right as long as what it was
// compiled against is the same interface:
//
//   struct conn { int a; };             int use(struct conn *);  EXPORT_SYMBOL(use);
//   struct conn { int new; int a; };    the patch's idea of it
//
// Code of the patch that calls the kernel's use() now hands over something else than
// use() knows. Only the build's own program tells what goes into a version, so genksyms
// lists the types of both sides; whatever differs is traced to the exports that lead to
// it. A type whose inside a unit has not seen before ("UNKNOWN") has not changed.
#include "produce/symbol_versions.h"

#include "base/files.h"
#include "base/parallel.h"
#include "base/text.h"
#include "elf/object.h"
#include "patch/c_lexer.h"
#include "produce/touched_types.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kUnknown = "{ UNKNOWN }";

struct Kind {
  std::string_view mark;
  std::string_view word;
};
constexpr std::array<Kind, 4> kKinds = {
    {{"s#", "struct "}, {"u#", "union "}, {"e#", "enum "}, {"t#", ""}}};

/// "s#list" as in C.
std::string in_c(std::string_view key) {
  for (const Kind& kind : kKinds)
    if (key.starts_with(kind.mark))
      return fmt::format("{}{}", kind.word, key.substr(kind.mark.size()));
  return std::string(key.substr(key.find('#') + 1));
}

bool is_export(std::string_view key) {
  return key.find('#') == std::string_view::npos;
}

std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

/// Everything that an export leads to.
std::set<std::string> reached_from(const std::string& key, const TypeList& types) {
  std::set<std::string> reached;
  std::vector<std::string> open{key};
  while (!open.empty()) {
    const std::string one = std::move(open.back());
    open.pop_back();
    const auto found = types.find(one);
    if (found == types.end() || !reached.insert(one).second)
      continue;
    for (std::string_view rest = found->second; !rest.empty();)
      if (const std::string_view word = next_word(rest);
          word.find('#') != std::string_view::npos)
        open.emplace_back(word);
  }
  return reached;
}

bool has_exports(const fs::path& object) {
  const elf::Object read = elf::read_object(object);
  return std::ranges::any_of(read.sections, [](const elf::Section& section) {
    return section.name.starts_with("___ksymtab") || section.name == ".export_symbol" ||
           section.name.starts_with("__ksymtab");
  });
}

/// Where the patch changes what a type is.
std::string place_of(const std::string& type, const patch::PatchedView& view,
                     std::span<const patch::TouchedFile> touched) {
  const std::string name = type.substr(type.find(' ') + 1);
  std::string mentioned;
  for (const patch::TouchedFile& file : touched) {
    if (!file.was_there || !file.is_there)
      continue;
    const std::string original = read_text(view.pristine() / file.path);
    const std::string patched = read_text(view.root() / file.path);
    if (types_defined_differently(original, patched).contains(type))
      return file.path;
    if (mentioned.empty() && patched.find(name) != std::string::npos)
      mentioned = file.path;
  }
  return mentioned;
}

/// The program that says what goes into a version.
fs::path genksyms_of(const compile::Workshop& shop) {
  return shop.target.objects / "scripts/genksyms/genksyms";
}

/// Has genksyms list the types of one side of a unit; empty if that cannot be done.
TypeList types_of(const compile::Workshop& shop, const compile::UnitCommand& command,
                  const fs::path& tree, const fs::path& output) {
  const bool is_in_source = shop.target.source == shop.target.objects;
  const std::string text = compile::preprocessed(
      shop, {.command = command,
             .source_tree = tree,
             .build_tree = is_in_source ? tree : compile::build_tree_for(shop, command),
             .object = output});
  const fs::path list = fs::path(output) += ".types";
  const Outcome outcome = shop.log.run(
      {.argv = {genksyms_of(shop).string(), "-T", list.string(), "-r", "/dev/null"},
       .input = text});
  return parse_type_list(outcome.ok() ? read_text_if_exists(list).value_or("") : "");
}

bool may_change_versions(const compile::Workshop& shop, const patch::PatchedView& view,
                         std::span<const patch::TouchedFile> touched) {
  if (!shop.target.config.is_set("CONFIG_MODVERSIONS"))
    return false;
  return std::ranges::any_of(touched, [&](const patch::TouchedFile& file) {
    if (!file.was_there || !file.is_there)
      return false;
    const std::string original = read_text(view.pristine() / file.path);
    const std::string patched = read_text(view.root() / file.path);
    return file.path.ends_with(".h")
               ? declarations_differ(original, patched)
               : !types_defined_differently(original, patched).empty();
  });
}

/// The name that a module's symbol stands for: ".klp.sym.vmlinux.f,0" is f.
std::string_view meant_by(std::string_view symbol) {
  constexpr std::string_view kMark = ".klp.sym.";
  if (!symbol.starts_with(kMark))
    return symbol;
  symbol.remove_prefix(kMark.size());
  symbol.remove_prefix(std::min(symbol.find('.') + 1, symbol.size()));
  return symbol.substr(0, symbol.rfind(','));
}

} // namespace

TypeList parse_type_list(std::string_view text) {
  TypeList types;
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (const std::string_view key = next_word(line); !key.empty())
      types.emplace(key, line);
  }
  return types;
}

std::map<std::string, std::set<std::string>> differing_exports(const TypeList& original,
                                                               const TypeList& patched) {
  std::set<std::string> changed;
  for (const auto& [key, text] : original)
    if (const auto twin = patched.find(key);
        twin != patched.end() && twin->second != text &&
        text.find(kUnknown) == std::string::npos &&
        twin->second.find(kUnknown) == std::string::npos)
      changed.insert(key);
  std::map<std::string, std::set<std::string>> exports;
  if (changed.empty())
    return exports;
  for (const auto& [key, text] : patched) {
    if (!is_export(key) || !original.contains(key))
      continue;
    for (const std::string& type : reached_from(key, patched))
      if (changed.contains(type))
        exports[key].insert(type);
  }
  return exports;
}

bool declarations_differ(std::string_view original, std::string_view patched) {
  const auto without_bodies = [](std::string_view text) {
    std::vector<std::string_view> words;
    int depth = 0;
    for (const patch::Token& token : patch::tokens_of(text)) {
      const bool opens = token.text == "{" && !token.in_directive;
      if (opens && (depth > 0 || (!words.empty() && words.back() == ")")))
        ++depth;
      else if (depth > 0 && token.text == "}" && !token.in_directive)
        --depth;
      else if (depth == 0)
        words.push_back(token.text);
    }
    return words;
  };
  return without_bodies(original) != without_bodies(patched);
}

std::vector<VersionChange> changed_versions(const compile::Workshop& shop,
                                            const patch::PatchedView& view,
                                            std::span<const patch::TouchedFile> touched,
                                            std::span<const compile::UnitObjects> units) {
  if (!may_change_versions(shop, view, touched) || !fs::exists(genksyms_of(shop)))
    return {};
  compile::Workshop apart = shop;
  apart.work = shop.work / "versions";
  std::vector<std::map<std::string, std::set<std::string>>> of_units(units.size());
  for_each_in_parallel(units.size(), shop.jobs, [&](std::size_t i) {
    const std::string& unit = units[i].unit;
    if (shop.added.units.contains(unit) || !has_exports(units[i].patched))
      return;
    const compile::UnitCommand command = compile::unit_command(shop, unit);
    const fs::path place = apart.work / unit;
    fs::create_directories(place);
    of_units[i] =
        differing_exports(types_of(apart, command, view.pristine(), place / "original"),
                          types_of(apart, command, view.root(), place / "patched"));
  });
  std::set<VersionChange> changes;
  for (const auto& exports : of_units)
    for (const auto& [symbol, types] : exports)
      for (const std::string& key : types) {
        const std::string type = key == symbol ? "" : in_c(key);
        const std::string cause = type.empty() ? "its own declaration" : type;
        const std::string file = place_of(type.empty() ? symbol : type, view, touched);
        changes.insert({symbol,
                        file.empty() ? cause : fmt::format("{} ({})", cause, file), file,
                        type});
      }
  return {changes.begin(), changes.end()};
}

std::string notice_without_comparison(const compile::Workshop& shop,
                                      const patch::PatchedView& view,
                                      std::span<const patch::TouchedFile> touched) {
  const fs::path genksyms = genksyms_of(shop);
  if (fs::exists(genksyms) || !may_change_versions(shop, view, touched))
    return {};
  return fmt::format(
      "NOTICE: export versions (CRCs) were not compared: {} is missing; run "
      "make modules_prepare to get it",
      genksyms.string());
}

std::vector<std::string> version_notices(std::span<const VersionChange> changes) {
  constexpr std::size_t kNamed = 5;
  std::map<std::string, std::vector<std::string>> by_cause;
  for (const VersionChange& change : changes)
    by_cause[change.cause].push_back(change.symbol);
  std::vector<std::string> notices;
  for (auto& [cause, symbols] : by_cause) {
    const std::size_t more = symbols.size() - std::min(symbols.size(), kNamed);
    symbols.resize(symbols.size() - more);
    notices.push_back(fmt::format(
        "NOTICE: {} changes, and with it the version of {}{}: the running kernel and its "
        "modules keep the old one",
        cause, fmt::join(symbols, ", "),
        more > 0 ? fmt::format(" and {} more exports", more) : std::string()));
  }
  return notices;
}

std::vector<Problem> uses_of_changed_versions(std::span<const VersionChange> changes,
                                              const fs::path& module) {
  if (changes.empty())
    return {};
  const elf::Object object = elf::read_object(module);
  std::set<std::string_view> used;
  for (const elf::Symbol& symbol : object.symbols)
    if (!symbol.is_defined() || symbol.name.starts_with(".klp.sym."))
      used.insert(meant_by(symbol.name));
  std::vector<Problem> problems;
  for (const VersionChange& change : changes)
    if (used.contains(change.symbol))
      problems.push_back(
          {.code = "KP1030",
           .object = change.file.empty() ? module.filename().string() : change.file,
           .symbol = change.symbol,
           .message = fmt::format("the module uses this export, and the patch changes "
                                  "what it is exported with: {}",
                                  change.cause),
           .remedy = "Leave the type as it is (a shadow variable can hold what is new); "
                     "if old and new code agree on it, put the change between #ifndef "
                     "__GENKSYMS__ and #endif.",
           .type = change.type});
  return problems;
}

} // namespace kpatch::produce
