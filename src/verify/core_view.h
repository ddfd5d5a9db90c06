// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"
#include "image/image.h"

namespace kpatch::verify {

/// Whether the module is a patch that kpatch.ko takes, and not the kernel's livepatch
/// code.
bool is_for_core(const elf::Object& module);

/// The same module as livepatch would be given it: what refers to a place of vmlinux by
/// its distance from the anchor refers to the symbol that the image has there. What the
/// rules say of livepatch relocations holds for both.
elf::Object as_livepatch(elf::Object module, const image::Image& vmlinux);

} // namespace kpatch::verify
