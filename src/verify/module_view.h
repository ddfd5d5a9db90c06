// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/problem.h"
#include "elf/object.h"
#include "image/image.h"

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kpatch::verify {

inline constexpr std::string_view kLivepatchSymbols = ".klp.sym.";

/// ".klp.sym.OBJECT.NAME,POSITION" in its parts.
struct LivepatchName {
  std::string_view object, name;
  std::uint64_t position = 0;
};
std::optional<LivepatchName> parse_livepatch_name(std::string_view text);

/// The symbol that livepatch takes for it; null if the image has no such.
const image::ImageSymbol* find_symbol(const image::Image& image, std::string_view name,
                                      std::uint64_t position);

/// Memory that an image gives up once it has started.
bool is_gone_after_start(const image::ImagePart& part, bool is_vmlinux);

using Place = std::pair<elf::SectionId, std::uint64_t>;

/// An entry of a table; its fields are found by their offset.
struct Row {
  elf::SectionId table = elf::kNoSection;
  std::uint64_t offset = 0;
};

/// A finished module with the questions that rules ask of it.
class ModuleView {
 public:
  explicit ModuleView(const elf::Object& module);

  const elf::Object& module() const { return module_; }
  const elf::Section& section(elf::SectionId id) const { return module_.sections[id]; }

  /// Code that runs; not what replaces other code.
  bool is_code(elf::SectionId id) const;
  std::span<const std::uint8_t> code_at(const Place& place) const;
  std::string_view function_at(const Place& place) const;
  bool is_function_start(const Place& place) const;
  /// Whether an instruction begins or the code ends there; true where this is unknown.
  bool is_boundary(const Place& place) const;
  /// Where the instruction ends that has a byte at that place.
  std::optional<std::uint64_t> end_of_instruction(const Place& place) const;
  bool knows_boundaries(elf::SectionId id) const { return !boundaries(id).empty(); }

  /// The relocation of a field, whoever applies it; null: it has none.
  const elf::Relocation* reference_at(elf::SectionId id, std::uint64_t offset) const;
  Place target(const elf::Relocation& relocation) const;
  /// The name without what livepatch puts around it.
  std::string_view name_of(const elf::Relocation& relocation) const;
  /// The object that a late relocation takes its symbol from; else empty.
  std::string_view owner_of(const elf::Relocation& relocation) const;

  /// Those of loaded sections to what is not in the module, whoever applies them. A weak
  /// one may be to nothing.
  std::vector<std::pair<elf::SectionId, const elf::Relocation*>>
  references_outside() const;

  std::vector<Row> rows(std::string_view table, std::uint64_t size) const;
  /// What a field of a row refers to, if it is a place in this module.
  std::optional<Place> place_in(const Row& row, std::uint64_t field) const;
  /// Places that the first field of every entry names.
  std::set<Place> places_in(std::string_view table) const;

 private:
  const std::set<std::uint64_t>& boundaries(elf::SectionId id) const;

  const elf::Object& module_;
  std::map<Place, const elf::Relocation*> references_;
  std::map<Place, const elf::Symbol*> functions_;
  mutable std::map<elf::SectionId, std::set<std::uint64_t>> boundaries_;
};

/// Collects what is wrong with one module.
class Findings {
 public:
  explicit Findings(std::string object) : object_(std::move(object)) {}
  void add(const char* code, std::string_view symbol, std::string message,
           std::string_view remedy = "do not load it; build it again with kpatch-build");
  std::vector<Problem> take() { return std::move(problems_); }

 private:
  std::string object_;
  std::vector<Problem> problems_;
};

} // namespace kpatch::verify
