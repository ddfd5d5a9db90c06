// SPDX-License-Identifier: GPL-2.0-or-later
//
// The configuration of a kernel of Debian names the very package of its compiler
// ("gcc-14 (Debian 14.2.0-19) 14.2.0"). Every release has it in its archive, so it is
// fetched like the source where another one is installed. Its assembler and linker are
// those of the release.
//
// linux-kbuild has programs of the kernel's own (objtool, modpost), built on its release.
#include "distro/debian_compiler.h"

#include "base/error.h"
#include "cache/cache_upkeep.h"
#include "cache/layout.h"
#include "distro/toolchain.h"
#include "kernel/compiler_check.h"

#include <algorithm>
#include <fstream>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

/// The linker and its like have kbuild's names for them.
constexpr std::pair<const char*, const char*> kTools[] = {
    {"LD", "ld"},           {"AR", "ar"},           {"NM", "nm"},
    {"OBJCOPY", "objcopy"}, {"OBJDUMP", "objdump"}, {"READELF", "readelf"},
    {"STRIP", "strip"},
};

void use(const Toolchain& toolchain, const std::string& name,
         kernel::Compiler& compiler) {
  const std::string& prefix = compiler.cross_compile;
  compiler.command = toolchain.program(prefix + name).string();
  compiler.packages = toolchain.packages;
  compiler.make_variables = {"CC=" + compiler.command};
  for (const auto& [variable, tool] : kTools)
    if (const fs::path program = toolchain.program(prefix + tool); fs::exists(program))
      compiler.make_variables.push_back(fmt::format("{}={}", variable, program.string()));
}

/// Debian builds compilers for other processors from the source of its own ones, and says
/// so in the version: "14.2.0-19cross1".
constexpr std::string_view kCrossMark = "cross1";

/// The package of the same compiler that runs here and compiles for another processor.
kernel::CompilerPackage cross_package(const kernel::CompilerPackage& native,
                                      const kernel::Compiler& compiler) {
  return {.vendor = native.vendor,
          .name = kernel::package_of_compiler(compiler.cross_compile + native.name),
          .version = native.version + std::string(kCrossMark)};
}

/// Fetches it, or finds it in the cache.
void fetch(const kernel::TargetRequest& request, const fs::path& cache,
           ReleaseArchive* release, kernel::Compiler& compiler) {
  std::optional<kernel::CompilerPackage> package = kernel::compiler_package_of(compiler);
  if (!package || package->vendor != "Debian")
    fail("its version text, '{}', names no package of Debian", compiler.version_text);
  const std::string name = package->name;
  const std::vector<std::string> versions{package->version,
                                          package->version + std::string(kCrossMark)};
  if (!compiler.cross_compile.empty())
    package = cross_package(*package, compiler);
  const std::string wanted = package->name + "=" + package->version;
  const fs::path folder =
      cache / cache::kToolchains / (package->name + "_" + package->version);
  const auto apt = [&]() -> const Apt& {
    if (request.offline)
      fail_with_remedy("run once without the offline option",
                       "{}: not in the cache, and "
                       "not to be fetched",
                       wanted);
    if (!release)
      fail("{}: the name of the kernel does not tell of which release it is", wanted);
    if (request.progress)
      request.progress(
          fmt::format("Fetching the compiler {} {}", package->name, package->version));
    return release->apt();
  };
  use(make_toolchain(folder, apt, {"install", wanted}, versions, request.live), name,
      compiler);
  cache::record_use(folder);
  const std::string here = kernel::compiler_version_text(compiler.command);
  if (!kernel::same_compiler(here, compiler.version_text))
    fail("{}: it says that it is '{}'", compiler.command, here);
}

bool is_installed(const kernel::Compiler& compiler) {
  return !find_program(compiler.command).empty() &&
         kernel::same_compiler(kernel::compiler_version_text(compiler.command),
                               compiler.version_text);
}

bool is_program(const fs::directory_entry& entry) {
  if (!entry.is_regular_file() || entry.is_symlink() ||
      (entry.status().permissions() & fs::perms::owner_exec) == fs::perms::none)
    return false;
  std::ifstream stream(entry.path(), std::ios::binary);
  std::string magic(4, '\0');
  return stream.read(magic.data(), 4) && magic == "\177ELF";
}

} // namespace

kernel::Compiler debian_compiler(const kernel::Config& config, const std::string& machine,
                                 const kernel::TargetRequest& request,
                                 const fs::path& cache, ReleaseArchive* release) {
  kernel::Compiler compiler = kernel::compiler_of(config, request.cross_compile, machine);
  using kernel::CompilerChoice;
  if (request.compiler == CompilerChoice::kInstalled ||
      (request.compiler == CompilerChoice::kEither && is_installed(compiler)))
    return compiler;
  const kernel::Compiler installed = compiler;
  try {
    fetch(request, cache, release, compiler);
  } catch (const Error& error) {
    if (request.compiler == CompilerChoice::kFetched)
      throw Error(fmt::format("--compiler fetched: {}", error.what()), error.remedy());
    compiler = installed;
    compiler.not_fetched = error.what();
  }
  return compiler;
}

void make_tools_run(const fs::path& tree, const fs::path& libraries,
                    const std::string& depends, ReleaseArchive* release) {
  std::vector<fs::path> programs;
  for (const auto& entry : fs::recursive_directory_iterator(tree))
    if (is_program(entry) && !runs_here(entry.path()))
      programs.push_back(entry.path());
  if (programs.empty() || !release || depends.empty())
    return;
  const Toolchain toolchain = make_toolchain(
      libraries, [&]() -> const Apt& { return release->apt(); }, {"satisfy", depends});
  for (const fs::path& program : programs)
    run_with(toolchain, program);
}

} // namespace kpatch::distro
