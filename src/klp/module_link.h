// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/files.h"
#include "klp/link_steps.h"
#include "klp/module.h"

namespace kpatch::klp {

/// An object that is linked into a module, by its name in parts/.
using Part = std::pair<std::string, Bytes>;

/// Files of kmod/ that every module is linked by.
inline constexpr std::string_view kModuleFrame[] = {"Makefile", "kpatch.lds"};

/// A folder with what kbuild makes a module of.
LinkPlace laid_out(const ModuleRequest& request, const std::filesystem::path& folder,
                   const std::string& name, const std::vector<Part>& parts);

/// Of the record in that file.
inline constexpr std::string_view kStepsFormat = "link-1";

/// The name of the file with how kbuild links modules of this kernel, in the request's
/// cache: made of all that decides about it.
std::filesystem::path steps_file(const ModuleRequest& request);

/// Has kbuild make two modules of the hook alone, in the request's work directory, and
/// keeps how it made the first one if the second one comes out the same, byte for byte,
/// when it is made so. Else keeps that kbuild has to be asked for each module.
void learn_steps(const ModuleRequest& request);

/// Makes PLACE/NAME.ko of what is laid out there, as kbuild does or by it, and returns
/// its path. Passes warnings on. Throws Error with what kbuild says if it cannot be made.
std::filesystem::path linked_module(const ModuleRequest& request, const LinkPlace& place);

} // namespace kpatch::klp
