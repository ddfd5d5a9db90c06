// SPDX-License-Identifier: GPL-2.0-or-later
//
// Between the compiled objects and the passes that compare them. Symbol tables of the
// kernel and Module.symvers are large and the same for all units, so each is read when
// the first unit needs it.
//
// The original side is looked for in the image of the kernel or module that runs. This
// says where everything is that the patch refers to, and proves that the original is what
// runs. Only for processors whose code cannot be read that way do the debug package's
// symbol tables have to do.
#include "produce/object_pair.h"

#include "base/error.h"
#include "base/files.h"
#include "base/module_name.h"
#include "diff/diff.h"
#include "elf/edit.h"
#include "elf/object.h"
#include "image/image.h"
#include "image/sealed_functions.h"
#include "image/symbol_index.h"
#include "image/symvers.h"
#include "klp/foreign_exports.h"
#include "klp/intermediate.h"
#include "klp/landing_thunks.h"
#include "klp/late_replacements.h"
#include "klp/sealed_words.h"
#include "match/match.h"
#include "produce/proof.h"
#include "special/names.h"

#include <algorithm>
#include <elf.h>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <set>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

image::SymbolIndex index_of(const std::vector<image::ParentSymbol>& symbols) {
  image::SymbolIndex index;
  for (const image::ParentSymbol& symbol : symbols)
    if (symbol.is_defined && symbol.type != STT_SECTION)
      index.add({.name = symbol.name,
                 .value = symbol.value,
                 .size = symbol.size,
                 .type = symbol.type,
                 .binding = symbol.binding});
  return index;
}

image::SymbolIndex index_of(const image::Image& image) {
  image::SymbolIndex index;
  for (const image::ImageSymbol& symbol : image.symbols())
    if (symbol.is_defined)
      index.add({.name = symbol.name,
                 .value = symbol.address,
                 .size = symbol.size,
                 .type = symbol.type,
                 .binding = symbol.binding});
  return index;
}

/// The first search prepares the index for all; from then on it is only read, which
/// several threads may do.
image::SymbolIndex searchable(image::SymbolIndex index) {
  index.named({});
  return index;
}

/// An object that is patched: its image, if that can be read, and its symbols.
struct Parent {
  std::optional<image::Image> image;
  image::SymbolIndex symbols;
  std::set<std::uint64_t> sealed{}; ///< functions that no pointer may lead to
  std::set<std::string> lenders{};  ///< objects whose exports it uses
};

/// The objects that export what the parent takes from others.
template <typename Symbols>
std::set<std::string> lenders_of(const Symbols& symbols, const image::Symvers& symvers) {
  std::set<std::string> lenders;
  for (const auto& symbol : symbols)
    if (!symbol.is_defined)
      lenders.insert(symvers.exporter(symbol.name));
  return lenders;
}

Parent read_parent(const kernel::Target& target, const std::string& owner,
                   bool with_image, const image::Symvers& symvers) {
  if (!with_image) {
    const std::vector<image::ParentSymbol> symbols = target.symbols(owner);
    return {
        std::nullopt, searchable(index_of(symbols)), {}, lenders_of(symbols, symvers)};
  }
  image::Image image = owner == kVmlinux
                           ? image::read_kernel_image(target.shipped_file(owner))
                           : image::read_module_image(target.shipped_file(owner));
  image::SymbolIndex symbols = searchable(index_of(image));
  std::set<std::uint64_t> sealed = image::sealed_functions(image);
  std::set<std::string> lenders = lenders_of(image.symbols(), symvers);
  return {std::move(image), std::move(symbols), std::move(sealed), std::move(lenders)};
}

elf::Object read_side(const fs::path& file, const std::string& label) {
  return elf::read_object(read_bytes(file), label);
}

void take_result(const diff::Result& diff, UnitResult& result) {
  result.notes = diff.notes;
  result.problems = diff.problems;
  result.wants_debug_info = diff.wants_debug_info;
  result.whole_sections = diff.whole_sections;
  result.left_out = diff.left_out;
  result.needs_callers = diff.needs_callers;
  for (const diff::FunctionChange& function : diff.functions)
    result.functions.push_back({.name = function.name,
                                .is_new = function.status == diff::Status::kNew,
                                .because = function.because,
                                .changed_at = function.changed_at});
  for (const diff::Inclusion& inclusion : diff.inclusions)
    result.inclusions.push_back({inclusion.name, inclusion.because});
}

/// Code that is not the kernel's refers to what the kernel does not have.
void with_likely_cause(const std::optional<match::UnitMatch>& match,
                       const kernel::Target& target, const std::function<void()>& step) {
  try {
    step();
  } catch (const Error& error) {
    if (match)
      fail_for_other_code(*match, target, error);
    throw;
  }
}

