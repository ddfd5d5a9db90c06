// SPDX-License-Identifier: GPL-2.0-or-later
//
// rpmbuild takes a recipe. It is told to leave the module as it is: stripped, compressed
// or with one more note it would be another one, and its signature void.
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

constexpr std::size_t kColumns = 79;

/// A percent sign begins a macro anywhere in a recipe.
std::string escaped(std::string_view text) {
  std::string plain;
  for (const char c : text)
    plain += c == '%' ? std::string("%%") : std::string(1, c);
  return plain;
}

std::string header(const PatchPackage& package) {
  std::string text = fmt::format(
      "Name: {}\nVersion: {}\nRelease: 1\nSummary: {}\nLicense: GPL-2.0-only\n"
      "Group: System/Kernel\nPackager: {}\nRequires: kpatch\nAutoReqProv: no\n",
      package.name, package.version, escaped("L" + package.summary.substr(1)),
      escaped(package.maintainer));
  if (!package.url.empty())
    text += fmt::format("URL: {}\n", escaped(package.url));
  text += "\n%description\n";
  for (const std::string& sentence : package.changes)
    for (const std::string& line : wrapped(sentence, kColumns))
      text += escaped(line) + "\n";
  return text;
}

std::string scriptlets(const PatchPackage& package) {
  const Scripts scripts = scripts_of(package);
  const std::string begin = escaped(scripts.begin);
  // $1 of %preun is 1 if the next version has come already.
  return fmt::format("\n%pre\n{0}{1}\n\n%post\n{0}{2}\n\n%preun\n{0}"
                     "if [ \"$1\" -eq 0 ]; then {3}; fi\n",
                     begin, scripts.check_kernel, scripts.take_effect, scripts.leave);
}

std::string recipe(const PatchPackage& package, const fs::path& tree) {
  std::string text = "%global debug_package %{nil}\n%global _build_id_links none\n"
                     "%global __os_install_post %{nil}\n" +
                     header(package);
  text += fmt::format("\n%install\ncp -a {}/. %{{buildroot}}\n", tree.string());
  text += scriptlets(package);
  text += fmt::format(
      "\n%files\n%dir /usr/lib/kpatch\n{}\n%dir /usr/share/kpatch/patches\n{}\n",
      module_folder(package).string(), papers_folder(package).string());
  text +=
      fmt::format("\n%changelog\n* {:%a %b %d %Y} {} - {}-1\n", fmt::gmtime(package.date),
                  escaped(package.maintainer), package.version);
  for (const std::string& sentence : package.changes)
    text += "- " + escaped(sentence) + "\n";
  return text;
}

} // namespace

fs::path make_rpm(const PatchPackage& package, const Contents& contents,
                  const fs::path& directory) {
  const std::string arch(arch::arch_for(package.machine, package.file).name());
  const TempDir work("kpatch-package.");
  const fs::path tree = work.path() / "tree";
  place_contents(package, contents, tree);
  const fs::path spec = work.path() / "patch.spec";
  write_file(spec, recipe(package, tree));
  const std::string place = work.path();
  run_checked(
      {.argv = {"rpmbuild", "-bb", "--target", arch, "--define", "_topdir " + place,
                "--define", "_rpmdir " + place, "--define", "_build_name_fmt made.rpm",
                "--define", "use_source_date_epoch_as_buildtime 1", "--define",
                "_buildhost kpatch-build", spec},
       .environment = {{"SOURCE_DATE_EPOCH", std::to_string(package.date)}}});
  const fs::path made =
      directory / fmt::format("{}-{}-1.{}.rpm", package.name, package.version, arch);
  write_file(made, read_bytes(work.path() / "made.rpm"));
  return made;
}

} // namespace kpatch::package
