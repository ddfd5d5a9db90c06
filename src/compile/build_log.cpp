// SPDX-License-Identifier: GPL-2.0-or-later
//
// The terminal shows steps and results; everything else that a build's programs say goes
// here and becomes build.log in the cache directory when the build fails or debugging is
// asked for.
#include "compile/build_log.h"

#include "base/files.h"

#include <fmt/format.h>

namespace kpatch::compile {

void BuildLog::add(std::string_view text) {
  const std::scoped_lock alone(mutex_);
  text_ += text;
  text_ += '\n';
}

void BuildLog::add(const Command& command, const Outcome& outcome) {
  add(fmt::format("{}$ {}\n{}{}[exit status {}, {:.2f} s CPU, {:.2f} s]",
                  command.directory.empty() ? "" : command.directory.string() + " ",
                  quoted(command.argv), outcome.output, outcome.errors, outcome.status,
                  outcome.cpu_seconds, outcome.wall_seconds));
  const std::scoped_lock alone(mutex_);
  has_programs_ = true;
}

Outcome BuildLog::run(const Command& command) {
  const Outcome outcome = kpatch::run(command);
  add(command, outcome);
  return outcome;
}

bool BuildLog::has_programs() const {
  const std::scoped_lock alone(mutex_);
  return has_programs_;
}

void BuildLog::save(const std::filesystem::path& file) const {
  const std::scoped_lock alone(mutex_);
  write_file(file, text_);
}

void remove_older_log(const std::filesystem::path& file,
                      std::filesystem::file_time_type start) {
  std::error_code ignored;
  if (std::filesystem::last_write_time(file, ignored) < start)
    std::filesystem::remove(file, ignored);
}

} // namespace kpatch::compile
