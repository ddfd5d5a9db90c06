// SPDX-License-Identifier: GPL-2.0-or-later
//
// Unpacks an RPM package. Nothing may come to lie outside the directory, whatever the
// names and links in the package are.
#include "base/files.h"
#include "distro/package_unpack.h"
#include "fuzz/fuzz.h"

#include <cstdlib>
#include <filesystem>

/// libarchive does not free what it keeps of hard links in some damaged cpio archives.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libarchive.so\n";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  namespace fs = std::filesystem;
  static const fs::path scratch = [] {
    std::string name = (fs::temp_directory_path() / "package-fuzz-XXXXXX").string();
    return fs::path(mkdtemp(name.data()));
  }();
  const fs::path package = scratch / "input.rpm";
  const fs::path home = scratch / "home";
  const int result = fuzz::run(data, size, [&](std::span<const std::uint8_t> input) {
    write_file(package, input);
    distro::unpack_rpm(package, home / "root");
  });
  std::size_t beside = 0;
  if (fs::exists(home))
    for (const auto& entry : fs::directory_iterator(home))
      beside += entry.path().filename() != "root";
  if (beside > 0)
    std::abort();
  fs::remove_all(home);
  return result;
}
