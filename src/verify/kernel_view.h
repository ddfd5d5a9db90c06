// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "image/image.h"
#include "image/image_exports.h"
#include "verify/kernel_tables.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace kpatch::verify {

/// The kernel's image and those of its modules, with the questions that rules ask of
/// them. An object that does not exist has nothing.
class KernelView {
 public:
  using Images = std::function<const image::Image*(std::string_view)>;
  KernelView(Images images, const arch::Arch& arch)
      : images_(std::move(images)), arch_(arch) {}

  const image::Image* image(std::string_view owner) const;
  const image::ImageExports& exports(std::string_view owner) const;
  /// Functions that may no longer be called through a pointer.
  const std::set<std::uint64_t>& sealed(std::string_view owner) const;
  /// Where ftrace can redirect code.
  const std::set<std::uint64_t>& ftrace_entries(std::string_view owner) const;
  const KernelTables& tables() const;

 private:
  struct Facts {
    image::ImageExports exports;
    std::set<std::uint64_t> sealed, entries;
  };
  const Facts& facts(std::string_view owner) const;

  Images images_;
  const arch::Arch& arch_;
  mutable std::map<std::string, Facts, std::less<>> facts_;
  mutable std::optional<KernelTables> tables_;
};

} // namespace kpatch::verify
