// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace kpatch::image {

/// Finds entries of a big table by name: two flat arrays, no allocation for an entry.
/// Entries of one name come in table order.
class NameChains {
 public:
  static constexpr std::uint32_t kEnd = ~std::uint32_t{0};

  /// `name_of(id)` gives the name of each entry 0 to count-1.
  template <typename NameOf>
  void build(std::uint32_t count, NameOf name_of) {
    std::size_t buckets = 64;
    while (buckets < count)
      buckets *= 2;
    heads_.assign(buckets, kEnd);
    next_.assign(count, kEnd);
    for (std::uint32_t id = count; id-- > 0;) {
      std::uint32_t& head = heads_[bucket(name_of(id))];
      next_[id] = head;
      head = id;
    }
  }

  bool is_built() const { return !heads_.empty(); }
  void clear() { heads_.clear(); }

  /// Candidates for a name; whoever asks compares the names.
  std::uint32_t first(std::string_view name) const { return heads_[bucket(name)]; }
  std::uint32_t next(std::uint32_t id) const { return next_[id]; }

 private:
  std::size_t bucket(std::string_view name) const {
    return std::hash<std::string_view>{}(name) & (heads_.size() - 1);
  }

  std::vector<std::uint32_t> heads_;
  std::vector<std::uint32_t> next_;
};

} // namespace kpatch::image
