// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who looks into a machine afterwards finds in the journal who changed its kernel. The
// user is the one that logged in (/proc/self/loginuid, audit(8)), which sudo and su keep.
#include "runtime/journal.h"

#include "runtime/attributes.h"
#include "runtime/livepatch_state.h"
#include "runtime/replacement.h"

#include <fmt/ranges.h>

#include <unistd.h>
#include <vector>

namespace kpatch::runtime {

namespace {

constexpr std::size_t kFunctions = 20; ///< named of each patch; a line has its limits
constexpr const char* kNobody = "4294967295"; ///< a login user that was never set

std::string who(const Places& places) {
  const std::string login = read_attribute(places.proc / "self/loginuid").value_or("");
  std::string text = fmt::format("uid {}", getuid());
  if (!login.empty() && login != kNobody)
    text += ", logged in as uid " + login;
  return text;
}

std::string patch_with_functions(const Places& places, const std::string& patch) {
  std::vector<std::string> names;
  std::size_t count = 0;
  for (const ObjectState& object : read_objects(places, patch))
    for (const ReplacedFunction& function : object.functions)
      if (++count <= kFunctions)
        names.push_back(function.name);
  if (count > kFunctions)
    names.push_back(fmt::format("{} more", count - kFunctions));
  return fmt::format("{} ({})", patch, fmt::join(names, ", "));
}

} // namespace

std::string journal_line(const Places& places, const std::string& command, Exit status,
                         const std::string& error) {
  std::vector<std::string> patches;
  for (const std::string& name : enabled_patches(places))
    patches.push_back(patch_with_functions(places, name));
  return fmt::format(
      "{} by {}: {}; in force: {}", command, who(places),
      error.empty() ? fmt::format("status {}", static_cast<int>(status))
                    : fmt::format("status {}: {}", static_cast<int>(status), error),
      patches.empty() ? "nothing" : fmt::format("{}", fmt::join(patches, ", ")));
}

} // namespace kpatch::runtime
