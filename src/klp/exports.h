// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"
#include "image/symvers.h"

#include <set>
#include <span>
#include <string>

namespace kpatch::klp {

/// Throws Error naming every symbol that the objects together need and that neither they
/// define nor the kernel exports. A weak reference may stay unresolved.
void check_undefined_symbols(std::span<const elf::Object> objects,
                             const image::Symvers& symvers);

/// The symbol namespaces of what the objects refer to, less those they already import.
std::set<std::string> missing_namespaces(std::span<const elf::Object> objects,
                                         const image::Symvers& symvers);

/// An object of the same kind as `sample` that makes the module import the namespaces.
elf::Object import_object(const std::set<std::string>& namespaces,
                          const elf::Object& sample);

/// Removes debug information, and the undefined symbols that nothing else refers to.
void strip_debug(elf::Object& object);

} // namespace kpatch::klp
