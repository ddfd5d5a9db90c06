// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"
#include "image/anchor.h"
#include "image/image.h"

namespace kpatch::klp {

using image::kAnchor;

/// By what a module for kpatch.ko knows its kernel.
struct CoreIdentity {
  std::uint64_t anchor = 0;      ///< address of kAnchor in the image
  std::uint64_t build_id_at = 0; ///< address of the bytes that follow
  Bytes build_id;
};

/// Throws Error for an image that lacks either.
CoreIdentity core_identity(const image::Image& vmlinux);

/// The part of the module that holds it: kpatch_identity of kmod/core_hook.c.
elf::Object identity_object(const CoreIdentity& identity, const elf::Object& sample);

} // namespace kpatch::klp
