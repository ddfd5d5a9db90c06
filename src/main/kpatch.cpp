// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/output.h"
#include "base/run_tool.h"
#include "cache/layout.h"
#include "report/judgement.h"
#include "report/patch_status.h"
#include "report/progress_line.h"
#include "report/rehearsal.h"
#include "runtime/command_line.h"
#include "runtime/kernel_files.h"
#include "runtime/module_file.h"
#include "runtime/rehearsal_options.h"
#include "runtime/verify_options.h"
#include "verify/judge.h"

#include <csignal>
#include <syslog.h>

namespace {

using namespace kpatch;

int rehearse(const std::vector<std::string>& arguments) {
  runtime::RehearsalCall call = runtime::parse_rehearsal_call(arguments);
  if (call.wants_help) {
    print(Stream::kOutput, "{}\n", runtime::rehearsal_usage());
    return static_cast<int>(Exit::kSuccess);
  }
  runtime::RehearsalRequest& request = call.request;
  if (request.release.empty())
    request.release = runtime::read_module_file(request.patches.front()).release();
  if (request.vmlinuz.empty()) {
    const runtime::KernelFiles files =
        runtime::find_kernel_files(request.release, cache::default_cache());
    request.vmlinuz = files.vmlinuz;
    request.modules_root = files.modules_root;
  }
  report::ProgressLine progress;
  request.live = [&](const runtime::GuestStep& step) {
    progress.show(report::rehearsal_step_text(step));
  };
  const runtime::Rehearsal rehearsal = runtime::rehearse(request);
  progress.show("");
  print(Stream::kOutput, "{}", report::rehearsal_text(rehearsal));
  if (!call.json.empty())
    write_file(call.json, report::rehearsal_json(rehearsal));
  const bool passed = rehearsal.verdict == runtime::Verdict::kPassed;
  return static_cast<int>(passed ? Exit::kSuccess : Exit::kError);
}

int judge_module(const std::vector<std::string>& arguments) {
  const runtime::VerifyCall call = runtime::parse_verify_call(arguments);
  if (call.wants_help) {
    print(Stream::kOutput, "{}\n", runtime::verify_usage());
    return static_cast<int>(Exit::kSuccess);
  }
  const std::string name = call.module.filename().string();
  const elf::Object module =
      elf::read_object(runtime::read_module_bytes(call.module), name);
  verify::KernelOnDisk kernel{call.release, call.vmlinuz, call.modules_root};
  if (kernel.release.empty())
    kernel.release = runtime::describe_module(module).release();
  if (kernel.image.empty()) {
    const runtime::KernelFiles files =
        runtime::find_kernel_files(kernel.release, cache::default_cache());
    kernel.image = files.vmlinuz;
    kernel.modules_root = files.modules_root;
  }
  const std::vector<Problem> problems = verify::judge(module, kernel);
  const auto form = call.json ? report::judgement_json : report::judgement_text;
  print(Stream::kOutput, "{}", form(name, kernel.release, problems));
  return static_cast<int>(problems.empty() ? Exit::kSuccess : Exit::kError);
}

int operate(const std::vector<std::string>& arguments) {
  // A session that breaks does not end what was begun in it; Ctrl-C and SIGTERM end the
  // waiting, not the program, so that a transition is left as --on-stall says.
  std::signal(SIGHUP, SIG_IGN);
  catch_interrupts();
  runtime::RunningKernel kernel;
  report::ProgressLine progress;
  runtime::Host host{
      .places = runtime::Places::from_environment(),
      .kernel = kernel,
      .say = [](std::string_view line) { print(Stream::kOutput, "{}\n", line); },
      .warn = [](std::string_view line) { print(Stream::kErrors, "kpatch: {}\n", line); },
      .guide = [](std::string_view text) { print(Stream::kErrors, "{}\n", text); },
      .progress = [&](std::string_view line) { progress.show(line); }};
  runtime::Forms forms = report::patch_forms();
  forms.journal = [](std::string_view line) {
    openlog("kpatch", LOG_PID, LOG_DAEMON);
    syslog(LOG_NOTICE, "%.*s", static_cast<int>(line.size()), line.data());
  };
  return runtime::run_subcommand(host, forms, arguments);
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return kpatch::run_tool("kpatch: ", [&] {
    if (!arguments.empty() && arguments[0] == "rehearse")
      return rehearse({arguments.begin() + 1, arguments.end()});
    if (!arguments.empty() && arguments[0] == "verify")
      return judge_module({arguments.begin() + 1, arguments.end()});
    return operate(arguments);
  });
}
