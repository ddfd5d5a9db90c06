// SPDX-License-Identifier: GPL-2.0-or-later
//
// A live patch replaces functions that nobody has looked at: whoever compares the source
// with its patched version believes that the source is what runs. If a distribution built
// it with another compiler, with other options or from another version, the patch takes
// away what the running function has more, or calls what is not there. So each original
// function must be found in the image that runs, instruction by instruction and with all
// it refers to.
#include "produce/proof.h"

#include "arch/arch.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "cache/layout.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

namespace kpatch::produce {

namespace {

using match::FunctionMatch;
using match::Verdict;

namespace code {
constexpr const char* kOtherCode = "KP1020";
constexpr const char* kNotThere = "KP1021";
} // namespace code

constexpr const char* kNotThereRemedy =
    "patch the function that takes its place in the running kernel";

/// What most likely made the difference, and what to do about it.
struct Cause {
  std::string text;
  std::string remedy;
};

/// A function that is only here is one that was inlined there.
bool differs(const FunctionMatch& function) {
  return function.verdict == Verdict::kDifferent || function.verdict == Verdict::kMissing;
}

/// The image has no code of it: it was inlined there, or another unit's function has the
/// place of a weak default.
bool is_absent(const FunctionMatch& function) {
  return function.verdict == Verdict::kOverridden ||
         function.verdict == Verdict::kMissing;
}

/// Units with fewer functions, small ones among them, do not tell options from source.
constexpr std::size_t kTellingFunctions = 8;

/// One in so many functions is more than a change of the source comes to. Options show
/// all over a unit, but the smallest functions come out the same.
constexpr std::size_t kMostForSource = 4;

constexpr const char* kSourceRemedy =
    "use the source of exactly the version that the running kernel was built from";

constexpr const char* kOwnRemedy =
    "make the change in a function that calls this one; if neither options nor files of "
    "the build were changed, report the kernel's version and this message as an error of "
    "kpatch-build";

/// "6.1.192", as the top makefile of a source says it; empty if it does not.
std::string version_of_source(const std::filesystem::path& source) {
  const std::string makefile = read_text_if_exists(source / "Makefile").value_or("");
  std::string version;
  for (const std::string_view name : {"VERSION = ", "PATCHLEVEL = ", "SUBLEVEL = "}) {
    const std::size_t at = makefile.find(fmt::format("\n{}", name));
    if (at == std::string::npos)
      return {};
    const std::size_t begin = at + 1 + name.size();
    version += version.empty() ? "" : ".";
    version += makefile.substr(begin, makefile.find('\n', begin) - begin);
  }
  return version;
}

/// Whether "6.1.192-2" is of "6.1.192".
bool is_of_version(std::string_view kernel, std::string_view version) {
  return kernel.starts_with(version) &&
         (kernel.size() == version.size() || !is_digit(kernel[version.size()]));
}

/// Whether the source is known to be the package that the kernel was built from: it lies
/// in the cache under that version, or brings the package's own changelog.
bool is_kernels_own(const kernel::Target& target) {
  if (target.version.empty() || target.source.empty())
    return false;
  if (target.source.filename() == target.version &&
      target.source.parent_path().filename() == cache::kSources)
    return true;
  const std::string changelog =
      read_text_if_exists(target.source / "debian/changelog").value_or("");
  return first_line(changelog).find(fmt::format("({})", target.version)) !=
         std::string::npos;
}

/// What compiler and source say of themselves is asked first.
Cause likely_cause(const match::UnitMatch& match, const kernel::Target& target) {
  const kernel::Compiler& wanted = target.compiler;
  std::string here;
  try {
    here = kernel::compiler_version_text(wanted.command);
  } catch (const Error&) {
    here = "not installed";
  }
  if (!kernel::same_compiler(here, wanted.version_text))
    return {fmt::format("the compiler: the kernel was built with '{}', this is '{}'",
                        wanted.version_text, here),
            "install the compiler that the kernel was built with"};
  if (!target.feature_set.empty())
    return {fmt::format("the patches of the feature set '{}', which the source does not "
                        "have",
                        target.feature_set),
            kernel::lacking_patches_remedy(target)};
  const std::string& built_from =
      target.version.empty() ? target.release : target.version;
  if (const std::string version = version_of_source(target.source);
      !version.empty() && !is_of_version(built_from, version))
    return {fmt::format("the version of the source: it is {}, and the kernel was built "
                        "from {}",
                        version, built_from),
            kSourceRemedy};
  const auto others = std::ranges::count_if(match.functions, differs);
  if (kMostForSource * static_cast<std::size_t>(others) > match.functions.size())
    return {fmt::format("compiler options or the configuration: {} of the unit's {} "
                        "functions differ",
                        others, match.functions.size()),
            "build with the configuration and options of the running kernel"};
  if (is_kernels_own(target))
    return {fmt::format("not the source and not the compiler, which are the kernel's own "
                        "({}); {} of the unit's {} functions {}",
                        target.version, others, match.functions.size(),
                        others == 1 ? "differs" : "differ"),
            kOwnRemedy};
  const bool is_telling = match.functions.size() >= kTellingFunctions;
  return {fmt::format("the version of the source{}: {} of the unit's {} functions {}, "
                      "and the kernel was built from {}",
                      is_telling ? "" : " or compiler options", others,
                      match.functions.size(), others == 1 ? "differs" : "differ",
                      built_from),
          kSourceRemedy};
}

/// Builds the problems of one unit.
class Judge {
 public:
  Judge(const match::UnitMatch& match, const kernel::Target& target,
        const UnitResult& result)
      : match_(match), target_(target), result_(result) {}

