// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/error.h"
#include "base/journal.h"
#include "runtime/host.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::runtime {

/// What the journal says of all changes, whatever they were.
inline constexpr std::string_view kChangeMessageId = "1aea4361dc3b499395898efcb20628f2";

/// A change of the machine, from before it is tried until it is noted.
class Change {
 public:
  /// `argument` is what it is asked to work on, empty if it is all; `words` are the whole
  /// call.
  Change(const Host& host, std::string_view action, const std::string& argument,
         const std::vector<std::string>& words);

  /// An entry of the system's journal: what was done, by whom, with which result, and
  /// what is in force now. `error` is empty if it went well.
  JournalFields entry(Exit status, const std::string& error) const;

 private:
  std::set<std::string> cves_in_force() const;

  const Host& host_;
  std::string action_;
  std::string module_;
  std::string command_;
  std::set<std::string> cves_;   ///< of that module
  std::set<std::string> before_; ///< fixed then
};

} // namespace kpatch::runtime
