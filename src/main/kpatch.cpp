// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "base/hand_out.h"
#include "base/output.h"
#include "base/run_tool.h"
#include "cache/layout.h"
#include "operate.h"
#include "rehearse/kernel_files.h"
#include "rehearse/rehearsal_options.h"
#include "report/judgement.h"
#include "report/module_difference.h"
#include "report/page.h"
#include "report/progress_line.h"
#include "report/rehearsal.h"
#include "runtime/command_line.h"
#include "runtime/diff_options.h"
#include "runtime/module_file.h"
#include "runtime/outcomes.h"
#include "runtime/verify_options.h"
#include "sign/sign_options.h"
#include "verify/judge.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace {

using namespace kpatch;

verify::KernelOnDisk kernel_on_disk(const std::string& release) {
  const rehearse::KernelFiles files =
      rehearse::find_kernel_files(release, cache::known_cache());
  // What is in the cache lacks modules from outside the kernel.
  const auto trees = runtime::Places::from_environment().trees;
  return {release, files.vmlinuz, files.modules_root, {trees / release}};
}

Problem signature_problem(const std::filesystem::path& file, const std::string& fault) {
  return {.code = "KP5014",
          .object = file.filename().string(),
          .symbol = "the file",
          .message = fault,
          .remedy = "do not load it if you cannot tell why; sign it again with kpatch "
                    "sign"};
}

/// What the module is, and whether it is still what the kernel's own keys have signed.
std::vector<Problem> problems_of(const std::filesystem::path& file,
                                 const verify::Judge& judge) {
  const Bytes module = runtime::read_module_bytes(file);
  std::vector<Problem> problems = judge.problems_of(module, file.filename().string());
  if (const std::string fault = sign::altered_fault(module, judge.certificates());
      !fault.empty())
    problems.push_back(signature_problem(file, fault));
  return problems;
}

void refuse(const std::filesystem::path& file, const std::string& release,
            const std::vector<Problem>& problems, Exit exit) {
  if (!problems.empty())
    throw Error(report::judgement_text(file.filename().string(), release, problems, {}),
                "build it again, or use --skip-checks to try it all the same", exit);
}

void say_not_verified(const std::filesystem::path& file, const Error& why) {
  print(Stream::kErrors,
        "kpatch: {} could not be verified against the files of its kernel: {}\n",
        file.filename().string(), why.what());
}

/// Before a module gets to a kernel. Where the kernel's files are not at hand, nobody can
/// tell; that is said and held against nobody.
void judge_before(const std::filesystem::path& file, const std::string& release) {
  const char* wish = std::getenv("KPATCH_VERIFY");
  if (wish && std::string_view(wish) == "no")
    return;
  std::vector<Problem> problems;
  try {
    problems = problems_of(file, verify::Judge(kernel_on_disk(release)));
  } catch (const Error& error) {
    return say_not_verified(file, error);
  }
  refuse(file, release, problems, runtime::kRefusedByChecks);
}

/// What cannot be judged is for the rehearsal to show: images of some processors are not
/// read.
void judge_all(const rehearse::RehearsalRequest& request) {
  verify::KernelOnDisk kernel{request.release, request.vmlinuz, request.modules_root, {}};
  for (const std::string& with : request.with)
    if (std::filesystem::is_regular_file(with))
      kernel.more_modules.emplace_back(with);
  std::optional<verify::Judge> judge;
  for (const std::filesystem::path& patch : request.patches) {
    std::vector<Problem> problems;
    try {
      if (!judge)
        judge.emplace(kernel);
      problems = problems_of(patch, *judge);
    } catch (const Error& error) {
      say_not_verified(patch, error);
    }
    refuse(patch, request.release, problems, Exit::kError);
  }
}

void write_rehearsal(const rehearse::RehearsalCall& call,
                     const rehearse::Rehearsal& rehearsal) {
  if (!call.json.empty())
    hand_out(call.json, report::rehearsal_json(rehearsal));
  if (call.report.empty())
    return;
  std::vector<runtime::ModuleFile> patches;
  for (const std::filesystem::path& patch : call.request.patches)
    patches.push_back(runtime::read_module_file(patch));
  write_file(call.report, report::is_page(call.report)
                              ? report::rehearsal_page(rehearsal, patches)
                              : report::rehearsal_text(rehearsal));
}

