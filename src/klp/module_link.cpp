// SPDX-License-Identifier: GPL-2.0-or-later
//
// Only kbuild knows what a module of this kernel must contain: struct module, vermagic,
// symbol versions, notes. It finds every part compiled and merely links:
//
//   parts/hook.o  parts/0.o  parts/1.o ...  --ld -T kpatch.lds-->  NAME.o
//   NAME.o  --modpost, NAME.mod.c-->  NAME.ko
//
// Its way there is learnt once for each kernel (link_steps.cpp), tried on another module,
// and gone without it from then on. Wherever that fails kbuild is asked, and has the
// word.
//
// objtool is kept away from the link (CONFIG_OBJTOOL=): it has seen the code before the
// differ took the livepatch relocations out; a call without target, as it looks now,
// makes it give up on the whole file.
#include "klp/module_link.h"

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/process.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cache/record.h"
#include "kernel/kbuild.h"
#include "klp/hook.h"
#include "klp/info_object.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <set>

namespace kpatch::klp {
namespace fs = std::filesystem;

namespace {

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

/// Returns what it complained about.
std::string link_by_kbuild(const ModuleRequest& request, const LinkPlace& place) {
  std::vector<std::string> argv = module_make(request, place.folder);
  argv.push_back("KPATCH_NAME=" + place.name);
  argv.push_back(fmt::format("KPATCH_OBJECTS={}", fmt::join(place.parts, " ")));
  argv.insert(argv.end(), {"CONFIG_OBJTOOL=", "CONFIG_DEBUG_INFO_BTF_MODULES=",
                           "KCFLAGS=-g0", "modules"});
  std::ranges::move(request.backend->link_arguments(request), std::back_inserter(argv));
  Command make{.argv = argv, .environment = kernel::kbuild_environment()};
  make.environment["TMPDIR"] = place.folder.string();
  const Outcome outcome = run(make);
  if (!outcome.ok())
    fail("{}.ko: the module cannot be linked\n{}{}", place.name, outcome.output,
         outcome.errors);
  return outcome.errors;
}

/// The makefiles that say how modules are linked: a tree of the user's may change.
std::set<fs::path> makefiles_of(const fs::path& source) {
  std::set<fs::path> files{source / "Makefile", source / "scripts/Kbuild.include"};
  std::error_code none;
  for (const fs::directory_entry& file : fs::directory_iterator(source / "scripts", none))
    if (file.path().filename().native().starts_with("Makefile."))
      files.insert(file.path());
  for (const fs::directory_entry& folder : fs::directory_iterator(source / "arch", none))
    files.insert(folder.path() / "Makefile");
  return files;
}

void add_object(const fs::path& folder, const std::string& name, const Bytes& object) {
  write_file(folder / "parts" / name, object);
  // kbuild takes an object for up to date if it comes with a record of its command.
  write_file(folder / "parts" / ("." + name + ".cmd"), std::string_view());
}

/// Whether both ways to a module lead to the same one.
bool are_as_good(const LinkSteps& steps, const ModuleRequest& request,
                 const Bytes& hook) {
  const fs::path sample = request.work_dir / "sample.o";
  write_file(sample, hook);
  const Bytes info =
      elf::write_object(info_object({{"kpatch", "x"}}, elf::read_object(sample)));
  const std::string name = "kpatch-2nd_module";
  const auto place = [&](const char* folder) {
    return laid_out(request, request.work_dir / folder, name,
                    {{"hook.o", hook}, {"info.o", info}});
  };
  const LinkPlace by_kbuild = place("by-kbuild");
  link_by_kbuild(request, by_kbuild);
  const LinkPlace by_steps = place("by-steps");
  if (!follow_steps(steps, by_steps))
    return false;
  return read_bytes(by_kbuild.folder / (name + ".ko")) ==
         read_bytes(by_steps.folder / (name + ".ko"));
}

/// As they are kept. Nothing if nobody has learnt them yet.
std::optional<std::string> kept_steps(const ModuleRequest& request) {
  if (request.hook_cache.empty() || !request.backend->link_arguments(request).empty())
    return std::nullopt;
  const fs::path file = steps_file(request);
  if (std::optional<std::string> text = cache::read_record(file, kStepsFormat))
    return text;
  try {
    learn_steps(request);
  } catch (const Error& error) { // the module itself may still be made by kbuild
    debug("{}", error.what());
  }
  return cache::read_record(file, kStepsFormat);
}

} // namespace

LinkPlace laid_out(const ModuleRequest& request, const fs::path& folder,
                   const std::string& name, const std::vector<Part>& parts) {
  LinkPlace place{.folder = fs::absolute(folder),
                  .objects = request.object_tree,
                  .name = name,
                  .parts = {}};
  fs::create_directories(folder / "parts");
  for (const std::string_view file : kModuleFrame)
    fs::copy_file(request.hook_sources / file, folder / file,
                  fs::copy_options::overwrite_existing);
  for (const auto& [part, object] : parts) {
    add_object(folder, part, object);
    place.parts.push_back(part);
  }
  return place;
}

fs::path steps_file(const ModuleRequest& request) {
  Sha256 hash;
  std::set<fs::path> files = makefiles_of(request.source_tree);
  for (const std::string_view file : kModuleFrame)
    files.insert(request.hook_sources / file);
  for (const char* file : {"autoconf.h", "utsrelease.h"})
    files.insert(request.object_tree / "include/generated" / file);
  for (const fs::path& file : files)
    hash.add_field(read_text_if_exists(file).value_or(""));
  for (const std::string& variable : request.make_variables)
    hash.add_field(variable);
  return request.hook_cache / ("link-" + hash.finish());
}

void learn_steps(const ModuleRequest& request) {
  const Bytes hook = compiled_hook(request, request.work_dir / "hook");
  const LinkPlace watched = laid_out(request, request.work_dir / kWatchedName,
                                     kWatchedName, {{kWatchedPart, hook}});
  link_by_kbuild(request, watched);
  std::optional<LinkSteps> steps = watched_steps(watched.folder);
  if (steps && !are_as_good(*steps, request, hook))
    steps.reset();
  fs::create_directories(request.hook_cache);
  cache::write_record(steps_file(request), kStepsFormat, steps ? steps->text() : "");
}

fs::path linked_module(const ModuleRequest& request, const LinkPlace& place) {
  const fs::path module = place.folder / (place.name + ".ko");
  if (const std::optional<std::string> text = kept_steps(request); text && !text->empty())
    if (const auto complaints = follow_steps(LinkSteps::parse(*text), place)) {
      pass_on_warnings(*complaints);
      return module;
    }
  pass_on_warnings(link_by_kbuild(request, place));
  return module;
}

} // namespace kpatch::klp
