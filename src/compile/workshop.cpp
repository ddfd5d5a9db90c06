// SPDX-License-Identifier: GPL-2.0-or-later
//
// Results kept in the cache are filed under a digest of the kernel's configuration and
// compiler, so that a build with another -c never finds them, nor one after the programs
// of that name have been replaced.
#include "compile/workshop.h"

#include "base/files.h"
#include "base/sha256.h"

namespace kpatch::compile {
namespace fs = std::filesystem;

std::string Workshop::compiler_digest() const {
  // Nobody alters what was fetched, and its packages say all that is in it.
  if (!target.compiler.packages.empty())
    return sha256(target.compiler.packages);
  return digests->of_compiler(target.compiler.command, target.cache / "compilers");
}

fs::path Workshop::kept(const std::string& kind) const {
  constexpr std::size_t kDigits = 16;
  constexpr const char* kFormat = "3\n"; // another number for another meaning of results
  const std::string key = sha256(kFormat + read_text(target.objects / ".config") + '\0' +
                                 target.compiler.command + '\0' +
                                 target.compiler.version_text + '\0' + compiler_digest());
  const fs::path directory = target.cache / kind / key.substr(0, kDigits);
  fs::create_directories(directory);
  return directory;
}

} // namespace kpatch::compile
