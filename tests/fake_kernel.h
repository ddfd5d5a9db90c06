// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/files.h"
#include "base/process.h"
#include "kernel/target.h"

#include <filesystem>
#include <map>
#include <string>

namespace kpatch {

/// A kernel of two files that the host's compiler understands, with the commands recorded
/// already, so that no test needs a kernel package.
struct FakeKernel {
  FakeKernel() {
    namespace fs = std::filesystem;
    for (const char* directory : {"source/fs", "source/include", "objects", "cache"})
      fs::create_directories(root.path() / directory);
    put("source/include/label.h", "#define LABEL \"label\"\n");
    put("source/fs/x.c", "#include \"label.h\"\n"
                         "const char *where(void) { return __FILE__; }\n"
                         "const char *show(void) { return LABEL; }\n"
                         "int same(int x) { return x + 1; }\n");
    put("source/fs/y.c", "int y(void) { return 1; }\n");
    put("objects/.config", "CONFIG_X=y\n");
    target.release = "6.1.0-0-test";
    target.source = root.path() / "source";
    target.objects = root.path() / "objects";
    target.cache = root.path() / "cache";
    target.compiler.command = "gcc";
    target.compiler.version_text = "gcc as it is here";
    target.units.add("fs/x.c", "vmlinux");
    target.units.add("fs/y.c", "vmlinux");
  }

  void put(const std::string& path, std::string_view text) {
    write_file(root.path() / path, text);
  }

  /// What kbuild would have written.
  std::string record(const std::string& name, const std::string& more = {}) const {
    const std::string source = target.source.string();
    return "cmd_fs/" + name + ".o := gcc -nostdinc -O1 -ffunction-sections -Wall -I" +
           source + "/include -fmacro-prefix-map=" + source + "/= -c -o fs/" + name +
           ".o " + source + "/fs/" + name + ".c" + more + "\n\nsource_fs/" + name +
           ".o := " + source + "/fs/" + name + ".c\n";
  }

  /// Every file below `directory` with its content.
  std::map<std::string, std::string> files(const std::string& directory) const {
    namespace fs = std::filesystem;
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(root.path() / directory))
      if (entry.is_regular_file())
        all[entry.path().lexically_relative(root.path()).native()] =
            read_text(entry.path());
    return all;
  }

  TempDir root{"kpatch-fake-kernel."};
  kernel::Target target;
};

} // namespace kpatch
