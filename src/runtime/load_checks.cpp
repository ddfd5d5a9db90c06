// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel answers a module that it does not want with an errno and a line in its log,
// and it loads without a word some that nobody wants in this place. So the reasons are
// looked for before, where they can be named.
#include "runtime/load_checks.h"

#include "base/error.h"
#include "base/text.h"
#include "elf/module_signature.h"
#include "runtime/attributes.h"
#include "runtime/function_users.h"
#include "runtime/livepatch_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

struct Check {
  const Places& places;
  const fs::path& file;
  const ModuleFile& module;
  std::vector<Finding> findings;

  void add_fatal(const std::string& message, const std::string& remedy) {
    findings.push_back({true, message, remedy});
  }
  void add_notice(const std::string& message, const std::string& remedy) {
    findings.push_back({false, message, remedy});
  }
};

void check_kind(Check& check) {
  if (!check.module.is_livepatch())
    check.add_fatal(
        fmt::format("{} is not a live patch: its modinfo has no livepatch entry",
                    check.file.string()),
        "load other modules with modprobe");
}

void check_release(Check& check) {
  const std::string built_for = check.module.release();
  if (!built_for.empty() && built_for != check.places.release)
    check.add_fatal(
        fmt::format("built for kernel {}, but {} is running", built_for,
                    check.places.release),
        fmt::format("build it with kpatch-build -a {}", check.places.release));
}

/// The first module file found in the directory or below.
fs::path any_module_below(const fs::path& directory) {
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error), end;
       !error && entry != end; entry.increment(error))
    if (is_module_file_name(entry->path().filename().string()))
      return entry->path();
  return {};
}

/// The vermagic that the kernel's own modules carry; empty if none can be read.
std::string vermagic_of_kernel(const Places& places) {
  const fs::path module = any_module_below(places.trees / places.release / "kernel");
  if (module.empty())
    return {};
  try {
    return read_module_file(module).info_value("vermagic");
  } catch (const std::exception&) {
    return {}; // says nothing about the patch
  }
}

/// The rest of vermagic (SMP, preempt, mod_unload, ...) must equal the kernel's, too.
void check_vermagic(Check& check) {
  const std::string own = check.module.info_value("vermagic");
  if (own.empty() || check.module.release() != check.places.release)
    return;
  const std::string kernels = vermagic_of_kernel(check.places);
  if (!kernels.empty() && kernels != own)
    check.add_fatal(
        fmt::format("version magic '{}' is not the kernel's '{}'", own, kernels),
        "it was built for another kernel configuration; build it again for the kernel "
        "that "
        "runs");
}

/// The kernel answers EBUSY then, as during a transition
/// (kernel/trace/ftrace.c: register_ftrace_function with
/// FTRACE_OPS_FL_PERMANENT).
void check_tracing(Check& check) {
  if (is_tracing_off(check.places))
    check.add_fatal("function tracing is switched off (kernel.ftrace_enabled=0), and "
                    "live patches need it",
                    "sysctl kernel.ftrace_enabled=1");
}

std::set<std::string> builtin_modules(const Places& places) {
  std::set<std::string> names;
  const std::string list =
      read_text_if_exists(places.trees / places.release / "modules.builtin").value_or("");
  for (const std::string_view line : lines_of(list))
    names.insert(module_name(line));
  return names;
}

void check_dependencies(Check& check) {
  std::string missing;
  const std::vector<std::string> needed = check.module.needed();
  const std::set<std::string> builtin =
      needed.empty() ? std::set<std::string>() : builtin_modules(check.places);
  for (const std::string& name : needed)
    if (!is_module_loaded(check.places, module_name(name)) &&
        !builtin.contains(module_name(name)))
      missing += (missing.empty() ? "" : " ") + name;
  if (!missing.empty())
    check.add_fatal(fmt::format("it needs modules that are not loaded: {}", missing),
                    fmt::format("modprobe -a {}", missing));
}

/// Whether the kernel shows certificates (/proc/keys, for root), and none of this name.
/// It calls them by their subject (x509_fabricate_name in
/// crypto/asymmetric_keys/x509_cert_parser.c), a module names the issuer of its signer's
/// certificate: the same for a certificate that is signed with its own key.
bool is_unknown_to_kernel(const Places& places, const std::string& signer) {
  const std::string keys = read_attribute(places.proc / "keys").value_or("");
  bool has_certificates = false;
  for (const std::string_view line : lines_of(keys))
    if (line.find(" asymmetri ") != std::string_view::npos) { // cut off by the kernel
      if (line.find(signer) != std::string_view::npos)
        return false;
      has_certificates = true;
    }
  return has_certificates;
}

void check_signature(Check& check) {
  const std::string demand = signature_demand(check.places);
  if (demand.empty())
    return;
  const elf::ModuleSignature signature =
      elf::read_signature(read_module_bytes(check.file));
  if (!signature.is_present)
    check.add_fatal(fmt::format("it is not signed, and this kernel loads signed modules "
                                "only ({})",
                                demand),
                    "sign it with a key that the kernel trusts: kpatch sign, and mokutil "
                    "--import for a key of your own");
  else if (!signature.damage.empty())
    check.add_fatal(fmt::format("its signature {}", signature.damage),
                    "sign it again with kpatch sign, last of all");
  else if (!signature.signer.empty() &&
           is_unknown_to_kernel(check.places, signature.signer))
    check.add_notice(
        fmt::format("it is signed by {}, and the kernel shows no key of that "
                    "name; it may refuse the module ({})",
                    signature.signer, demand),
        "see the keys with: grep asymmetri /proc/keys; enroll yours with "
        "mokutil --import");
}

