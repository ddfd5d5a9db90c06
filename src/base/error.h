// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fmt/format.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace kpatch {

/// Exit status of the programs; the numbers are an interface that scripts rely on.
enum class Exit : int {
  kSuccess = 0,
  kError = 1,         ///< bad input, a missing thing, an I/O failure
  kNotPatchable = 2,  ///< the change cannot be expressed as a live patch
  kNoChange = 3,      ///< nothing that matters at run time has changed
  kStallReverted = 4, ///< a transition did not end and was taken back
  kStallKept = 5,     ///< a transition has not ended and goes on
  kStallForced = 6,   ///< a transition did not end and was forced
};

/// What cannot go on. The message reads "object: place: what is wrong"; the remedy says
/// what to do about it and may be empty. Caught once per program, in `run_tool`.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, std::string remedy = {},
                 Exit exit = Exit::kError)
      : std::runtime_error(message), remedy_(std::move(remedy)), exit_(exit) {}

  const std::string& remedy() const { return remedy_; }
  Exit exit() const { return exit_; }

 private:
  std::string remedy_;
  Exit exit_;
};

/// What to do about any exception; empty if nothing is known.
std::string remedy_of(const std::exception& error);

/// Throws an Error with exit status 1.
template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

/// Throws an Error that also tells the user what to do: `fail_with_remedy(remedy, "{}:
/// ...", x)`.
template <typename... Args>
[[noreturn]] void fail_with_remedy(std::string remedy, fmt::format_string<Args...> format,
                                   Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...), std::move(remedy));
}

} // namespace kpatch
