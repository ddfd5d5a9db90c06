// SPDX-License-Identifier: GPL-2.0-or-later
#include "patch/left_out.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

namespace kpatch::patch {

namespace {

struct Reason {
  WhyLeftOut why;
  std::string_view name;
  std::string_view text; ///< "<files> left out: <text>"
};
constexpr std::array kReasons = {
    Reason{WhyLeftOut::kNoCode, "no-code", "no kernel is built from it"},
    Reason{WhyLeftOut::kModeOnly, "mode-only", "only the mode of it changes"},
    Reason{WhyLeftOut::kVersionOnly, "version-only",
           "the running kernel keeps the number of its version"},
    Reason{WhyLeftOut::kSameOptions, "same-options",
           "it changes no option of this kernel"},
    Reason{WhyLeftOut::kArchitecture, "other-architecture",
           "it is for another architecture"},
    Reason{WhyLeftOut::kOption, "option-off", "is off in this kernel"},
    Reason{WhyLeftOut::kUnread, "not-built",
           "not part of the running kernel: no file that it was compiled from reads it"},
};

const Reason& reason_of(WhyLeftOut why) {
  return *std::ranges::find(kReasons, why, &Reason::why);
}

std::string text_of(const std::pair<WhyLeftOut, std::string>& why) {
  return fmt::format("{}{}{}", why.second, why.second.empty() ? "" : " ",
                     reason_of(why.first).text);
}

using Groups = std::map<std::pair<WhyLeftOut, std::string>, std::vector<std::string>>;

Groups grouped(const std::vector<LeftOut>& files) {
  Groups groups;
  for (const LeftOut& file : files)
    groups[{file.why, file.option}].push_back(file.path);
  return groups;
}

/// A line for a reader: of many names the first few.
std::string names_in_short(const std::vector<std::string>& paths) {
  constexpr std::size_t kNamed = 8;
  if (paths.size() <= kNamed + 1)
    return fmt::format("{}", fmt::join(paths, ", "));
  return fmt::format("{} and {} other files",
                     fmt::join(paths.begin(), paths.begin() + kNamed, ", "),
                     paths.size() - kNamed);
}

} // namespace

bool is_code_of_others(const LeftOut& file) {
  return file.why == WhyLeftOut::kArchitecture || file.why == WhyLeftOut::kOption ||
         file.why == WhyLeftOut::kUnread;
}

std::string name_of(WhyLeftOut why) {
  return std::string(reason_of(why).name);
}

std::vector<std::string> notices_of(const std::vector<LeftOut>& files) {
  std::vector<std::string> notices;
  for (const auto& [why, paths] : grouped(files))
    notices.push_back(
        fmt::format("NOTICE: {}: left out: {}", names_in_short(paths), text_of(why)));
  return notices;
}

std::string not_affected_because(const std::vector<LeftOut>& files) {
  std::vector<LeftOut> others;
  std::ranges::copy_if(files, std::back_inserter(others), is_code_of_others);
  std::string text = "the patch does not affect this kernel";
  for (const auto& [why, paths] : grouped(others))
    text += fmt::format("\n{}: {}", fmt::join(paths, ", "), text_of(why));
  return text;
}

} // namespace kpatch::patch
