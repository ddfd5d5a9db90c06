// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "arch/arch.h"
#include "image/image.h"

#include <cstdint>
#include <set>
#include <vector>

namespace kpatch::match {

/// A place of an image that has the address of a function.
struct Use {
  std::uint64_t target = 0; ///< where the function begins
  std::uint64_t place = 0;  ///< of the field that says so
  bool is_branch = false;   ///< of a call or jump; else the address is made or stored
  const image::ImagePart* part = nullptr; ///< that the place lies in
};

/// The places of an image that refer to the start of one of the functions, in the order
/// of their addresses: calls and jumps, pointers, and distances that tables hold. Numbers
/// that only look like a pointer can be among the latter two. What is not known of a
/// processor is called a pointer.
std::vector<Use> uses_of(const image::Image& image, const arch::Arch& arch,
                         const std::set<std::uint64_t>& functions);

} // namespace kpatch::match
