// SPDX-License-Identifier: GPL-2.0-or-later
//
// The format: for each entry a header of 6 + 13 * 8 ASCII characters, all numbers in
// hexadecimal, then the NUL-ended path and the content, each padded to a multiple of
// four. An entry named TRAILER!!! ends the archive. Writing it here spares the cpio
// program and the staging directory, and makes device nodes possible without being root.
#include "rehearse/cpio.h"

#include <fmt/format.h>

#include <algorithm>
#include <sys/stat.h>

namespace kpatch::rehearse {

namespace {

struct Header {
  std::size_t inode = 0;
  unsigned mode = 0;
  unsigned major = 0;
  unsigned minor = 0;
};

void pad(std::string& archive) {
  archive.append((4 - archive.size() % 4) % 4, '\0');
}

void append_entry(std::string& archive, const Header& header, std::string_view path,
                  std::string_view content) {
  constexpr int kLinks = 1;
  archive +=
      fmt::format("070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}"
                  "{:08x}{:08x}{:08x}",
                  header.inode, header.mode, 0, 0, kLinks, 0, content.size(), 0, 0,
                  header.major, header.minor, path.size() + 1, 0);
  archive += path;
  archive += '\0';
  pad(archive);
  archive += content;
  pad(archive);
}

std::string_view without_leading_slash(std::string_view path) {
  return path.substr(std::min(path.find_first_not_of('/'), path.size()));
}

} // namespace

void CpioArchive::add_directory(std::string_view path) {
  path = without_leading_slash(path);
  if (path.empty() || contains(path))
    return;
  const std::size_t slash = path.rfind('/');
  if (slash != std::string_view::npos)
    add_directory(path.substr(0, slash));
  paths_.emplace(path);
  append_entry(archive_, {.inode = paths_.size(), .mode = S_IFDIR | 0755}, path, {});
}

void CpioArchive::add_file(std::string_view path, std::string_view content,
                           unsigned mode) {
  path = without_leading_slash(path);
  add_directory(path.substr(0, path.rfind('/') + 1 ? path.rfind('/') : 0));
  paths_.emplace(path);
  append_entry(archive_, {.inode = paths_.size(), .mode = S_IFREG | mode}, path, content);
}

void CpioArchive::add_file(std::string_view path, std::span<const std::uint8_t> content,
                           unsigned mode) {
  add_file(
      path,
      std::string_view(reinterpret_cast<const char*>(content.data()), content.size()),
      mode);
}

void CpioArchive::add_character_device(std::string_view path, unsigned major,
                                       unsigned minor) {
  path = without_leading_slash(path);
  add_directory(path.substr(0, path.rfind('/')));
  paths_.emplace(path);
  append_entry(
      archive_,
      {.inode = paths_.size(), .mode = S_IFCHR | 0600, .major = major, .minor = minor},
      path, {});
}

bool CpioArchive::contains(std::string_view path) const {
  return paths_.find(without_leading_slash(path)) != paths_.end();
}

std::string CpioArchive::finish() const {
  std::string archive = archive_;
  append_entry(archive, {}, "TRAILER!!!", {});
  return archive;
}

} // namespace kpatch::rehearse
