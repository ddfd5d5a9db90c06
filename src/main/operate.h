// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/interrupt.h"
#include "base/output.h"
#include "report/patch_status.h"
#include "report/progress_line.h"
#include "runtime/command_line.h"

#include <csignal>
#include <string>
#include <vector>

namespace kpatch {

/// Does what is asked of the patches of this machine; `judge` says what speaks against a
/// module before it gets to the kernel.
inline int operate(const std::vector<std::string>& arguments,
                   decltype(runtime::Host::judge) judge) {
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
      .progress = [&](std::string_view line) { progress.show(line); },
      .judge = std::move(judge)};
  runtime::Forms forms = report::patch_forms();
  forms.journal = [&](const JournalFields& entry) {
    write_journal(host.places.journal, entry);
  };
  return runtime::run_subcommand(host, forms, arguments);
}

} // namespace kpatch
