// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/kernels_report.h"

#include "base/text.h"
#include "report/json_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpatch::report {

namespace {

/// A build that was killed leaves no report, or half of one.
Json parsed(const KernelReport& report) {
  Json json = Json::parse(report.json, nullptr, false);
  if (!json.is_object())
    json = {{"result", "failed"}, {"message", "the build ended without a report"}};
  // It may have failed before it knew the kernel.
  if (!json.contains("kernel") || json["kernel"]["release"].is_null())
    json["kernel"]["release"] = report.release;
  return json;
}

std::vector<Json> all_parsed(const std::vector<KernelReport>& reports) {
  std::vector<Json> all;
  for (const KernelReport& report : reports)
    all.push_back(parsed(report));
  return all;
}

auto is(const char* result) {
  return [=](const Json& json) { return json["result"] == result; };
}

const char* result_of(const std::vector<Json>& all) {
  const bool is_affected = !std::ranges::all_of(all, is("not-affected"));
  const bool is_complete = std::ranges::all_of(all, [](const Json& json) {
    return is("built")(json) || is("not-affected")(json);
  });
  if (!is_affected)
    return "not-affected";
  if (is_complete)
    return "built";
  return std::ranges::any_of(all, is("built")) ? "partly-built" : "failed";
}

std::string text_of(const Json& json, const char* key) {
  return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
}

} // namespace

std::string kernels_json(const std::vector<KernelReport>& reports) {
  const std::vector<Json> all = all_parsed(reports);
  Json json = json_head("kpatch-build-kernels");
  json["result"] = result_of(all);
  json["kernels"] = all;
  return json_file(json);
}

std::string kernels_text(const std::vector<KernelReport>& reports) {
  std::size_t width = 0;
  for (const KernelReport& report : reports)
    width = std::max(width, report.release.size());
  std::string text;
  for (const KernelReport& report : reports) {
    const Json json = parsed(report);
    std::string what = json.contains("module") ? text_of(json["module"], "path") : "";
    if (what.empty())
      what = text_of(json, "message");
    text += fmt::format("{:<{}}  {:<12}  {}\n", report.release, width,
                        text_of(json, "result"), first_line(what));
  }
  return text;
}

int kernels_status(const std::vector<KernelReport>& reports) {
  constexpr int kNotAffected = 3;
  const std::string_view result = result_of(all_parsed(reports));
  if (result == "not-affected")
    return kNotAffected;
  return result == "built" ? 0 : 1;
}

} // namespace kpatch::report