  std::vector<Problem> run() {
    for (const FunctionChange& change : result_.functions)
      if (!change.is_new)
        judge(change.name);
    return std::move(problems_);
  }

 private:
  void add(const char* problem_code, const std::string& symbol, std::string message,
           std::string remedy) {
    problems_.push_back({.code = problem_code,
                         .object = result_.unit,
                         .symbol = symbol,
                         .message = std::move(message),
                         .remedy = std::move(remedy)});
  }

  /// The function and what the compiler split off it.
  void judge(const std::string& name) {
    for (const FunctionMatch& function : match_.functions)
      if (function.name == name || function.name == name + ".cold")
        judge(function);
    for (const match::WrongReference& wrong : match_.wrong)
      if (wrong.from == name || wrong.from == name + ".cold") {
        const Cause why = cause();
        add(code::kOtherCode, wrong.from,
            fmt::format(
                "the running kernel has different code for this function: at "
                "+{:#x} it refers to {}, this source refers to {}; likely cause: {}",
                wrong.offset, wrong.found, wrong.wanted, why.text),
            why.remedy);
        break;
      }
    for (const FunctionMatch& function : match_.functions)
      if (differs(function) && !changes(function.name) &&
          std::ranges::find(function.calls, name) != function.calls.end())
        judge_caller(function, name);
  }

  bool changes(const std::string& name) const {
    return std::ranges::find(result_.functions, name, &FunctionChange::name) !=
           result_.functions.end();
  }

  /// What is called here may have been inlined there, and the patch would not reach it.
  void judge_caller(const FunctionMatch& caller, const std::string& name) {
    const Cause why = cause();
    add(code::kOtherCode, name,
        fmt::format(
            "{}, which calls it, has different code in the running kernel and may "
            "hold an inlined copy of it; likely cause: {}",
            caller.name, why.text),
        why.remedy);
  }

