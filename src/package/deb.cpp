// SPDX-License-Identifier: GPL-2.0-or-later
//
// deb(5), deb-control(5) and what Debian's policy asks of every package: a copyright, a
// changelog and digests of its files.
#include "arch/arch.h"
#include "base/files.h"
#include "base/process.h"
#include "package/patch_package.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace kpatch::package {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kColumnsOfControl = 78;

std::string control(const PatchPackage& package, std::string_view arch,
                    std::uintmax_t size) {
  std::string text = fmt::format(
      "Package: {}\nVersion: {}\nArchitecture: {}\nMaintainer: {}\nInstalled-Size: {}\n"
      "Depends: kpatch\nSection: kernel\nPriority: optional\n",
      package.name, package.version, arch, package.maintainer, size / 1024 + 1);
  if (!package.url.empty())
    text += fmt::format("Homepage: {}\n", package.url);
  text += fmt::format("Description: {}\n", package.summary);
  for (const std::string& sentence : package.changes)
    for (const std::string& line : wrapped(sentence, kColumnsOfControl))
      text += fmt::format(" {}\n", line);
  return text + " .\n It is loaded when it is installed, unless /etc/default/kpatch says "
                "otherwise.\n";
}

std::string changelog(const PatchPackage& package) {
  std::string text =
      fmt::format("{} ({}) stable; urgency=high\n\n", package.name, package.version);
  for (const std::string& sentence : package.changes) {
    std::string_view mark = "  * ";
    for (const std::string& line : wrapped(sentence, kColumnsOfControl - 4)) {
      text += fmt::format("{}{}\n", mark, line);
      mark = "    ";
    }
  }
  return text + fmt::format("\n -- {}  {:%a, %d %b %Y %H:%M:%S +0000}\n",
                            package.maintainer, fmt::gmtime(package.date));
}

std::string copyright(const PatchPackage& package) {
  return fmt::format(
      "A live patch for Linux {}, made by {} from code of the kernel.\n\n"
      "Copyright (C) 1991-{:%Y} the authors of Linux\n\n"
      "It is free software under the GNU General Public License, version 2, "
      "which is in\n/usr/share/common-licenses/GPL-2 on Debian systems.\n",
      package.release, package.maintainer, fmt::gmtime(package.date));
}

void place_documents(const PatchPackage& package, const fs::path& root) {
  const fs::path folder = root / "usr/share/doc" / package.name;
  fs::create_directories(folder);
  write_file(folder / "copyright", copyright(package));
  write_file(folder / "changelog", changelog(package));
  run_checked({.argv = {"gzip", "-9n", folder / "changelog"}});
}

/// All files below the root, without the slash in front.
std::vector<std::string> files_below(const fs::path& root) {
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root))
    if (entry.is_regular_file())
      files.push_back(entry.path().lexically_relative(root));
  std::ranges::sort(files);
  return files;
}

void place_control(const PatchPackage& package, std::string_view arch,
                   const fs::path& root) {
  std::vector<std::string> digests{"md5sum"};
  std::uintmax_t size = 0;
  for (std::string& file : files_below(root)) {
    size += fs::file_size(root / file);
    digests.push_back(std::move(file));
  }
  const std::string sums = run_checked({.argv = digests, .directory = root});
  const fs::path folder = root / "DEBIAN";
  fs::create_directory(folder);
  write_file(folder / "md5sums", sums);
  write_file(folder / "control", control(package, arch, size));
  const Scripts scripts = scripts_of(package);
  const auto script = [&](const char* name, const char* when, const std::string& call) {
    write_file(folder / name,
               fmt::format("#!/bin/sh\n{}\ncase $1 in\n{}) {} ;;\nesac\n", scripts.begin,
                           when, call),
               0755);
  };
  script("preinst", "install | upgrade", scripts.check_kernel);
  script("postinst", "configure", scripts.take_effect);
  script("prerm", "remove", scripts.leave);
}

} // namespace

fs::path make_deb(const PatchPackage& package, const Contents& contents,
                  const fs::path& directory) {
  const std::string_view arch =
      arch::arch_for(package.machine, package.file).debian_name();
  const TempDir work("kpatch-package.");
  const fs::path root = work.path() / "root";
  place_contents(package, contents, root);
  place_documents(package, root);
  place_control(package, arch, root);
  const fs::path made =
      directory / fmt::format("{}_{}_{}.deb", package.name, package.version, arch);
  run_checked({.argv = {"dpkg-deb", "--root-owner-group", "-Zxz", "--build", root, made},
               .environment = {{"SOURCE_DATE_EPOCH", std::to_string(package.date)}}});
  return made;
}

} // namespace kpatch::package
