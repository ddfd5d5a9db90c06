// SPDX-License-Identifier: GPL-2.0-or-later
//
// A name that occurs several times is told apart by a number alone, and a wrong number is
// valid, too: the kernel then replaces, calls or reads another thing of that name. But
// the old code is at hand: most of the new code is the same, and so is which of several
// things of one name it means.
#include "arch/arch.h"
#include "base/endian.h"
#include "verify/codes.h"
#include "verify/rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpatch::verify {

namespace {

constexpr std::uint64_t kLargestFunction = 1U << 16;

/// The bytes of a function in an image, up to the next symbol.
std::span<const std::uint8_t> code_of(const image::Image& image, std::uint64_t address) {
  const auto bytes = image.bytes_from(address);
  std::uint64_t size = std::min<std::uint64_t>(bytes.size(), kLargestFunction);
  for (std::uint64_t at = 1; at < size; ++at)
    if (!image.at(address + at).empty())
      size = at;
  return bytes.first(size);
}

/// What 32-bit fields in the code may refer to: relative to the end of the field, with
/// and without an immediate behind it, or absolute.
std::set<std::uint64_t> referred_to(const image::Image& image, std::uint64_t address) {
  const auto code = code_of(image, address);
  std::set<std::uint64_t> places;
  constexpr std::uint64_t kField = 4;
  for (std::uint64_t at = 0; at + kField <= code.size(); ++at) {
    const auto value = static_cast<std::uint64_t>(std::int64_t{
        static_cast<std::int32_t>(load<std::uint32_t>(code, at, image.order()))});
    places.insert(value);
    for (const std::uint64_t behind : {0, 1, 4})
      places.insert(address + at + kField + behind + value);
  }
  return places;
}

/// Whether any of the places lies in what begins at the address.
bool leads_into(const std::set<std::uint64_t>& places, const image::Image& image,
                std::uint64_t address) {
  const auto found = places.lower_bound(address);
  if (found == places.end())
    return false;
  if (*found == address)
    return true;
  const image::ImageSymbol* nearest = image.nearest(*found);
  return nearest && nearest->address == address && image.find_part(*found) != nullptr &&
         image.find_part(*found) == image.find_part(address);
}

class LikenessChecker {
 public:
  LikenessChecker(const Case& subject, const elf::FunctionRecord& record)
      : case_(subject), record_(record), image_(*subject.kernel.image(record.object)),
        old_(find_symbol(image_, record.name, record.position)->address),
        places_(referred_to(image_, old_)) {}

  void run() {
    check_record();
    // Since 7.x other functions stand in the same section.
    const std::uint64_t size = size_of_new();
    for (const elf::LivepatchRelocations& table : case_.module.module().livepatch)
      if (table.target == record_.code)
        for (const elf::Relocation& relocation : table.relocations)
          if (relocation.offset >= record_.offset &&
              relocation.offset - record_.offset < size)
            check_reference(relocation);
  }

 private:
  using Pieces = std::set<std::string>;
  static constexpr std::uint64_t kPiece = 5;

  /// All pieces of the new code that no relocation changes.
  Pieces new_pieces() const {
    const elf::Section& section = case_.module.section(record_.code);
    const arch::Arch& arch = arch::arch_for(case_.module.module());
    std::vector<bool> open(section.data.size());
    for (std::uint64_t at = 0; at < open.size(); ++at)
      if (const elf::Relocation* relocation = case_.module.reference_at(record_.code, at))
        if (const auto field = arch.field(relocation->type))
          for (std::uint64_t i = at; i < std::min(at + field->size, open.size()); ++i)
            open[i] = true;
    Pieces pieces;
    const std::uint64_t end =
        std::min(record_.offset + size_of_new(), section.data.size());
    for (std::uint64_t at = record_.offset; at + kPiece <= end; ++at)
      if (std::find(open.begin() + static_cast<std::ptrdiff_t>(at),
                    open.begin() + static_cast<std::ptrdiff_t>(at + kPiece),
                    true) == open.begin() + static_cast<std::ptrdiff_t>(at + kPiece))
        pieces.emplace(section.data.begin() + static_cast<std::ptrdiff_t>(at),
                       section.data.begin() + static_cast<std::ptrdiff_t>(at + kPiece));
    return pieces;
  }

  std::uint64_t size_of_new() const {
    for (const elf::Symbol& symbol : case_.module.module().symbols)
      if (symbol.is_function() && symbol.section == record_.code &&
          symbol.value == record_.offset)
        return symbol.size;
    return 0;
  }

  /// What share of the pieces the function at the address has.
  double likeness(const Pieces& pieces, std::uint64_t address) const {
    const auto code = code_of(image_, address);
    Pieces its;
    for (std::uint64_t at = 0; at + kPiece <= code.size(); ++at)
      its.emplace(code.begin() + static_cast<std::ptrdiff_t>(at),
                  code.begin() + static_cast<std::ptrdiff_t>(at + kPiece));
    const auto shared = std::ranges::count_if(
        pieces, [&](const std::string& piece) { return its.contains(piece); });
    return static_cast<double>(shared) / static_cast<double>(pieces.size());
  }

  /// Another function of that name is like the new one, and the chosen one is not.
  void check_record() {
    constexpr double kClearly = 0.3;
    const auto all = image_.named(record_.name);
    const Pieces pieces = all.size() < 2 ? Pieces() : new_pieces();
    if (pieces.empty())
      return;
    const double own = likeness(pieces, old_);
    for (const image::ImageSymbolId id : all) {
      if (likeness(pieces, image_.symbols()[id].address) < own + kClearly)
        continue;
      case_.findings.add(
          code::kUnlikely, record_.name,
          fmt::format("the new code resembles number {} of this name, but number {} is "
                      "replaced",
                      image_.position(id), record_.position));
      return;
    }
  }

  /// The old code refers to another thing of that name.
  void check_reference(const elf::Relocation& relocation) {
    const auto name =
        parse_livepatch_name(case_.module.module().symbols[relocation.symbol].name);
    if (!name || name->object != record_.object)
      return;
    const auto all = image_.named(name->name);
    const image::ImageSymbol* meant = find_symbol(image_, name->name, name->position);
    if (all.size() < 2 || !meant || leads_into(places_, image_, meant->address))
      return;
    for (const image::ImageSymbolId id : all)
      if (leads_into(places_, image_, image_.symbols()[id].address)) {
        case_.findings.add(
            code::kUnlikely, name->name,
            fmt::format("{} refers to number {} of this name, the old code to number {}",
                        record_.name, name->position, image_.position(id)));
        return;
      }
  }

  const Case& case_;
  const elf::FunctionRecord& record_;
  const image::Image& image_;
  std::uint64_t old_;
  std::set<std::uint64_t> places_;
};

} // namespace

void check_likeness(const Case& subject, const elf::FunctionRecord& record) {
  LikenessChecker(subject, record).run();
}

} // namespace kpatch::verify
