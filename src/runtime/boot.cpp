// SPDX-License-Identifier: GPL-2.0-or-later
//
// A patch that takes the system down while it boots would do so at every boot, and there
// is nobody to take it out. So an attempt is written down before it is made, and struck
// off only when the system is up; after two that were not struck off the module is passed
// over. One that the kernel refuses or that stalls gets the same two chances. If the
// system died while one was being loaded, that one is to blame, and not those that had
// been loaded before it.
//
//   /var/lib/kpatch/.boot/<release>/<module>:  "begun 1"  "loaded 1"  "failed 2"  "died
//   2"
//
// The boot goes on whatever happens here.
#include "base/durable_file.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "runtime/attributes.h"
#include "runtime/boot_attempts.h"
#include "runtime/installed.h"
#include "runtime/module_file.h"
#include "runtime/operations.h"

#include <algorithm>
#include <array>
#include <sstream>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

constexpr int kAttempts = 2;
constexpr std::array<std::string_view, 3> kOffWords = {
    "kpatch.disable", "kpatch.disable=1", "kpatch.enable=0"};

fs::path attempts_of(const Places& places, const std::string& release) {
  return places.installed / ".boot" / release;
}

struct Attempts {
  std::string state;
  int made = 0;
};

Attempts read_attempts(const fs::path& file) {
  Attempts attempts;
  std::istringstream text(read_attribute(file).value_or(""));
  text >> attempts.state >> attempts.made;
  return attempts;
}

/// On the disk before it returns: the system may die in the next moment. Where nothing
/// can be written this early, the patch is loaded nevertheless.
void note(Host& host, const fs::path& file, const Attempts& attempts) {
  try {
    write_file_durably(file, fmt::format("{} {}\n", attempts.state, attempts.made));
  } catch (const std::exception& error) {
    host.warn(fmt::format("the attempt cannot be noted: {}", error.what()));
  }
}

bool is_switched_off(const Places& places) {
  std::istringstream words(read_attribute(places.proc / "cmdline").value_or(""));
  for (std::string word; words >> word;)
    if (std::ranges::find(kOffWords, word) != kOffWords.end())
      return true;
  return false;
}

/// False if the module could not be loaded, or was passed over because of that.
bool attempt(Host& host, const fs::path& file, const ModuleFile& module,
             const LoadOptions& options) {
  const fs::path record = attempts_of(host.places, host.places.release) / module.name;
  Attempts attempts = read_attempts(record);
  if (attempts.made >= kAttempts) {
    host.warn(fmt::format("{} is passed over: it {} at the last {} boots; kpatch load {} "
                          "tries again",
                          module.name,
                          attempts.state == "failed" ? "failed to load"
                                                     : "was loaded when the system died",
                          attempts.made, module.name));
    return false;
  }
  ++attempts.made;
  attempts.state = "begun";
  note(host, record, attempts);
  try {
    LoadOptions at_boot = options;
    at_boot.at_boot = true;
    load_patch(host, file.string(), at_boot);
    attempts.state = "loaded";
  } catch (const std::exception& error) {
    host.warn(error.what());
    if (const std::string remedy = remedy_of(error); !remedy.empty())
      host.warn(remedy);
    attempts.state = "failed";
  }
  note(host, record, attempts);
  return attempts.state == "loaded";
}

std::vector<std::string> attempts_in_state(const Places& places, std::string_view state) {
  std::vector<std::string> modules;
  std::error_code error;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(attempts_of(places, places.release), error))
    if (read_attempts(entry.path()).state == state)
      modules.push_back(entry.path().filename());
  return modules;
}

void forget_loaded(const Places& places) {
  for (const std::string& module : attempts_in_state(places, "loaded"))
    forget_attempts(places, places.release, module);
}

/// What was begun at the boot before and did not come back took the system down.
void settle_blame(Host& host) {
  const std::vector<std::string> begun = attempts_in_state(host.places, "begun");
  if (!begun.empty())
    forget_loaded(host.places);
  for (const std::string& module : begun) {
    const fs::path file = attempts_of(host.places, host.places.release) / module;
    note(host, file, {.state = "died", .made = read_attempts(file).made});
  }
}

} // namespace

void forget_attempts(const Places& places, const std::string& release,
                     const std::string& module) {
  std::error_code ignored;
  const fs::path directory = attempts_of(places, release);
  fs::remove(directory / module, ignored);
  fs::remove(directory, ignored); // if it is empty now
  fs::remove(directory.parent_path(), ignored);
}

Exit load_at_boot(Host& host, const LoadOptions& options) {
  if (is_switched_off(host.places)) {
    host.say("live patches are switched off on the kernel command line");
    return Exit::kSuccess;
  }
  settle_blame(host);
  bool all_loaded = true;
  for (const fs::path& file : modules_in_loading_order(host.places.installed_here())) {
    throw_if_interrupted();
    try {
      const ModuleFile module = read_module_file(file);
      if (module.release() == host.places.release)
        all_loaded = attempt(host, file, module, options) && all_loaded;
    } catch (const std::exception& error) { // no file keeps the others out
      host.warn(error.what());
      all_loaded = false;
    }
  }
  return all_loaded ? Exit::kSuccess : Exit::kError;
}

Exit confirm_boot(Host& host) {
  forget_loaded(host.places);
  return Exit::kSuccess;
}

} // namespace kpatch::runtime
