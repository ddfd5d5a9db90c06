// SPDX-License-Identifier: GPL-2.0-or-later
//
// Results kept in the cache are filed under a digest of the kernel's configuration and
// compiler, so that a build with another -c never finds them, nor one after the programs
// of that name have been replaced. They begin with what kbuild says of units, which also
// depends on the makefile that has it speak, and that one is part of this program.
#include "compile/workshop.h"

#include "base/files.h"
#include "base/sha256.h"
#include "kernel/kbuild.h"

namespace kpatch::compile {
namespace fs = std::filesystem;

std::string Workshop::compiler_digest() const {
  // Nobody alters what was fetched, and its packages say all that is in it.
  if (!target.compiler.packages.empty())
    return sha256(target.compiler.packages);
  return digests->of_compiler(target.compiler.command, target.cache / "compilers");
}

std::string Workshop::key_of_results(std::string_view recipe) const {
  constexpr std::size_t kDigits = 16;
  constexpr const char* kFormat = "3\n"; // another number for another meaning of results
  const std::string config = read_text(target.objects / ".config");
  const std::string compiler = compiler_digest();
  Sha256 hash;
  for (const std::string_view field :
       {std::string_view(kFormat), std::string_view(config),
        std::string_view(target.compiler.command),
        std::string_view(target.compiler.version_text), std::string_view(compiler),
        recipe})
    hash.add_field(field);
  return hash.finish().substr(0, kDigits);
}

fs::path Workshop::kept(const std::string& kind) const {
  const fs::path directory = target.cache / kind / key_of_results(kernel::units_recipe());
  fs::create_directories(directory);
  std::error_code cannot_be_noted; // in a cache that is only read
  fs::last_write_time(directory, fs::file_time_type::clock::now(), cannot_be_noted);
  return directory;
}

} // namespace kpatch::compile
