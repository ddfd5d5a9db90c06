// SPDX-License-Identifier: GPL-2.0-or-later
//
// Installed patches are module files in a directory per kernel release; there is no other
// register that could disagree with it. A file may be called differently from the module
// inside, and the kernel knows only the latter.
#include "runtime/installed.h"

#include "base/error.h"
#include "runtime/core.h"
#include "runtime/livepatch_state.h"
#include "runtime/module_file.h"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool names_a_file(const std::string& argument) {
  return argument.find(".ko") != std::string::npos;
}

} // namespace

std::vector<fs::path> installed_modules(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error))
    if (is_module_file_name(entry.path().filename().string()) &&
        entry.path().filename() != kCoreFile)
      files.push_back(entry.path());
  std::ranges::sort(files, [](const fs::path& a, const fs::path& b) {
    return strverscmp(a.c_str(), b.c_str()) < 0;
  });
  return files;
}

std::vector<fs::path> modules_in_loading_order(const fs::path& directory) {
  struct Entry {
    bool stacks = true;
    fs::file_time_type since{};
    fs::path file;
  };
  std::vector<Entry> entries;
  for (const fs::path& file : installed_modules(directory)) {
    Entry entry{.file = file};
    try {
      if (read_module_file(file).replaces() == true)
        entry = {false, fs::last_write_time(file), file};
    } catch (const std::exception&) {
      // The one who loads it will say why it cannot be read.
    }
    entries.push_back(std::move(entry));
  }
  std::ranges::stable_sort(entries, [](const Entry& a, const Entry& b) {
    return std::tie(a.stacks, a.since) < std::tie(b.stacks, b.since);
  });
  std::vector<fs::path> files;
  for (Entry& entry : entries)
    files.push_back(std::move(entry.file));
  return files;
}

fs::path superseded_modules(const Places& places, const std::string& release) {
  return places.installed / ".superseded" / release;
}

std::optional<fs::path> find_installed(const fs::path& directory,
                                       const std::string& name) {
  const std::vector<fs::path> files = installed_modules(directory);
  for (const fs::path& file : files)
    if (file.filename() == name || module_name(file.string()) == module_name(name))
      return file;
  for (const fs::path& file : files)
    if (name_inside(file) == module_name(name))
      return file;
  return std::nullopt;
}

std::string name_inside(const fs::path& file) {
  try {
    return read_module_file(file).name;
  } catch (const std::exception&) {
    return module_name(file.string());
  }
}

fs::path find_module_file(const Host& host, const std::string& argument) {
  if (names_a_file(argument) && is_file(argument))
    return argument;
  if (argument.find('/') == std::string::npos) {
    if (const auto file = find_installed(host.places.installed_here(), argument))
      return *file;
    if (const auto old = find_installed(
            superseded_modules(host.places, host.places.release), argument))
      return *old;
  }
  fail_with_remedy("give a path to a .ko file or the name of an installed patch module",
                   "can't find {}", argument);
}

std::string find_module_name(const Host& host, const std::string& argument) {
  if (names_a_file(argument) && is_file(argument))
    return name_inside(argument);
  const std::string name = module_name(argument);
  if (is_module_loaded(host.places, name) || argument.find('/') != std::string::npos)
    return name;
  const auto file = find_installed(host.places.installed_here(), argument);
  return file ? name_inside(*file) : name;
}

} // namespace kpatch::runtime
