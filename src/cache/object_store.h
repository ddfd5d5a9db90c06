// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kpatch::cache {

/// Objects by the content of what they were made of. Several processes may use one store.
/// The names given to it are digests.
class ObjectStore {
 public:
  explicit ObjectStore(std::filesystem::path place) : place_(std::move(place)) {}

  /// The list that was added with the last object of this command.
  std::optional<std::string> find_list(const std::string& command) const;
  /// The object made of these inputs, if it still is what was put there.
  std::optional<std::filesystem::path> find_object(const std::string& inputs) const;
  /// Keeps an object and returns where.
  std::filesystem::path add(const std::string& command, const std::string& list,
                            const std::string& inputs,
                            std::span<const std::uint8_t> object) const;

  /// What is damaged: one line each, with paths relative to the store.
  std::vector<std::string> complaints() const;
  /// Removes what no run has asked for in a month, and what nothing leads to. Returns the
  /// names relative to the store.
  std::vector<std::string> collect_garbage() const;

 private:
  std::filesystem::path place_;
};

} // namespace kpatch::cache
