// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/problem.h"
#include "compile/unit_objects.h"

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::produce {

/// An export that a build of the patched source would give another version.
struct VersionChange {
  std::string symbol;
  std::string cause;  ///< "struct nf_conn (include/net/nf_conntrack.h)"
  std::string file{}; ///< of the patch that brings it; empty: not known
  std::string type{}; ///< "struct nf_conn"; empty: it is the declaration itself

  auto operator<=>(const VersionChange&) const = default;
};

/// The exports of the units whose versions the patch changes; none if the kernel has no
/// versions. Sorted.
std::vector<VersionChange> changed_versions(const compile::Workshop& shop,
                                            const patch::PatchedView& view,
                                            std::span<const patch::TouchedFile> touched,
                                            std::span<const compile::UnitObjects> units);

/// A line that says so if the patch may change versions, but these cannot be compared;
/// else nothing.
std::string notice_without_comparison(const compile::Workshop& shop,
                                      const patch::PatchedView& view,
                                      std::span<const patch::TouchedFile> touched);

/// One line for each cause.
std::vector<std::string> version_notices(std::span<const VersionChange> changes);

/// What the finished module uses of them.
std::vector<Problem> uses_of_changed_versions(std::span<const VersionChange> changes,
                                              const std::filesystem::path& module);

/// Types and exports as genksyms lists them: "s#list" and what it is made of.
using TypeList = std::map<std::string, std::string, std::less<>>;
TypeList parse_type_list(std::string_view text);

/// Exports of both lists with the types that make them different: "s#list"; the export
/// itself if its own declaration differs.
std::map<std::string, std::set<std::string>> differing_exports(const TypeList& original,
                                                               const TypeList& patched);

/// Whether two texts of a header differ in more than what functions do.
bool declarations_differ(std::string_view original, std::string_view patched);

} // namespace kpatch::produce
