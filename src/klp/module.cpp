// SPDX-License-Identifier: GPL-2.0-or-later
//
// The intermediate objects become a module by kbuild's own external-module link, because
// only that knows what a module of this kernel must contain: struct module, vermagic,
// symbol versions, notes. kbuild finds every part compiled and merely links:
//
//   parts/hook.o  parts/0.o  parts/1.o ...  --ld -T kpatch.lds-->  NAME.o
//   NAME.o  --modpost, NAME.mod.c-->  NAME.ko  --convert_to_livepatch-->  the module
//
// objtool is kept away from that link (CONFIG_OBJTOOL=): it has seen the code before the
// differ took the livepatch relocations out; a call without target, as it looks now,
// makes it give up on the whole file. Debug information goes before the link: a finished
// livepatch module must not be stripped, since the kernel keeps its symbol table and
// finds livepatch symbols by index.
#include "klp/module.h"

#include "base/error.h"
#include "base/log.h"
#include "base/module_name.h"
#include "base/process.h"
#include "base/text.h"
#include "elf/object.h"
#include "kernel/kbuild.h"
#include "klp/convert.h"
#include "klp/exports.h"
#include "klp/hook.h"
#include "klp/info_object.h"

#include <fmt/ranges.h>

namespace kpatch::klp {
namespace fs = std::filesystem;

namespace {

/// The parts as kbuild will link them: their objects and, beside them, their names.
struct Parts {
  std::vector<elf::Object> objects;
  std::vector<std::string> names;
};

void add_part(const fs::path& directory, const std::string& name, const Bytes& object) {
  write_file(directory / name, object);
  // kbuild takes an object for up to date if it comes with a record of its command.
  write_file(directory / ("." + name + ".cmd"), std::string_view());
}

enum class DebugSections { kStrip, kKeep };

Parts read_parts(const ModuleRequest& request, const image::Symvers& symvers,
                 DebugSections debug_sections) {
  Parts parts;
  for (const fs::path& path : request.objects) {
    elf::Object object = elf::read_object(path);
    if (debug_sections == DebugSections::kStrip)
      strip_debug(object);
    parts.objects.push_back(std::move(object));
    parts.names.push_back(fmt::format("{}.o", parts.names.size()));
  }
  check_undefined_symbols(parts.objects, symvers);
  const std::set<std::string> namespaces = missing_namespaces(parts.objects, symvers);
  if (!namespaces.empty()) {
    parts.objects.push_back(import_object(namespaces, parts.objects.front()));
    parts.names.push_back("imports.o");
  }
  if (!request.info.empty()) {
    parts.objects.push_back(info_object(request.info, parts.objects.front()));
    parts.names.push_back("info.o");
  }
  return parts;
}

void lay_out_parts(const ModuleRequest& request, const Parts& parts,
                   const fs::path& directory) {
  fs::create_directories(directory / "parts");
  for (const char* file : {"Makefile", "kpatch.lds"})
    fs::copy_file(request.hook_sources / file, directory / file,
                  fs::copy_options::overwrite_existing);
  add_part(directory / "parts", "hook.o",
           compiled_hook(request, request.work_dir / "hook"));
  for (std::size_t i = 0; i < parts.objects.size(); ++i)
    add_part(directory / "parts", parts.names[i], elf::write_object(parts.objects[i]));
}

/// modpost's warnings are worth reading though the module is made.
void pass_on_warnings(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.starts_with("WARNING: "))
      warning_line(line.substr(std::string_view("WARNING: ").size()));
    else
      debug("kbuild: {}", line);
  }
}

fs::path link(const ModuleRequest& request, const Parts& parts,
              const fs::path& directory) {
  std::vector<std::string> argv = module_make(request, directory);
  argv.push_back("KPATCH_NAME=" + request.name);
  argv.push_back(fmt::format("KPATCH_OBJECTS=hook.o {}", fmt::join(parts.names, " ")));
  argv.insert(argv.end(), {"CONFIG_OBJTOOL=", "CONFIG_DEBUG_INFO_BTF_MODULES=",
                           "KCFLAGS=-g0", "modules"});
  Command make{.argv = argv, .environment = kernel::kbuild_environment()};
  make.environment["TMPDIR"] = directory.string();
  const Outcome outcome = run(make);
  if (!outcome.ok())
    fail("{}.ko: the module cannot be linked\n{}{}", request.name, outcome.output,
         outcome.errors);
  pass_on_warnings(outcome.errors);
  return directory / (request.name + ".ko");
}

void check_request(const ModuleRequest& request) {
  if (request.objects.empty())
    fail("{}.ko: no object was given to make a module of", request.name);
  if (request.name != checked_module_name(request.name))
    fail("'{}' is not a module name: use only letters, digits, '_' and '-'",
         request.name);
  if (fs::absolute(request.work_dir).string().find_first_of(" :") != std::string::npos)
    fail_with_remedy("Use a directory without them.",
                     "{}: kbuild cannot work in a path with a blank or colon",
                     request.work_dir.string());
}

} // namespace

std::string checked_module_name(std::string_view wanted) {
  std::string name = with_dashes(wanted);
  if (name.empty() || name.size() > kLongestModuleName)
    fail_with_remedy("Choose another name with -n.",
                     "module name '{}' has {} characters; the kernel takes 1 to {}", name,
                     name.size(), kLongestModuleName);
  return name;
}

fs::path build_module(const ModuleRequest& request) {
  check_request(request);
  const fs::path symvers_path =
      request.symvers.empty() ? request.object_tree / "Module.symvers" : request.symvers;
  const image::Symvers symvers =
      image::Symvers::parse(read_text(symvers_path), symvers_path.string());

  const auto make = [&](DebugSections debug_sections, const char* name) {
    const Parts parts = read_parts(request, symvers, debug_sections);
    const fs::path directory = request.work_dir / name;
    lay_out_parts(request, parts, directory);
    elf::Object module = elf::read_object(link(request, parts, directory));
    convert_to_livepatch(module, {});
    check_undefined_symbols(std::span(&module, 1), symvers);
    return elf::write_object(module);
  };
  write_file(request.output, make(DebugSections::kStrip, "module"));
  if (!request.debug_output.empty())
    write_file(request.debug_output, make(DebugSections::kKeep, "module-debug"));
  return request.output;
}

} // namespace kpatch::klp
