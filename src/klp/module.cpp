// SPDX-License-Identifier: GPL-2.0-or-later
//
// The intermediate objects become a module by the kernel's own link of external modules,
// which knows what a module of this kernel must contain (module_link.cpp). Then its
// records become what the one who takes it wants them to be (backend.cpp): livepatch
// relocations and symbols (convert.cpp), or distances from an export (core_convert.cpp).
//
// Debug information goes before the link: a finished livepatch module must not be
// stripped, since the kernel keeps its symbol table and finds livepatch symbols by index.
#include "klp/module.h"

#include "base/error.h"
#include "base/module_name.h"
#include "elf/object.h"
#include "klp/exports.h"
#include "klp/hook.h"
#include "klp/info_object.h"
#include "klp/module_link.h"

namespace kpatch::klp {
namespace fs = std::filesystem;

namespace {

/// The parts as kbuild will link them: their objects and, beside them, their names.
struct Parts {
  std::vector<elf::Object> objects;
  std::vector<std::string> names;
};

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
  PartNames others =
      names_of_build(request.object_tree, arch::arch_for(parts.objects.front()));
  others.defined.merge(request.backend->more_exports());
  check_undefined_symbols(parts.objects, symvers, others);
  const std::set<std::string> namespaces = missing_namespaces(parts.objects, symvers);
  if (!namespaces.empty()) {
    parts.objects.push_back(import_object(namespaces, parts.objects.front()));
    parts.names.push_back("imports.o");
  }
  for (ExtraPart& part : request.backend->parts(parts.objects.front())) {
    parts.objects.push_back(std::move(part.object));
    parts.names.push_back(std::move(part.name));
  }
  if (!request.info.empty()) {
    parts.objects.push_back(info_object(request.info, parts.objects.front()));
    parts.names.push_back("info.o");
  }
  return parts;
}

/// With the hook first.
std::vector<Part> all_parts(const ModuleRequest& request, const Parts& parts) {
  std::vector<Part> all{{"hook.o", compiled_hook(request, request.work_dir / "hook")}};
  for (std::size_t i = 0; i < parts.objects.size(); ++i)
    all.emplace_back(parts.names[i], elf::write_object(parts.objects[i]));
  return all;
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
    const LinkPlace place = laid_out(request, fs::absolute(request.work_dir / name),
                                     request.name, all_parts(request, parts));
    elf::Object module = elf::read_object(linked_module(request, place));
    request.backend->finish(module);
    check_undefined_symbols(std::span(&module, 1), symvers,
                            {.defined = request.backend->more_exports(), .needed = {}});
    return elf::write_object(module);
  };
  write_file(request.output, make(DebugSections::kStrip, "module"));
  if (!request.debug_output.empty())
    write_file(request.debug_output, make(DebugSections::kKeep, "module-debug"));
  return request.output;
}

} // namespace kpatch::klp