/// A module of the same name that would be in the way.
void check_name(Check& check) {
  const std::string& name = check.module.name;
  if (!is_module_loaded(check.places, name) || find_patch(check.places, name))
    return;
  if (!is_livepatch_module(check.places, name).value_or(true)) {
    check.add_fatal(
        fmt::format("a module named {} is loaded, and it is not a live patch", name),
        "build the patch under another name (kpatch-build -n)");
    return;
  }
  if (module_users(check.places, name).value_or(0) != 0)
    check.add_fatal(
        fmt::format("{} is still loaded, disabled and held by the kernel", name),
        "the module of a forced transition stays until the next boot; build the patch "
        "under another name (kpatch-build -n)");
}

std::vector<ReplacedFunction> functions_of(const Places& places,
                                           const std::string& patch) {
  std::vector<ReplacedFunction> functions;
  for (const ObjectState& object : read_objects(places, patch))
    functions.insert(functions.end(), object.functions.begin(), object.functions.end());
  std::ranges::sort(functions);
  return functions;
}

/// What the patch shares with others that are enabled.
void check_overlap(Check& check) {
  for (const PatchState& other : read_patches(check.places)) {
    if (!other.enabled || other.name == check.module.name)
      continue;
    const std::vector<ReplacedFunction> theirs = functions_of(check.places, other.name);
    std::vector<ReplacedFunction> shared;
    std::ranges::set_intersection(check.module.functions, theirs,
                                  std::back_inserter(shared));
    if (shared.empty())
      continue;
    if (check.module.functions == theirs && check.module.replaces() != true)
      check.add_notice(
          fmt::format("{} patches exactly the same functions and is enabled: "
                      "perhaps the same patch under another name",
                      other.name),
          fmt::format("kpatch unload {}", other.name));
    else if (check.module.replaces() == false)
      check.add_notice(
          fmt::format("it does not replace {}, which patches {} ({}) too: the newer "
                      "function hides the older one",
                      other.name, shared.front().name, shared.front().object),
          "put both changes into one cumulative patch (kpatch-build without -R)");
  }
}

void check_remains(Check& check) {
  for (const std::string& name : read_remains(check.places))
    if (name != check.module.name)
      check.add_notice(
          fmt::format("{} is disabled, but its module is still loaded", name),
          fmt::format("kpatch unload {}", name));
}

/// Functions that somebody else has for himself, or would decide over.
void check_function_users(Check& check) {
  for (const FunctionUser& user : find_holders(check.places, check.module.functions))
    check.findings.push_back({user.is_certain,
                              fmt::format("{} ({}) is held by {}", user.function.name,
                                          user.function.object, user.holder),
                              "remove that first: /sys/kernel/debug/kprobes/list and "
                              "/sys/kernel/tracing/enabled_functions (flag I) show it",
                              kHeldByOther});
  for (const FunctionUser& user : find_bypasses(check.places, check.module.functions))
    check.add_notice(fmt::format("{} ({}) may be bypassed by {}", user.function.name,
                                 user.function.object, user.holder),
                     "`kpatch status` shows it as long as both are there");
}

constexpr void (*kChecks[])(Check&) = {
    check_kind,      check_tracing, check_release, check_vermagic, check_dependencies,
    check_signature, check_name,    check_overlap, check_remains,  check_function_users,
};

/// UEFI variables: four bytes of attributes, then the value.
bool has_secure_boot(const Places& places) {
  const fs::path variable =
      places.sysfs /
      "firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
  std::ifstream stream(variable, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(stream), {}};
  return content.size() == 5 && content.back() == 1;
}

/// The word in brackets of "none [integrity] confidentiality".
std::string lockdown_mode(const Places& places) {
  const std::string text =
      read_attribute(places.sysfs / "kernel/security/lockdown").value_or("");
  const std::size_t open = text.find('[');
  const std::size_t close = text.find(']', std::min(open, text.size()));
  return close == std::string::npos ? "" : text.substr(open + 1, close - open - 1);
}

} // namespace

bool is_tracing_off(const Places& places) {
  return read_number(places.proc / "sys/kernel/ftrace_enabled") == 0;
}

std::string signature_demand(const Places& places) {
  const std::string mode = lockdown_mode(places);
  const std::string enforced =
      read_attribute(places.modules() / "module/parameters/sig_enforce").value_or("N");
  std::string reason;
  if (!mode.empty() && mode != "none")
    reason = "lockdown is in mode " + mode;
  else if (enforced == "Y" || enforced == "1")
    reason = "module.sig_enforce is set";
  if (!reason.empty() && has_secure_boot(places))
    reason += ", Secure Boot is on";
  return reason;
}

std::vector<Finding> check_before_load(const Places& places, const fs::path& file,
                                       const ModuleFile& module) {
  Check check{places, file, module, {}};
  for (const auto& run : kChecks)
    run(check);
  return std::move(check.findings);
}

} // namespace kpatch::runtime
