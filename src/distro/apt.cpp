// SPDX-License-Identifier: GPL-2.0-or-later
//
// What apt knows of an archive is in its state, below /var, which only root may renew. A
// state elsewhere may be anybody's: options on the command line name it and go before the
// machine's configuration, of which all else stays in force (proxies, certificates,
// transports). Preferences and a default release would speak of the machine's own
// archives, so they do not.
#include "distro/apt.h"

#include "base/files.h"
#include "base/text.h"

#include <fmt/format.h>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

constexpr const char* kFolders[] = {"sources", "preferences", "lists/partial",
                                    "cache/archives/partial"};

struct Setting {
  std::string_view name;
  std::string_view value; ///< relative to the state, unless absolute or empty
};

constexpr Setting kSettings[] = {
    {"Dir::Etc::sourcelist", "/dev/null"},
    {"Dir::Etc::sourceparts", "sources"},
    {"Dir::Etc::Preferences", "/dev/null"},
    {"Dir::Etc::PreferencesParts", "preferences"},
    {"Dir::State", "."},
    {"Dir::State::lists", "lists"},
    {"Dir::State::status", "status"},
    {"Dir::State::extended_states", "extended_states"},
    {"Dir::Cache", "cache"},
    {"Dir::Cache::archives", "cache/archives"},
    {"Dir::Cache::pkgcache", "cache/pkgcache.bin"},
    {"Dir::Cache::srcpkgcache", ""},
    {"APT::Default-Release", ""},
};

} // namespace

Command apt(std::vector<std::string> argv) {
  return {.argv = std::move(argv), .environment = {{"LC_ALL", "C"}}};
}

Apt::Apt(const fs::path& state, const std::vector<std::string>& architectures) {
  for (const auto& [name, value] : kSettings)
    options_.push_back(fmt::format(
        "-o{}={}", name,
        value.empty() ? "" : (fs::absolute(state) / value).lexically_normal().string()));
  for (const std::string& architecture : architectures)
    options_.push_back(fmt::format("-oAPT::Architectures::={}", architecture));
}

Command Apt::command(std::vector<std::string> argv) const {
  argv.insert(argv.begin() + 1, options_.begin(), options_.end());
  return apt(std::move(argv));
}

std::string errors_in(std::string_view messages) {
  std::string errors;
  for (const std::string_view line : lines_of(messages))
    if (line.starts_with("E:"))
      errors += fmt::format("\n{}", line);
  return errors;
}

void make_apt_state(const fs::path& state, const std::string& sources) {
  for (const char* folder : kFolders)
    fs::create_directories(state / folder);
  for (const char* empty : {"status", "extended_states"})
    if (!fs::exists(state / empty))
      write_file(state / empty, std::string_view());
  write_file(state / "sources/archive.sources", sources);
}

} // namespace kpatch::distro
