// SPDX-License-Identifier: GPL-2.0-or-later
//
// The hook is the same in every patch module of a kernel, and compiling it costs more
// than linking the module, so its object code is kept under a name made of all that goes
// into it. It asks for the module's name at run time for that reason.
//
// Unlike the patched code, which objtool has seen before the differ, the hook must go
// through objtool here: without return sites its returns go to the unpatched return thunk
// (a warning at load), without ORC no stack trace through it is reliable and the kernel
// could never finish a transition on a task sleeping there. kbuild runs objtool on single
// objects except where CONFIG_X86_KERNEL_IBT delays it to the link; there it is run here.
#include "klp/hook.h"

#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "base/sha256.h"
#include "elf/object.h"
#include "elf/orc.h"
#include "kernel/config.h"
#include "kernel/kbuild.h"
#include "kernel/objtool.h"
#include "klp/info_object.h"

#include <algorithm>

namespace kpatch::klp {
namespace fs = std::filesystem;

namespace {

std::string compiler_flags(const ModuleRequest& request) {
  std::string flags = request.replace ? "-g0" : "-g0 -DKLP_REPLACE_ENABLE=false";
  if (has_description(request.info))
    flags += " -DKPATCH_IS_DESCRIBED";
  return flags;
}

/// Over everything that the object code depends on. The compiler and the kernel's
/// headers are part of the kernel that the cache directory belongs to.
std::string content_name(const ModuleRequest& request) {
  Sha256 hash;
  for (const std::string_view file : hook_files(request.backend->who()))
    hash.add_field(read_text(request.hook_sources / file));
  hash.add_field(read_text(request.object_tree / "include/generated/autoconf.h"));
  hash.add_field(read_text(request.object_tree / "include/generated/utsrelease.h"));
  hash.add_field(compiler_flags(request));
  for (const std::string& variable : request.make_variables)
    hash.add_field(variable);
  return "hook-" + hash.finish() + ".o";
}

bool has_orc(const fs::path& object) {
  return elf::read_object(object).find_section(elf::kOrcEntries) != elf::kNoSection;
}

void finish_with_objtool(const ModuleRequest& request, const fs::path& object) {
  const fs::path config_path = request.object_tree / ".config";
  const kernel::Config config =
      kernel::Config::parse(read_text(config_path), config_path.string());
  if (!config.is_set("CONFIG_UNWINDER_ORC") || has_orc(object))
    return;
  const fs::path objtool = request.objtool.empty()
                               ? kernel::objtool_program(request.object_tree)
                               : request.objtool;
  std::vector<std::string> arguments = kernel::objtool_arguments(config);
  arguments.push_back("--module");
  kernel::run_objtool(objtool, arguments, object);
  if (!has_orc(object))
    fail_with_remedy(kernel::objtool_remedy(objtool),
                     "{}: objtool has made no unwind data for the hook",
                     objtool.string());
}

Bytes compile(const ModuleRequest& request, const fs::path& scratch) {
  fs::create_directories(scratch);
  const std::span<const std::string_view> files = hook_files(request.backend->who());
  for (const fs::path file : files)
    fs::copy_file(request.hook_sources / file, scratch / file.filename(),
                  fs::copy_options::overwrite_existing);
  fs::copy_file(request.hook_sources / files.front(), scratch / "hook.c",
                fs::copy_options::overwrite_existing);
  write_file(scratch / "Kbuild", std::string_view("obj-m := hook.o\n"));

  std::vector<std::string> argv = module_make(request, scratch);
  argv.push_back("KCFLAGS=" + compiler_flags(request));
  argv.push_back("hook.o");
  Command make{.argv = argv, .environment = kernel::kbuild_environment()};
  make.environment["TMPDIR"] = scratch.string();
  run_checked(make);
  const fs::path object = scratch / "hook.o";
  finish_with_objtool(request, object);
  return read_bytes(object);
}

} // namespace

std::vector<std::string> module_make(const ModuleRequest& request,
                                     const fs::path& directory) {
  std::vector<std::string> argv = kernel::kbuild_module_command(
      request.source_tree, request.object_tree, fs::absolute(directory));
  argv.push_back(fmt::format("-j{}", std::max(1U, request.jobs)));
  argv.insert(argv.end(), request.make_variables.begin(), request.make_variables.end());
  return argv;
}

Bytes compiled_hook(const ModuleRequest& request, const fs::path& scratch) {
  if (request.hook_cache.empty())
    return compile(request, scratch);
  const fs::path kept = request.hook_cache / content_name(request);
  if (fs::exists(kept))
    return read_bytes(kept);
  debug("compiling the hook, to be kept as {}", kept.string());
  Bytes object = compile(request, scratch);
  fs::create_directories(request.hook_cache);
  write_file(kept, object);
  return object;
}

} // namespace kpatch::klp
