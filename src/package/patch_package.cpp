// SPDX-License-Identifier: GPL-2.0-or-later
#include "package/patch_package.h"

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "base/source_date.h"
#include "base/text.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>

namespace kpatch::package {
namespace fs = std::filesystem;

namespace {

using Maker = fs::path (*)(const PatchPackage&, const Contents&, const fs::path&);

struct Form {
  std::string_view name;
  const char* program; ///< that makes it
  const char* of;      ///< the package with that program
  Maker make;
};

constexpr Form kForms[] = {
    {"deb", "dpkg-deb", "dpkg", make_deb},
    {"rpm", "rpmbuild", "rpm (Debian) or rpm-build", make_rpm},
};

const Form& form_named(std::string_view name) {
  const auto found = std::ranges::find(kForms, name, &Form::name);
  if (found == std::end(kForms))
    fail("--package takes deb or rpm, not '{}'", name);
  return *found;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// Debian's names have neither capitals nor underscores.
char allowed_in_name(char c) {
  if (c >= 'A' && c <= 'Z')
    return static_cast<char>(c - 'A' + 'a');
  return c == '_' || c == '~' ? '-' : c;
}

} // namespace

std::string maintainer_of(const std::string& author) {
  if (author.find(" <") != std::string::npos && author.ends_with('>'))
    return author;
  const std::string name = environment("DEBFULLNAME"), address = environment("DEBEMAIL");
  if (name.empty() || address.empty())
    fail_with_remedy("give --author 'Name <address>', or set DEBFULLNAME and DEBEMAIL",
                     "a package names somebody who answers for it");
  return fmt::format("{} <{}>", name, address);
}

PatchPackage describe_package(const fs::path& module) {
  const runtime::ModuleFile file = runtime::read_module_file(module);
  PatchPackage package{.name = "kpatch-patch-" + file.release(),
                       .version = file.info_value("version"),
                       .release = file.release(),
                       .file = module.filename(),
                       .machine = file.machine,
                       .maintainer = maintainer_of(file.info_value("author")),
                       .url = file.info_value("url"),
                       .summary = fmt::format("live patch {} for Linux {}",
                                              file.info_value("version"), file.release()),
                       .changes = {},
                       .date = source_date()};
  std::ranges::transform(package.name, package.name.begin(), allowed_in_name);
  if (const std::string text = file.info_value("description"); !text.empty())
    package.changes.push_back(text + (text.ends_with('.') ? "" : "."));
  const std::vector<std::string> cves = elf::info_values(file.info, "cve");
  if (!cves.empty())
    package.changes.push_back(fmt::format("It fixes {}.", fmt::join(cves, ", ")));
  package.changes.push_back(fmt::format(
      "It takes the place of all earlier live patches of {}.", file.release()));
  return package;
}

fs::path module_folder(const PatchPackage& package) {
  return fs::path("/usr/lib/kpatch") / package.release;
}

fs::path papers_folder(const PatchPackage& package) {
  return fs::path("/usr/share/kpatch/patches") / package.release;
}

void place_contents(const PatchPackage& package, const Contents& contents,
                    const fs::path& root) {
  const fs::path modules = root / module_folder(package).relative_path();
  const fs::path papers = root / papers_folder(package).relative_path();
  fs::create_directories(modules);
  fs::create_directories(papers);
  write_file(modules / package.file, read_bytes(contents.module));
  const std::string stem = fs::path(package.file).stem();
  write_file(papers / (stem + ".provenance.json"), read_bytes(contents.provenance));
  write_file(papers / (stem + ".spdx.json"), read_bytes(contents.sbom));
  write_file(papers / (stem + ".vex.json"), read_bytes(contents.vex));
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines(1);
  for (const std::string_view word : split(text, ' ')) {
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > columns)
      lines.emplace_back();
    if (!lines.back().empty())
      lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

void check_format(std::string_view format, const std::string& author) {
  const Form& form = form_named(format);
  if (find_program(form.program).empty())
    fail_with_remedy(fmt::format("install {}", form.of), "--package {}: {} is missing",
                     format, form.program);
  maintainer_of(author);
}

fs::path make_package(std::string_view format, const Contents& contents,
                      const fs::path& directory) {
  return form_named(format).make(describe_package(contents.module), contents, directory);
}

} // namespace kpatch::package
