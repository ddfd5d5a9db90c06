// SPDX-License-Identifier: GPL-2.0-or-later
//
// Three folders lead from a command to an object, each named by a digest, so that no name
// ever comes to mean something else and nothing needs to be locked:
//
//   lists/COMMAND    the files that it read when it ran last
//   results/INPUTS   which object came of the command and the content of these files
//   objects/CONTENT  the objects; two commands may have led to the same one
//
// A list that was cut off or belongs to another state of the source leads to inputs that
// have no result: what is damaged is never used, and made again.
#include "cache/object_store.h"

#include "base/files.h"
#include "base/sha256.h"
#include "cache/layout.h"

#include <fmt/format.h>

#include <chrono>
#include <set>

namespace kpatch::cache {
namespace fs = std::filesystem;

namespace {

constexpr const char* kLists = "lists";
constexpr const char* kResults = "results";
constexpr const char* kObjects = "objects";
constexpr std::chrono::days kDay(1);
constexpr std::chrono::days kMonth(30);

/// Its time says when it was last of use; to the day is enough.
void note_use(const fs::path& file) {
  std::error_code read_only;
  if (is_older_than(file, kDay))
    fs::last_write_time(file, fs::file_time_type::clock::now(), read_only);
}

std::string digest(std::span<const std::uint8_t> content) {
  Sha256 hash;
  hash.add(content);
  return hash.finish();
}

fs::path object_named(const fs::path& place, const std::string& name) {
  return place / kObjects / (name + ".o");
}

/// Whether it is there and its content is what its name says.
bool is_sound(const fs::path& object) {
  return fs::exists(object) && digest(read_bytes(object)) == object.stem().native();
}

/// A result may be damaged, so what it says is not a path until it looks like a digest.
bool is_digest(const std::string& text) {
  return text.find_first_not_of("0123456789abcdef") == std::string::npos &&
         text.size() == 64;
}

} // namespace

std::optional<std::string> ObjectStore::find_list(const std::string& command) const {
  const fs::path file = place_ / kLists / command;
  note_use(file);
  return read_text_if_exists(file);
}

std::optional<fs::path> ObjectStore::find_object(const std::string& inputs) const {
  const fs::path result = place_ / kResults / inputs;
  const std::optional<std::string> name = read_text_if_exists(result);
  if (!name || !is_digest(*name) || !is_sound(object_named(place_, *name)))
    return std::nullopt;
  note_use(result);
  return object_named(place_, *name);
}

fs::path ObjectStore::add(const std::string& command, const std::string& list,
                          const std::string& inputs,
                          std::span<const std::uint8_t> object) const {
  for (const char* folder : {kLists, kResults, kObjects})
    fs::create_directories(place_ / folder);
  const std::string name = digest(object);
  write_file(object_named(place_, name), object);
  write_file(place_ / kResults / inputs, name);
  write_file(place_ / kLists / command, list);
  return object_named(place_, name);
}

std::vector<std::string> ObjectStore::complaints() const {
  std::vector<std::string> found;
  const auto complain = [&](const fs::path& file, std::string_view what) {
    found.push_back(
        fmt::format("{}: {}", file.lexically_relative(place_).string(), what));
  };
  for (const fs::path& object : entries_of(place_ / kObjects))
    if (!is_sound(object))
      complain(object, "its content is not what was put there; it may be removed");
  for (const fs::path& result : entries_of(place_ / kResults)) {
    const std::string name = read_text(result);
    if (!is_digest(name) || !fs::exists(object_named(place_, name)))
      complain(result, "its object is missing; it may be removed");
  }
  return found;
}

std::vector<std::string> ObjectStore::collect_garbage() const {
  std::vector<std::string> removed;
  const auto remove = [&](const fs::path& file) {
    if (fs::remove(file))
      removed.push_back(file.lexically_relative(place_));
  };
  for (const fs::path& list : entries_of(place_ / kLists))
    if (is_older_than(list, kMonth))
      remove(list);
  std::set<fs::path> used;
  for (const fs::path& result : entries_of(place_ / kResults)) {
    if (is_older_than(result, kMonth))
      remove(result);
    else if (const std::string name = read_text(result); is_digest(name))
      used.insert(object_named(place_, name));
  }
  // An object is there before its result is.
  for (const fs::path& object : entries_of(place_ / kObjects))
    if (!used.contains(object) && is_older_than(object, kDay))
      remove(object);
  return removed;
}

} // namespace kpatch::cache
