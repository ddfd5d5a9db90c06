// SPDX-License-Identifier: GPL-2.0-or-later
//
// What runs is what was shipped, so what was shipped answers where a function is and what
// it refers to. This file holds the common form of kernels and modules; the two are read
// by kernel_image.cpp and module_image.cpp.
#include "image/image.h"

#include "base/error.h"

#include <algorithm>
#include <numeric>

namespace kpatch::image {

Image::Image(std::string label, std::endian order, std::vector<ImagePart> parts,
             std::vector<ImageSymbol> symbols)
    : label_(std::move(label)), order_(order), parts_(std::move(parts)),
      symbols_(std::move(symbols)), by_address_(symbols_.size()) {
  std::erase_if(parts_, [](const ImagePart& part) { return part.size == 0; });
  std::ranges::stable_sort(parts_, {}, &ImagePart::address);
  for (std::size_t i = 1; i < parts_.size(); ++i)
    if (parts_[i].address - parts_[i - 1].address < parts_[i - 1].size)
      fail("{}: sections {} and {} lie at the same address", label_, parts_[i - 1].name,
           parts_[i].name);
  std::iota(by_address_.begin(), by_address_.end(), ImageSymbolId{0});
  std::ranges::stable_sort(by_address_, {},
                           [&](ImageSymbolId id) { return symbols_[id].address; });
  by_name_.build(static_cast<std::uint32_t>(symbols_.size()),
                 [&](ImageSymbolId id) -> std::string_view { return symbols_[id].name; });
}

const ImagePart* Image::find_part(std::uint64_t address) const {
  auto after = std::ranges::upper_bound(parts_, address, {}, &ImagePart::address);
  if (after == parts_.begin())
    return nullptr;
  const ImagePart& part = *--after;
  return address - part.address < part.size ? &part : nullptr;
}

const ImagePart* Image::find_part(std::string_view name) const {
  const auto found = std::ranges::find(parts_, name, &ImagePart::name);
  return found == parts_.end() ? nullptr : &*found;
}

std::span<const std::uint8_t> Image::bytes_from(std::uint64_t address) const {
  const ImagePart* part = find_part(address);
  if (!part || address - part->address >= part->data.size())
    return {};
  return std::span(part->data).subspan(address - part->address);
}

std::vector<ImageSymbolId> Image::named(std::string_view name) const {
  std::vector<ImageSymbolId> ids;
  for (ImageSymbolId id = by_name_.first(name); id != NameChains::kEnd;
       id = by_name_.next(id))
    if (symbols_[id].is_defined && symbols_[id].name == name)
      ids.push_back(id);
  return ids;
}

std::uint64_t Image::address_of(std::string_view name) const {
  const std::vector<ImageSymbolId> all = named(name);
  return all.empty() ? 0 : symbols()[all.front()].address;
}

std::span<const ImageSymbolId> Image::at(std::uint64_t address) const {
  const auto begin = std::lower_bound(by_address_.begin(), by_address_.end(), address,
                                      [&](ImageSymbolId id, std::uint64_t value) {
                                        return symbols_[id].address < value;
                                      });
  auto end = begin;
  while (end != by_address_.end() && symbols_[*end].address == address)
    ++end;
  return {begin, end};
}

const ImageSymbol* Image::nearest(std::uint64_t address) const {
  const auto after = std::upper_bound(by_address_.begin(), by_address_.end(), address,
                                      [&](std::uint64_t value, ImageSymbolId id) {
                                        return value < symbols_[id].address;
                                      });
  return after == by_address_.begin() ? nullptr : &symbols_[*(after - 1)];
}

bool Image::has(std::string_view name, std::uint64_t address) const {
  return std::ranges::any_of(at(address),
                             [&](ImageSymbolId id) { return symbols_[id].name == name; });
}

bool Image::knows(std::string_view name) const {
  for (ImageSymbolId id = by_name_.first(name); id != NameChains::kEnd;
       id = by_name_.next(id))
    if (symbols_[id].name == name)
      return true;
  return false;
}

std::uint64_t Image::position(ImageSymbolId id) const {
  const std::vector<ImageSymbolId> same = named(symbols_[id].name);
  return static_cast<std::uint64_t>(std::ranges::find(same, id) - same.begin()) + 1;
}

} // namespace kpatch::image
