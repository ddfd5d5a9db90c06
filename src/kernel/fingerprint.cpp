// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whether the pristine source is still what was unpacked: a number over its files.
#include "base/files.h"
#include "kernel/target.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpatch::kernel {
namespace fs = std::filesystem;

namespace {

/// FNV-1a with 64 bits: not against malice, which has other ways into a user's cache.
class Hash {
 public:
  void add(std::string_view text) {
    for (const char c : text)
      add_byte(static_cast<std::uint8_t>(c));
    add_byte(0);
  }
  void add(std::uint64_t number) {
    for (int i = 0; i < 8; ++i)
      add_byte(static_cast<std::uint8_t>(number >> (8 * i)));
  }
  std::uint64_t value() const { return value_; }

 private:
  void add_byte(std::uint8_t byte) { value_ = (value_ ^ byte) * 0x100000001b3; }

  std::uint64_t value_ = 0xcbf29ce484222325;
};

void add_entry(Hash& hash, const fs::directory_entry& entry, FingerprintDepth depth) {
  hash.add(static_cast<std::uint64_t>(entry.symlink_status().type()));
  if (entry.is_symlink()) {
    hash.add(fs::read_symlink(entry.path()).string());
  } else if (entry.is_regular_file()) {
    hash.add(entry.file_size());
    hash.add(
        static_cast<std::uint64_t>(entry.last_write_time().time_since_epoch().count()));
    if (depth == FingerprintDepth::kContent)
      hash.add(read_text(entry.path()));
  }
}

} // namespace

std::string source_fingerprint(const Target& target, FingerprintDepth depth) {
  std::vector<fs::directory_entry> entries(
      fs::recursive_directory_iterator(target.source), {});
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.path() < b.path(); });
  Hash hash;
  for (const fs::directory_entry& entry : entries) {
    hash.add(entry.path().lexically_relative(target.source).string());
    add_entry(hash, entry, depth);
  }
  return fmt::format("{:016x}", hash.value());
}

} // namespace kpatch::kernel