int rehearse_modules(const std::vector<std::string>& arguments) {
  rehearse::RehearsalCall call = rehearse::parse_rehearsal_call(arguments);
  if (call.wants_help) {
    print(Stream::kOutput, "{}", rehearse::rehearsal_usage());
    return static_cast<int>(Exit::kSuccess);
  }
  rehearse::RehearsalRequest& request = call.request;
  if (request.release.empty())
    request.release = runtime::read_module_file(request.patches.front()).release();
  if (request.vmlinuz.empty()) {
    const rehearse::KernelFiles files =
        rehearse::find_kernel_files(request.release, cache::known_cache());
    request.vmlinuz = files.vmlinuz;
    request.modules_root = files.modules_root;
  }
  if (!call.skips_checks)
    judge_all(request);
  if (const auto cache = cache::known_cache();
      std::filesystem::is_directory(cache)) // a rehearsal makes none
    request.kvm_note = cache / cache::kKvmFails;
  report::ProgressLine progress;
  request.live = [&](const rehearse::GuestStep& step) {
    progress.show(report::rehearsal_step_text(step));
  };
  const rehearse::Rehearsal rehearsal = rehearse::rehearse(request);
  progress.show("");
  print(is_standard_output(call.json) ? Stream::kErrors : Stream::kOutput, "{}",
        report::rehearsal_text(rehearsal));
  write_rehearsal(call, rehearsal);
  const bool passed = rehearsal.verdict == rehearse::Verdict::kPassed;
  return static_cast<int>(passed ? Exit::kSuccess : Exit::kError);
}

/// What only the certificates of those who sign can tell.
void add_signature_fault(const runtime::VerifyCall& call,
                         std::vector<Problem>& problems) {
  if (call.certificates.empty())
    return;
  const std::string fault =
      sign::signature_fault(runtime::read_module_bytes(call.module), call.certificates);
  if (!fault.empty() &&
      std::ranges::find(problems, fault, &Problem::message) == problems.end())
    problems.push_back(signature_problem(call.module, fault));
}

int judge_module(const std::vector<std::string>& arguments) {
  const runtime::VerifyCall call = runtime::parse_verify_call(arguments);
  if (call.wants_help) {
    print(Stream::kOutput, "{}", runtime::verify_usage());
    return static_cast<int>(Exit::kSuccess);
  }
  std::string release = call.release;
  if (release.empty())
    release = runtime::read_module_file(call.module).release();
  verify::KernelOnDisk kernel =
      call.vmlinuz.empty()
          ? kernel_on_disk(release)
          : verify::KernelOnDisk{release, call.vmlinuz, call.modules_root, {}};
  kernel.more_modules.insert(kernel.more_modules.end(), call.more_modules.begin(),
                             call.more_modules.end());
  std::vector<Problem> problems = problems_of(call.module, verify::Judge(kernel));
  add_signature_fault(call, problems);
  const auto form = call.json ? report::judgement_json : report::judgement_text;
  print(Stream::kOutput, "{}",
        form(call.module.filename().string(), release, problems,
             elf::read_signature(runtime::read_module_bytes(call.module))));
  return static_cast<int>(problems.empty() ? Exit::kSuccess : Exit::kError);
}

int sign_modules(const std::vector<std::string>& arguments) {
  const sign::SignCall call = sign::parse_sign_call(arguments);
  if (call.wants_help) {
    print(Stream::kOutput, "{}", sign::sign_usage());
    return static_cast<int>(Exit::kSuccess);
  }
  for (const std::string& line : sign::sign_modules(call))
    print(Stream::kOutput, "{}\n", line);
  return static_cast<int>(Exit::kSuccess);
}

elf::Object read_patch(const std::filesystem::path& file) {
  elf::Object module =
      elf::read_object(runtime::read_module_bytes(file), file.filename().string());
  if (!runtime::describe_module(module).is_livepatch())
    fail_with_remedy("give a module that kpatch-build made", "{} is not a live patch",
                     file.string());
  return module;
}

int compare_modules(const std::vector<std::string>& arguments) {
  const runtime::DiffCall call = runtime::parse_diff_call(arguments);
  if (call.wants_help) {
    print(Stream::kOutput, "{}", runtime::diff_usage());
    return static_cast<int>(Exit::kSuccess);
  }
  const elf::Object older = read_patch(call.older), newer = read_patch(call.newer);
  const auto form = call.json ? report::difference_json : report::difference_text;
  print(Stream::kOutput, "{}",
        form({runtime::describe_module(older), runtime::describe_module(newer),
              verify::compare_patches(older, newer)}));
  return static_cast<int>(Exit::kSuccess);
}

/// Run when the program is built; what it prints is installed with it.
int show_completions(const std::vector<std::string>& arguments) {
  print(Stream::kOutput, "{}",
        completion_script(
            arguments.empty() ? "" : arguments.front(),
            runtime::completed_program({{"rehearse", rehearse::rehearsal_forms()},
                                        {"verify", runtime::verify_forms()},
                                        {"diff", runtime::diff_forms()},
                                        {"sign", sign::sign_forms()}})));
  return static_cast<int>(Exit::kSuccess);
}

/// Those that do nothing to the machine.
constexpr std::pair<std::string_view, int (*)(const std::vector<std::string>&)>
    kCommands[] = {{"rehearse", rehearse_modules},
                   {"verify", judge_module},
                   {"diff", compare_modules},
                   {"sign", sign_modules},
                   {"completion", show_completions}};

} // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return kpatch::run_tool("kpatch: ", [&] {
    for (const auto& [name, run] : kCommands)
      if (!arguments.empty() && arguments[0] == name)
        return run({arguments.begin() + 1, arguments.end()});
    return operate(arguments, judge_before);
  });
}
