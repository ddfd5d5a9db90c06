// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

namespace kpatch::image {

/// An exported function of vmlinux by whose place a module for kpatch.ko knows all others
/// of the image: wherever a kernel has been put, it has been put there as a whole. Every
/// kernel has it that has kpatch.ko, which uses it, too.
inline constexpr std::string_view kAnchor = "sprint_symbol";

} // namespace kpatch::image
