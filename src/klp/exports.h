// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "arch/arch.h"
#include "elf/object.h"
#include "image/symvers.h"

#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace kpatch::klp {

/// What a part of a module gives to the other parts and takes from them or the kernel.
struct PartNames {
  std::set<std::string> defined;
  std::set<std::string> needed; ///< a weak reference may stay unresolved
};
PartNames names_of(const elf::Object& part);

/// What the kernel's build adds to every module at its final link; only what is in the
/// object tree counts.
PartNames names_of_build(const std::filesystem::path& object_tree,
                         const arch::Arch& arch);

/// For each part what it needs and neither a part defines nor the kernel exports.
std::vector<std::vector<std::string>> unprovided(std::span<const PartNames> parts,
                                                 const image::Symvers& symvers);

/// For each part what it needs of parts for other modules, with the module's name. The
/// parts for vmlinux are always complete.
std::vector<std::map<std::string, std::string>>
borrowed(std::span<const PartNames> parts, std::span<const std::string> owners);

/// Throws Error naming every symbol that the objects together need and that neither they
/// nor the kernel's build defines, nor the kernel exports. A weak reference may stay
/// unresolved.
void check_undefined_symbols(std::span<const elf::Object> objects,
                             const image::Symvers& symvers, const PartNames& build = {});

/// The symbol namespaces of what the objects refer to, less those they already import.
std::set<std::string> missing_namespaces(std::span<const elf::Object> objects,
                                         const image::Symvers& symvers);

/// An object of the same kind as `sample` that makes the module import the namespaces.
elf::Object import_object(const std::set<std::string>& namespaces,
                          const elf::Object& sample);

/// Removes debug information, and the undefined symbols that nothing else refers to.
void strip_debug(elf::Object& object);

} // namespace kpatch::klp
