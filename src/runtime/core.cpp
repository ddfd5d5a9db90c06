// SPDX-License-Identifier: GPL-2.0-or-later
//
// kpatch.ko stays loaded when the last patch is gone: without one it does nothing.
#include "runtime/core.h"

#include "base/durable_file.h"
#include "base/error.h"
#include "runtime/attributes.h"
#include "runtime/installed.h"
#include "runtime/livepatch_state.h"
#include "runtime/outcomes.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

/// The first of the folders that has it; empty if none has.
fs::path find_core(std::span<const fs::path> directories) {
  for (const fs::path& directory : directories)
    if (is_there(directory / kCoreFile))
      return directory / kCoreFile;
  return {};
}

[[noreturn]] void refuse_without_core(const fs::path& file) {
  throw Error(
      fmt::format("{}: it needs {}, which is not beside it", file.string(), kCoreFile),
      "copy both files that kpatch-build made", kRefusedByChecks);
}

} // namespace

void load_core(Host& host, const fs::path& file, const ModuleFile& module) {
  if (!module.is_for_core() || is_module_loaded(host.places, std::string(kCore)))
    return;
  const fs::path core = find_core(
      std::array{fs::absolute(file).parent_path(), host.places.installed_here()});
  if (core.empty())
    refuse_without_core(file);
  if (const std::string release = read_module_file(core).release();
      release != host.places.release)
    throw Error(fmt::format("{}: built for kernel {}, but {} is running", core.string(),
                            release, host.places.release),
                fmt::format("build the patch with kpatch-build -a {}, which makes both",
                            host.places.release),
                kRefusedByChecks);
  host.say(fmt::format("loading {}", core.string()));
  if (const int reason = host.kernel.load_module(core))
    throw Error(
        fmt::format("failed to load {}: {}", core.string(), std::strerror(reason)),
        "loading needs root (CAP_SYS_MODULE), and a signature that the kernel trusts "
        "where it wants one; see dmesg for what the kernel says",
        kRefusedByKernel);
}

void install_core(Host& host, const fs::path& file, const ModuleFile& module,
                  const fs::path& directory) {
  if (!module.is_for_core())
    return;
  const fs::path core = find_core(std::array{fs::absolute(file).parent_path()});
  if (core.empty() && !is_there(directory / kCoreFile))
    refuse_without_core(file);
  std::error_code ignored;
  if (core.empty() || fs::equivalent(core, directory / kCoreFile, ignored))
    return;
  fs::create_directories(directory);
  host.say(fmt::format("installing {}", core.string()));
  write_file_durably(directory / kCoreFile, read_module_bytes(core));
}

void drop_unused_core(const fs::path& directory) {
  std::error_code ignored;
  if (installed_modules(directory).empty())
    fs::remove(directory / kCoreFile, ignored);
}

} // namespace kpatch::runtime
