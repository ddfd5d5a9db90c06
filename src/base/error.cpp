// SPDX-License-Identifier: GPL-2.0-or-later
//
// The standard library's own errors tell what failed and where, but not what to do. The
// one that a user meets is a full disk.
#include "base/error.h"

#include <system_error>

namespace kpatch {

std::string remedy_of(const std::exception& error) {
  if (const auto* ours = dynamic_cast<const Error*>(&error))
    return ours->remedy();
  const auto* theirs = dynamic_cast<const std::system_error*>(&error);
  if (theirs && theirs->code() == std::errc::no_space_on_device)
    return "free some space on that disk, or set CACHEDIR to a directory on another one";
  return {};
}

} // namespace kpatch
