// SPDX-License-Identifier: GPL-2.0-or-later
//
// Ftrace lets one user redirect a function (FTRACE_OPS_FL_IPMODIFY;
// kernel/trace/ftrace.c:
// __ftrace_hash_update_ipmodify): all live patches together are one, a kprobe that must
// single-step or has a post handler (kernel/kprobes.c: kprobe_ipmodify_ops) and
// fail_function are others. The second one is answered EBUSY, which says as little as
// during a transition.
//
// Others are let in and win: a BPF trampoline is called directly, before the list of
// ftrace users, and a program of kind fmod_ret may return in the place of the function,
// patched or not; bpf_override_return() does the same from a kprobe, for functions that
// are declared for it. The kernel calls a patch "enabled" all the same.
#include "runtime/function_users.h"

#include "base/module_name.h"
#include "base/text.h"
#include "runtime/attributes.h"
#include "runtime/livepatch_state.h"

#include <algorithm>
#include <set>
#include <sstream>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kLivepatchHandler = "klp_ftrace_handler";

/// One function of enabled_functions (kernel/trace/ftrace.c: t_show):
/// "name [module] (1) R I D   tramp: 0x... (handler+0x0/0x1) ->f" and "direct-->f" below.
struct Entry {
  std::string object;
  std::string name;
  bool is_redirected = false;
  bool is_direct = false;
  std::string handlers; ///< the rest of the line
};

/// Mounted on its own, or below debugfs as ever.
std::string read_tracing_file(const Places& places, const char* name) {
  for (const char* directory : {"kernel/tracing", "kernel/debug/tracing"})
    if (const auto text = read_attribute(places.sysfs / directory / name))
      return *text;
  return {};
}

std::string object_in(std::string_view word) {
  return word.starts_with('[') && word.ends_with(']')
             ? std::string(word.substr(1, word.size() - 2))
             : std::string(kVmlinux);
}

Entry parse_entry(const std::string& line) {
  Entry entry;
  std::istringstream words(line);
  std::string word;
  words >> entry.name >> word;
  entry.object = object_in(word);
  if (entry.object != kVmlinux)
    words >> word;
  while (words >> word && word.size() == 1) { // flags come before the first handler
    entry.is_redirected = entry.is_redirected || word == "I";
    entry.is_direct = entry.is_direct || word == "D";
  }
  std::getline(words, entry.handlers);
  return entry;
}

std::vector<Entry> read_entries(const Places& places) {
  std::vector<Entry> entries;
  const std::string list = read_tracing_file(places, "enabled_functions");
  for (const std::string_view line : lines_of(list))
    if (!line.empty() && line.front() != '\t')
      entries.push_back(parse_entry(std::string(line)));
    else if (!entries.empty())
      entries.back().handlers += line;
  return entries;
}

bool is_same(const ReplacedFunction& function, const Entry& entry) {
  return function.name == entry.name && function.object == entry.object;
}

/// Whether the object has one function of this name that can be traced.
bool is_unique(const Places& places, const ReplacedFunction& function) {
  std::size_t count = 0;
  const std::string list = read_tracing_file(places, "available_filter_functions");
  for (const std::string_view line : lines_of(list)) {
    std::istringstream words{std::string(line)};
    std::string name;
    std::string object;
    words >> name >> object;
    count += name == function.name && object_in(object) == function.object;
  }
  return count <= 1;
}

/// Functions that have a kprobe at their start: "ffffffff8 k name+0x0 [module] [FTRACE]".
std::set<std::string> functions_with_kprobes(const Places& places) {
  std::set<std::string> names;
  const std::string list =
      read_attribute(places.sysfs / "kernel/debug/kprobes/list").value_or("");
  for (const std::string_view line : lines_of(list)) {
    std::istringstream words{std::string(line)};
    std::string address;
    std::string kind;
    std::string place;
    if (words >> address >> kind >> place && kind == "k" && place.ends_with("+0x0"))
      names.insert(place.substr(0, place.size() - 4));
  }
  return names;
}

/// Functions whose result may be overridden: "name [module]\ttype".
std::set<std::string> overridable_functions(const Places& places) {
  std::set<std::string> names;
  const std::string list =
      read_attribute(places.sysfs / "kernel/debug/error_injection/list").value_or("");
  for (const std::string_view line : lines_of(list))
    names.emplace(line.substr(0, line.find_first_of(" \t")));
  return names;
}

std::string holder_of(const Entry& entry, const std::set<std::string>& kprobes) {
  if (kprobes.contains(entry.name) ||
      entry.handlers.find("kprobe_ftrace_handler") != std::string::npos)
    return "a kprobe with a post handler, or fail_function";
  const std::size_t open = entry.handlers.find('(');
  const std::size_t plus =
      entry.handlers.find('+', std::min(open, entry.handlers.size()));
  if (plus == std::string::npos)
    return "another user of ftrace";
  return "the ftrace user " + entry.handlers.substr(open + 1, plus - open - 1);
}

/// Functions that live patches redirect now: the kernel shares these among patches.
std::set<ReplacedFunction> patched_now(const Places& places) {
  std::set<ReplacedFunction> functions;
  for (const PatchState& patch : read_patches(places))
    for (const ObjectState& object : read_objects(places, patch.name))
      for (ReplacedFunction function : object.functions) {
        function.occurrence = 1;
        functions.insert(function);
      }
  return functions;
}

} // namespace

std::vector<FunctionUser> find_holders(const Places& places,
                                       const std::vector<ReplacedFunction>& functions) {
  std::vector<FunctionUser> users;
  const std::set<std::string> kprobes = functions_with_kprobes(places);
  const std::set<ReplacedFunction> patched = patched_now(places);
  for (const Entry& entry : read_entries(places)) {
    if (!entry.is_redirected || patched.contains({entry.object, entry.name, 1}) ||
        entry.handlers.find(kLivepatchHandler) != std::string::npos)
      continue;
    for (const ReplacedFunction& function : functions)
      if (is_same(function, entry))
        users.push_back(
            {function, holder_of(entry, kprobes), is_unique(places, function)});
  }
  return users;
}

std::vector<FunctionUser> find_bypasses(const Places& places,
                                        const std::vector<ReplacedFunction>& functions) {
  std::vector<FunctionUser> users;
  for (const Entry& entry : read_entries(places))
    for (const ReplacedFunction& function : functions)
      if (entry.is_direct && is_same(function, entry))
        users.push_back({function, "a BPF program (fentry and fexit only look, fmod_ret "
                                   "may stand in for the function; see bpftool link)"});
  const std::set<std::string> kprobes = functions_with_kprobes(places);
  const std::set<std::string> overridable = overridable_functions(places);
  for (const ReplacedFunction& function : functions)
    if (kprobes.contains(function.name) && overridable.contains(function.name))
      users.push_back({function, "a kprobe that may override its result "
                                 "(bpf_override_return, fail_function)"});
  return users;
}

std::size_t count_redirected(const Places& places) {
  return static_cast<std::size_t>(
      std::ranges::count_if(read_entries(places), &Entry::is_redirected));
}

} // namespace kpatch::runtime