/// Debug information that was only made to explain the changes goes no further.
void write_part(diff::Delta delta, const PairOptions& options, const fs::path& output) {
  elf::Object part = klp::make_intermediate(std::move(delta), options.unique_names);
  if (!options.keep_debug)
    elf::remove_sections(part, [](const elf::Section& section) {
      return special::is_debug_section(section.name);
    });
  write_file(output, elf::write_object(part));
}

/// Where the patch is the first to take the address of a function.
void lead_past_seals(diff::Delta& delta, const std::set<std::uint64_t>& sealed,
                     bool with_thunks, UnitResult& result) {
  for (const std::string& function : klp::sealed_references(delta, sealed))
    if (with_thunks)
      result.notes.push_back(
          {.symbol = function,
           .text = fmt::format(
               "{} is sealed by IBT and must not be called through a pointer; the patch "
               "uses a thunk, whose address differs from the function's. Remove stored "
               "pointers to the thunk before you unload the patch",
               function)});
    else
      result.problems.push_back(
          {.code = "KP3001",
           .object = delta.inputs.label,
           .symbol = function,
           .message =
               fmt::format("the address of {} is taken, which the kernel has closed "
                           "to calls through pointers",
                           function),
           .remedy = "Point to a function of the patch that calls it, or do without "
                     "--no-thunks."});
  if (with_thunks)
    klp::add_landing_thunks(delta, sealed);
}

/// What the patch refers to that may be closed to it, or not be there.
void judge_references(diff::Delta& delta, const Parent& parent, bool with_thunks,
                      UnitResult& result) {
  std::ranges::move(klp::references_to_strangers(delta, parent.lenders),
                    std::back_inserter(result.problems));
  std::ranges::move(klp::sealed_words(delta, parent.sealed),
                    std::back_inserter(result.problems));
  lead_past_seals(delta, parent.sealed, with_thunks, result);
}

/// Those of the names that may be meant in the unit.
std::set<std::string> names_in(const std::string& unit,
                               const std::vector<std::string>& names) {
  std::set<std::string> here;
  for (const std::string& name : names)
    if (const std::size_t colon = name.find(':'); colon == std::string::npos)
      here.insert(name);
    else if (name.substr(0, colon) == unit)
      here.insert(name.substr(colon + 1));
  return here;
}

/// Where the kernel has what was static in the original and is global now.
image::LocatedSymbols new_globals(const elf::Object& original, const elf::Object& patched,
                                  const image::LocatedSymbols& located) {
  std::set<std::string_view> globals;
  for (const elf::Symbol& symbol : patched.symbols)
    if (symbol.is_defined() && symbol.binding == STB_GLOBAL)
      globals.insert(symbol.name);
  image::LocatedSymbols result;
  for (const elf::Symbol& symbol : original.symbols)
    if (symbol.is_local() && symbol.is_defined() && globals.contains(symbol.name))
      if (const auto found = located.find(symbol.name); found != located.end()) {
        image::LocatedSymbol& place = result[symbol.name] = found->second;
        place.is_global = true; // to the code of the patch
        place.is_only_one = false;
      }
  return result;
}

} // namespace

struct PairDiffer::Parents {
  struct Entry {
    std::once_flag is_read;
    Parent parent;
  };

  image::Symvers symvers;
  std::mutex mutex; ///< for the map, not for what is in it
  std::map<std::string, Entry, std::less<>> by_owner;
  std::map<std::string, image::LocatedSymbols, std::less<>> new_globals;
  OwnCopies own_copies; ///< changes only while nothing is compared
  OwnCopies uncalled;   ///< the same

  /// What the patch brings itself is linked to by name.
  void add_new_globals(const std::string& owner, const image::LocatedSymbols& made,
                       const std::optional<diff::Delta>& delta) {
    const std::scoped_lock alone(mutex);
    for (const auto& [name, place] : made)
      if (!delta || !delta->object.symbols[delta->object.find_symbol(name)].is_defined())
        new_globals[owner].emplace(name, place);
  }

  /// Adds what other units have made global; a unit's own names come first.
  void take_new_globals(const std::string& owner, image::LocatedSymbols& located) {
    const std::scoped_lock alone(mutex);
    if (const auto made = new_globals.find(owner); made != new_globals.end())
      located.insert(made->second.begin(), made->second.end());
  }

