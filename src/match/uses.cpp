// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who calls a function is not written anywhere in a linked image, but each caller holds
// the distance to it, and each pointer its address. So every place is looked at whether
// it would be one of these. Of code the instructions around the place are read from the
// start of its function on: bytes of two of them may look like a distance as well.
#include "match/uses.h"

#include "base/endian.h"

#include <algorithm>

namespace kpatch::match {

namespace {

constexpr std::uint64_t kDistance = 4; // bytes of a field that holds one
constexpr std::uint64_t kPointer = 8;
/// Tables of distances are aligned (asm-generic/export.h, asm/extable.h).
constexpr std::uint64_t kTableAlignment = 4;

class Search {
 public:
  Search(const image::Image& image, const arch::Arch& arch,
         const std::set<std::uint64_t>& functions)
      : image_(image), arch_(arch), functions_(functions), first_(*functions.begin()),
        last_(*functions.rbegin()) {}

  std::vector<Use> run() {
    for (const image::ImagePart& part : image_.parts())
      for (std::uint64_t at = 0; at + kDistance <= part.data.size(); ++at)
        look_at(part, at);
    return std::move(uses_);
  }

 private:
  bool is_wanted(std::uint64_t address) const {
    return address >= first_ && address <= last_ && functions_.contains(address);
  }

  void look_at(const image::ImagePart& part, std::uint64_t at) {
    const std::uint64_t place = part.address + at;
    const auto value = static_cast<std::uint64_t>(std::int64_t{
        static_cast<std::int32_t>(load<std::uint32_t>(part.data, at, image_.order()))});
    if (part.is_code()) {
      if (is_wanted(place + kDistance + value))
        add_code(part, at, place + kDistance + value);
      if (is_wanted(value) && holder_of(part, at) != Holder::kNone)
        uses_.push_back({value, place, false, &part});
    } else if (place % kTableAlignment == 0 && is_wanted(place + value)) {
      uses_.push_back({place + value, place, false, &part});
    }
    if (part.is_code() || at + kPointer > part.data.size())
      return;
    const auto pointer = load<std::uint64_t>(part.data, at, image_.order());
    if (is_wanted(pointer))
      uses_.push_back({pointer, place, false, &part});
  }

  /// What has a field of code.
  enum class Holder {
    kNone,    ///< no instruction
    kNumber,  ///< one that holds no distance: NOPs end with zeroes, too
    kBranch,  ///< a call or jump
    kUnknown, ///< one that may make a pointer, or cannot be read
  };

  void add_code(const image::ImagePart& part, std::uint64_t at, std::uint64_t target) {
    const Holder holder = holder_of(part, at);
    if (holder == Holder::kBranch || holder == Holder::kUnknown)
      uses_.push_back({target, part.address + at, holder == Holder::kBranch, &part});
  }

  /// What instruction has the field at an offset of code.
  Holder holder_of(const image::ImagePart& part, std::uint64_t field) const {
    const image::ImageSymbol* function = image_.nearest(part.address + field);
    const std::uint64_t begin = function && function->address >= part.address
                                    ? function->address - part.address
                                    : 0;
    const elf::Section code{.name = part.name,
                            .type = SHT_PROGBITS,
                            .flags = SHF_ALLOC | SHF_EXECINSTR,
                            .data = bytes_of(part, begin, field)};
    const std::uint64_t wanted = field - begin;
    for (std::uint64_t at = 0, length = 0; at <= wanted; at += length) {
      length = arch_.instruction_length(std::span(code.data).subspan(at));
      if (length == 0)
        return Holder::kUnknown;
      if (wanted < at + length)
        return wanted + kDistance > at + length ? Holder::kNone
                                                : held_by(code, at, wanted);
    }
    return Holder::kNone;
  }

  /// The same of the instruction at an offset.
  Holder held_by(const elf::Section& code, std::uint64_t at, std::uint64_t field) const {
    const auto answer = arch_.own_reference(code, at);
    if (!answer.is_known)
      return Holder::kUnknown;
    if (!answer.reference || answer.reference->field != field)
      return Holder::kNumber;
    const std::uint32_t type = answer.reference->relocation_type;
    return arch_.is_branch(code, {.offset = field, .type = type}) ? Holder::kBranch
                                                                  : Holder::kUnknown;
  }

  /// From an offset to behind the instruction that may have the field.
  static Bytes bytes_of(const image::ImagePart& part, std::uint64_t begin,
                        std::uint64_t field) {
    constexpr std::uint64_t kLongest = 16; // instruction of all processors
    const std::uint64_t end = std::min<std::uint64_t>(part.data.size(), field + kLongest);
    return Bytes(part.data.begin() + static_cast<std::ptrdiff_t>(begin),
                 part.data.begin() + static_cast<std::ptrdiff_t>(end));
  }

  const image::Image& image_;
  const arch::Arch& arch_;
  const std::set<std::uint64_t>& functions_;
  std::uint64_t first_;
  std::uint64_t last_;
  std::vector<Use> uses_;
};

} // namespace

std::vector<Use> uses_of(const image::Image& image, const arch::Arch& arch,
                         const std::set<std::uint64_t>& functions) {
  if (functions.empty())
    return {};
  return Search(image, arch, functions).run();
}

} // namespace kpatch::match
