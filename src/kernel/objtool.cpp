// SPDX-License-Identifier: GPL-2.0-or-later
//
// kbuild keeps objtool away from single objects where an option delays it to the link of
// the whole: IBT and LTO do, KLP_BUILD since there is one, and more may come. So
// scripts/Makefile.lib is asked, which says `delay-objtool := $(or $(CONFIG_...),...)`.
// Code that never sees that link needs it all the same: it
// makes the unwind data, the return, call and retpoline sites, and turns jump labels into
// NOPs. The arguments are those of scripts/Makefile.lib. `--ibt` is left out: it needs
// the whole to tell which function entries nothing jumps to, and would seal too many.
//
// A distribution that builds objtool for several processors ships a wrapper which picks
// one by a variable of kbuild's; the programs behind it are called objtool.real-<folder
// below arch/>.
#include "kernel/objtool.h"

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"

#include <algorithm>
#include <iterator>

namespace kpatch::kernel {
namespace fs = std::filesystem;

namespace {

struct Row {
  const char* option;
  const char* argument;
};

/// Some options took the prefix MITIGATION_ in 6.9.
constexpr Row kRows[] = {
    {"CONFIG_HAVE_JUMP_LABEL_HACK", "--hacks=jump_label"},
    {"CONFIG_HAVE_NOINSTR_HACK", "--hacks=noinstr"},
    {"CONFIG_CALL_DEPTH_TRACKING", "--hacks=skylake"},
    {"CONFIG_MITIGATION_CALL_DEPTH_TRACKING", "--hacks=skylake"},
    {"CONFIG_FTRACE_MCOUNT_USE_OBJTOOL", "--mcount"},
    {"CONFIG_UNWINDER_ORC", "--orc"},
    {"CONFIG_RETPOLINE", "--retpoline"},
    {"CONFIG_MITIGATION_RETPOLINE", "--retpoline"},
    {"CONFIG_RETHUNK", "--rethunk"},
    {"CONFIG_MITIGATION_RETHUNK", "--rethunk"},
    {"CONFIG_SLS", "--sls"},
    {"CONFIG_MITIGATION_SLS", "--sls"},
    {"CONFIG_STACK_VALIDATION", "--stackval"},
    {"CONFIG_HAVE_STATIC_CALL_INLINE", "--static-call"},
    {"CONFIG_HAVE_UACCESS_VALIDATION", "--uaccess"},
    {"CONFIG_GCOV_KERNEL", "--no-unreachable"},
    {"CONFIG_KCOV", "--no-unreachable"},
};

/// Of kernels whose makefiles decide it in several places (before 5.19).
constexpr const char* kEarlyDelays[] = {"CONFIG_X86_KERNEL_IBT", "CONFIG_LTO_CLANG"};

/// The options of which any delays objtool.
std::vector<std::string> delaying_options(std::string_view makefile) {
  constexpr std::string_view kVariable = "delay-objtool";
  constexpr std::string_view kOption = "$(CONFIG_";
  std::size_t at =
      makefile.starts_with(kVariable) ? 0 : makefile.find("\n" + std::string(kVariable));
  if (at == std::string_view::npos)
    return {std::begin(kEarlyDelays), std::end(kEarlyDelays)};
  std::string_view line = makefile.substr(at + 1);
  line = line.substr(0, line.find('\n'));
  std::vector<std::string> options;
  while ((at = line.find(kOption)) != std::string_view::npos) {
    line.remove_prefix(at + 2);
    options.emplace_back(line.substr(0, line.find(')')));
  }
  return options;
}

} // namespace

bool delays_objtool(const fs::path& source, const Config& config) {
  const std::string makefile =
      read_text_if_exists(source / "scripts/Makefile.lib").value_or("");
  const std::vector<std::string> options = delaying_options(makefile);
  return std::ranges::any_of(
      options, [&](const std::string& option) { return config.is_set(option); });
}

bool runs_objtool_apart(const fs::path& source) {
  const std::string makefile =
      read_text_if_exists(source / "scripts/Makefile.build").value_or("");
  return makefile.find("$(call cmd,objtool)") != std::string::npos;
}

fs::path objtool_program(const fs::path& objects) {
  const fs::path directory = objects / "tools/objtool";
  std::error_code none;
  for (const fs::directory_entry& folder : fs::directory_iterator(objects / "arch", none))
    if (const fs::path real =
            directory / ("objtool.real-" + folder.path().filename().string());
        fs::exists(real))
      return real;
  return directory / "objtool";
}

std::vector<std::string> objtool_arguments(const Config& config) {
  std::vector<std::string> arguments;
  for (const Row& row : kRows)
    if (config.is_set(row.option))
      arguments.push_back(row.argument);
  if (config.is_set("CONFIG_FTRACE_MCOUNT_USE_OBJTOOL") &&
      config.is_set("CONFIG_HAVE_OBJTOOL_NOP_MCOUNT"))
    arguments.push_back("--mnop");
  if (config.is_set("CONFIG_PREFIX_SYMBOLS"))
    arguments.push_back("--prefix=" +
                        config.value("CONFIG_FUNCTION_PADDING_BYTES").value_or("0"));
  return arguments;
}

std::string objtool_remedy(const fs::path& objtool) {
  return fmt::format(
      "if the patch brings in what it names, such as inline assembly, write "
      "that otherwise; else see that {} works here and comes from this "
      "very kernel",
      objtool.string());
}

void run_objtool(const fs::path& objtool, const std::vector<std::string>& arguments,
                 const fs::path& object) {
  std::vector<std::string> argv{objtool.string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  argv.push_back(object.string());
  const Outcome outcome = run({.argv = argv});
  if (!outcome.ok() || !outcome.errors.empty() || !outcome.output.empty())
    fail_with_remedy(objtool_remedy(objtool),
                     "{}: objtool does not accept the object (exit status {}):\n{}{}",
                     object.string(), outcome.status, outcome.output, outcome.errors);
}

} // namespace kpatch::kernel
