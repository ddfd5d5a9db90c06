// SPDX-License-Identifier: GPL-2.0-or-later
//
// Packages carry modules, but what modprobe needs to find one by another's name or a
// device's is made when they are installed.
#include "distro/depmod.h"

#include "base/error.h"
#include "base/process.h"

namespace kpatch::distro {
namespace fs = std::filesystem;

fs::path run_depmod(const fs::path& unpacked, const std::string& release) {
  fs::path program = find_program("depmod");
  if (program.empty())
    program = find_program("/sbin/depmod");
  if (program.empty())
    fail_with_remedy("install it: apt-get install kmod, or dnf install kmod",
                     "depmod: no such program");
  fs::path root = fs::exists(unpacked / "lib/modules") ? unpacked : unpacked / "usr";
  run_checked({.argv = {program.string(), "-b", root.string(), release}});
  return root;
}

} // namespace kpatch::distro