  void judge(const FunctionMatch& function) {
    switch (function.verdict) {
    case Verdict::kEqual:
    case Verdict::kMoved: return;
    case Verdict::kDifferent: {
      const Cause why = cause();
      return add(
          code::kOtherCode, function.name,
          fmt::format("the running kernel has different code for this function: at "
                      "+{:#x} it has '{}', this source compiles to '{}'; likely "
                      "cause: {}",
                      function.offset, function.theirs, function.ours, why.text),
          why.remedy);
    }
    case Verdict::kOverridden:
      return add(code::kNotThere, function.name,
                 fmt::format("{} does not use this weak default: another function of "
                             "the name has taken its place",
                             result_.owner),
                 kNotThereRemedy);
    case Verdict::kAmbiguous:
      return add(code::kNotThere, function.name,
                 fmt::format("{} has several functions of this name and code, and "
                             "nothing tells which one is this",
                             result_.owner),
                 "change the functions that call it instead");
    case Verdict::kMissing:
      return add(code::kNotThere, function.name,
                 fmt::format("{} has no function of this name", result_.owner),
                 kNotThereRemedy);
    }
  }

  const Cause& cause() {
    if (!cause_)
      cause_ = likely_cause(match_, target_);
    return *cause_;
  }

  const match::UnitMatch& match_;
  const kernel::Target& target_;
  const UnitResult& result_;
  std::optional<Cause> cause_;
  std::vector<Problem> problems_;
};

/// Functions as they run may lie beside others that lacking patches have changed. Types
/// of the unit's own that only the patch uses may then be others as well.
void note_lacking_patches(const match::UnitMatch& match, const kernel::Target& target,
                          UnitResult& result) {
  const auto other = std::ranges::find_if(match.functions, differs);
  if (!target.feature_set.empty() && other != match.functions.end())
    result.notes.push_back(
        {.kind = NoteKind::kWarning,
         .symbol = other->name,
         .text = fmt::format(
             "the running kernel has different code for {}, which the patch leaves "
             "alone: the source lacks the patches of the feature set '{}'. Code that the "
             "patch adds must not use what these patches change",
             other->name, target.feature_set)});
}

/// Refuses, or with `force` goes on and says so.
void take_over(std::vector<Problem> problems, bool force, UnitResult& result) {
  if (!force) {
    std::ranges::move(problems, std::back_inserter(result.problems));
    return;
  }
  for (const Problem& problem : problems)
    result.notes.push_back({.kind = NoteKind::kWarning,
                            .code = problem.code,
                            .symbol = problem.symbol,
                            .text = fmt::format("{}: {}; going on because of --force",
                                                problem.symbol, problem.message)});
  std::ranges::move(problems, std::back_inserter(result.proof.overridden));
}

} // namespace

void fail_for_other_code(const match::UnitMatch& match, const kernel::Target& target,
                         const Error& error) {
  if (std::ranges::none_of(match.functions, differs))
    throw error;
  const Cause why = likely_cause(match, target);
  throw Error(fmt::format("{}; likely cause: {}", error.what(), why.text), why.remedy);
}

void judge_proof(const match::UnitMatch& match, const kernel::Target& target, bool force,
                 UnitResult& result) {
  result.proof.functions = match.functions.size();
  result.proof.references = match.references;
  result.proof.equal = static_cast<std::size_t>(
      std::ranges::count_if(match.functions, &FunctionMatch::is_proven));
  result.proof.absent =
      static_cast<std::size_t>(std::ranges::count_if(match.functions, is_absent));
  std::vector<Problem> problems = Judge(match, target, result).run();
  if (problems.empty())
    note_lacking_patches(match, target, result);
  take_over(std::move(problems), force, result);
}

void judge_unproven(const elf::Object& original, bool force, UnitResult& result) {
  const std::string_view processor = arch::arch_for(original).name();
  take_over({{.code = "KP1022",
              .object = result.unit,
              .symbol = result.unit,
              .message = fmt::format(
                  "nothing was proven: the code of {} cannot be compared with the "
                  "running kernel's",
                  processor),
              .remedy = "to make one all the same, pass --force, and load it first on a "
                        "machine that may crash"}},
            force, result);
}

} // namespace kpatch::produce
