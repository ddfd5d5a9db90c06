// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/files.h"
#include "base/hand_out.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/output.h"
#include "base/run_tool.h"
#include "cache/cache_upkeep.h"
#include "cache/layout.h"
#include "distro/debian_kernels.h"
#include "distro/find_target.h"
#include "package/package.h"
#include "produce/command_line.h"
#include "produce/driver.h"
#include "produce/find_ahead.h"
#include "produce/isolation.h"
#include "produce/tool_files.h"
#include "report/build_report.h"
#include "report/cache_report.h"
#include "report/console.h"
#include "report/kernels_report.h"
#include "report/provenance.h"
#include "report/update_report.h"

#include <fmt/format.h>

#include <algorithm>

namespace {

using kpatch::produce::BuildOutcome;
using kpatch::produce::Invocation;

/// The classic meaning. A fourth -d traced the compiler's wrapper; there is none, and the
/// trace of programs has every call of the compiler.
kpatch::LogLevel log_level_of(int times) {
  switch (times) {
  case 0: return kpatch::LogLevel::kNormal;
  case 1: return kpatch::LogLevel::kDebug;
  case 2: return kpatch::LogLevel::kOutput;
  default: return kpatch::LogLevel::kDebugOutput;
  }
}

/// Of a patch for code that the kernel does not have; documented.
constexpr int kNotAffectedStatus = 3;

/// What was asked for beside the module, before it is signed.
void write_beside(const Invocation& invocation,
                  const kpatch::produce::BuildResult& result) {
  if (!invocation.provenance.empty())
    kpatch::write_file(invocation.provenance,
                       kpatch::report::provenance_json(result, invocation));
  if (!invocation.sbom.empty())
    kpatch::write_file(invocation.sbom, kpatch::report::sbom_json(result));
  if (!invocation.vex.empty())
    kpatch::write_file(invocation.vex, kpatch::report::vex_json(result));
}

void write_reports(const Invocation& invocation,
                   const kpatch::produce::BuildResult& result) {
  if (!invocation.json.empty())
    kpatch::hand_out(invocation.json, kpatch::report::build_json(result));
  if (!invocation.report.empty())
    kpatch::write_file(invocation.report, kpatch::report::is_page(invocation.report)
                                              ? kpatch::report::update_page(result)
                                              : kpatch::report::update_text(result));
}

int build_for_one(Invocation invocation, bool is_isolated,
                  const std::vector<std::string>& argv,
                  kpatch::report::Console& console) {
  const auto progress = [&](std::string_view line) { console.say(line); };
  const auto complain = [&](std::string_view line) { console.complain(line); };
  const auto live = [&](std::string_view line) { console.show(line); };
  if (invocation.signer.is_set())
    kpatch::sign::check_signer(invocation.signer);
  if (!invocation.to.empty())
    invocation.options.newer_source = [&](const kpatch::kernel::Target& target) {
      return std::filesystem::is_directory(invocation.to)
                 ? std::filesystem::canonical(invocation.to)
                 : kpatch::distro::find_newer_source(invocation.kernel, target,
                                                     invocation.to);
    };
  invocation.options.hook_sources = kpatch::produce::find_hook_sources();
  invocation.options.wants_changes = kpatch::report::is_page(invocation.report);
  if (is_isolated) {
    kpatch::kernel::TargetRequest request = invocation.kernel;
    request.progress = progress;
    request.live = live;
    // Fetched and prepared while there is a network.
    const kpatch::kernel::Target target = kpatch::distro::find_target(request);
    if (invocation.options.newer_source)
      invocation.options.newer_source(target);
    kpatch::produce::find_ahead(target, invocation.options);
    return kpatch::produce::build_isolated(invocation, target, argv);
  }
  invocation.kernel.progress = progress;
  invocation.kernel.live = live;

  const kpatch::produce::BuildResult result = kpatch::produce::build_patch(
      invocation.options, [&] { return kpatch::distro::find_target(invocation.kernel); },
      {.progress = progress,
       .complaint = complain,
       .compiled = [&](const kpatch::compile::Progress& now) { console.show(now); }});
  write_reports(invocation, result);
  if (result.outcome == BuildOutcome::kBuilt)
    write_beside(invocation, result);
  if (result.outcome == BuildOutcome::kBuilt && invocation.signer.is_set())
    kpatch::write_file(result.module,
                       kpatch::sign::signed_module(kpatch::read_bytes(result.module),
                                                   invocation.signer));
  if (result.outcome == BuildOutcome::kBuilt) {
    progress("SUCCESS");
    return 0;
  }
  if (result.outcome == BuildOutcome::kNotAffected) {
    progress("NOT AFFECTED: " + result.message);
    return kNotAffectedStatus;
  }
  std::string text = kpatch::report::build_failure_text(result);
  text.pop_back();
  complain(text);
  return 1;
}

/// Of the finished module; its papers are in the package even if nobody asked for the
/// files.
int build_and_package(Invocation invocation, bool is_isolated,
                      const std::vector<std::string>& argv,
                      kpatch::report::Console& console) {
  if (invocation.package.empty())
    return build_for_one(std::move(invocation), is_isolated, argv, console);
  kpatch::package::check_format(invocation.package, invocation.options.claims.author);
  const kpatch::TempDir papers("kpatch-papers.");
  const auto want = [&](std::filesystem::path& paper, const char* name) {
    if (paper.empty())
      paper = papers.path() / name;
  };
  want(invocation.provenance, "provenance");
  want(invocation.sbom, "sbom");
  want(invocation.vex, "vex");
  invocation.options.wants_digests = true;
  const int status = build_for_one(invocation, is_isolated, argv, console);
  if (status != 0)
    return status;
  const std::filesystem::path& folder = invocation.options.output_directory;
  const kpatch::package::Contents contents{folder / (invocation.options.name + ".ko"),
                                           invocation.provenance, invocation.sbom,
                                           invocation.vex};
  console.say(fmt::format(
      "Package: {}",
      kpatch::package::make_package(invocation.package, contents, folder).string()));
  return 0;
}

/// Those that are named, and those of the selections, each once.
std::vector<std::string> all_kernels(const Invocation& asked,
                                     kpatch::report::Console& console) {
  std::vector<std::string> kernels = asked.releases;
  kpatch::kernel::TargetRequest request = asked.kernel;
  request.progress = [&](std::string_view line) { console.say(line); };
  for (const std::string& selection : asked.selections)
    for (std::string& kernel : kpatch::distro::served_kernels(selection, request))
      if (std::ranges::find(kernels, kernel) == kernels.end())
        kernels.push_back(std::move(kernel));
  return kernels;
}

/// What can be given is given, whatever becomes of the others.
int build_for_each(const Invocation& asked, bool is_isolated,
                   const std::vector<std::string>& argv,
                   kpatch::report::Console& console) {
  const kpatch::TempDir work("kpatch-kernels.");
  std::vector<kpatch::report::KernelReport> reports;
  for (const std::string& release : all_kernels(asked, console)) {
    console.say(fmt::format("== {}", release));
    Invocation invocation = asked;
    invocation.kernel.release = release;
    invocation.json = work.path() / std::to_string(reports.size());
    const std::filesystem::path folder = asked.options.output_directory / release;
    invocation.options.output_directory = folder;
    if (!asked.report.empty())
      invocation.report = folder / asked.report.filename();
    kpatch::produce::BuildResult failure;
    kpatch::produce::note_failure(failure, [&] {
      std::filesystem::create_directories(folder);
      build_and_package(std::move(invocation), is_isolated, argv, console);
    });
    kpatch::die_if_interrupted();
    if (!failure.message.empty())
      console.complain(kpatch::report::build_failure_text(failure));
    const std::filesystem::path json = work.path() / std::to_string(reports.size());
    reports.push_back({release, std::filesystem::exists(json)
                                    ? kpatch::read_text(json)
                                    : kpatch::report::build_json(failure)});
    std::error_code not_empty;
    std::filesystem::remove(folder, not_empty);
  }
  if (!asked.json.empty())
    kpatch::hand_out(asked.json, kpatch::report::kernels_json(reports));
  if (!asked.report.empty())
    kpatch::write_file(asked.report, kpatch::report::is_page(asked.report)
                                         ? kpatch::report::kernels_page(reports)
                                         : kpatch::report::kernels_text(reports));
  kpatch::print(asked.output_is_json ? kpatch::Stream::kErrors : kpatch::Stream::kOutput,
                "\n{}", kpatch::report::kernels_text(reports));
  return kpatch::report::kernels_status(reports);
}

int build(Invocation& invocation, const std::vector<std::string>& argv,
          kpatch::report::Console& console) {
  const bool is_isolated = kpatch::produce::is_to_be_isolated(invocation);
  for (const std::string& notice : invocation.notices)
    console.complain(notice);
  if (invocation.debug > 0) {
    console.say("DEBUG mode enabled");
    kpatch::set_log_level(log_level_of(invocation.debug));
  }
  return invocation.is_for_several()
             ? build_for_each(invocation, is_isolated, argv, console)
             : build_and_package(invocation, is_isolated, argv, console);
}

/// Builds once more what a provenance is of, and compares.
int reproduce(const Invocation& asked, std::vector<std::string> argv,
              kpatch::report::Console& console) {
  const std::string recorded = kpatch::read_text(asked.reproduce);
  kpatch::report::RecordedCall call =
      kpatch::report::recorded_call(recorded, asked.reproduce.string());
  const kpatch::TempDir place("kpatch-reproduce.");
  call.options.push_back("--provenance=" + (place.path() / "made").string());
  argv.insert(std::ranges::find(argv, "--"), call.options.begin(), call.options.end());
  if (asked.options.patches.empty())
    argv.insert(argv.end(), call.patches.begin(), call.patches.end());
  std::vector<char*> words;
  for (std::string& word : argv)
    words.push_back(word.data());
  words.push_back(nullptr);
  Invocation invocation = kpatch::produce::parse_command_line(
      static_cast<int>(words.size() - 1), words.data());
  if (const int status = build(invocation, argv, console); status != 0)
    return status;
  const std::string made = kpatch::read_text(invocation.provenance);
  const auto differences = kpatch::report::provenance_differences(recorded, made);
  for (const std::string& line : differences)
    console.complain("DIFFERENT: " + line);
  if (differences.empty())
    console.say("REPRODUCED: the module is the same, byte for byte");
  return differences.empty() ? 0 : 1;
}

int verify_cache(const Invocation& invocation, kpatch::report::Console& console) {
  const std::vector<std::string> complaints =
      kpatch::cache::verify_cache(invocation.kernel.cache);
  for (const std::string& complaint : complaints)
    console.complain("ERROR: " + complaint);
  if (complaints.empty())
    console.say("The cache is as it should be");
  return complaints.empty() ? 0 : 1;
}

int clean_cache(const Invocation& invocation) {
  const std::filesystem::path& cache = invocation.kernel.cache;
  const std::uintmax_t before = kpatch::cache::cache_size(cache);
  const auto tell = [](const std::vector<std::string>& removed) {
    for (const std::string& name : removed)
      kpatch::print(kpatch::Stream::kOutput, "removed {}\n", name);
  };
  if (invocation.action == Invocation::Action::kRemoveKernel)
    tell(kpatch::cache::remove_kernel(cache, invocation.kernel.release));
  else
    tell(kpatch::cache::collect_garbage(cache));
  if (invocation.keep)
    tell(kpatch::cache::shrink_cache(cache, *invocation.keep));
  kpatch::print(
      kpatch::Stream::kOutput, "{}",
      kpatch::report::cache_sizes_text(before, kpatch::cache::cache_size(cache)));
  return 0;
}

int show_places(const Invocation& invocation) {
  std::vector<std::string> words = invocation.places;
  words.resize(2);
  for (const auto& place :
       kpatch::cache::find_places(invocation.kernel.cache, words[0], words[1]))
    kpatch::print(kpatch::Stream::kOutput, "{}\n", place.string());
  return 0;
}

int run(int argc, char** argv) {
  Invocation invocation = kpatch::produce::parse_command_line(argc, argv);
  kpatch::report::Console console(invocation.output_is_json);
  switch (invocation.action) {
  case Invocation::Action::kShowHelp:
    kpatch::print(kpatch::Stream::kOutput, "{}", kpatch::produce::usage_text());
    return 0;
  case Invocation::Action::kShowVersion:
    kpatch::print(kpatch::Stream::kOutput, "Version : {}\n", KPATCH_VERSION);
    return 0;
  case Invocation::Action::kComplainAboutUsage:
    kpatch::print(kpatch::Stream::kErrors,
                  "ERROR: {}; see kpatch-build --help for the options.\n",
                  invocation.usage_complaint);
    return 1;
  case Invocation::Action::kBuild:
    return invocation.reproduce.empty()
               ? build(invocation, {argv, argv + argc}, console)
               : reproduce(invocation, {argv, argv + argc}, console);
  case Invocation::Action::kListCache:
    kpatch::print(kpatch::Stream::kOutput, "{}",
                  kpatch::report::cache_list_text(
                      kpatch::cache::list_cache(invocation.kernel.cache)));
    return 0;
  case Invocation::Action::kCollectGarbage:
  case Invocation::Action::kRemoveKernel: return clean_cache(invocation);
  case Invocation::Action::kShowPlaces: return show_places(invocation);
  case Invocation::Action::kShowCompletions:
    kpatch::print(kpatch::Stream::kOutput, "{}",
                  kpatch::completion_script(invocation.shell,
                                            kpatch::produce::completed_program()));
    return 0;
  case Invocation::Action::kVerifyCache: return verify_cache(invocation, console);
  }
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  kpatch::catch_interrupts();
  const int status = kpatch::run_tool(
      "ERROR: ", [&] { return run(argc, argv); }, ".");
  kpatch::die_if_interrupted();
  return status;
}
