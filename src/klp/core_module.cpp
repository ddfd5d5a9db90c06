// SPDX-License-Identifier: GPL-2.0-or-later
//
// kpatch.ko is an ordinary module, made by kbuild, and the same for all patches of a
// kernel. It is kept under a name made of all that goes into it.
#include "klp/core_module.h"

#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "base/sha256.h"
#include "kernel/kbuild.h"
#include "klp/hook.h"

#include <algorithm>

namespace kpatch::klp {
namespace fs = std::filesystem;

namespace {

constexpr const char* kSymvers = "Module.symvers";

/// The files of kmod/core/ and what they include, in the order of their names.
std::vector<fs::path> source_files(const fs::path& kmod) {
  std::vector<fs::path> files = {"include/kpatch-core.h"};
  for (const fs::directory_entry& entry : fs::directory_iterator(kmod / "core"))
    if (const fs::path& path = entry.path(); path.extension() == ".c" ||
                                             path.extension() == ".h" ||
                                             path.filename() == "Kbuild")
      files.push_back(path.lexically_relative(kmod));
  std::ranges::sort(files);
  return files;
}

std::string core_folder_name(const ModuleRequest& request) {
  Sha256 hash;
  for (const fs::path& file : source_files(request.hook_sources))
    hash.add_field(read_text(request.hook_sources / file));
  hash.add_field(read_text(request.object_tree / "include/generated/autoconf.h"));
  hash.add_field(read_text(request.object_tree / "include/generated/utsrelease.h"));
  for (const std::string& variable : request.make_variables)
    hash.add_field(variable);
  return "core-" + hash.finish();
}

void build(const ModuleRequest& request, const fs::path& scratch) {
  for (const fs::path& file : source_files(request.hook_sources)) {
    fs::create_directories((scratch / file).parent_path());
    fs::copy_file(request.hook_sources / file, scratch / file,
                  fs::copy_options::overwrite_existing);
  }
  std::vector<std::string> argv = module_make(request, scratch / "core");
  argv.insert(argv.end(), {"CONFIG_DEBUG_INFO_BTF_MODULES=", "KCFLAGS=-g0", "modules"});
  Command make{.argv = argv, .environment = kernel::kbuild_environment()};
  make.environment["TMPDIR"] = scratch.string();
  const Outcome outcome = run(make);
  if (!outcome.ok())
    fail("{}: it cannot be built for this kernel\n{}{}", kCoreFile, outcome.output,
         outcome.errors);
}

} // namespace

CoreModule built_core(const ModuleRequest& request) {
  const fs::path scratch = request.work_dir / "core";
  const fs::path kept = request.hook_cache.empty()
                            ? request.work_dir / "built-core"
                            : request.hook_cache / core_folder_name(request);
  const CoreModule core{.module = kept / kCoreFile, .symvers = kept / kSymvers};
  if (fs::exists(core.module))
    return core;
  debug("compiling {}, to be kept in {}", kCoreFile, kept.string());
  build(request, scratch);
  fs::create_directories(kept);
  // The module last: it says that all is there.
  for (const char* file : {kSymvers, kCoreFile})
    write_file(kept / file, read_bytes(scratch / "core" / file));
  return core;
}

} // namespace kpatch::klp