  /// Those of the copies that a unit of the owner would call.
  std::set<std::string> copies_for(const std::string& owner) const {
    std::set<std::string> names;
    for (const auto& [function, home] : own_copies)
      if (home == owner || symvers.exporter(function) == home)
        names.insert(function);
    return names;
  }

  std::set<std::string> uncalled_in(const std::string& owner) const {
    std::set<std::string> names;
    for (const auto& [function, home] : uncalled)
      if (home == owner)
        names.insert(function);
    return names;
  }

  const Parent& get(const kernel::Target& target, const std::string& owner,
                    bool with_image) {
    Entry& entry = entry_of(owner);
    std::call_once(entry.is_read, [&] {
      entry.parent = read_parent(target, owner, with_image, symvers);
    });
    return entry.parent;
  }

  Entry& entry_of(const std::string& owner) {
    const std::scoped_lock alone(mutex);
    return by_owner[owner];
  }
};

PairDiffer::PairDiffer(const kernel::Target& target, const PairOptions& options)
    : target_(target), options_(options), parents_(std::make_unique<Parents>()) {
  parents_->symvers =
      image::Symvers::parse(read_text(target.symvers), target.symvers.string());
}

PairDiffer::~PairDiffer() = default;

void PairDiffer::set_own_copies(OwnCopies copies, OwnCopies uncalled) {
  parents_->own_copies = std::move(copies);
  parents_->uncalled = std::move(uncalled);
}

const image::Image* PairDiffer::image_of(const std::string& owner) {
  const Parent& parent = parents_->get(target_, owner, true);
  return parent.image ? &*parent.image : nullptr;
}

const image::Symvers& PairDiffer::symvers() const {
  return parents_->symvers;
}

bool PairDiffer::names_new_global(const fs::path& object) const {
  const auto is_made_global = [&](const elf::Symbol& symbol) {
    return !symbol.is_local() &&
           std::ranges::any_of(parents_->new_globals, [&](const auto& made) {
             return made.second.contains(symbol.name);
           });
  };
  return !parents_->new_globals.empty() &&
         std::ranges::any_of(elf::read_object(object).symbols, is_made_global);
}

UnitResult PairDiffer::compare(const ObjectPair& pair, const fs::path& output) {
  UnitResult result{.unit = pair.unit, .owner = pair.owner};
  std::set<std::string> own_copies = parents_->copies_for(pair.owner);
  if (own_copies.empty() && read_bytes(pair.original) == read_bytes(pair.patched))
    return result;
  const std::string label = fs::path(pair.unit).replace_extension(".o").string();
  elf::Object original = read_side(pair.original, label);
  const bool can_match = match::can_match(original);
  if (!can_match)
    judge_unproven(original, options_.force, result);
  const Parent& parent = parents_->get(target_, pair.owner, can_match);
  std::optional<match::UnitMatch> match;
  if (parent.image) {
    const fs::path shipped = pair.as_shipped ? pair.as_shipped() : pair.original;
    match = match::match_unit(
        shipped == pair.original ? original : read_side(shipped, label), *parent.image);
  }

  elf::Object patched = read_side(pair.patched, label);
  image::LocatedSymbols made_global;
  if (match) {
    made_global = new_globals(original, patched, match->located);
    parents_->take_new_globals(pair.owner, match->located);
  }

  const diff::Inputs inputs{.label = label,
                            .parent = pair.owner,
                            .parent_symbols = parent.symbols,
                            .symvers = parents_->symvers,
                            .sizes = target_.struct_sizes,
                            .explain = options_.explain,
                            .init_changes = options_.init_changes,
                            .set_data = options_.set_data,
                            .left_out = names_in(pair.unit, options_.left_out),
                            .own_copies = std::move(own_copies),
                            .uncalled = parents_->uncalled_in(pair.owner),
                            .located = match ? &match->located : nullptr};
  with_likely_cause(match, target_, [&] {
    diff::Result diff = diff::compare(std::move(original), std::move(patched), inputs);
    take_result(diff, result);
    parents_->add_new_globals(pair.owner, made_global, diff.delta);
    if (match)
      judge_proof(*match, target_, options_.force, result);
    if (diff.delta)
      judge_references(*diff.delta, parent, options_.thunks, result);
    if (diff.delta)
      std::ranges::copy(klp::late_replacements(*diff.delta),
                        std::back_inserter(result.problems));
    if (!result.problems.empty())
      result.outcome = UnitOutcome::kRefused;
    else if (diff.delta)
      result.outcome = UnitOutcome::kChanged;
    if (result.outcome == UnitOutcome::kChanged)
      write_part(std::move(*diff.delta), options_, output);
  });
  return result;
}

} // namespace kpatch::produce
