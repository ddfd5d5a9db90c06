// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who looks into a machine afterwards finds in the journal who changed its kernel. The
// user is the one that logged in (/proc/self/loginuid, audit(8)), which sudo and su keep.
// Programs find the same in fields: the module that was named, and the ids of what it
// fixes and of what is fixed now and was not before, or the other way round.
#include "runtime/journal.h"

#include "runtime/attributes.h"
#include "runtime/installed.h"
#include "runtime/livepatch_state.h"
#include "runtime/outcomes.h"
#include "runtime/replacement.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <syslog.h>
#include <unistd.h>

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

void add_cves(const elf::ModuleInfo& info, std::set<std::string>& cves) {
  for (std::string& id : elf::info_values(info, "cve"))
    cves.insert(std::move(id));
}

/// Of the file that is meant; nothing if there is none.
elf::ModuleInfo info_of_file(const Host& host, const std::string& argument) {
  try {
    return read_module_file(find_module_file(host, argument)).info;
  } catch (const std::exception&) {
    return {}; // that is for the change itself to say
  }
}

} // namespace

Change::Change(const Host& host, std::string_view action, const std::string& argument,
               const std::vector<std::string>& words)
    : host_(host), action_(action),
      command_(fmt::format("kpatch {}", fmt::join(words, " "))) {
  before_ = cves_in_force();
  if (argument.empty())
    return;
  module_ = find_module_name(host, argument);
  add_cves(read_patch_note(host.places, module_), cves_);
  add_cves(info_of_file(host, argument), cves_);
}

std::set<std::string> Change::cves_in_force() const {
  std::set<std::string> cves;
  for (const std::string& name : enabled_patches(host_.places))
    add_cves(read_patch_note(host_.places, name), cves);
  return cves;
}

JournalFields Change::entry(Exit status, const std::string& error) const {
  const std::vector<std::string> in_force = enabled_patches(host_.places);
  std::vector<std::string> patches;
  for (const std::string& name : in_force)
    patches.push_back(patch_with_functions(host_.places, name));
  std::string message = fmt::format(
      "{} by {}: {}; in force: {}", command_, who(host_.places),
      error.empty() ? fmt::format("status {}", static_cast<int>(status))
                    : fmt::format("status {}: {}", static_cast<int>(status), error),
      patches.empty() ? "nothing" : fmt::format("{}", fmt::join(patches, ", ")));
  JournalFields fields = {
      {"MESSAGE", std::move(message)},
      {"MESSAGE_ID", std::string(kChangeMessageId)},
      {"PRIORITY", std::to_string(status == Exit::kSuccess ? LOG_NOTICE : LOG_WARNING)},
      {"SYSLOG_IDENTIFIER", "kpatch"},
      {"SYSLOG_FACILITY", std::to_string(LOG_FAC(LOG_DAEMON))},
      {"KPATCH_ACTION", action_},
      {"KPATCH_RESULT", std::string(result_word(status))},
      {"KPATCH_STATUS", std::to_string(static_cast<int>(status))},
      {"KPATCH_KERNEL", host_.places.release}};
  if (!module_.empty())
    fields.emplace_back("KPATCH_MODULE", module_);
  if (!error.empty())
    fields.emplace_back("KPATCH_ERROR", error);
  std::set<std::string> cves = cves_;
  std::ranges::set_symmetric_difference(before_, cves_in_force(),
                                        std::inserter(cves, cves.end()));
  for (const std::string& id : cves)
    fields.emplace_back("KPATCH_CVE", id);
  for (const std::string& name : in_force)
    fields.emplace_back("KPATCH_IN_FORCE", name);
  return fields;
}

} // namespace kpatch::runtime
