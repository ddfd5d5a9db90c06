// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"
#include "image/image.h"
#include "image/located.h"

#include <cstdint>
#include <optional>
#include <span>

namespace kpatch::match {

/// What livepatch has to know of the symbols whose `addresses` in the image are known, by
/// their names. A name that several of the unit's symbols have stands for none.
image::LocatedSymbols
located_symbols(const elf::Object& unit, const image::Image& image,
                std::span<const std::optional<std::uint64_t>> addresses);

} // namespace kpatch::match
