// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/diff.h"

#include <set>
#include <string>
#include <vector>

namespace kpatch::klp {

/// The objects that export what an object takes from others.
std::set<std::string> lenders_of(const elf::Object& object,
                                 const image::Symvers& symvers);

/// A problem for each export of a module that the patch uses, unless it is the patched
/// object itself or one that this depends on.
std::vector<Problem> references_to_strangers(const diff::Delta& delta,
                                             const std::set<std::string>& lenders);

} // namespace kpatch::klp
