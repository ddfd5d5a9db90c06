// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

#include <string>
#include <string_view>

namespace kpatch::distro {

/// Whether the request is for a kernel of a distribution with RPM packages: a source
/// package is given, or the release ends in ".x86_64" or another processor's name.
bool is_rpm_request(const kernel::TargetRequest& request);

/// The target for such a kernel. The source package is unpacked as its own spec file
/// says; a missing one is fetched with dnf or yumdownloader.
kernel::Target rpm_target(const kernel::TargetRequest& request);

/// The release of the kernel that a source package is of: "5.14.0-427.el9.x86_64" for
/// "kernel-5.14.0-427.el9.src.rpm". Throws Error for another name.
std::string release_of_source_rpm(std::string_view file_name, std::string_view machine);

} // namespace kpatch::distro
