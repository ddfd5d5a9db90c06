// SPDX-License-Identifier: GPL-2.0-or-later
//
// The guest needs a shell and its tools (busybox, one file), kpatch with the shared
// libraries it was linked against, the modules and the scripts: a few megabytes, put
// together in memory and left uncompressed, since decompressing costs more under
// emulation than reading.
#include "rehearse/initramfs.h"

#include "base/error.h"
#include "base/process.h"
#include "rehearse/cpio.h"
#include "rehearse/guest.h"
#include "runtime/module_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace kpatch::rehearse {
namespace fs = std::filesystem;

namespace {

/// The shared libraries that the dynamic loader would bring in, the loader included.
std::vector<fs::path> shared_libraries(const fs::path& program) {
  const Outcome outcome = run({.argv = {"ldd", program.string()}});
  std::vector<fs::path> libraries;
  if (!outcome.ok())
    return libraries; // ldd fails for a static program
  std::istringstream lines(outcome.output);
  for (std::string word; lines >> word;) {
    if (word == "not")
      fail("{}: one of its shared libraries is missing:\n{}", program.string(),
           outcome.output);
    if (word.starts_with('/'))
      libraries.emplace_back(word);
  }
  return libraries;
}

void add_program(CpioArchive& archive, const fs::path& program, std::string_view as) {
  archive.add_file(as, read_bytes(program), 0755);
  for (const fs::path& library : shared_libraries(program))
    if (!archive.contains(library.string()))
      archive.add_file(library.string(), read_bytes(library), 0755);
}

/// Puts the modules into the directory and returns lines "file name [optional]" in order.
std::string add_modules(CpioArchive& archive, const std::string& directory,
                        const std::vector<ModuleToLoad>& modules) {
  std::string order;
  for (const ModuleToLoad& module : modules) {
    const std::string file = module.name + ".ko";
    archive.add_file(directory + file, runtime::read_module_bytes(module.file));
    order += fmt::format("{} {}{}\n", file, module.name,
                         module.is_optional ? " optional" : "");
  }
  return order;
}

/// By these a check can call modprobe for the modules that are there.
void add_lists_for_modprobe(CpioArchive& archive, const GuestContent& content) {
  const std::string directory = "lib/modules/" + content.release + "/";
  archive.add_file(directory + "modules.dep",
                   modules_dep(content.modules, "/rehearsal/modules"));
  archive.add_file(directory + "modules.builtin", content.builtin);
}

/// Lines "newer older" and, at last, the oldest alone.
std::string way_back(const std::vector<ModuleToLoad>& patches) {
  std::string lines;
  std::string older;
  for (const ModuleToLoad& patch : patches) {
    lines = patch.name + " " + older + "\n" + lines;
    older = patch.name;
  }
  return lines;
}

} // namespace

std::string make_initramfs(const GuestContent& content) {
  CpioArchive archive;
  for (const char* directory : {"proc", "sys", "dev", "tmp", "bin", "root"})
    archive.add_directory(directory);
  archive.add_character_device("dev/console", 5, 1);
  archive.add_character_device("dev/null", 1, 3);

  add_program(archive, content.busybox, "bin/busybox");
  add_program(archive, content.kpatch, "bin/kpatch");
  for (const fs::path& program : content.programs)
    add_program(archive, program, "bin/" + program.filename().string());
  archive.add_file("init", guest_init(), 0755);

  archive.add_file("rehearsal/settings",
                   fmt::format("TOKEN={}\nMARK='{}'\nCYCLES={}\nEACH={}\nLATE={}\n"
                               "UPGRADE={}\nREPORT={}\n",
                               content.token, log_mark(content.token), content.cycles,
                               content.each ? "yes" : "", content.late ? "yes" : "",
                               content.upgrade ? "yes" : "", content.report));
  archive.add_file("rehearsal/modules.order",
                   add_modules(archive, "rehearsal/modules/", content.modules));
  add_lists_for_modprobe(archive, content);
  archive.add_file("rehearsal/patches.order",
                   add_modules(archive, "rehearsal/patches/", content.patches));
  if (!content.core.empty()) // kpatch load finds it there
    archive.add_file("rehearsal/patches/" + content.core.filename().string(),
                     runtime::read_module_bytes(content.core));
  std::string reverse;
  for (const ModuleToLoad& patch : content.patches)
    reverse = patch.name + "\n" + reverse;
  archive.add_file("rehearsal/patches.reverse", reverse);
  archive.add_file("rehearsal/patches.back", way_back(content.patches));
  if (!content.check.empty())
    archive.add_file("rehearsal/check", read_bytes(content.check), 0755);
  return archive.finish();
}

} // namespace kpatch::rehearse
